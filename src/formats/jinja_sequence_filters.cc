// SPDX-License-Identifier: Apache-2.0
//
// Filters that look into or make lists. The ones that are lazy in jinja2 (map, select, ...) work at once here and give
// an iterator all the same: it has no length and can be read only once.
#include <algorithm>
#include <map>

#include "base/limits.h"
#include "formats/jinja_access.h"
#include "formats/jinja_builtins.h"
#include "formats/jinja_operators.h"
#include "formats/jinja_runtime.h"
#include "formats/jinja_text_operations.h"

namespace walchen::formats::jinja {
namespace {

Result<Value> Iterator(Runtime& runtime, std::vector<Value> items) {
  return runtime.Sequence(std::move(items), SequenceType::kIterator);
}

Result<Value> LengthFilter(Runtime&, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("length", arguments, {}));
  const auto length = Length(self);
  if (!length) return Fail(ErrorCode::kCorrupt, "a value of type {} has no length", self.TypeName());
  return Value::Int(static_cast<int64_t>(*length));
}

Result<Value> First(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("first", arguments, {}));
  const bool iterator = self.Is(Kind::kSequence) && self.sequence().type == SequenceType::kIterator;
  if (iterator && self.sequence().next < self.sequence().items.size()) {
    return self.sequence().items[self.sequence().next++];
  }
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime, self));
  return items->empty() ? runtime.Undefined("no first item, the sequence was empty") : items->front();
}

Result<Value> Last(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("last", arguments, {}));
  if (!Length(self)) return Fail(ErrorCode::kCorrupt, "a value of type {} has no last item", self.TypeName());
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime, self));
  return items->empty() ? runtime.Undefined("no last item, the sequence was empty") : items->back();
}

Result<Value> List(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("list", arguments, {}));
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime, self));
  return runtime.Sequence(*items);
}

Result<Value> Default(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("default", arguments, {"default_value", "boolean"}));
  const bool missing = self.Is(Kind::kUndefined) || (given.Truth(1, false) && !IsTrue(self));
  return missing ? given.Or(0, runtime.BorrowedText("")) : self;
}

Result<Value> AttrFilter(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("attr", arguments, {"name"}, 1));
  TRY_ASSIGN(const StringObject* name, given.String(0));
  if (self.Is(Kind::kDict) && FindMethod(self, name->bytes()) == nullptr) {
    return runtime.Undefined(fmt::format("'dict object' has no attribute '{}'", name->bytes()));
  }
  return Attribute(runtime, self, name->bytes());
}

Result<Value> Reverse(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("reverse", arguments, {}));
  if (self.Is(Kind::kString)) return SliceOf(runtime, self, Value::None(), Value::None(), Value::Int(-1));
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime, self));
  TRY(runtime.Spend(items->size()));
  return Iterator(runtime, {items->rbegin(), items->rend()});
}

Result<Value> ItemsFilter(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("items", arguments, {}));
  if (self.Is(Kind::kUndefined)) return Iterator(runtime, {});
  if (!self.Is(Kind::kDict)) return Fail(ErrorCode::kCorrupt, "items expects a dict, got {}", self.TypeName());
  std::vector<Value> pairs;
  for (const auto& [key, value] : self.dict().entries) {
    TRY_ASSIGN(pairs.emplace_back(), runtime.Sequence({key, value}, SequenceType::kTuple));
  }
  return Iterator(runtime, std::move(pairs));
}

// What things are compared by: the value or one of its attributes, texts in lower case unless case counts.
Result<Value> SortKey(Runtime& runtime, const Value& item, const Value& attribute, bool case_sensitive,
                      const std::optional<Value>& fallback = {}) {
  TRY_ASSIGN(const Value key, Path(runtime, item, attribute, fallback));
  if (case_sensitive || !key.Is(Kind::kString)) return key;
  return ChangeCase(runtime, key.string(), Case::kLower);
}

// What `sort` compares: lists of attributes, where values without an order may stand as long as they are equal.
Result<Value> MultiKey(Runtime& runtime, const Value& item, const Value& attribute, bool case_sensitive) {
  const bool several =
      attribute.Is(Kind::kString) && attribute.string().bytes().find(',') != std::string_view::npos;
  if (!several) {
    TRY_ASSIGN(const Value key, SortKey(runtime, item, attribute, case_sensitive));
    return runtime.Sequence({key});
  }
  TRY_ASSIGN(const Value names, Split(runtime, attribute.string(), ",", -1, Side::kLeft));
  std::vector<Value> keys;
  for (const Value& name : names.sequence().items) {
    TRY_ASSIGN(keys.emplace_back(), SortKey(runtime, item, name, case_sensitive));
  }
  return runtime.Sequence(std::move(keys));
}

