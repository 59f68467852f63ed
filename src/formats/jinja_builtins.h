// SPDX-License-Identifier: Apache-2.0
//
// Everything a template finds ready-made: filters (x | name), tests (x is name), global functions and the methods of
// texts, lists and dicts. The set is jinja2's immutable sandbox as Hugging Face sets it up: methods that would change a
// list or dict are not there. Filters and tests get the value on their left as `self`.
#pragma once

#include <span>
#include <string_view>

#include "formats/jinja_value.h"

namespace walchen::formats::jinja {

struct NamedNative {
  std::string_view name;
  Native function;
};

// nullptr when there is none of that name.
const NamedNative* FindFilter(std::string_view name);
const NamedNative* FindTest(std::string_view name);
const NamedNative* FindGlobal(std::string_view name);
const NamedNative* FindMethod(const Value& value, std::string_view name);
// Python has the method, the sandbox does not let templates call it.
bool IsChangingMethod(const Value& value, std::string_view name);

// The tables they look in; one per file.
std::span<const NamedNative> TextFilters();
std::span<const NamedNative> SequenceFilters();
std::span<const NamedNative> NumberFilters();
std::span<const NamedNative> Tests();
std::span<const NamedNative> Globals();
std::span<const NamedNative> TextMethods();
std::span<const NamedNative> DictMethods();
std::span<const NamedNative> ListMethods();

}  // namespace walchen::formats::jinja
