// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_expression_parser.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace walchen::formats::jinja {
namespace {

std::string Describe(const Token& token) {
  switch (token.type) {
    case TokenType::kText: return "text";
    case TokenType::kVariableBegin: return "'{{'";
    case TokenType::kVariableEnd: return "'}}'";
    case TokenType::kBlockBegin: return "'{%'";
    case TokenType::kBlockEnd: return "'%}'";
    case TokenType::kString: return "a text in quotes";
    case TokenType::kInteger:
    case TokenType::kFloat: return "a number";
    case TokenType::kEnd: return "the end of the template";
    case TokenType::kName:
    case TokenType::kOperator: return fmt::format("'{}'", token.text);
  }
  return "nothing";
}

}  // namespace

ExpressionParser::ExpressionParser(std::vector<Token> tokens, Program& program)
    : program_(program), tokens_(std::move(tokens)) {
  for (const std::string_view name : {"loop", "varargs", "kwargs", "caller"}) Number(name);
}

bool ExpressionParser::TakeName(std::string_view name) {
  if (!current().IsName(name)) return false;
  Skip();
  return true;
}

bool ExpressionParser::TakeOperator(std::string_view op) {
  if (!current().IsOperator(op)) return false;
  Skip();
  return true;
}

Result<void> ExpressionParser::ExpectName(std::string_view name) {
  if (TakeName(name)) return {};
  return FailHere(fmt::format("expected '{}', found {}", name, Describe(current())));
}

Result<void> ExpressionParser::ExpectOperator(std::string_view op) {
  if (TakeOperator(op)) return {};
  return FailHere(fmt::format("expected '{}', found {}", op, Describe(current())));
}

Result<std::string> ExpressionParser::ExpectAnyName(std::string_view what) {
  if (current().type != TokenType::kName) {
    return FailHere(fmt::format("expected {}, found {}", what, Describe(current())));
  }
  std::string name = current().text;
  Skip();
  return name;
}

Result<void> ExpressionParser::Expect(TokenType type, std::string_view what) {
  if (current().type != type) return FailHere(fmt::format("expected {}, found {}", what, Describe(current())));
  if (type != TokenType::kEnd) Skip();
  return {};
}

tl::unexpected<Error> ExpressionParser::FailAtToken(const Token& token, ErrorCode code,
                                                    std::string_view message) const {
  const Place place = PlaceOf(program_.source, token.offset);
  return Fail(code, "line {}, column {}: {}", place.line, place.column, message);
}

Result<void> ExpressionParser::CheckDepth(int64_t more) const {
  if (depth_ + more <= base::kTemplateMaxDepth) return {};
  return FailAtToken(current(), ErrorCode::kTooLarge,
                     fmt::format("nested deeper than {} levels", base::kTemplateMaxDepth));
}

NameId ExpressionParser::Number(std::string_view name) {
  const auto found = numbers_.find(name);
  if (found != numbers_.end()) return found->second;
  const auto id = static_cast<NameId>(program_.names.size());
  program_.names.emplace_back(name);
  numbers_.emplace(name, id);
  return id;
}