// The order that sorts the keys, stable. A merge sort of our own, because comparing may fail.
Result<std::vector<size_t>> SortedOrder(Runtime& runtime, const std::vector<Value>& keys, bool descending) {
  std::vector<size_t> order(keys.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::vector<size_t> merged(keys.size());
  for (size_t width = 1; width < keys.size(); width *= 2) {
    for (size_t begin = 0; begin < keys.size(); begin += 2 * width) {
      const size_t middle = std::min(begin + width, keys.size());
      const size_t end = std::min(begin + 2 * width, keys.size());
      size_t left = begin;
      size_t right = middle;
      for (size_t at = begin; at < end; ++at) {
        bool take_right = left == middle;
        if (!take_right && right < end) {
          TRY_ASSIGN(const int compared, Order(runtime, keys[order[right]], keys[order[left]]));
          take_right = descending ? compared > 0 : compared < 0;
        }
        merged[at] = order[take_right ? right++ : left++];
      }
    }
    std::swap(order, merged);
  }
  return order;
}

Result<std::vector<Value>> SortBy(Runtime& runtime, const std::vector<Value>& items, const std::vector<Value>& keys,
                                  bool descending) {
  TRY_ASSIGN(const std::vector<size_t> order, SortedOrder(runtime, keys, descending));
  std::vector<Value> sorted;
  for (const size_t i : order) sorted.push_back(items[i]);
  return sorted;
}

Result<Value> Sort(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("sort", arguments, {"reverse", "case_sensitive", "attribute"}));
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime, self));
  std::vector<Value> keys;
  for (const Value& item : *items) {
    TRY_ASSIGN(keys.emplace_back(), MultiKey(runtime, item, given.Or(2, Value::None()), given.Truth(1, false)));
  }
  TRY_ASSIGN(std::vector<Value> sorted, SortBy(runtime, *items, keys, given.Truth(0, false)));
  return runtime.Sequence(std::move(sorted));
}

Result<Value> DictSort(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("dictsort", arguments, {"case_sensitive", "by", "reverse"}));
  if (self.Is(Kind::kUndefined)) return FailUndefined(self);
  if (!self.Is(Kind::kDict)) return Fail(ErrorCode::kCorrupt, "dictsort expects a dict, got {}", self.TypeName());
  std::string_view by = "key";
  if (given.Has(1)) {
    TRY_ASSIGN(const StringObject* name, given.String(1));
    by = name->bytes();
  }
  if (by != "key" && by != "value") return Fail(ErrorCode::kCorrupt, "dictsort sorts by 'key' or 'value'");
  std::vector<Value> pairs;
  std::vector<Value> keys;
  for (const auto& [key, value] : self.dict().entries) {
    TRY_ASSIGN(pairs.emplace_back(), runtime.Sequence({key, value}, SequenceType::kTuple));
    TRY_ASSIGN(keys.emplace_back(),
               SortKey(runtime, by == "key" ? key : value, Value::None(), given.Truth(0, false)));
  }
  TRY_ASSIGN(std::vector<Value> sorted, SortBy(runtime, pairs, keys, given.Truth(2, false)));
  return runtime.Sequence(std::move(sorted));
}

Result<Value> Unique(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("unique", arguments, {"case_sensitive", "attribute"}));
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime, self));
  std::map<Value, bool, KeyLess> seen;
  std::vector<Value> unique;
  for (const Value& item : *items) {
    TRY_ASSIGN(const Value key, SortKey(runtime, item, given.Or(1, Value::None()), given.Truth(0, false)));
    if (!IsHashable(key)) return Fail(ErrorCode::kCorrupt, "unique cannot compare a {}", key.TypeName());
    if (seen.emplace(key, true).second) unique.push_back(item);
  }
  return Iterator(runtime, std::move(unique));
}

