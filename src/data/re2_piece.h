// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <re2/stringpiece.h>

namespace walchen::data {

// The same text for RE2, which is of a time before std::string_view.
inline re2::StringPiece Piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace walchen::data
