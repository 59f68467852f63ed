// SPDX-License-Identifier: Apache-2.0
//
// Runs a parsed template over the variables of one rendering.
//
// Evaluation is recursive over the tree: its depth (kTemplateMaxFrames, and kTemplateMaxDepth macro calls) is counted at
// run time, so neither nesting nor recursion of macros can exhaust the stack.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/status.h"
#include "formats/jinja_ast.h"
#include "formats/jinja_runtime.h"

namespace walchen::formats::jinja {

// The variables one block of a template sees before it asks the one around it.
struct Scope : Object {
  explicit Scope(Scope* around) : parent(around) {}

  Scope* parent;
  std::vector<std::pair<NameId, Value>> variables;
};

// One rendering. All arguments must outlive it.
class Interpreter {
 public:
  // `variables` is an object; the ones named in `trusted` may hold special tokens.
  Interpreter(const Program& program, const nlohmann::ordered_json& variables, std::span<const std::string> trusted,
              base::Clock& clock);

  // What the template wrote. Errors: as ChatTemplate::Render.
  Result<TextBuilder> Run();

 private:
  enum class Flow : uint8_t { kNormal, kBreak, kContinue };

  Result<Flow> Execute(const Block& block);
  Result<Flow> Execute(const Statement& statement);
  Result<Flow> Run(const TextOutput& form);
  Result<Flow> Run(const Output& form);
  Result<Flow> Run(const If& form);
  Result<Flow> Run(const For& form);
  Result<Flow> Run(const Set& form);
  Result<Flow> Run(const SetBlock& form);
  Result<Flow> Run(const FilterBlock& form);
  Result<Flow> Run(const With& form);
  Result<Flow> Run(const Macro& form);
  Result<Flow> Run(const CallBlock& form);
  Result<Flow> Run(const Generation& form);
  Result<Flow> Run(const Break&) { return Flow::kBreak; }
  Result<Flow> Run(const Continue&) { return Flow::kContinue; }

  Result<Value> Evaluate(const Expression& expression);
  Result<Value> Eval(const Literal& form) { return form.value; }
  Result<Value> Eval(const Name& form) { return LookUp(form.id); }
  Result<Value> Eval(const ListDisplay& form);
  Result<Value> Eval(const DictDisplay& form);
  Result<Value> Eval(const Unary& form);
  Result<Value> Eval(const ArithmeticChain& form);
  Result<Value> Eval(const Concatenation& form);
  Result<Value> Eval(const ComparisonChain& form);
  Result<Value> Eval(const LogicChain& form);
  Result<Value> Eval(const Conditional& form);
  Result<Value> Eval(const StepChain& form);
  Result<Value> EvaluateOr(const ExpressionPtr& expression, const Value& fallback);

  // One step of a chain, from the value so far.
  Result<Value> Apply(const AttributeStep& step, const Value& value);
  Result<Value> Apply(const ItemStep& step, const Value& value);
  Result<Value> Apply(const SliceStep& step, const Value& value);
  Result<Value> Apply(const CallStep& step, const Value& value);
  Result<Value> Apply(const FilterStep& step, const Value& value);
  Result<Value> Apply(const TestStep& step, const Value& value);
  Result<Value> ApplyAll(const StepChain& chain, size_t count, Value value);

  Result<Arguments> EvaluateArguments(const CallArguments& given);
  Result<Value> Call(const Value& callee, const Arguments& arguments);
  Result<Value> CallMacro(const CallableObject& macro, const Arguments& arguments);
  Result<void> BindMacroArguments(const MacroDefinition& macro, const Arguments& arguments);
  Result<void> BindSpecialArguments(const MacroDefinition& macro, const Arguments& arguments,
                                    const std::vector<bool>& used);

  Result<Value> LookUp(NameId id);
  Result<std::optional<Value>> FromVariables(NameId id);
  void Assign(NameId id, const Value& value);
  Result<void> Assign(const Target& target, const Value& value);

  // Prints the value. Errors: kResourceExhausted.
  Result<Flow> Write(const Value& value);
  // Runs the block in a scope of its own inside `parent`.
  Result<Flow> ExecuteInScope(const Block& block, Scope& parent);
  // As ExecuteInScope, and what it writes is the result instead of going to the output.
  Result<Value> Capture(const Block& block, Scope& parent);
  Result<bool> Passes(const For& form, Scope& scope, const Value& item);
  Result<Flow> RunIterations(const For& form, LoopObject& loop);

  Runtime runtime_;
  const Program& program_;
  const nlohmann::ordered_json& variables_;
  std::span<const std::string> trusted_;
  std::vector<std::optional<Value>> from_variables_;  // by NameId, once asked for
  Scope* scope_;
  TextBuilder* out_ = nullptr;
  int line_ = 0;
  int64_t frames_ = 0;
  int64_t macro_calls_ = 0;
};

}  // namespace walchen::formats::jinja
