// SPDX-License-Identifier: Apache-2.0
//
// Reads tokens as expressions, with jinja2's grammar (jinja2/parser.py): its precedences, its tuples without brackets,
// its tests and filters.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/status.h"
#include "formats/jinja_ast.h"
#include "formats/jinja_lexer.h"

namespace walchen::formats::jinja {

// Counts one level of nesting as long as it lives.
class Nesting {
 public:
  explicit Nesting(int64_t& depth) : depth_(depth) { ++depth_; }
  ~Nesting() { --depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  int64_t& depth_;
};

// Errors: kCorrupt with line and column, kUnsupported, kTooLarge (nested deeper than kTemplateMaxDepth).
class ExpressionParser {
 public:
  ExpressionParser(std::vector<Token> tokens, Program& program);

 protected:
  Result<ExpressionPtr> ParseExpression();
  // Several expressions with commas between them are a tuple. `conditional`: whether a bare "x if y" may stand there.
  Result<ExpressionPtr> ParseTuple(bool conditional);
  // A chain of filters without what they filter; the first one without its "|" where the tag brought it.
  Result<ExpressionPtr> ParseFilters(bool first_bare);
  Result<Target> ParseTarget(bool with_attributes);

  const Token& current() const { return tokens_[at_]; }
  bool TakeName(std::string_view name);
  bool TakeOperator(std::string_view op);
  Result<void> ExpectName(std::string_view name);
  Result<void> ExpectOperator(std::string_view op);
  Result<std::string> ExpectAnyName(std::string_view what);
  Result<void> Expect(TokenType type, std::string_view what);
  void Skip() { ++at_; }

  tl::unexpected<Error> FailAtToken(const Token& token, ErrorCode code, std::string_view message) const;
  tl::unexpected<Error> FailHere(std::string_view message) const {
    return FailAtToken(current(), ErrorCode::kCorrupt, message);
  }
  Result<void> CheckDepth(int64_t more = 0) const;

  NameId Number(std::string_view name);
  Value TextLiteral(std::string_view text);
  ExpressionPtr Make(int line, auto form) const {
    auto expression = std::make_unique<Expression>();
    expression->line = line;
    expression->form = std::move(form);
    return expression;
  }

  Program& program_;
  // Open brackets, blocks and operands of the place we are at.
  int64_t depth_ = 0;
  // Inside an `if` of this function body (or a conditional expression) unknown filters and tests fail when they are
  // run; elsewhere they are collected in unknown_ and fail at once.
  int64_t conditional_depth_ = 0;
  std::vector<Error> unknown_;
  // The macros around us, outermost first.
  std::vector<MacroDefinition*> macros_;

 private:
  Result<ExpressionPtr> ParseConditional();
  Result<ExpressionPtr> ParseLogic(bool is_and);
  Result<ExpressionPtr> ParseNot();
  Result<ExpressionPtr> ParseComparison();
  Result<ExpressionPtr> ParseSum();
  Result<ExpressionPtr> ParseConcatenation();
  Result<ExpressionPtr> ParseProduct();
  Result<ExpressionPtr> ParsePower();
  Result<ExpressionPtr> ParseUnary();
  Result<ExpressionPtr> ParsePrimary();
  Result<ExpressionPtr> ParseName();
  Result<ExpressionPtr> ParseBracketed();
  Result<ExpressionPtr> ParseList();
  Result<ExpressionPtr> ParseDict();
  // Whether another item of a list in brackets follows; passes over the comma before it, or over `close`. A comma may
  // stand behind the last item.
  Result<bool> NextItem(std::string_view close, bool first);
  Result<ExpressionPtr> ParseItems(bool conditional, bool in_brackets);
  using ParseOperand = Result<ExpressionPtr> (ExpressionParser::*)();
  Result<ExpressionPtr> ParseChain(ParseOperand operand,
                                   std::initializer_list<std::pair<std::string_view, ArithmeticOperator>> operators);

  Result<void> ParsePostfix(std::vector<Step>& steps);
  Result<void> ParseFiltersAndTests(std::vector<Step>& steps);
  Result<Step> ParseSubscript();
  Result<Step> ParseSlice(ExpressionPtr start);
  Result<Step> ParseFilter();
  Result<Step> ParseTest();
  Result<CallArguments> ParseArguments();
  Result<void> ParseArgument(CallArguments& arguments);
  const NamedNative* LookUp(const NamedNative* (*find)(std::string_view), std::string_view what,
                            const std::string& name, const Token& at);
  Result<std::string> ParseDottedName(std::string_view what);
  bool AtTupleEnd() const;

  std::vector<Token> tokens_;
  size_t at_ = 0;
  std::map<std::string, NameId, std::less<>> numbers_;
};

}  // namespace walchen::formats::jinja
