// SPDX-License-Identifier: Apache-2.0
//
// What a C2PA manifest (Content Credentials) says about training on a picture and about how it was made. Signatures are not
// checked: a forged reservation costs a picture, and no permission is taken from here. All manifests count, also those of
// what the picture was made from. Pure.
//
// Sources: JUMBF (ISO 19566-5); C2PA 2.1, "Actions"; C2PA 1.4 and the CAWG's "Training and Data Mining Assertion" 1.1; CBOR
// (RFC 8949).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "data/extract.h"

namespace walchen::data {

// The note of a part whose file says that a generative model made it, or some of it.
inline constexpr std::string_view kMadeByModelNote = "made by a generative model";

// Adds the note once.
void NoteMadeByModel(Part& part);

// Adds the entries of the assertions c2pa.training-mining and cawg.training-mining as marks of the protocol "c2pa" (field
// "c2pa.ai_training", value "notAllowed"), and the note where an action's digital source type is a trained model's output.
// What is broken says nothing.
void ReadContentCredentials(std::string_view jumbf, Part& part);

// Calls `take` for every text in a CBOR item, with the keys of the two innermost maps around it. Returns whether the item
// is well-formed and no deeper than kCborMaxDepth; what came before is taken in any case.
inline constexpr size_t kCborMaxDepth = 32;
bool ReadCborTexts(std::string_view cbor,
                   const std::function<void(std::string_view outer, std::string_view key, std::string_view text)>& take);

}  // namespace walchen::data