template <bool kLargest>
Result<Value> Extreme(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("min and max", arguments, {"case_sensitive", "attribute"}));
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime, self));
  if (items->empty()) return runtime.Undefined("no aggregated item, the sequence was empty");
  std::optional<Value> best;
  Value best_key;
  for (const Value& item : *items) {
    TRY_ASSIGN(const Value key, SortKey(runtime, item, given.Or(1, Value::None()), given.Truth(0, false)));
    if (best) {
      TRY_ASSIGN(const int order, Order(runtime, key, best_key));
      if (kLargest ? order <= 0 : order >= 0) continue;
    }
    best = item;
    best_key = key;
  }
  return *best;
}

Result<Value> Sum(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("sum", arguments, {"attribute", "start"}));
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime, self));
  Value total = given.Or(1, Value::Int(0));
  for (const Value& item : *items) {
    TRY_ASSIGN(const Value term, Path(runtime, item, given.Or(0, Value::None())));
    if (term.Is(Kind::kString)) return Fail(ErrorCode::kCorrupt, "sum cannot add texts; use join");
    TRY_ASSIGN(total, Arithmetic(runtime, ArithmeticOperator::kAdd, total, term));
  }
  return total;
}

Result<Value> GroupBy(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given,
             Parameters::Bind("groupby", arguments, {"attribute", "default", "case_sensitive"}, 1));
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime, self));
  const std::optional<Value> fallback =
      given.Has(1) && !given[1].Is(Kind::kNone) ? std::optional(given[1]) : std::nullopt;
  std::vector<Value> keys;
  for (const Value& item : *items) {
    TRY_ASSIGN(keys.emplace_back(), SortKey(runtime, item, given[0], given.Truth(2, false), fallback));
  }
  TRY_ASSIGN(const std::vector<size_t> order, SortedOrder(runtime, keys, false));
  std::vector<Value> groups;
  for (size_t begin = 0; begin < order.size();) {
    std::vector<Value> members;
    size_t end = begin;
    for (; end < order.size(); ++end) {
      TRY_ASSIGN(const bool same, Equals(runtime, keys[order[begin]], keys[order[end]]));
      if (!same) break;
      members.push_back((*items)[order[end]]);
    }
    if (end == begin) ++end;  // NaN, which does not even equal itself, is a group without members
    TRY_ASSIGN(const Value name, Path(runtime, (*items)[order[begin]], given[0], fallback));
    TRY_ASSIGN(const Value list, runtime.Sequence(std::move(members)));
    TRY_ASSIGN(groups.emplace_back(), runtime.Sequence({name, list}, SequenceType::kGroup));
    begin = end;
  }
  return runtime.Sequence(std::move(groups));
}

// The arguments of map, select, ... that go on to the filter or test they name.
Arguments Rest(const Arguments& arguments, size_t from) {
  return {{arguments.positional.begin() + static_cast<std::ptrdiff_t>(from), arguments.positional.end()},
          arguments.named};
}

Result<Value> MapAttribute(Runtime& runtime, const std::vector<Value>& items, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("map", arguments, {"attribute", "default"}));
  const std::optional<Value> fallback =
      given.Has(1) && !given[1].Is(Kind::kNone) ? std::optional(given[1]) : std::nullopt;
  std::vector<Value> mapped;
  for (const Value& item : items) {
    TRY_ASSIGN(mapped.emplace_back(), Path(runtime, item, given.Or(0, Value::None()), fallback));
  }
  return Iterator(runtime, std::move(mapped));
}

Result<const NamedNative*> Named(const Value& name, const NamedNative* (*find)(std::string_view),
                                 std::string_view what) {
  const NamedNative* found = name.Is(Kind::kString) ? find(name.string().bytes()) : nullptr;
  if (found != nullptr) return found;
  return Fail(ErrorCode::kUnsupported, "no {} named '{}'", what,
              name.Is(Kind::kString) ? name.string().bytes() : name.TypeName());
}

Result<Value> Map(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime, self));
  if (arguments.positional.empty()) {
    if (arguments.named.empty()) return Fail(ErrorCode::kCorrupt, "map expects a filter or an attribute");
    return MapAttribute(runtime, *items, arguments);
  }
  TRY_ASSIGN(const NamedNative* filter, Named(arguments.positional[0], FindFilter, "filter"));
  // A filter of filters of filters: that deep nobody maps.
  if (filter->function == Map) return Fail(ErrorCode::kUnsupported, "map cannot call itself");
  const Arguments rest = Rest(arguments, 1);
  std::vector<Value> mapped;
  for (const Value& item : *items) {
    TRY(runtime.Spend());
    TRY_ASSIGN(mapped.emplace_back(), filter->function(runtime, item, rest));
  }
  return Iterator(runtime, std::move(mapped));
}