Value ExpressionParser::TextLiteral(std::string_view text) {
  TextBuilder builder;
  builder.Append(text, true);
  auto literal = std::make_unique<StringObject>(std::move(builder));
  const Value value(literal.get());
  program_.literals.push_back(std::move(literal));
  return value;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParseExpression() {
  const Nesting nesting(depth_);
  TRY(CheckDepth());
  return ParseConditional();
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParseConditional() {
  const size_t known = unknown_.size();
  TRY_ASSIGN(ExpressionPtr expression, ParseLogic(false));
  // "a if b if c" wraps what it has so far, one level deeper each time.
  for (int64_t wraps = 1; current().IsName("if"); ++wraps) {
    TRY(CheckDepth(wraps));
    const int line = current().line;
    Skip();
    Conditional conditional;
    TRY_ASSIGN(conditional.condition, ParseLogic(false));
    conditional.then = std::move(expression);
    if (TakeName("else")) {
      TRY_ASSIGN(conditional.otherwise, ParseExpression());
    }
    expression = Make(line, std::move(conditional));
    unknown_.resize(known, Error(ErrorCode::kUnsupported, ""));
  }
  return expression;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParseLogic(bool is_and) {
  const int line = current().line;
  const std::string_view word = is_and ? "and" : "or";
  TRY_ASSIGN(ExpressionPtr first, is_and ? ParseNot() : ParseLogic(true));
  if (!current().IsName(word)) return first;
  LogicChain chain{is_and, {}};
  chain.operands.push_back(std::move(first));
  while (TakeName(word)) {
    TRY_ASSIGN(chain.operands.emplace_back(), is_and ? ParseNot() : ParseLogic(true));
  }
  return Make(line, std::move(chain));
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParseNot() {
  const int line = current().line;
  Unary unary;
  while (TakeName("not")) unary.operators.push_back(UnaryOperator::kNot);
  TRY_ASSIGN(ExpressionPtr operand, ParseComparison());
  if (unary.operators.empty()) return operand;
  unary.operand = std::move(operand);
  return Make(line, std::move(unary));
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParseComparison() {
  using enum ComparisonOperator;
  constexpr std::array<std::pair<std::string_view, ComparisonOperator>, 6> kOperators = {
      {{"==", kEqual}, {"!=", kNotEqual}, {"<", kLess}, {"<=", kLessEqual}, {">", kGreater}, {">=", kGreaterEqual}}};
  const int line = current().line;
  TRY_ASSIGN(ExpressionPtr first, ParseSum());
  ComparisonChain chain;
  while (true) {
    const auto found =
        std::ranges::find_if(kOperators, [this](const auto& op) { return current().IsOperator(op.first); });
    ComparisonOperator op = kIn;
    if (found != kOperators.end()) {
      op = found->second;
    } else if (current().IsName("not") && tokens_[at_ + 1].IsName("in")) {
      op = kNotIn;
      Skip();
    } else if (!current().IsName("in")) {
      break;
    }
    Skip();
    TRY_ASSIGN(ExpressionPtr operand, ParseSum());
    chain.rest.emplace_back(op, std::move(operand));
  }
  if (chain.rest.empty()) return first;
  chain.first = std::move(first);
  return Make(line, std::move(chain));
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParseChain(
    ParseOperand operand, std::initializer_list<std::pair<std::string_view, ArithmeticOperator>> operators) {
  const int line = current().line;
  TRY_ASSIGN(ExpressionPtr first, (this->*operand)());
  ArithmeticChain chain;
  while (true) {
    const auto found =
        std::ranges::find_if(operators, [this](const auto& op) { return current().IsOperator(op.first); });
    if (found == operators.end()) break;
    Skip();
    TRY_ASSIGN(ExpressionPtr next, (this->*operand)());
    chain.rest.emplace_back(found->second, std::move(next));
  }
  if (chain.rest.empty()) return first;
  chain.first = std::move(first);
  return Make(line, std::move(chain));
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParseSum() {
  return ParseChain(&ExpressionParser::ParseConcatenation,
                    {{"+", ArithmeticOperator::kAdd}, {"-", ArithmeticOperator::kSubtract}});
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParseConcatenation() {
  const int line = current().line;
  TRY_ASSIGN(ExpressionPtr first, ParseProduct());
  if (!current().IsOperator("~")) return first;
  Concatenation concatenation;
  concatenation.parts.push_back(std::move(first));
  while (TakeOperator("~")) {
    TRY_ASSIGN(concatenation.parts.emplace_back(), ParseProduct());
  }
  return Make(line, std::move(concatenation));
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParseProduct() {
  return ParseChain(&ExpressionParser::ParsePower, {{"*", ArithmeticOperator::kMultiply},
                                                    {"/", ArithmeticOperator::kDivide},
                                                    {"//", ArithmeticOperator::kFloorDivide},
                                                    {"%", ArithmeticOperator::kModulo}});
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParsePower() {
  return ParseChain(&ExpressionParser::ParseUnary, {{"**", ArithmeticOperator::kPower}});
}

// Filters bind looser than a sign: -x | abs is (-x) | abs.
// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParseUnary() {
  const int line = current().line;
  Unary unary;
  while (current().IsOperator("-") || current().IsOperator("+")) {
    unary.operators.push_back(current().IsOperator("-") ? UnaryOperator::kNegate : UnaryOperator::kPlus);
    Skip();
  }
  TRY_ASSIGN(ExpressionPtr expression, ParsePrimary());
  StepChain chain;
  TRY(ParsePostfix(chain.steps));
  if (!unary.operators.empty()) {
    if (!chain.steps.empty()) {
      chain.base = std::move(expression);
      expression = Make(line, std::move(chain));
      chain = StepChain();
    }
    unary.operand = std::move(expression);
    expression = Make(line, std::move(unary));
  }
  TRY(ParseFiltersAndTests(chain.steps));
  if (chain.steps.empty()) return expression;
  chain.base = std::move(expression);
  return Make(line, std::move(chain));
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParsePrimary() {
  const int line = current().line;
  switch (current().type) {
    case TokenType::kName: return ParseName();
    case TokenType::kString: {
      std::string text;
      for (; current().type == TokenType::kString; Skip()) text.append(current().text);
      return Make(line, Literal{TextLiteral(text)});
    }
    case TokenType::kInteger: {
      const Value value = Value::Int(current().integer);
      Skip();
      return Make(line, Literal{value});
    }
    case TokenType::kFloat: {
      const Value value = Value::Float(current().number);
      Skip();
      return Make(line, Literal{value});
    }
    case TokenType::kOperator: return ParseBracketed();
    default: return FailHere(fmt::format("expected an expression, found {}", Describe(current())));
  }
}

Result<ExpressionPtr> ExpressionParser::ParseName() {
  const int line = current().line;
  const std::string name = current().text;
  Skip();
  if (name == "true" || name == "True") return Make(line, Literal{Value::Bool(true)});
  if (name == "false" || name == "False") return Make(line, Literal{Value::Bool(false)});
  if (name == "none" || name == "None") return Make(line, Literal{Value::None()});
  const NameId id = Number(name);
  for (MacroDefinition* macro : macros_) {
    macro->uses_varargs = macro->uses_varargs || id == kVarargsName;
    macro->uses_kwargs = macro->uses_kwargs || id == kKwargsName;
    macro->uses_caller = macro->uses_caller || id == kCallerName;
  }
  return Make(line, Name{id});
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParseBracketed() {
  const Nesting nesting(depth_);
  TRY(CheckDepth());
  if (current().IsOperator("[")) return ParseList();
  if (current().IsOperator("{")) return ParseDict();
  if (!TakeOperator("(")) return FailHere(fmt::format("expected an expression, found {}", Describe(current())));
  TRY_ASSIGN(ExpressionPtr inside, ParseItems(true, true));
  TRY(ExpectOperator(")"));
  return inside;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParseTuple(bool conditional) {
  const Nesting nesting(depth_);
  TRY(CheckDepth());
  return ParseItems(conditional, false);
}

bool ExpressionParser::AtTupleEnd() const {
  const TokenType type = current().type;
  return type == TokenType::kVariableEnd || type == TokenType::kBlockEnd || current().IsOperator(")");
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParseItems(bool conditional, bool in_brackets) {
  const int line = current().line;
  ListDisplay tuple;
  tuple.is_tuple = true;
  bool has_comma = false;
  while (!AtTupleEnd()) {
    TRY_ASSIGN(tuple.items.emplace_back(), conditional ? ParseExpression() : ParseLogic(false));
    if (!TakeOperator(",")) break;
    has_comma = true;
  }
  if (!has_comma && !tuple.items.empty()) return std::move(tuple.items[0]);
  if (tuple.items.empty() && !in_brackets) {
    return FailHere(fmt::format("expected an expression, found {}", Describe(current())));
  }
  return Make(line, std::move(tuple));
}

Result<bool> ExpressionParser::NextItem(std::string_view close, bool first) {
  if (!first && !current().IsOperator(close)) TRY(ExpectOperator(","));
  if (!current().IsOperator(close)) return true;
  Skip();
  return false;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParseList() {
  const int line = current().line;
  ListDisplay list;
  Skip();
  while (true) {
    TRY_ASSIGN(const bool more, NextItem("]", list.items.empty()));
    if (!more) return Make(line, std::move(list));
    TRY_ASSIGN(list.items.emplace_back(), ParseExpression());
  }
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParseDict() {
  const int line = current().line;
  DictDisplay dict;
  Skip();
  while (true) {
    TRY_ASSIGN(const bool more, NextItem("}", dict.entries.empty()));
    if (!more) return Make(line, std::move(dict));
    TRY_ASSIGN(ExpressionPtr key, ParseExpression());
    TRY(ExpectOperator(":"));
    TRY_ASSIGN(ExpressionPtr value, ParseExpression());
    dict.entries.emplace_back(std::move(key), std::move(value));
  }
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<void> ExpressionParser::ParsePostfix(std::vector<Step>& steps) {
  while (true) {
    if (current().IsOperator(".") || current().IsOperator("[")) {
      TRY_ASSIGN(Step step, ParseSubscript());
      steps.push_back(std::move(step));
    } else if (current().IsOperator("(")) {
      TRY_ASSIGN(CallArguments arguments, ParseArguments());
      steps.emplace_back(CallStep{std::move(arguments)});
    } else {
      return {};
    }
  }
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<void> ExpressionParser::ParseFiltersAndTests(std::vector<Step>& steps) {
  while (true) {
    if (TakeOperator("|")) {
      TRY_ASSIGN(Step step, ParseFilter());
      steps.push_back(std::move(step));
    } else if (TakeName("is")) {
      TRY_ASSIGN(Step step, ParseTest());
      steps.push_back(std::move(step));
    } else if (current().IsOperator("(")) {
      TRY_ASSIGN(CallArguments arguments, ParseArguments());
      steps.emplace_back(CallStep{std::move(arguments)});
    } else {
      return {};
    }
  }
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<Step> ExpressionParser::ParseSubscript() {
  if (TakeOperator(".")) {
    if (current().type == TokenType::kInteger) {
      ItemStep step{Make(current().line, Literal{Value::Int(current().integer)})};
      Skip();
      return step;
    }
    TRY_ASSIGN(std::string name, ExpectAnyName("a name or number behind the dot"));
    return AttributeStep{std::move(name)};
  }
  Skip();
  const Nesting nesting(depth_);
  TRY(CheckDepth());
  if (current().IsOperator(":")) return ParseSlice(nullptr);
  const int line = current().line;
  TRY_ASSIGN(ExpressionPtr key, ParseExpression());
  if (current().IsOperator(":")) return ParseSlice(std::move(key));
  if (current().IsOperator(",")) {
    ListDisplay tuple;
    tuple.is_tuple = true;
    tuple.items.push_back(std::move(key));
    while (TakeOperator(",") && !current().IsOperator("]")) {
      TRY_ASSIGN(tuple.items.emplace_back(), ParseExpression());
    }
    key = Make(line, std::move(tuple));
  }
  TRY(ExpectOperator("]"));
  return ItemStep{std::move(key)};
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<Step> ExpressionParser::ParseSlice(ExpressionPtr start) {
  SliceStep slice;
  slice.start = std::move(start);
  TRY(ExpectOperator(":"));
  if (!current().IsOperator(":") && !current().IsOperator("]")) {
    TRY_ASSIGN(slice.stop, ParseExpression());
  }
  if (TakeOperator(":") && !current().IsOperator("]")) {
    TRY_ASSIGN(slice.step, ParseExpression());
  }
  TRY(ExpectOperator("]"));
  return slice;
}

Result<std::string> ExpressionParser::ParseDottedName(std::string_view what) {
  TRY_ASSIGN(std::string name, ExpectAnyName(what));
  while (TakeOperator(".")) {
    TRY_ASSIGN(const std::string part, ExpectAnyName(what));
    name += "." + part;
  }
  return name;
}

const NamedNative* ExpressionParser::LookUp(const NamedNative* (*find)(std::string_view), std::string_view what,
                                            const std::string& name, const Token& at) {
  const NamedNative* found = find(name);
  if (found == nullptr && conditional_depth_ == 0) {
    unknown_.push_back(
        FailAtToken(at, ErrorCode::kUnsupported, fmt::format("no {} named '{}'", what, name)).value());
  }
  return found;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<Step> ExpressionParser::ParseFilter() {
  const Token& at = current();
  FilterStep filter;
  TRY_ASSIGN(filter.name, ParseDottedName("the name of a filter"));
  filter.function = LookUp(FindFilter, "filter", filter.name, at);
  if (current().IsOperator("(")) {
    TRY_ASSIGN(filter.arguments, ParseArguments());
  }
  return filter;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<ExpressionPtr> ExpressionParser::ParseFilters(bool first_bare) {
  const Nesting nesting(depth_);
  TRY(CheckDepth());
  const int line = current().line;
  StepChain chain;
  while (first_bare || TakeOperator("|")) {
    first_bare = false;
    TRY_ASSIGN(Step step, ParseFilter());
    chain.steps.push_back(std::move(step));
  }
  if (chain.steps.empty()) return ExpressionPtr();
  return Make(line, std::move(chain));
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<Step> ExpressionParser::ParseTest() {
  TestStep test;
  test.negated = TakeName("not");
  const Token& at = current();
  TRY_ASSIGN(test.name, ParseDottedName("the name of a test"));
  test.function = LookUp(FindTest, "test", test.name, at);
  const Token& next = current();
  if (next.IsOperator("(")) {
    TRY_ASSIGN(test.arguments, ParseArguments());
    return test;
  }
  if (next.IsName("else") || next.IsName("or") || next.IsName("and")) return test;
  const bool has_argument = next.type == TokenType::kName || next.type == TokenType::kString ||
                            next.type == TokenType::kInteger || next.type == TokenType::kFloat ||
                            next.IsOperator("[") || next.IsOperator("{");
  if (!has_argument) return test;
  if (next.IsName("is")) return FailHere("tests cannot be chained with 'is'");
  const Nesting nesting(depth_);
  TRY(CheckDepth());
  const int line = next.line;
  TRY_ASSIGN(ExpressionPtr argument, ParsePrimary());
  StepChain chain;
  TRY(ParsePostfix(chain.steps));
  if (!chain.steps.empty()) {
    chain.base = std::move(argument);
    argument = Make(line, std::move(chain));
  }
  test.arguments.positional.push_back(std::move(argument));
  return test;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<CallArguments> ExpressionParser::ParseArguments() {
  const Nesting nesting(depth_);
  TRY(CheckDepth());
  CallArguments arguments;
  TRY(ExpectOperator("("));
  for (bool first = true;; first = false) {
    TRY_ASSIGN(const bool more, NextItem(")", first));
    if (!more) return arguments;
    TRY(ParseArgument(arguments));
  }
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<void> ExpressionParser::ParseArgument(CallArguments& arguments) {
  const bool closed = arguments.more_named != nullptr;
  if (current().IsOperator("*") && arguments.more_positional == nullptr && !closed) {
    Skip();
    TRY_ASSIGN(arguments.more_positional, ParseExpression());
  } else if (current().IsOperator("**") && !closed) {
    Skip();
    TRY_ASSIGN(arguments.more_named, ParseExpression());
  } else if (current().type == TokenType::kName && tokens_[at_ + 1].IsOperator("=") && !closed) {
    std::string name = current().text;
    Skip();
    Skip();
    TRY_ASSIGN(ExpressionPtr value, ParseExpression());
    arguments.named.emplace_back(std::move(name), std::move(value));
  } else if (arguments.named.empty() && arguments.more_positional == nullptr && !closed) {
    TRY_ASSIGN(arguments.positional.emplace_back(), ParseExpression());
  } else {
    return FailHere("a positional argument stands behind a named one");
  }
  return {};
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<Target> ExpressionParser::ParseTarget(bool with_attributes) {
  const Nesting nesting(depth_);
  TRY(CheckDepth());
  Target tuple;
  while (true) {
    Target& part = tuple.parts.emplace_back();
    if (TakeOperator("(")) {
      TRY_ASSIGN(part, ParseTarget(with_attributes));
      TRY(ExpectOperator(")"));
    } else {
      const Token at = current();
      TRY_ASSIGN(const std::string name, ExpectAnyName("a variable to assign to"));
      for (const std::string_view constant : {"true", "True", "false", "False", "none", "None"}) {
        if (name == constant) return FailAtToken(at, ErrorCode::kCorrupt, "cannot assign to a constant");
      }
      part.name = Number(name);
      if (with_attributes && TakeOperator(".")) {
        TRY_ASSIGN(part.attribute, ExpectAnyName("an attribute of a namespace"));
      }
    }
    if (!TakeOperator(",")) break;
    tuple.is_tuple = true;
    const bool more = current().type == TokenType::kName ? !current().IsName("in") : current().IsOperator("(");
    if (!more) break;
  }
  if (!tuple.is_tuple) return Target(std::move(tuple.parts[0]));
  return tuple;
}

}  // namespace walchen::formats::jinja
