// SPDX-License-Identifier: Apache-2.0
//
// The state of one running `for`: what its body sees as `loop`.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "formats/jinja_value.h"

namespace walchen::formats::jinja {

// Reads its items front to back. Items that the loop's `if` turns down do not count; whether one passes is asked when
// it is reached (or looked ahead for), not before, because the body may change what the condition sees.
class LoopObject : public Object {
 public:
  using Condition = std::function<Result<bool>(const Value&)>;

  // `items` must outlive the loop; no condition: all pass.
  LoopObject(const std::vector<Value>& items, Condition condition)
      : items_(&items), condition_(std::move(condition)), conditional_(condition_ != nullptr) {}

  // Moves to the next item; false behind the last.
  Result<bool> Advance();
  const Value& current() const { return *current_; }
  // The `for` is over: a `loop` that somebody kept has no more items and asks for no condition.
  void Close();

  // loop.index, loop.last, ...; nothing for a name that loops do not have.
  Result<std::optional<Value>> Attribute(Runtime& runtime, std::string_view name);

  int64_t index0() const { return index0_; }
  // Remembers the values; whether they differ from the ones of the call before.
  Result<bool> Changed(Runtime& runtime, const Value& values);

 private:
  Result<std::optional<Value>> Take();
  Result<bool> HasNext();
  Result<int64_t> Length();

  const std::vector<Value>* items_;
  std::vector<Value> passed_;  // the rest, once somebody asked for the length of a loop with a condition
  size_t position_ = 0;
  Condition condition_;
  bool conditional_;  // false once the condition has been asked for all items; it may be running then, so it stays
  int64_t index0_ = -1;
  std::optional<int64_t> length_;
  std::optional<Value> current_;
  std::optional<Value> previous_;
  std::optional<Value> ahead_;
  std::optional<Value> changed_;
};

}  // namespace walchen::formats::jinja
