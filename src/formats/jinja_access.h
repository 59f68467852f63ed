// SPDX-License-Identifier: Apache-2.0
//
// Looking into values: attributes, subscripts, slices, lengths, iteration; with jinja2's rules, not quite Python's
// (x.name tries the attribute, then the key; x['name'] the other way round; what is not there is undefined).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "formats/jinja_value.h"

namespace walchen::formats::jinja {

// value.name. Undefined when there is none; kCorrupt when `value` itself is undefined.
Result<Value> Attribute(Runtime& runtime, const Value& value, std::string_view name);
// value[key].
Result<Value> Item(Runtime& runtime, const Value& value, const Value& key);
// value[start:stop:step]; none stands for a part that was left out.
Result<Value> SliceOf(Runtime& runtime, const Value& value, const Value& start, const Value& stop, const Value& step);
// Follows "a.b.0" (or an integer), the way filters name attributes. `fallback`, if given, stands in for what is
// undefined.
Result<Value> Path(Runtime& runtime, const Value& value, const Value& path, const std::optional<Value>& fallback = {});

// len(value); nothing for what has no length.
std::optional<size_t> Length(const Value& value);
bool IsIterable(const Value& value);
// What a loop over the value sees: items, keys, characters. Reads an iterator to its end. The vector lives as long as
// the runtime.
Result<const std::vector<Value>*> Items(Runtime& runtime, const Value& value);

// Where `needle` starts in `text` at or after `from`, npos if nowhere; linear in the worst case too.
size_t FindBytes(std::string_view text, std::string_view needle, size_t from);

}  // namespace walchen::formats::jinja
