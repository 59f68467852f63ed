// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_runtime.h"

#include <algorithm>

#include "base/limits.h"

namespace walchen::formats::jinja {
namespace {

tl::unexpected<Error> FailTooLong() {
  return Fail(ErrorCode::kResourceExhausted, "the template made a text of more than {} bytes",
              base::kTemplateMaxOutputBytes);
}

}  // namespace

Result<void> Runtime::Spend(uint64_t steps) {
  steps_ += std::min(steps, static_cast<uint64_t>(base::kTemplateMaxSteps) + 1);
  if (steps_ > base::kTemplateMaxSteps) {
    return Fail(ErrorCode::kResourceExhausted, "the template took more than {} steps", base::kTemplateMaxSteps);
  }
  if (memory_bytes_ > base::kTemplateMaxMemoryBytes) {
    return Fail(ErrorCode::kResourceExhausted, "the template's values took more than {} bytes",
                base::kTemplateMaxMemoryBytes);
  }
  return {};
}

Result<Value> Runtime::Text(TextBuilder&& builder, bool markup) {
  if (builder.overflowed()) return FailTooLong();
  memory_bytes_ += builder.size();
  TRY(SpendOnBytes(builder.size()));
  auto& text = Make<StringObject>(std::move(builder));
  text.markup = markup;
  return Value(&text);
}

Result<Value> Runtime::Text(std::string_view bytes) {
  TextBuilder builder;
  builder.Append(bytes, false);
  return Text(std::move(builder));
}

Value Runtime::BorrowedText(std::string_view bytes, bool trusted) {
  std::vector<ByteRange> marks;
  if (trusted && !bytes.empty()) marks.push_back({0, bytes.size()});
  return Value(&Make<StringObject>(bytes, std::move(marks)));
}

Value Runtime::Slice(const StringObject& text, size_t begin, size_t end) {
  const MarkedText marked = text.marked();
  std::vector<ByteRange> marks = SliceMarks(marked.trusted, begin, end);
  memory_bytes_ += marks.size() * sizeof(ByteRange);
  auto& slice = Make<StringObject>(marked.bytes.substr(begin, end - begin), std::move(marks));
  slice.markup = text.markup;
  return Value(&slice);
}

Result<Value> Runtime::Join(const StringObject& front, const StringObject& back) {
  // Flat as long as it is short: a sum of two costs more than a few copied bytes.
  constexpr size_t kFlatBytes = 256;
  const size_t size = front.size() + back.size();
  if (size > static_cast<size_t>(base::kTemplateMaxOutputBytes)) return FailTooLong();
  if (size <= kFlatBytes) {
    TextBuilder builder;
    builder.Append(front.marked());
    builder.Append(back.marked());
    return Text(std::move(builder));
  }
  TRY(Spend());
  return Value(&Make<StringObject>(front, back, memory_bytes_));
}

Result<Value> Runtime::Sequence(std::vector<Value> items, SequenceType type) {
  memory_bytes_ += items.size() * sizeof(Value);
  TRY(Spend(1 + items.size()));
  return Value(&Make<SequenceObject>(type, std::move(items)));
}

Result<Parameters> Parameters::Bind(std::string_view function, const Arguments& arguments,
                                    std::initializer_list<std::string_view> names, size_t required) {
  Parameters bound;
  bound.function_ = function;
  bound.values_.resize(names.size());
  if (arguments.positional.size() > names.size()) {
    return Fail(ErrorCode::kCorrupt, "{} takes at most {} arguments, {} were given", function, names.size(),
                arguments.positional.size());
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) bound.values_[i] = arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return Fail(ErrorCode::kCorrupt, "{} has no argument '{}'", function, name);
    auto& slot = bound.values_[static_cast<size_t>(found - names.begin())];
    if (slot) return Fail(ErrorCode::kCorrupt, "{} got argument '{}' twice", function, name);
    slot = value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (!bound.values_[i]) return Fail(ErrorCode::kCorrupt, "{} needs the argument '{}'", function, names.begin()[i]);
  }
  return bound;
}

Result<int64_t> Parameters::Int(size_t i, int64_t fallback) const {
  if (!values_[i]) return fallback;
  if (values_[i]->is_integer()) return values_[i]->integer();
  return Fail(ErrorCode::kCorrupt, "{} expects an integer as argument {}, got {}", function_, i + 1,
              values_[i]->TypeName());
}

Result<const StringObject*> Parameters::String(size_t i) const {
  if (values_[i] && values_[i]->Is(Kind::kString)) return &values_[i]->string();
  return Fail(ErrorCode::kCorrupt, "{} expects a text as argument {}, got {}", function_, i + 1,
              values_[i] ? values_[i]->TypeName() : "nothing");
}

}  // namespace walchen::formats::jinja
