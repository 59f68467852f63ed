// SPDX-License-Identifier: Apache-2.0
//
// What one rendering of a chat template may use: the objects it makes, and the budget of steps and bytes for them.
//
// Programs come from model files and may be hostile, so whoever works through n things calls Spend(n) first, and who
// makes a text or a list makes it through here. Over the budget everything fails with kResourceExhausted.
// Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "formats/jinja_value.h"

namespace walchen::formats::jinja {

class Runtime {
 public:
  explicit Runtime(base::Clock& clock) : clock_(clock) {}

  Result<void> Spend(uint64_t steps = 1);
  // For work on `bytes` bytes of text.
  Result<void> SpendOnBytes(uint64_t bytes) { return Spend(1 + bytes / kBytesPerStep); }

  // A new object; it lives as long as the Runtime.
  template <class T, class... Args>
  T& Make(Args&&... args) {
    auto object = std::make_unique<T>(std::forward<Args>(args)...);
    T& result = *object;
    memory_bytes_ += sizeof(T) + sizeof(object);
    objects_.push_back(std::move(object));
    return result;
  }

  // The finished text; kResourceExhausted if it grew too long.
  Result<Value> Text(TextBuilder&& builder, bool markup = false);
  // A copy, untrusted.
  Result<Value> Text(std::string_view bytes);
  // Bytes that live longer than this rendering, not copied.
  Value BorrowedText(std::string_view bytes, bool trusted = false);
  // Bytes [begin, end) of a text, not copied; a piece of markup is markup.
  Value Slice(const StringObject& text, size_t begin, size_t end);
  Result<Value> Join(const StringObject& front, const StringObject& back);

  Result<Value> Sequence(std::vector<Value> items, SequenceType type = SequenceType::kList);
  Value Undefined(std::string message) { return Value(&Make<UndefinedObject>(std::move(message))); }
  Value Bind(std::string_view name, Native function, const Value& self = Value()) {
    return Value(&Make<CallableObject>(name, function, self));
  }

  base::Clock& clock() { return clock_; }

 private:
  // Copying and comparing run at some bytes per nanosecond, a step takes about 50: this makes them cost the same.
  static constexpr uint64_t kBytesPerStep = 64;

  base::Clock& clock_;
  uint64_t steps_ = 0;
  uint64_t memory_bytes_ = 0;
  std::vector<std::unique_ptr<Object>> objects_;
};

// What a call was given.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string_view, Value>> named;
};

// Arguments put in the order of a function's parameters, as Python binds them.
class Parameters {
 public:
  // The first `required` names must be given. Errors: kCorrupt, naming `function` and what is wrong.
  static Result<Parameters> Bind(std::string_view function, const Arguments& arguments,
                                 std::initializer_list<std::string_view> names, size_t required = 0);

  bool Has(size_t i) const { return values_[i].has_value(); }
  // REQUIRES Has(i).
  const Value& operator[](size_t i) const { return *values_[i]; }
  Value Or(size_t i, const Value& fallback) const { return values_[i].value_or(fallback); }
  // Errors: kCorrupt for another type.
  Result<int64_t> Int(size_t i, int64_t fallback) const;
  Result<const StringObject*> String(size_t i) const;
  bool Truth(size_t i, bool fallback) const { return values_[i] ? IsTrue(*values_[i]) : fallback; }

 private:
  std::string_view function_;
  std::vector<std::optional<Value>> values_;
};

}  // namespace walchen::formats::jinja
