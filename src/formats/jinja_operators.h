// SPDX-License-Identifier: Apache-2.0
//
// Python's operators over template values. Integers have 64 bits; what does not fit is an error, not another number.
//
// Errors: kCorrupt (the operands do not go together, division by zero, overflow), kResourceExhausted.
#pragma once

#include "base/status.h"
#include "formats/jinja_value.h"

namespace walchen::formats::jinja {

enum class ArithmeticOperator : uint8_t { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower };
enum class ComparisonOperator : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kNotIn };

Result<Value> Arithmetic(Runtime& runtime, ArithmeticOperator op, const Value& left, const Value& right);
Result<Value> Negate(const Value& operand);
Result<Value> Plus(const Value& operand);  // the unary one

Result<bool> Compare(Runtime& runtime, ComparisonOperator op, const Value& left, const Value& right);
Result<bool> Equals(Runtime& runtime, const Value& left, const Value& right);
Result<bool> Contains(Runtime& runtime, const Value& container, const Value& item);
// Negative, zero or positive: the order of sorting. Fails for values that have none.
Result<int> Order(Runtime& runtime, const Value& left, const Value& right);

// The failure of using an undefined value.
tl::unexpected<Error> FailUndefined(const Value& undefined);

}  // namespace walchen::formats::jinja
