// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_operators.h"

#include <cmath>

#include "base/limits.h"
#include "formats/jinja_access.h"
#include "formats/jinja_format.h"
#include "formats/jinja_print.h"
#include "formats/jinja_runtime.h"

namespace walchen::formats::jinja {
namespace {

constexpr std::string_view kArithmeticNames[] = {"+", "-", "*", "/", "//", "%", "**"};
constexpr std::string_view kComparisonNames[] = {"==", "!=", "<", "<=", ">", ">=", "in", "not in"};

tl::unexpected<Error> FailOperands(std::string_view op, const Value& left, const Value& right) {
  if (left.Is(Kind::kUndefined)) return FailUndefined(left);
  if (right.Is(Kind::kUndefined)) return FailUndefined(right);
  return Fail(ErrorCode::kCorrupt, "unsupported operands for {}: '{}' and '{}'", op, left.TypeName(),
              right.TypeName());
}

tl::unexpected<Error> FailOverflow(std::string_view op) {
  return Fail(ErrorCode::kCorrupt, "the result of {} does not fit 64 bits", op);
}

Result<Value> PowerOfIntegers(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) return Fail(ErrorCode::kCorrupt, "0 cannot be raised to a negative power");
    return Value::Float(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  int64_t result = 1;
  while (true) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return FailOverflow("**");
    exponent >>= 1;
    if (exponent == 0) return Value::Int(result);
    if (__builtin_mul_overflow(base, base, &base)) return FailOverflow("**");
  }
}

// Rounds towards minus infinity, as Python does and C++ does not.
Result<Value> DivideIntegers(ArithmeticOperator op, int64_t left, int64_t right) {
  if (right == 0) return Fail(ErrorCode::kCorrupt, "division by zero");
  if (left == INT64_MIN && right == -1) {
    if (op == ArithmeticOperator::kModulo) return Value::Int(0);
    return FailOverflow("//");
  }
  const int64_t rest = left % right;
  const bool correct = rest != 0 && (rest < 0) != (right < 0);
  if (op == ArithmeticOperator::kModulo) return Value::Int(correct ? rest + right : rest);
  return Value::Int(left / right - (correct ? 1 : 0));
}

Result<Value> IntegerArithmetic(ArithmeticOperator op, int64_t left, int64_t right) {
  int64_t result = 0;
  bool overflow = false;
  switch (op) {
    case ArithmeticOperator::kAdd: overflow = __builtin_add_overflow(left, right, &result); break;
    case ArithmeticOperator::kSubtract: overflow = __builtin_sub_overflow(left, right, &result); break;
    case ArithmeticOperator::kMultiply: overflow = __builtin_mul_overflow(left, right, &result); break;
    case ArithmeticOperator::kPower: return PowerOfIntegers(left, right);
    case ArithmeticOperator::kDivide:
      if (right == 0) return Fail(ErrorCode::kCorrupt, "division by zero");
      return Value::Float(static_cast<double>(left) / static_cast<double>(right));
    case ArithmeticOperator::kFloorDivide:
    case ArithmeticOperator::kModulo: return DivideIntegers(op, left, right);
  }
  if (overflow) return FailOverflow(kArithmeticNames[static_cast<size_t>(op)]);
  return Value::Int(result);
}

Result<Value> FloatArithmetic(ArithmeticOperator op, double left, double right) {
  const bool divides = op == ArithmeticOperator::kDivide || op == ArithmeticOperator::kFloorDivide ||
                       op == ArithmeticOperator::kModulo;
  if (divides && right == 0) return Fail(ErrorCode::kCorrupt, "division by zero");
  switch (op) {
    case ArithmeticOperator::kAdd: return Value::Float(left + right);
    case ArithmeticOperator::kSubtract: return Value::Float(left - right);
    case ArithmeticOperator::kMultiply: return Value::Float(left * right);
    case ArithmeticOperator::kDivide: return Value::Float(left / right);
    case ArithmeticOperator::kFloorDivide: return Value::Float(std::floor(left / right));
    case ArithmeticOperator::kModulo: {
      const double rest = std::fmod(left, right);
      return Value::Float(rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest);
    }
    case ArithmeticOperator::kPower: break;
  }
  if (left < 0 && right != std::floor(right)) {
    return Fail(ErrorCode::kUnsupported, "a power of a negative number is a complex number");
  }
  if (left == 0 && right < 0) return Fail(ErrorCode::kCorrupt, "0 cannot be raised to a negative power");
  const double result = std::pow(left, right);
  if (std::isinf(result) && std::isfinite(left) && std::isfinite(right)) return FailOverflow("**");
  return Value::Float(result);
}

// Whether `count` repetitions of `size` things stay within `bound` things.
Result<size_t> RepeatedSize(size_t size, int64_t count, int64_t bound) {
  if (count <= 0 || size == 0) return 0;
  uint64_t total = 0;
  if (__builtin_mul_overflow(static_cast<uint64_t>(size), static_cast<uint64_t>(count), &total) ||
      total > static_cast<uint64_t>(bound)) {
    return Fail(ErrorCode::kResourceExhausted, "{} repetitions are more than the {} a template may make", count, bound);
  }
  return static_cast<size_t>(total);
}

Result<Value> Repeat(Runtime& runtime, const Value& value, int64_t count) {
  if (value.Is(Kind::kString)) {
    const StringObject& text = value.string();
    TRY_ASSIGN(const size_t size, RepeatedSize(text.size(), count, base::kTemplateMaxOutputBytes));
    TRY(runtime.SpendOnBytes(size));
    // In larger pieces: 'a' * 10'000'000 is no reason for ten million calls.
    constexpr size_t kPieceBytes = 65'536;
    TextBuilder piece;
    while (piece.size() < std::min(size, kPieceBytes)) piece.Append(text.marked());
    TextBuilder builder;
    while (builder.size() < size && builder.size() + piece.size() <= size) builder.Append(piece.view());
    while (builder.size() < size) builder.Append(text.marked());
    return runtime.Text(std::move(builder), text.markup);
  }
  const SequenceObject& sequence = value.sequence();
  TRY_ASSIGN(const size_t size, RepeatedSize(sequence.items.size(), count, base::kTemplateMaxSteps));
  TRY(runtime.Spend(size));
  std::vector<Value> items;
  while (items.size() < size) items.insert(items.end(), sequence.items.begin(), sequence.items.end());
  return runtime.Sequence(std::move(items), sequence.type);
}

bool IsRepeatable(const Value& value) {
  return value.Is(Kind::kString) || (value.Is(Kind::kSequence) && (value.sequence().type == SequenceType::kList ||
                                                                   value.sequence().is_tuple()));
}

Result<Value> AddSequences(Runtime& runtime, const Value& left, const Value& right) {
  const SequenceObject& front = left.sequence();
  const SequenceObject& back = right.sequence();
  const bool lists = front.type == SequenceType::kList && back.type == SequenceType::kList;
  if (!lists && !(front.is_tuple() && back.is_tuple())) return FailOperands("+", left, right);
  TRY(runtime.Spend(front.items.size() + back.items.size()));
  std::vector<Value> items = front.items;
  items.insert(items.end(), back.items.begin(), back.items.end());
  return runtime.Sequence(std::move(items), lists ? SequenceType::kList : SequenceType::kTuple);
}

Result<Value> AddTexts(Runtime& runtime, const Value& left, const Value& right) {
  const bool markup = left.string().markup || right.string().markup;
  if (!markup) return runtime.Join(left.string(), right.string());
  TRY_ASSIGN(const Value front, EscapeHtml(runtime, left));
  TRY_ASSIGN(const Value back, EscapeHtml(runtime, right));
  TextBuilder builder;
  builder.Append(front.string().marked());
  builder.Append(back.string().marked());
  return runtime.Text(std::move(builder), true);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<bool> EqualsWithin(Runtime& runtime, const Value& left, const Value& right, int64_t depth);

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<bool> EqualItems(Runtime& runtime, const std::vector<Value>& left, const std::vector<Value>& right,
                        int64_t depth) {
  if (left.size() != right.size()) return false;
  for (size_t i = 0; i < left.size(); ++i) {
    TRY_ASSIGN(const bool equal, EqualsWithin(runtime, left[i], right[i], depth));
    if (!equal) return false;
  }
  return true;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<bool> EqualDicts(Runtime& runtime, const DictObject& left, const DictObject& right, int64_t depth) {
  if (left.entries.size() != right.entries.size()) return false;
  for (const auto& [key, value] : left.entries) {
    const Value* other = right.Find(key);
    if (other == nullptr) return false;
    TRY_ASSIGN(const bool equal, EqualsWithin(runtime, value, *other, depth));
    if (!equal) return false;
  }
  return true;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<bool> EqualsWithin(Runtime& runtime, const Value& left, const Value& right, int64_t depth) {
  if (depth == 0) return Fail(ErrorCode::kResourceExhausted, "values nested too deep to compare");
  TRY(runtime.Spend());
  if (left.is_number() && right.is_number()) {
    const bool nan = (left.Is(Kind::kFloat) && std::isnan(left.number()));
    return !nan && CompareNumbers(left, right) == 0;
  }
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::kNone:
    case Kind::kUndefined: return true;
    case Kind::kString:
      TRY(runtime.SpendOnBytes(std::min(left.string().size(), right.string().size())));
      return left.string().bytes() == right.string().bytes();
    case Kind::kSequence: {
      const SequenceObject& a = left.sequence();
      const SequenceObject& b = right.sequence();
      if (&a == &b) return true;
      if (a.type == SequenceType::kIterator || (a.type != b.type && !(a.is_tuple() && b.is_tuple()))) return false;
      return EqualItems(runtime, a.items, b.items, depth - 1);
    }
    case Kind::kDict: return EqualDicts(runtime, left.dict(), right.dict(), depth - 1);
    default: return left.object() == right.object();
  }
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<int> OrderWithin(Runtime& runtime, std::string_view op, const Value& left, const Value& right, int64_t depth) {
  if (depth == 0) return Fail(ErrorCode::kResourceExhausted, "values nested too deep to compare");
  TRY(runtime.Spend());
  if (left.is_number() && right.is_number()) return CompareNumbers(left, right);
  if (left.Is(Kind::kString) && right.Is(Kind::kString)) {
    TRY(runtime.SpendOnBytes(std::min(left.string().size(), right.string().size())));
    return left.string().bytes().compare(right.string().bytes());
  }
  const bool sequences = left.Is(Kind::kSequence) && right.Is(Kind::kSequence);
  if (!sequences || left.TypeName() != right.TypeName() || !IsRepeatable(left)) return FailOperands(op, left, right);
  const std::vector<Value>& a = left.sequence().items;
  const std::vector<Value>& b = right.sequence().items;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    TRY_ASSIGN(const bool equal, EqualsWithin(runtime, a[i], b[i], depth - 1));
    if (!equal) return OrderWithin(runtime, op, a[i], b[i], depth - 1);
  }
  return a.size() == b.size() ? 0 : (a.size() < b.size() ? -1 : 1);
}

Result<Value> WithSign(const Value& operand, std::string_view op, int64_t sign) {
  if (operand.Is(Kind::kUndefined)) return FailUndefined(operand);
  if (operand.Is(Kind::kFloat)) return Value::Float(static_cast<double>(sign) * operand.number());
  if (!operand.is_integer()) {
    return Fail(ErrorCode::kCorrupt, "unsupported operand for unary {}: '{}'", op, operand.TypeName());
  }
  int64_t result = 0;
  if (__builtin_mul_overflow(operand.integer(), sign, &result)) return FailOverflow(op);
  return Value::Int(result);
}

}  // namespace

tl::unexpected<Error> FailUndefined(const Value& undefined) {
  return Fail(ErrorCode::kCorrupt, "{}", undefined.undefined().message);
}

Result<Value> Arithmetic(Runtime& runtime, ArithmeticOperator op, const Value& left, const Value& right) {
  if (left.is_integer() && right.is_integer()) return IntegerArithmetic(op, left.integer(), right.integer());
  if (left.is_number() && right.is_number()) return FloatArithmetic(op, left.number(), right.number());
  if (op == ArithmeticOperator::kAdd && left.Is(Kind::kString) && right.Is(Kind::kString)) {
    return AddTexts(runtime, left, right);
  }
  if (op == ArithmeticOperator::kAdd && left.Is(Kind::kSequence) && right.Is(Kind::kSequence)) {
    return AddSequences(runtime, left, right);
  }
  if (op == ArithmeticOperator::kMultiply) {
    if (IsRepeatable(left) && right.is_integer()) return Repeat(runtime, left, right.integer());
    if (IsRepeatable(right) && left.is_integer()) return Repeat(runtime, right, left.integer());
  }
  if (op == ArithmeticOperator::kModulo && left.Is(Kind::kString)) return FormatPercent(runtime, left.string(), right);
  return FailOperands(kArithmeticNames[static_cast<size_t>(op)], left, right);
}

Result<Value> Negate(const Value& operand) { return WithSign(operand, "-", -1); }
Result<Value> Plus(const Value& operand) { return WithSign(operand, "+", 1); }

Result<bool> Equals(Runtime& runtime, const Value& left, const Value& right) {
  return EqualsWithin(runtime, left, right, base::kTemplateMaxFrames);
}

Result<int> Order(Runtime& runtime, const Value& left, const Value& right) {
  return OrderWithin(runtime, "<", left, right, base::kTemplateMaxFrames);
}

Result<bool> Contains(Runtime& runtime, const Value& container, const Value& item) {
  if (container.Is(Kind::kString)) {
    if (!item.Is(Kind::kString)) {
      return Fail(ErrorCode::kCorrupt, "'in' a text expects a text on its left, got '{}'", item.TypeName());
    }
    TRY(runtime.SpendOnBytes(container.string().size()));
    return FindBytes(container.string().bytes(), item.string().bytes(), 0) != std::string_view::npos;
  }
  if (container.Is(Kind::kDict)) {
    if (!IsHashable(item)) return Fail(ErrorCode::kCorrupt, "a '{}' cannot be a key", item.TypeName());
    return container.dict().Find(item) != nullptr;
  }
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime, container));
  for (const Value& candidate : *items) {
    TRY_ASSIGN(const bool equal, Equals(runtime, candidate, item));
    if (equal) return true;
  }
  return false;
}

Result<bool> Compare(Runtime& runtime, ComparisonOperator op, const Value& left, const Value& right) {
  using enum ComparisonOperator;
  if (op == kEqual || op == kNotEqual) {
    TRY_ASSIGN(const bool equal, Equals(runtime, left, right));
    return equal == (op == kEqual);
  }
  if (op == kIn || op == kNotIn) {
    TRY_ASSIGN(const bool contains, Contains(runtime, right, left));
    return contains == (op == kIn);
  }
  if (left.is_number() && right.is_number() && (std::isnan(left.number()) || std::isnan(right.number()))) return false;
  TRY_ASSIGN(const int order, OrderWithin(runtime, kComparisonNames[static_cast<size_t>(op)], left, right,
                                          base::kTemplateMaxFrames));
  switch (op) {
    case kLess: return order < 0;
    case kLessEqual: return order <= 0;
    case kGreater: return order > 0;
    default: return order >= 0;
  }
}

}  // namespace walchen::formats::jinja
