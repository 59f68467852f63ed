// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_parser.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/limits.h"
#include "formats/jinja_expression_parser.h"

namespace walchen::formats::jinja {
namespace {

using EndNames = std::initializer_list<std::string_view>;

class Parser : public ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  Result<void> Run() {
    TRY_ASSIGN(program_.body, ParseBlock({}));
    TRY(Expect(TokenType::kEnd, "the end of the template"));
    if (!unknown_.empty()) return tl::unexpected<Error>(unknown_[0]);
    return {};
  }

 private:
  static bool IsOneOf(const Token& token, EndNames names) {
    return token.type == TokenType::kName && std::ranges::find(names, token.text) != names.end();
  }

  // Statements up to the tag that starts with one of the names; afterwards we stand at that name. Without names: up to
  // the end of the template.
  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
  Result<Block> ParseBlock(EndNames ends) {
    const Nesting nesting(depth_);
    TRY(CheckDepth());
    Block block;
    while (current().type != TokenType::kEnd) {
      Statement& statement = block.emplace_back();
      statement.line = current().line;
      if (current().type == TokenType::kText) {
        statement.form = TextOutput{TextLiteral(current().text)};
        Skip();
        continue;
      }
      const bool is_variable = current().type == TokenType::kVariableBegin;
      Skip();
      if (is_variable) {
        TRY_ASSIGN(ExpressionPtr value, ParseTuple(true));
        statement.form = Output{std::move(value)};
        TRY(Expect(TokenType::kVariableEnd, "'}}'"));
        continue;
      }
      if (IsOneOf(current(), ends)) {
        block.pop_back();
        return block;
      }
      TRY(ParseStatement(statement));
      TRY(Expect(TokenType::kBlockEnd, "'%}'"));
    }
    if (ends.size() != 0) return FailHere(fmt::format("the template ends before '{}'", ends.end()[-1]));
    return block;
  }

  // The rest of the opening tag, the statements, and the name that ends them.
  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
  Result<Block> ParseBody(EndNames ends) {
    TakeOperator(":");
    TRY(Expect(TokenType::kBlockEnd, "'%}'"));
    return ParseBlock(ends);
  }

