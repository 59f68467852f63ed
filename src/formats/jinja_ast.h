// SPDX-License-Identifier: Apache-2.0
//
// A parsed template: statements and expressions. Immutable after parsing, so many renderings may run it at once.
//
// Chains are flat (a + b + c, x.y[0](z) | f, a and b and c), so the depth of the tree is the depth of the brackets and
// blocks somebody wrote, which the parser bounds by kTemplateMaxDepth.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "formats/jinja_builtins.h"
#include "formats/jinja_operators.h"
#include "formats/jinja_value.h"

namespace walchen::formats::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;
// Variables are numbered by the parser; Program::names has their spelling.
using NameId = uint32_t;

struct Literal {
  Value value;
};
struct Name {
  NameId id = 0;
};
struct ListDisplay {
  bool is_tuple = false;
  std::vector<ExpressionPtr> items;
};
struct DictDisplay {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
};
enum class UnaryOperator : uint8_t { kNegate, kPlus, kNot };
struct Unary {
  std::vector<UnaryOperator> operators;  // outermost first
  ExpressionPtr operand;
};
// first op term op term ..., all of one precedence, from the left.
struct ArithmeticChain {
  ExpressionPtr first;
  std::vector<std::pair<ArithmeticOperator, ExpressionPtr>> rest;
};
struct Concatenation {  // a ~ b ~ c
  std::vector<ExpressionPtr> parts;
};
struct ComparisonChain {
  ExpressionPtr first;
  std::vector<std::pair<ComparisonOperator, ExpressionPtr>> rest;
};
struct LogicChain {
  bool is_and = false;
  std::vector<ExpressionPtr> operands;
};
struct Conditional {
  ExpressionPtr condition;
  ExpressionPtr then;
  ExpressionPtr otherwise;  // may be nullptr
};

struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr more_positional;  // *x; may be nullptr
  ExpressionPtr more_named;       // **x; may be nullptr
};
struct AttributeStep {
  std::string name;
};
struct ItemStep {
  ExpressionPtr key;
};
struct SliceStep {
  ExpressionPtr start;  // each may be nullptr
  ExpressionPtr stop;
  ExpressionPtr step;
};
struct CallStep {
  CallArguments arguments;
};
// `function` is nullptr for a name nobody knows; running into it is an error.
struct FilterStep {
  std::string name;
  const NamedNative* function = nullptr;
  CallArguments arguments;
};
struct TestStep {
  std::string name;
  const NamedNative* function = nullptr;
  CallArguments arguments;
  bool negated = false;
};
using Step = std::variant<AttributeStep, ItemStep, SliceStep, CallStep, FilterStep, TestStep>;
struct StepChain {
  ExpressionPtr base;  // nullptr: the text of a filter or set block
  std::vector<Step> steps;
};

struct Expression {
  int line = 0;
  std::variant<Literal, Name, ListDisplay, DictDisplay, Unary, ArithmeticChain, Concatenation, ComparisonChain,
               LogicChain, Conditional, StepChain>
      form;
};

struct Statement;
using Block = std::vector<Statement>;

// What is assigned to: a name, namespace.attribute, or several of them.
struct Target {
  NameId name = 0;
  std::string attribute;      // of the namespace `name`; empty for a plain variable
  bool is_tuple = false;      // then only `parts` count
  std::vector<Target> parts;
};

struct TextOutput {
  Value text;
};
struct Output {
  ExpressionPtr value;
};
struct If {
  std::vector<std::pair<ExpressionPtr, Block>> branches;
  Block otherwise;
};
struct For {
  Target target;
  ExpressionPtr iterable;
  ExpressionPtr condition;  // may be nullptr
  Block body;
  Block otherwise;
};
struct Set {
  Target target;
  ExpressionPtr value;
};
// {% set x | filter %} text {% endset %}
struct SetBlock {
  Target target;
  ExpressionPtr filters;  // a StepChain without base; nullptr without filters
  Block body;
};
struct FilterBlock {
  ExpressionPtr filters;
  Block body;
};
struct With {
  std::vector<std::pair<Target, ExpressionPtr>> variables;
  Block body;
};
struct MacroDefinition {
  std::string name;
  std::vector<std::pair<NameId, ExpressionPtr>> parameters;  // with defaults; nullptr without
  Block body;
  // The names that the body uses though nobody declares them: what Python calls *args, **kwargs, and the call block.
  bool uses_varargs = false;
  bool uses_kwargs = false;
  bool uses_caller = false;
};
struct Macro {
  NameId id = 0;
  std::unique_ptr<MacroDefinition> definition;
};
struct CallBlock {
  std::unique_ptr<MacroDefinition> definition;
  ExpressionPtr call;  // a StepChain that ends with a CallStep
};
// {% generation %}: marks what the model said, for training; printed as it is.
struct Generation {
  Block body;
};
struct Break {};
struct Continue {};

struct Statement {
  int line = 0;
  std::variant<TextOutput, Output, If, For, Set, SetBlock, FilterBlock, With, Macro, CallBlock, Generation, Break,
               Continue>
      form;
};

struct Program {
  std::string source;  // literals point into it or own their text
  std::vector<std::string> names;
  std::vector<std::unique_ptr<Object>> literals;
  Block body;
};

// Names that the interpreter itself gives values to; the parser numbers them first.
enum KnownName : NameId { kLoopName, kVarargsName, kKwargsName, kCallerName, kKnownNames };

}  // namespace walchen::formats::jinja
