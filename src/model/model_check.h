// SPDX-License-Identifier: Apache-2.0
//
// Whether a model file can be run, before anybody relies on it.
#pragma once

#include "base/status.h"
#include "formats/gguf.h"

namespace walchen::model {

// The configuration, the shape of every tensor it asks for, the tokenizer and the chat template. Reads vectors, but no
// matrix. Errors: those of ReadLlamaConfig, WeightMap, Tokenizer and ChatTemplate.
Result<void> CheckModel(const formats::GgufFile& file);

}  // namespace walchen::model
