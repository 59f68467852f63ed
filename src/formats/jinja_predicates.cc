// SPDX-License-Identifier: Apache-2.0
//
// The tests of `is`.
#include "formats/jinja_access.h"
#include "formats/jinja_builtins.h"
#include "formats/jinja_operators.h"
#include "formats/jinja_print.h"
#include "formats/jinja_runtime.h"

namespace walchen::formats::jinja {
namespace {

// Tests that need nothing but the value.
template <auto kPasses>
Result<Value> Plain(Runtime&, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("the test", arguments, {}));
  return Value::Bool(kPasses(self));
}

bool IsDefined(const Value& value) { return !value.Is(Kind::kUndefined); }
bool IsUndefined(const Value& value) { return value.Is(Kind::kUndefined); }
bool IsNone(const Value& value) { return value.Is(Kind::kNone); }
bool IsBoolean(const Value& value) { return value.Is(Kind::kBool); }
bool IsFalse(const Value& value) { return value.Is(Kind::kBool) && value.integer() == 0; }
bool IsTrueBoolean(const Value& value) { return value.Is(Kind::kBool) && value.integer() != 0; }
bool IsInteger(const Value& value) { return value.Is(Kind::kInt); }
bool IsFloat(const Value& value) { return value.Is(Kind::kFloat); }
bool IsNumber(const Value& value) { return value.is_number(); }
bool IsString(const Value& value) { return value.Is(Kind::kString); }
bool IsMapping(const Value& value) { return value.Is(Kind::kDict); }
bool IsIterableValue(const Value& value) { return IsIterable(value) || value.Is(Kind::kLoop); }
bool IsEscaped(const Value& value) { return value.Is(Kind::kString) && value.string().markup; }

// Has a length and an index operator: a dict counts, an undefined value too.
bool IsSequence(const Value& value) {
  return value.Is(Kind::kUndefined) || value.Is(Kind::kString) || value.Is(Kind::kDict) ||
         (value.Is(Kind::kSequence) && value.sequence().is_indexable());
}

bool IsCallable(const Value& value) {
  return value.Is(Kind::kCallable) || value.Is(Kind::kLoop) || value.Is(Kind::kUndefined);
}

template <ComparisonOperator kOperator>
Result<Value> Comparison(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("the comparison", arguments, {"other"}, 1));
  TRY_ASSIGN(const bool result, Compare(runtime, kOperator, self, given[0]));
  return Value::Bool(result);
}

// value % divisor == rest
Result<Value> HasRest(Runtime& runtime, const Value& value, const Value& divisor, int64_t rest) {
  TRY_ASSIGN(const Value found, Arithmetic(runtime, ArithmeticOperator::kModulo, value, divisor));
  TRY_ASSIGN(const bool equal, Equals(runtime, found, Value::Int(rest)));
  return Value::Bool(equal);
}

template <int64_t kRest>
Result<Value> Parity(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("the test", arguments, {}));
  return HasRest(runtime, self, Value::Int(2), kRest);
}

Result<Value> DivisibleBy(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("divisibleby", arguments, {"num"}, 1));
  return HasRest(runtime, self, given[0], 0);
}

Result<Value> SameAs(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("sameas", arguments, {"other"}, 1));
  if (self.kind() != given[0].kind()) return Value::Bool(false);
  if (self.object() != nullptr) return Value::Bool(self.object() == given[0].object());
  TRY_ASSIGN(const bool equal, Equals(runtime, self, given[0]));
  return Value::Bool(equal);
}

// islower() and isupper() of the printed value.
Result<Value> TextTest(Runtime& runtime, const Value& self, const Arguments& arguments, std::string_view method) {
  TRY_ASSIGN(const Value text, ToText(runtime, self));
  return FindMethod(text, method)->function(runtime, text, arguments);
}

Result<Value> Lower(Runtime& runtime, const Value& self, const Arguments& arguments) {
  return TextTest(runtime, self, arguments, "islower");
}

Result<Value> Upper(Runtime& runtime, const Value& self, const Arguments& arguments) {
  return TextTest(runtime, self, arguments, "isupper");
}

bool IsFilter(const Value& value) { return value.Is(Kind::kString) && FindFilter(value.string().bytes()) != nullptr; }
bool IsTest(const Value& value) { return value.Is(Kind::kString) && FindTest(value.string().bytes()) != nullptr; }

constexpr NamedNative kTests[] = {
    {"!=", Comparison<ComparisonOperator::kNotEqual>},
    {"<", Comparison<ComparisonOperator::kLess>},
    {"<=", Comparison<ComparisonOperator::kLessEqual>},
    {"==", Comparison<ComparisonOperator::kEqual>},
    {">", Comparison<ComparisonOperator::kGreater>},
    {">=", Comparison<ComparisonOperator::kGreaterEqual>},
    {"boolean", Plain<IsBoolean>},
    {"callable", Plain<IsCallable>},
    {"defined", Plain<IsDefined>},
    {"divisibleby", DivisibleBy},
    {"eq", Comparison<ComparisonOperator::kEqual>},
    {"equalto", Comparison<ComparisonOperator::kEqual>},
    {"escaped", Plain<IsEscaped>},
    {"even", Parity<0>},
    {"false", Plain<IsFalse>},
    {"filter", Plain<IsFilter>},
    {"float", Plain<IsFloat>},
    {"ge", Comparison<ComparisonOperator::kGreaterEqual>},
    {"greaterthan", Comparison<ComparisonOperator::kGreater>},
    {"gt", Comparison<ComparisonOperator::kGreater>},
    {"in", Comparison<ComparisonOperator::kIn>},
    {"integer", Plain<IsInteger>},
    {"iterable", Plain<IsIterableValue>},
    {"le", Comparison<ComparisonOperator::kLessEqual>},
    {"lessthan", Comparison<ComparisonOperator::kLess>},
    {"lower", Lower},
    {"lt", Comparison<ComparisonOperator::kLess>},
    {"mapping", Plain<IsMapping>},
    {"ne", Comparison<ComparisonOperator::kNotEqual>},
    {"none", Plain<IsNone>},
    {"number", Plain<IsNumber>},
    {"odd", Parity<1>},
    {"sameas", SameAs},
    {"sequence", Plain<IsSequence>},
    {"string", Plain<IsString>},
    {"test", Plain<IsTest>},
    {"true", Plain<IsTrueBoolean>},
    {"undefined", Plain<IsUndefined>},
    {"upper", Upper},
};

}  // namespace

std::span<const NamedNative> Tests() { return kTests; }

}  // namespace walchen::formats::jinja
