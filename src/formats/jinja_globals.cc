// SPDX-License-Identifier: Apache-2.0
//
// The global functions: jinja2's, and the two that Hugging Face adds (raise_exception, strftime_now).
#include "formats/jinja_access.h"
#include "formats/jinja_builtins.h"
#include "formats/jinja_format.h"
#include "formats/jinja_operators.h"
#include "formats/jinja_print.h"
#include "formats/jinja_runtime.h"

namespace walchen::formats::jinja {
namespace {

// jinja2's sandbox allows no longer ranges.
constexpr int64_t kMaxRange = 100'000;

Result<Value> Range(Runtime& runtime, const Value&, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("range", arguments, {"start", "stop", "step"}, 1));
  TRY_ASSIGN(const int64_t first, given.Int(0, 0));
  TRY_ASSIGN(const int64_t second, given.Int(1, 0));
  TRY_ASSIGN(const int64_t step, given.Int(2, 1));
  if (step == 0) return Fail(ErrorCode::kCorrupt, "the step of range cannot be zero");
  const int64_t start = given.Has(1) ? first : 0;
  const int64_t stop = given.Has(1) ? second : first;
  std::vector<Value> items;
  for (int64_t at = start; step > 0 ? at < stop : at > stop;) {
    if (items.size() == kMaxRange) {
      return Fail(ErrorCode::kResourceExhausted, "range gives at most {} numbers", kMaxRange);
    }
    items.push_back(Value::Int(at));
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return runtime.Sequence(std::move(items), SequenceType::kRange);
}

// What dict() and namespace() are given: a dict or pairs, and named values over them.
Result<DictObject*> ReadEntries(Runtime& runtime, std::string_view function, const Arguments& arguments) {
  if (arguments.positional.size() > 1) {
    return Fail(ErrorCode::kCorrupt, "{} takes one dict and named values", function);
  }
  auto& dict = runtime.Make<DictObject>();
  for (const Value& given : arguments.positional) {
    if (given.Is(Kind::kDict)) {
      TRY(runtime.Spend(given.dict().entries.size()));
      for (const auto& [key, value] : given.dict().entries) dict.Set(key, value);
      continue;
    }
    TRY_ASSIGN(const std::vector<Value>* pairs, Items(runtime, given));
    for (const Value& pair : *pairs) {
      TRY_ASSIGN(const std::vector<Value>* both, Items(runtime, pair));
      if (both->size() != 2 || !IsHashable((*both)[0])) {
        return Fail(ErrorCode::kCorrupt, "{} expects pairs of a key and a value", function);
      }
      dict.Set((*both)[0], (*both)[1]);
    }
  }
  for (const auto& [name, value] : arguments.named) {
    TRY_ASSIGN(const Value key, runtime.Text(name));
    dict.Set(key, value);
  }
  return &dict;
}

Result<Value> Dict(Runtime& runtime, const Value&, const Arguments& arguments) {
  TRY_ASSIGN(DictObject * dict, ReadEntries(runtime, "dict", arguments));
  return Value(dict);
}

Result<Value> Namespace(Runtime& runtime, const Value&, const Arguments& arguments) {
  TRY_ASSIGN(const DictObject* dict, ReadEntries(runtime, "namespace", arguments));
  auto& made = runtime.Make<NamespaceObject>();
  for (const auto& [key, value] : dict->entries) {
    if (!key.Is(Kind::kString) || key.string().bytes().starts_with('_')) {
      return Fail(ErrorCode::kCorrupt, "a namespace expects names that do not start with an underscore");
    }
    made.entries[std::string(key.string().bytes())] = value;
  }
  return Value(&made);
}

Result<Value> RaiseException(Runtime& runtime, const Value&, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("raise_exception", arguments, {"message"}, 1));
  TRY_ASSIGN(const Value message, ToText(runtime, given[0]));
  return Fail(ErrorCode::kInvalidArgument, "{}", message.string().bytes());
}

Result<Value> StrftimeNow(Runtime& runtime, const Value&, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("strftime_now", arguments, {"format"}, 1));
  TRY_ASSIGN(const StringObject* format, given.String(0));
  TRY(runtime.SpendOnBytes(format->size()));
  TRY_ASSIGN(const std::string text, FormatTime(runtime.clock().WallSeconds(), format->bytes()));
  return runtime.Text(text);
}

Result<Value> CallJoiner(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("the joiner", arguments, {}));
  auto& state = self.name_space().entries;
  const bool first = !IsTrue(state["used"]);
  state["used"] = Value::Bool(true);
  return first ? runtime.BorrowedText("") : state["separator"];
}

Result<Value> Joiner(Runtime& runtime, const Value&, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("joiner", arguments, {"sep"}));
  auto& state = runtime.Make<NamespaceObject>();
  state.entries["separator"] = given.Or(0, runtime.BorrowedText(", "));
  return runtime.Bind("joiner", CallJoiner, Value(&state));
}

constexpr NamedNative kGlobals[] = {
    {"dict", Dict},
    {"joiner", Joiner},
    {"namespace", Namespace},
    {"raise_exception", RaiseException},
    {"range", Range},
    {"strftime_now", StrftimeNow},
};

}  // namespace

std::span<const NamedNative> Globals() { return kGlobals; }

}  // namespace walchen::formats::jinja
