// SPDX-License-Identifier: Apache-2.0
//
// The methods of dicts, lists and tuples that look and do not touch.
#include "formats/jinja_access.h"
#include "formats/jinja_builtins.h"
#include "formats/jinja_operators.h"
#include "formats/jinja_runtime.h"

namespace walchen::formats::jinja {
namespace {

Result<Value> View(Runtime& runtime, std::vector<Value> items, std::string_view name) {
  TRY_ASSIGN(const Value view, runtime.Sequence(std::move(items), SequenceType::kView));
  view.sequence().view_name = name;
  return view;
}

Result<Value> DictItems(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("items", arguments, {}));
  std::vector<Value> items;
  for (const auto& [key, value] : self.dict().entries) {
    TRY_ASSIGN(items.emplace_back(), runtime.Sequence({key, value}, SequenceType::kTuple));
  }
  return View(runtime, std::move(items), "dict_items");
}

Result<Value> DictKeys(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("keys", arguments, {}));
  std::vector<Value> items;
  for (const auto& [key, unused] : self.dict().entries) items.push_back(key);
  return View(runtime, std::move(items), "dict_keys");
}

Result<Value> DictValues(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("values", arguments, {}));
  std::vector<Value> items;
  for (const auto& [unused, value] : self.dict().entries) items.push_back(value);
  return View(runtime, std::move(items), "dict_values");
}

Result<Value> DictGet(Runtime&, const Value& self, const Arguments& arguments) {
  if (!arguments.named.empty()) return Fail(ErrorCode::kCorrupt, "get takes no named arguments");
  TRY_ASSIGN(const Parameters given, Parameters::Bind("get", arguments, {"key", "default"}, 1));
  if (!IsHashable(given[0])) return Fail(ErrorCode::kCorrupt, "a '{}' cannot be a key", given[0].TypeName());
  const Value* found = self.dict().Find(given[0]);
  return found != nullptr ? *found : given.Or(1, Value::None());
}

Result<Value> DictCopy(Runtime&, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("copy", arguments, {}));
  return self;  // nobody can change it
}

Result<Value> ListCopy(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("copy", arguments, {}));
  return runtime.Sequence(self.sequence().items);
}

Result<Value> ListCount(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("count", arguments, {"value"}, 1));
  int64_t count = 0;
  for (const Value& item : self.sequence().items) {
    TRY_ASSIGN(const bool equal, Equals(runtime, item, given[0]));
    if (equal) ++count;
  }
  return Value::Int(count);
}

Result<Value> ListIndex(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("index", arguments, {"value"}, 1));
  const std::vector<Value>& items = self.sequence().items;
  for (size_t i = 0; i < items.size(); ++i) {
    TRY_ASSIGN(const bool equal, Equals(runtime, items[i], given[0]));
    if (equal) return Value::Int(static_cast<int64_t>(i));
  }
  return Fail(ErrorCode::kCorrupt, "the list does not hold the value that index looks for");
}

constexpr NamedNative kDictMethods[] = {
    {"copy", DictCopy}, {"get", DictGet}, {"items", DictItems}, {"keys", DictKeys}, {"values", DictValues},
};

constexpr NamedNative kListMethods[] = {
    {"copy", ListCopy},
    {"count", ListCount},
    {"index", ListIndex},
};

}  // namespace

std::span<const NamedNative> DictMethods() { return kDictMethods; }
std::span<const NamedNative> ListMethods() { return kListMethods; }

}  // namespace walchen::formats::jinja
