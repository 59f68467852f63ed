// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_interpreter.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "formats/jinja_access.h"
#include "formats/jinja_expression_parser.h"
#include "formats/jinja_json.h"
#include "formats/jinja_loop.h"
#include "formats/jinja_operators.h"
#include "formats/jinja_print.h"

namespace walchen::formats::jinja {
namespace {

// Puts a variable aside and back again when the block ends, however it ends.
template <class T>
class Restore {
 public:
  Restore(T& variable, T value) : variable_(variable), before_(std::exchange(variable, value)) {}
  ~Restore() { variable_ = before_; }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  T& variable_;
  T before_;
};

tl::unexpected<Error> FailTooDeep() {
  return Fail(ErrorCode::kResourceExhausted, "the template nests blocks, expressions and macro calls too deep");
}

}  // namespace

Interpreter::Interpreter(const Program& program, const nlohmann::ordered_json& variables,
                         std::span<const std::string> trusted, base::Clock& clock)
    : runtime_(clock), program_(program), variables_(variables), trusted_(trusted),
      from_variables_(program.names.size()), scope_(&runtime_.Make<Scope>(nullptr)) {}

Result<TextBuilder> Interpreter::Run() {
  TextBuilder out;
  out_ = &out;
  auto flow = Execute(program_.body);
  if (flow) return out;
  // What raise_exception says is for the user, who knows nothing of lines.
  if (flow.error().code() == ErrorCode::kInvalidArgument) return Forward(flow);
  return Forward(flow, fmt::format("chat template, line {}", line_));
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Interpreter::Flow> Interpreter::Execute(const Block& block) {
  for (const Statement& statement : block) {
    TRY_ASSIGN(const Flow flow, Execute(statement));
    if (flow != Flow::kNormal) return flow;
  }
  return Flow::kNormal;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Interpreter::Flow> Interpreter::Execute(const Statement& statement) {
  const Nesting nesting(frames_);
  if (frames_ > base::kTemplateMaxFrames) return FailTooDeep();
  line_ = statement.line;
  TRY(runtime_.Spend());
  return std::visit([this](const auto& form) { return Run(form); }, statement.form);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Interpreter::Flow> Interpreter::ExecuteInScope(const Block& block, Scope& parent) {
  const Restore restore(scope_, &runtime_.Make<Scope>(&parent));
  return Execute(block);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Capture(const Block& block, Scope& parent) {
  TextBuilder captured;
  {
    const Restore restore(out_, &captured);
    TRY(ExecuteInScope(block, parent));
  }
  return runtime_.Text(std::move(captured));
}

Result<Interpreter::Flow> Interpreter::Write(const Value& value) {
  TRY(AppendText(runtime_, value, *out_));
  if (!out_->overflowed()) return Flow::kNormal;
  return Fail(ErrorCode::kResourceExhausted, "the template wrote more than {} bytes", base::kTemplateMaxOutputBytes);
}

Result<Interpreter::Flow> Interpreter::Run(const TextOutput& form) {
  return Write(form.text);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Interpreter::Flow> Interpreter::Run(const Output& form) {
  TRY_ASSIGN(const Value value, Evaluate(*form.value));
  return Write(value);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Interpreter::Flow> Interpreter::Run(const If& form) {
  for (const auto& [condition, body] : form.branches) {
    TRY_ASSIGN(const Value value, Evaluate(*condition));
    if (IsTrue(value)) return Execute(body);
  }
  return Execute(form.otherwise);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<bool> Interpreter::Passes(const For& form, Scope& scope, const Value& item) {
  const Restore restore(scope_, &runtime_.Make<Scope>(&scope));
  TRY(Assign(form.target, item));
  TRY_ASSIGN(const Value value, Evaluate(*form.condition));
  return IsTrue(value);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Interpreter::Flow> Interpreter::Run(const For& form) {
  TRY_ASSIGN(const Value iterable, Evaluate(*form.iterable));
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime_, iterable));
  Scope& scope = *scope_;
  LoopObject::Condition condition;
  if (form.condition != nullptr) {
    condition = [this, &form, &scope](const Value& item) { return Passes(form, scope, item); };
  }
  auto& loop = runtime_.Make<LoopObject>(*items, std::move(condition));
  auto flow = RunIterations(form, loop);
  loop.Close();
  if (!flow) return flow;
  return loop.index0() < 0 ? ExecuteInScope(form.otherwise, scope) : Flow::kNormal;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Interpreter::Flow> Interpreter::RunIterations(const For& form, LoopObject& loop) {
  while (true) {
    TRY_ASSIGN(const bool more, loop.Advance());
    if (!more) return Flow::kNormal;
    TRY(runtime_.Spend());
    const Restore restore(scope_, &runtime_.Make<Scope>(scope_));
    Assign(kLoopName, Value(&loop));
    TRY(Assign(form.target, loop.current()));
    TRY_ASSIGN(const Flow flow, Execute(form.body));
    if (flow == Flow::kBreak) return Flow::kNormal;
  }
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Interpreter::Flow> Interpreter::Run(const Set& form) {
  TRY_ASSIGN(const Value value, Evaluate(*form.value));
  TRY(Assign(form.target, value));
  return Flow::kNormal;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Interpreter::Flow> Interpreter::Run(const SetBlock& form) {
  TRY_ASSIGN(Value text, Capture(form.body, *scope_));
  if (form.filters != nullptr) {
    const auto& chain = std::get<StepChain>(form.filters->form);
    TRY_ASSIGN(text, ApplyAll(chain, chain.steps.size(), text));
  }
  TRY(Assign(form.target, text));
  return Flow::kNormal;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Interpreter::Flow> Interpreter::Run(const FilterBlock& form) {
  TRY_ASSIGN(Value text, Capture(form.body, *scope_));
  const auto& chain = std::get<StepChain>(form.filters->form);
  TRY_ASSIGN(text, ApplyAll(chain, chain.steps.size(), text));
  if (!text.Is(Kind::kString)) return Fail(ErrorCode::kCorrupt, "the filters of a block give a {}", text.TypeName());
  return Write(text);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Interpreter::Flow> Interpreter::Run(const With& form) {
  std::vector<Value> values;
  for (const auto& [unused, expression] : form.variables) {
    TRY_ASSIGN(values.emplace_back(), Evaluate(*expression));
  }
  const Restore restore(scope_, &runtime_.Make<Scope>(scope_));
  for (size_t i = 0; i < values.size(); ++i) TRY(Assign(form.variables[i].first, values[i]));
  return Execute(form.body);
}

Result<Interpreter::Flow> Interpreter::Run(const Macro& form) {
  Assign(form.id, Value(&runtime_.Make<CallableObject>(form.definition->name, *form.definition, *scope_)));
  return Flow::kNormal;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Interpreter::Flow> Interpreter::Run(const CallBlock& form) {
  const auto& chain = std::get<StepChain>(form.call->form);
  const auto& call = std::get<CallStep>(chain.steps.back());
  TRY_ASSIGN(const Value base, Evaluate(*chain.base));
  TRY_ASSIGN(const Value callee, ApplyAll(chain, chain.steps.size() - 1, base));
  TRY_ASSIGN(Arguments arguments, EvaluateArguments(call.arguments));
  const Value caller(&runtime_.Make<CallableObject>(form.definition->name, *form.definition, *scope_));
  arguments.named.emplace_back("caller", caller);
  TRY_ASSIGN(const Value text, Call(callee, arguments));
  return Write(text);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Interpreter::Flow> Interpreter::Run(const Generation& form) { return ExecuteInScope(form.body, *scope_); }

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Evaluate(const Expression& expression) {
  const Nesting nesting(frames_);
  if (frames_ > base::kTemplateMaxFrames) return FailTooDeep();
  line_ = expression.line;
  TRY(runtime_.Spend());
  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
  return std::visit([this](const auto& form) { return Eval(form); }, expression.form);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::EvaluateOr(const ExpressionPtr& expression, const Value& fallback) {
  return expression == nullptr ? fallback : Evaluate(*expression);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Eval(const ListDisplay& form) {
  std::vector<Value> items;
  for (const ExpressionPtr& item : form.items) {
    TRY_ASSIGN(items.emplace_back(), Evaluate(*item));
  }
  return runtime_.Sequence(std::move(items), form.is_tuple ? SequenceType::kTuple : SequenceType::kList);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Eval(const DictDisplay& form) {
  auto& dict = runtime_.Make<DictObject>();
  for (const auto& [key_expression, value_expression] : form.entries) {
    TRY_ASSIGN(const Value key, Evaluate(*key_expression));
    if (!IsHashable(key)) return Fail(ErrorCode::kCorrupt, "a '{}' cannot be a key", key.TypeName());
    TRY_ASSIGN(const Value value, Evaluate(*value_expression));
    dict.Set(key, value);
  }
  return Value(&dict);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Eval(const Unary& form) {
  TRY_ASSIGN(Value value, Evaluate(*form.operand));
  for (auto op = form.operators.rbegin(); op != form.operators.rend(); ++op) {
    if (*op == UnaryOperator::kNot) {
      value = Value::Bool(!IsTrue(value));
    } else {
      TRY_ASSIGN(value, *op == UnaryOperator::kNegate ? Negate(value) : Plus(value));
    }
  }
  return value;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Eval(const ArithmeticChain& form) {
  TRY_ASSIGN(Value value, Evaluate(*form.first));
  for (const auto& [op, expression] : form.rest) {
    TRY_ASSIGN(const Value operand, Evaluate(*expression));
    TRY_ASSIGN(value, Arithmetic(runtime_, op, value, operand));
  }
  return value;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Eval(const Concatenation& form) {
  Value joined = runtime_.BorrowedText("");
  for (const ExpressionPtr& part : form.parts) {
    TRY_ASSIGN(Value value, Evaluate(*part));
    TRY_ASSIGN(value, ToText(runtime_, value));
    TRY_ASSIGN(joined, runtime_.Join(joined.string(), value.string()));
  }
  return joined;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Eval(const ComparisonChain& form) {
  TRY_ASSIGN(Value left, Evaluate(*form.first));
  for (const auto& [op, expression] : form.rest) {
    TRY_ASSIGN(const Value right, Evaluate(*expression));
    TRY_ASSIGN(const bool holds, Compare(runtime_, op, left, right));
    if (!holds) return Value::Bool(false);
    left = right;
  }
  return Value::Bool(true);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Eval(const LogicChain& form) {
  Value value;
  for (const ExpressionPtr& operand : form.operands) {
    TRY_ASSIGN(value, Evaluate(*operand));
    if (IsTrue(value) != form.is_and) break;
  }
  return value;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Eval(const Conditional& form) {
  TRY_ASSIGN(const Value condition, Evaluate(*form.condition));
  if (IsTrue(condition)) return Evaluate(*form.then);
  if (form.otherwise != nullptr) return Evaluate(*form.otherwise);
  return runtime_.Undefined("the inline if-expression was false and has no else");
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Eval(const StepChain& form) {
  TRY_ASSIGN(const Value base, Evaluate(*form.base));
  return ApplyAll(form, form.steps.size(), base);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::ApplyAll(const StepChain& chain, size_t count, Value value) {
  for (size_t i = 0; i < count; ++i) {
    TRY(runtime_.Spend());
    // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
    TRY_ASSIGN(value, std::visit([&](const auto& step) { return Apply(step, value); }, chain.steps[i]));
  }
  return value;
}

Result<Value> Interpreter::Apply(const AttributeStep& step, const Value& value) {
  return Attribute(runtime_, value, step.name);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Apply(const ItemStep& step, const Value& value) {
  TRY_ASSIGN(const Value key, Evaluate(*step.key));
  return Item(runtime_, value, key);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Apply(const SliceStep& step, const Value& value) {
  TRY_ASSIGN(const Value start, EvaluateOr(step.start, Value::None()));
  TRY_ASSIGN(const Value stop, EvaluateOr(step.stop, Value::None()));
  TRY_ASSIGN(const Value stride, EvaluateOr(step.step, Value::None()));
  return SliceOf(runtime_, value, start, stop, stride);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Apply(const CallStep& step, const Value& value) {
  TRY_ASSIGN(const Arguments arguments, EvaluateArguments(step.arguments));
  return Call(value, arguments);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Apply(const FilterStep& step, const Value& value) {
  if (step.function == nullptr) return Fail(ErrorCode::kUnsupported, "no filter named '{}'", step.name);
  TRY_ASSIGN(const Arguments arguments, EvaluateArguments(step.arguments));
  return step.function->function(runtime_, value, arguments);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Apply(const TestStep& step, const Value& value) {
  if (step.function == nullptr) return Fail(ErrorCode::kUnsupported, "no test named '{}'", step.name);
  TRY_ASSIGN(const Arguments arguments, EvaluateArguments(step.arguments));
  TRY_ASSIGN(const Value result, step.function->function(runtime_, value, arguments));
  return Value::Bool(IsTrue(result) != step.negated);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Arguments> Interpreter::EvaluateArguments(const CallArguments& given) {
  Arguments arguments;
  for (const ExpressionPtr& expression : given.positional) {
    TRY_ASSIGN(arguments.positional.emplace_back(), Evaluate(*expression));
  }
  for (const auto& [name, expression] : given.named) {
    TRY_ASSIGN(const Value value, Evaluate(*expression));
    arguments.named.emplace_back(name, value);
  }
  if (given.more_positional != nullptr) {
    TRY_ASSIGN(const Value more, Evaluate(*given.more_positional));
    TRY_ASSIGN(const std::vector<Value>* items, Items(runtime_, more));
    TRY(runtime_.Spend(items->size()));
    arguments.positional.insert(arguments.positional.end(), items->begin(), items->end());
  }
  if (given.more_named != nullptr) {
    TRY_ASSIGN(const Value more, Evaluate(*given.more_named));
    if (!more.Is(Kind::kDict)) return Fail(ErrorCode::kCorrupt, "** expects a dict, got {}", more.TypeName());
    TRY(runtime_.Spend(more.dict().entries.size()));
    for (const auto& [key, value] : more.dict().entries) {
      if (!key.Is(Kind::kString)) return Fail(ErrorCode::kCorrupt, "the names of arguments must be texts");
      arguments.named.emplace_back(key.string().bytes(), value);
    }
  }
  return arguments;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxFrames
Result<Value> Interpreter::Call(const Value& callee, const Arguments& arguments) {
  if (callee.Is(Kind::kUndefined)) return FailUndefined(callee);
  if (!callee.Is(Kind::kCallable)) {
    return Fail(ErrorCode::kCorrupt, "a value of type {} cannot be called", callee.TypeName());
  }
  const CallableObject& callable = callee.callable();
  if (callable.macro != nullptr) return CallMacro(callable, arguments);
  return callable.native(runtime_, callable.self, arguments);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<Value> Interpreter::CallMacro(const CallableObject& macro, const Arguments& arguments) {
  const Nesting nesting(macro_calls_);
  if (macro_calls_ > base::kTemplateMaxDepth) return FailTooDeep();
  const Restore restore(scope_, &runtime_.Make<Scope>(macro.closure));
  TRY(BindMacroArguments(*macro.macro, arguments));
  return Capture(macro.macro->body, *scope_);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<void> Interpreter::BindMacroArguments(const MacroDefinition& macro, const Arguments& arguments) {
  std::vector<bool> used(arguments.named.size());
  std::vector<bool> given(macro.parameters.size());
  for (size_t i = 0; i < macro.parameters.size(); ++i) {
    const NameId id = macro.parameters[i].first;
    if (i < arguments.positional.size()) {
      Assign(id, arguments.positional[i]);
      given[i] = true;
      continue;
    }
    for (size_t k = 0; k < arguments.named.size(); ++k) {
      if (arguments.named[k].first != program_.names[id]) continue;
      Assign(id, arguments.named[k].second);
      used[k] = given[i] = true;
    }
  }
  for (size_t i = 0; i < macro.parameters.size(); ++i) {
    if (given[i]) continue;
    const auto& [id, fallback] = macro.parameters[i];
    if (fallback == nullptr) {
      Assign(id, runtime_.Undefined(fmt::format("parameter '{}' was not provided", program_.names[id])));
      continue;
    }
    TRY_ASSIGN(const Value value, Evaluate(*fallback));
    Assign(id, value);
  }
  return BindSpecialArguments(macro, arguments, used);
}

// caller, kwargs and varargs, or the complaint that there is nowhere to put them.
Result<void> Interpreter::BindSpecialArguments(const MacroDefinition& macro, const Arguments& arguments,
                                               const std::vector<bool>& used) {
  const auto declares = [&](NameId id) {
    return std::ranges::any_of(macro.parameters, [id](const auto& parameter) { return parameter.first == id; });
  };
  const bool takes_caller = macro.uses_caller && !declares(kCallerName);
  if (takes_caller) Assign(kCallerName, runtime_.Undefined("no caller defined"));
  auto& rest = runtime_.Make<DictObject>();
  for (size_t k = 0; k < arguments.named.size(); ++k) {
    const auto& [name, value] = arguments.named[k];
    if (used[k]) continue;
    if (takes_caller && name == "caller") {
      Assign(kCallerName, value);
    } else if (macro.uses_kwargs && !declares(kKwargsName)) {
      rest.Set(runtime_.BorrowedText(name), value);
    } else {
      return Fail(ErrorCode::kCorrupt, "macro '{}' takes no keyword argument '{}'", macro.name, name);
    }
  }
  if (macro.uses_kwargs && !declares(kKwargsName)) Assign(kKwargsName, Value(&rest));
  const size_t taken = std::min(macro.parameters.size(), arguments.positional.size());
  std::vector<Value> more(arguments.positional.begin() + static_cast<std::ptrdiff_t>(taken),
                          arguments.positional.end());
  if (macro.uses_varargs && !declares(kVarargsName)) {
    TRY_ASSIGN(const Value varargs, runtime_.Sequence(std::move(more), SequenceType::kTuple));
    Assign(kVarargsName, varargs);
  } else if (!more.empty()) {
    return Fail(ErrorCode::kCorrupt, "macro '{}' takes not more than {} arguments", macro.name,
                macro.parameters.size());
  }
  return {};
}

Result<Value> Interpreter::LookUp(NameId id) {
  for (const Scope* scope = scope_; scope != nullptr; scope = scope->parent) {
    for (const auto& [name, value] : scope->variables) {
      if (name == id) return value;
    }
  }
  TRY_ASSIGN(const std::optional<Value> variable, FromVariables(id));
  if (variable) return *variable;
  const std::string& name = program_.names[id];
  if (const NamedNative* global = FindGlobal(name)) return runtime_.Bind(global->name, global->function);
  return runtime_.Undefined(fmt::format("'{}' is undefined", name));
}

Result<std::optional<Value>> Interpreter::FromVariables(NameId id) {
  std::optional<Value>& known = from_variables_[id];
  if (known) return known;
  const std::string& name = program_.names[id];
  const auto found = variables_.find(name);
  if (found == variables_.end()) return known;
  const bool trusted = std::ranges::find(trusted_, name) != trusted_.end();
  TRY_ASSIGN(known, FromJson(runtime_, *found, trusted));
  return known;
}

void Interpreter::Assign(NameId id, const Value& value) {
  for (auto& [name, known] : scope_->variables) {
    if (name == id) {
      known = value;
      return;
    }
  }
  scope_->variables.emplace_back(id, value);
}

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kTemplateMaxDepth
Result<void> Interpreter::Assign(const Target& target, const Value& value) {
  if (target.is_tuple) {
    TRY_ASSIGN(const std::vector<Value>* items, Items(runtime_, value));
    if (items->size() != target.parts.size()) {
      return Fail(ErrorCode::kCorrupt, "expected {} values to unpack, found {}", target.parts.size(), items->size());
    }
    for (size_t i = 0; i < items->size(); ++i) TRY(Assign(target.parts[i], (*items)[i]));
    return {};
  }
  if (target.attribute.empty()) {
    Assign(target.name, value);
    return {};
  }
  TRY_ASSIGN(const Value space, LookUp(target.name));
  if (!space.Is(Kind::kNamespace)) {
    return Fail(ErrorCode::kCorrupt, "cannot set attribute '{}' of a {}, only of a namespace", target.attribute,
                space.TypeName());
  }
  if (target.attribute.starts_with('_')) {
    return Fail(ErrorCode::kCorrupt, "a namespace expects names that do not start with an underscore");
  }
  space.name_space().entries[target.attribute] = value;
  return {};
}

}  // namespace walchen::formats::jinja