  // As ParseBody, for a body that is a scope of its own: an `if` around it does not make what is inside conditional.
  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
  Result<Block> ParseScope(EndNames ends) {
    const int64_t conditional_depth = std::exchange(conditional_depth_, 0);
    auto body = ParseBody(ends);
    conditional_depth_ = conditional_depth;
    return body;
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
  Result<void> ParseStatement(Statement& statement) {
    const Token at = current();
    TRY_ASSIGN(const std::string name, ExpectAnyName("the name of a statement"));
    if (name == "if") return ParseIf(statement);
    if (name == "for") return ParseFor(statement);
    if (name == "set") return ParseSet(statement);
    if (name == "macro") return ParseMacro(statement);
    if (name == "call") return ParseCall(statement);
    if (name == "filter") return ParseFilterBlock(statement);
    if (name == "with") return ParseWith(statement);
    if (name == "print") return ParsePrint(statement);
    if (name == "generation") {
      TRY_ASSIGN(Block body, ParseScope({"endgeneration"}));
      Skip();
      statement.form = Generation{std::move(body)};
      return {};
    }
    if (name == "break" || name == "continue") {
      if (loops_ == 0) return FailAtToken(at, ErrorCode::kCorrupt, fmt::format("'{}' outside of a loop", name));
      if (name == "break") {
        statement.form = Break{};
      } else {
        statement.form = Continue{};
      }
      return {};
    }
    for (const std::string_view known :
         {"autoescape", "block", "do", "extends", "from", "import", "include", "trans"}) {
      if (name == known) {
        return FailAtToken(at, ErrorCode::kUnsupported, fmt::format("the statement '{}' is not supported", name));
      }
    }
    return FailAtToken(at, ErrorCode::kCorrupt, fmt::format("unknown statement '{}'", name));
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
  Result<void> ParseIf(Statement& statement) {
    ++conditional_depth_;
    If form;
    do {
      TRY_ASSIGN(ExpressionPtr condition, ParseTuple(false));
      TRY_ASSIGN(Block body, ParseBody({"elif", "else", "endif"}));
      form.branches.emplace_back(std::move(condition), std::move(body));
    } while (TakeName("elif"));
    if (TakeName("else")) {
      TRY_ASSIGN(form.otherwise, ParseBody({"endif"}));
    }
    --conditional_depth_;
    statement.form = std::move(form);
    return ExpectName("endif");
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
  Result<void> ParseFor(Statement& statement) {
    For form;
    TRY_ASSIGN(form.target, ParseTarget(false));
    TRY(ExpectName("in"));
    TRY_ASSIGN(form.iterable, ParseTuple(false));
    if (TakeName("if")) {
      TRY_ASSIGN(form.condition, ParseExpression());
    }
    if (current().IsName("recursive")) {
      return FailAtToken(current(), ErrorCode::kUnsupported, "recursive loops are not supported");
    }
    ++loops_;
    TRY_ASSIGN(form.body, ParseScope({"else", "endfor"}));
    --loops_;
    if (TakeName("else")) {
      TRY_ASSIGN(form.otherwise, ParseScope({"endfor"}));
    }
    statement.form = std::move(form);
    return ExpectName("endfor");
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
  Result<void> ParseSet(Statement& statement) {
    TRY_ASSIGN(Target target, ParseTarget(true));
    if (TakeOperator("=")) {
      TRY_ASSIGN(ExpressionPtr value, ParseTuple(true));
      statement.form = Set{std::move(target), std::move(value)};
      return {};
    }
    SetBlock form;
    form.target = std::move(target);
    TRY_ASSIGN(form.filters, ParseFilters(false));
    TRY_ASSIGN(form.body, ParseScope({"endset"}));
    statement.form = std::move(form);
    return ExpectName("endset");
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
  Result<void> ParseParameters(MacroDefinition& definition) {
    TRY(ExpectOperator("("));
    while (!current().IsOperator(")")) {
      if (!definition.parameters.empty()) TRY(ExpectOperator(","));
      TRY_ASSIGN(const std::string name, ExpectAnyName("the name of a parameter"));
      ExpressionPtr fallback;
      if (TakeOperator("=")) {
        TRY_ASSIGN(fallback, ParseExpression());
      } else if (!definition.parameters.empty() && definition.parameters.back().second != nullptr) {
        return FailHere("a parameter without default stands behind one with");
      }
      definition.parameters.emplace_back(Number(name), std::move(fallback));
    }
    Skip();
    return {};
  }

  // The body of a macro or call block.
  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
  Result<void> ParseMacroBody(MacroDefinition& definition, std::string_view end) {
    const int64_t loops = std::exchange(loops_, 0);
    macros_.push_back(&definition);
    auto body = ParseScope({end});
    macros_.pop_back();
    loops_ = loops;
    TRY_ASSIGN(definition.body, std::move(body));
    return ExpectName(end);
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
  Result<void> ParseMacro(Statement& statement) {
    Macro form;
    form.definition = std::make_unique<MacroDefinition>();
    TRY_ASSIGN(form.definition->name, ExpectAnyName("the name of a macro"));
    form.id = Number(form.definition->name);
    TRY(ParseParameters(*form.definition));
    TRY(ParseMacroBody(*form.definition, "endmacro"));
    statement.form = std::move(form);
    return {};
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
  Result<void> ParseCall(Statement& statement) {
    CallBlock form;
    form.definition = std::make_unique<MacroDefinition>();
    form.definition->name = "caller";
    if (current().IsOperator("(")) TRY(ParseParameters(*form.definition));
    const Token at = current();
    TRY_ASSIGN(form.call, ParseExpression());
    const auto* chain = std::get_if<StepChain>(&form.call->form);
    if (chain == nullptr || !std::holds_alternative<CallStep>(chain->steps.back())) {
      return FailAtToken(at, ErrorCode::kCorrupt, "a call block expects the call of a macro");
    }
    TRY(ParseMacroBody(*form.definition, "endcall"));
    statement.form = std::move(form);
    return {};
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
  Result<void> ParseFilterBlock(Statement& statement) {
    FilterBlock form;
    TRY_ASSIGN(form.filters, ParseFilters(true));
    TRY_ASSIGN(form.body, ParseScope({"endfilter"}));
    statement.form = std::move(form);
    return ExpectName("endfilter");
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
  Result<void> ParseWith(Statement& statement) {
    With form;
    while (current().type != TokenType::kBlockEnd) {
      if (!form.variables.empty()) TRY(ExpectOperator(","));
      TRY_ASSIGN(Target target, ParseTarget(false));
      TRY(ExpectOperator("="));
      TRY_ASSIGN(ExpressionPtr value, ParseExpression());
      form.variables.emplace_back(std::move(target), std::move(value));
    }
    TRY_ASSIGN(form.body, ParseScope({"endwith"}));
    statement.form = std::move(form);
    return ExpectName("endwith");
  }

  // {% print a %} is {{ a }}; several values are printed one behind the other.
  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
  Result<void> ParsePrint(Statement& statement) {
    Concatenation parts;
    while (current().type != TokenType::kBlockEnd) {
      if (!parts.parts.empty()) TRY(ExpectOperator(","));
      TRY_ASSIGN(parts.parts.emplace_back(), ParseExpression());
    }
    statement.form = Output{Make(statement.line, std::move(parts))};
    return {};
  }

  // Around us, within this macro.
  int64_t loops_ = 0;
};

}  // namespace

Result<std::unique_ptr<const Program>> ParseProgram(std::string_view source) {
  if (source.size() > static_cast<size_t>(base::kTemplateMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "a chat template of {} bytes, more than {}", source.size(),
                base::kTemplateMaxBytes);
  }
  auto program = std::make_unique<Program>();
  program->source = NormalizeNewlines(source);
  TRY_ASSIGN(std::vector<Token> tokens, Tokenize(program->source));
  TRY(Parser(std::move(tokens), *program).Run());
  return program;
}

}  // namespace walchen::formats::jinja
