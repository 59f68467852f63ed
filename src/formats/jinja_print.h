// SPDX-License-Identifier: Apache-2.0
//
// Values as text, the way Python prints them: str(), repr(), and MarkupSafe's HTML escapes. A text keeps its marks, the
// print of anything else is untrusted.
//
// Errors: kResourceExhausted (too long, nested too deep).
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "formats/jinja_value.h"

namespace walchen::formats::jinja {

// str(value), appended.
Result<void> AppendText(Runtime& runtime, const Value& value, TextBuilder& out);
// str(value); a text is itself, markup and all.
Result<Value> ToText(Runtime& runtime, const Value& value);
// repr(value), appended.
Result<void> AppendRepr(Runtime& runtime, const Value& value, TextBuilder& out);

// A number as Python shows it: the shortest digits that read back as the same number.
std::string FloatText(double value);

// The text with & < > ' " escaped, as markup; markup is returned as it is.
Result<Value> EscapeHtml(Runtime& runtime, const Value& value);

}  // namespace walchen::formats::jinja
