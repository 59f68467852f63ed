// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_loop.h"

#include "formats/jinja_operators.h"
#include "formats/jinja_runtime.h"

namespace walchen::formats::jinja {
namespace {

Result<Value> Cycle(Runtime&, const Value& self, const Arguments& arguments) {
  const std::vector<Value>& values = arguments.positional;
  if (values.empty() || !arguments.named.empty()) return Fail(ErrorCode::kCorrupt, "loop.cycle expects values");
  return values[static_cast<size_t>(self.loop().index0()) % values.size()];
}

Result<Value> Changed(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Value values, runtime.Sequence(arguments.positional, SequenceType::kTuple));
  TRY_ASSIGN(const bool changed, self.loop().Changed(runtime, values));
  return Value::Bool(changed);
}

}  // namespace

Result<std::optional<Value>> LoopObject::Take() {
  while (position_ < items_->size()) {
    const Value& item = (*items_)[position_++];
    if (!conditional_) return item;
    TRY_ASSIGN(const bool passes, condition_(item));
    if (passes) return item;
  }
  return std::optional<Value>();
}

Result<bool> LoopObject::HasNext() {
  if (!ahead_) {
    TRY_ASSIGN(ahead_, Take());
  }
  return ahead_.has_value();
}

Result<bool> LoopObject::Advance() {
  TRY_ASSIGN(const bool has_next, HasNext());
  if (!has_next) return false;
  ++index0_;
  previous_ = current_;
  current_ = ahead_;
  ahead_.reset();
  return true;
}

void LoopObject::Close() {
  position_ = items_->size();
  conditional_ = false;
}

Result<int64_t> LoopObject::Length() {
  if (length_) return *length_;
  if (!conditional_) {
    length_ = static_cast<int64_t>(items_->size());
    return *length_;
  }
  std::vector<Value> rest;
  while (true) {
    TRY_ASSIGN(const std::optional<Value> item, Take());
    if (!item) break;
    rest.push_back(*item);
  }
  length_ = index0_ + 1 + (ahead_ ? 1 : 0) + static_cast<int64_t>(rest.size());
  passed_ = std::move(rest);
  items_ = &passed_;
  position_ = 0;
  conditional_ = false;
  return *length_;
}

Result<bool> LoopObject::Changed(Runtime& runtime, const Value& values) {
  bool same = false;
  if (changed_) {
    TRY_ASSIGN(same, Equals(runtime, *changed_, values));
  }
  changed_ = values;
  return !same;
}

Result<std::optional<Value>> LoopObject::Attribute(Runtime& runtime, std::string_view name) {
  if (name == "index0") return Value::Int(index0_);
  if (name == "index") return Value::Int(index0_ + 1);
  if (name == "first") return Value::Bool(index0_ == 0);
  // Only recursive loops, which there are none of, go deeper.
  if (name == "depth") return Value::Int(1);
  if (name == "depth0") return Value::Int(0);
  if (name == "cycle") return runtime.Bind("cycle", Cycle, Value(this));
  if (name == "changed") return runtime.Bind("changed", jinja::Changed, Value(this));
  if (name == "previtem") {
    return previous_ ? *previous_ : runtime.Undefined("there is no previous item");
  }
  if (name == "last" || name == "nextitem") {
    TRY_ASSIGN(const bool has_next, HasNext());
    if (name == "last") return Value::Bool(!has_next);
    return has_next ? *ahead_ : runtime.Undefined("there is no next item");
  }
  if (name == "length" || name == "revindex" || name == "revindex0") {
    TRY_ASSIGN(const int64_t length, Length());
    return Value::Int(name == "length" ? length : length - index0_ - (name == "revindex" ? 0 : 1));
  }
  return std::optional<Value>();
}

}  // namespace walchen::formats::jinja
