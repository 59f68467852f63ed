// SPDX-License-Identifier: Apache-2.0
//
// What both the filters and the methods of texts do: strip, split, replace, change case, join. Pieces keep their marks
// (letters that changed case keep the mark of the letter they came from). All are linear in their input.
//
// The results are markup where the first text is; arguments are taken as they are.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "formats/jinja_value.h"

namespace walchen::formats::jinja {

enum class Side : uint8_t { kLeft, kRight, kBoth };
enum class Case : uint8_t { kUpper, kLower, kCapitalize, kTitle, kSwap };

// Without `characters`: white space.
Result<Value> Strip(Runtime& runtime, const StringObject& text, std::optional<std::string_view> characters, Side side);
// A list of the pieces between separators, at most `count` cuts (negative: all), counted from the given side. Without
// `separator`: the words between white space.
Result<Value> Split(Runtime& runtime, const StringObject& text, std::optional<std::string_view> separator,
                    int64_t count, Side from);
// Byte ranges of the lines; the line breaks are left out.
Result<std::vector<ByteRange>> Lines(Runtime& runtime, const StringObject& text);
Result<Value> Replace(Runtime& runtime, const StringObject& text, const StringObject& from, const StringObject& to,
                      int64_t count);
Result<Value> ChangeCase(Runtime& runtime, const StringObject& text, Case change);
// The items as text with `separator` between them.
Result<Value> JoinItems(Runtime& runtime, const StringObject& separator, const std::vector<Value>& items);

// At most `count` (negative: all) places where `needle` stands, not overlapping, found from the given side, in order of
// position. REQUIRES a needle that is not empty.
std::vector<ByteRange> FindAll(std::string_view text, std::string_view needle, int64_t count, Side from);

}  // namespace walchen::formats::jinja
