// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_builtins.h"

#include <algorithm>

namespace walchen::formats::jinja {
namespace {

const NamedNative* Find(std::span<const NamedNative> table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &NamedNative::name);
  return found == table.end() ? nullptr : &*found;
}

}  // namespace

const NamedNative* FindFilter(std::string_view name) {
  for (const auto table : {TextFilters(), SequenceFilters(), NumberFilters()}) {
    if (const NamedNative* filter = Find(table, name)) return filter;
  }
  return nullptr;
}

const NamedNative* FindTest(std::string_view name) { return Find(Tests(), name); }
const NamedNative* FindGlobal(std::string_view name) { return Find(Globals(), name); }

const NamedNative* FindMethod(const Value& value, std::string_view name) {
  if (value.Is(Kind::kString)) return Find(TextMethods(), name);
  if (value.Is(Kind::kDict)) return Find(DictMethods(), name);
  if (!value.Is(Kind::kSequence) || !value.sequence().is_indexable()) return nullptr;
  if (name == "copy" && value.sequence().type != SequenceType::kList) return nullptr;
  return Find(ListMethods(), name);
}

bool IsChangingMethod(const Value& value, std::string_view name) {
  constexpr std::string_view kDict[] = {"clear", "pop", "popitem", "setdefault", "update"};
  constexpr std::string_view kList[] = {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"};
  if (value.Is(Kind::kDict)) return std::ranges::find(kDict, name) != std::end(kDict);
  const bool list = value.Is(Kind::kSequence) && value.sequence().type == SequenceType::kList;
  return list && std::ranges::find(kList, name) != std::end(kList);
}

}  // namespace walchen::formats::jinja