// select, reject, selectattr, rejectattr.
template <bool kKeep, bool kAttribute>
Result<Value> Select(Runtime& runtime, const Value& self, const Arguments& arguments) {
  constexpr size_t kSkip = kAttribute ? 1 : 0;
  if (!IsTrue(self)) return Iterator(runtime, {});
  if (arguments.positional.size() < kSkip) return Fail(ErrorCode::kCorrupt, "selectattr expects an attribute");
  const NamedNative* test = nullptr;
  Arguments rest;
  if (arguments.positional.size() > kSkip) {
    TRY_ASSIGN(test, Named(arguments.positional[kSkip], FindTest, "test"));
    rest = Rest(arguments, kSkip + 1);
  }
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime, self));
  std::vector<Value> selected;
  for (const Value& item : *items) {
    TRY(runtime.Spend());
    TRY_ASSIGN(Value tested, kAttribute ? Path(runtime, item, arguments.positional[0]) : Result<Value>(item));
    if (test != nullptr) {
      TRY_ASSIGN(tested, test->function(runtime, tested, rest));
    }
    if (IsTrue(tested) == kKeep) selected.push_back(item);
  }
  return Iterator(runtime, std::move(selected));
}

Result<Value> Batch(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("batch", arguments, {"linecount", "fill_with"}, 1));
  TRY_ASSIGN(const int64_t size, given.Int(0, 0));
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime, self));
  std::vector<Value> batches;
  std::vector<Value> batch;
  for (const Value& item : *items) {
    if (static_cast<int64_t>(batch.size()) == size) {
      TRY_ASSIGN(batches.emplace_back(), runtime.Sequence(std::move(batch)));
      batch = {};
    }
    batch.push_back(item);
  }
  if (!batch.empty()) {
    const bool is_short = static_cast<int64_t>(batch.size()) < size;
    if (given.Has(1) && !given[1].Is(Kind::kNone) && is_short) {
      TRY(runtime.Spend(static_cast<uint64_t>(size)));
      batch.resize(static_cast<size_t>(size), given[1]);
    }
    TRY_ASSIGN(batches.emplace_back(), runtime.Sequence(std::move(batch)));
  }
  return Iterator(runtime, std::move(batches));
}

Result<Value> SliceFilter(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("slice", arguments, {"slices", "fill_with"}, 1));
  TRY_ASSIGN(const int64_t count, given.Int(0, 0));
  if (count == 0) return Fail(ErrorCode::kCorrupt, "slice expects at least one slice");
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime, self));
  const bool fill = given.Has(1) && !given[1].Is(Kind::kNone);
  const auto length = static_cast<int64_t>(items->size());
  std::vector<Value> slices;
  auto at = items->begin();
  for (int64_t i = 0; i < count; ++i) {
    const bool extra = i < length % count;
    const auto end = at + length / count + (extra ? 1 : 0);
    std::vector<Value> slice(at, end);
    if (fill && !extra) slice.push_back(given[1]);
    TRY_ASSIGN(slices.emplace_back(), runtime.Sequence(std::move(slice)));
    at = end;
  }
  return Iterator(runtime, std::move(slices));
}

constexpr NamedNative kSequenceFilters[] = {
    {"attr", AttrFilter},
    {"batch", Batch},
    {"count", LengthFilter},
    {"d", Default},
    {"default", Default},
    {"dictsort", DictSort},
    {"first", First},
    {"groupby", GroupBy},
    {"items", ItemsFilter},
    {"last", Last},
    {"length", LengthFilter},
    {"list", List},
    {"map", Map},
    {"max", Extreme<true>},
    {"min", Extreme<false>},
    {"reject", Select<false, false>},
    {"rejectattr", Select<false, true>},
    {"reverse", Reverse},
    {"select", Select<true, false>},
    {"selectattr", Select<true, true>},
    {"slice", SliceFilter},
    {"sort", Sort},
    {"sum", Sum},
    {"unique", Unique},
};

}  // namespace

std::span<const NamedNative> SequenceFilters() { return kSequenceFilters; }

}  // namespace walchen::formats::jinja
