// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_access.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "formats/jinja_builtins.h"
#include "formats/jinja_loop.h"
#include "formats/jinja_operators.h"
#include "formats/jinja_runtime.h"
#include "formats/jinja_unicode.h"

namespace walchen::formats::jinja {
namespace {

Value NoAttribute(Runtime& runtime, const Value& value, std::string_view name) {
  const bool none = value.Is(Kind::kNone);
  return runtime.Undefined(
      fmt::format("'{}{}' has no attribute '{}'", none ? "None" : value.TypeName(), none ? "" : " object", name));
}

// A method, or undefined for the ones that would change the value.
std::optional<Value> Method(Runtime& runtime, const Value& value, std::string_view name) {
  if (const NamedNative* method = FindMethod(value, name)) return runtime.Bind(method->name, method->function, value);
  if (IsChangingMethod(value, name)) {
    return runtime.Undefined(
        fmt::format("access to attribute '{}' of '{}' object is unsafe", name, value.TypeName()));
  }
  return std::nullopt;
}

Result<std::optional<Value>> OwnAttribute(Runtime& runtime, const Value& value, std::string_view name) {
  if (value.Is(Kind::kLoop)) return value.loop().Attribute(runtime, name);
  if (value.Is(Kind::kNamespace)) {
    const auto& entries = value.name_space().entries;
    const auto found = entries.find(name);
    return found == entries.end() ? std::optional<Value>() : found->second;
  }
  if (value.Is(Kind::kSequence) && value.sequence().type == SequenceType::kGroup) {
    if (name == "grouper") return value.sequence().items[0];
    if (name == "list") return value.sequence().items[1];
  }
  return Method(runtime, value, name);
}

// Python's index from the front or the back; nothing outside.
std::optional<size_t> Index(int64_t index, size_t length) {
  if (index < 0) index += static_cast<int64_t>(length);
  if (index < 0 || index >= static_cast<int64_t>(length)) return std::nullopt;
  return static_cast<size_t>(index);
}

Result<std::optional<Value>> Subscript(Runtime& runtime, const Value& value, const Value& key) {
  if (value.Is(Kind::kDict)) {
    const Value* found = IsHashable(key) ? value.dict().Find(key) : nullptr;
    return found != nullptr ? *found : std::optional<Value>();
  }
  if (!key.is_integer()) return std::optional<Value>();
  if (value.Is(Kind::kSequence) && value.sequence().is_indexable()) {
    const std::vector<Value>& items = value.sequence().items;
    const auto index = Index(key.integer(), items.size());
    return index ? items[*index] : std::optional<Value>();
  }
  if (value.Is(Kind::kString)) {
    const StringObject& text = value.string();
    const auto index = Index(key.integer(), text.length());
    if (!index) return std::optional<Value>();
    if (!text.is_ascii()) TRY(runtime.SpendOnBytes(text.size()));
    const std::string_view bytes = text.bytes();
    const size_t begin = text.is_ascii() ? *index : ByteOffset(bytes, *index);
    if (begin >= bytes.size()) return std::optional<Value>();
    return runtime.Slice(text, begin, begin + DecodeAt(bytes, begin).bytes);
  }
  return std::optional<Value>();
}

struct SliceRange {
  int64_t start;
  int64_t step;
  int64_t count;
};

Result<int64_t> SliceIndex(const Value& value, int64_t fallback, int64_t low, int64_t high, int64_t length) {
  if (value.Is(Kind::kNone)) return fallback;
  if (value.Is(Kind::kUndefined)) return FailUndefined(value);
  if (!value.is_integer()) return Fail(ErrorCode::kCorrupt, "a slice expects integers, got '{}'", value.TypeName());
  const int64_t index = value.integer();
  return std::clamp(index < 0 ? (index < -length ? low : index + length) : index, low, high);
}

// Python's slice.indices.
Result<SliceRange> ResolveSlice(const Value& start, const Value& stop, const Value& step, size_t size) {
  const auto length = static_cast<int64_t>(size);
  int64_t stride = 1;
  if (!step.Is(Kind::kNone)) {
    if (!step.is_integer()) return Fail(ErrorCode::kCorrupt, "a slice expects integers, got '{}'", step.TypeName());
    // No text or list is that long, so a larger step does the same.
    stride = std::clamp<int64_t>(step.integer(), -INT32_MAX, INT32_MAX);
  }
  if (stride == 0) return Fail(ErrorCode::kCorrupt, "the step of a slice cannot be zero");
  const int64_t low = stride < 0 ? -1 : 0;
  const int64_t high = stride < 0 ? length - 1 : length;
  TRY_ASSIGN(const int64_t first, SliceIndex(start, stride < 0 ? high : low, low, high, length));
  TRY_ASSIGN(const int64_t behind, SliceIndex(stop, stride < 0 ? low : high, low, high, length));
  const int64_t distance = stride > 0 ? behind - first : first - behind;
  const int64_t width = stride > 0 ? stride : -stride;
  return SliceRange{first, stride, distance <= 0 ? 0 : (distance + width - 1) / width};
}

Result<Value> SliceText(Runtime& runtime, const StringObject& text, const SliceRange& range) {
  TRY(runtime.SpendOnBytes(text.size()));
  const std::string_view bytes = text.bytes();
  const auto offset = [&](int64_t index) {
    return text.is_ascii() ? std::min(static_cast<size_t>(index), bytes.size())
                           : ByteOffset(bytes, static_cast<size_t>(index));
  };
  if (range.count == 0) return runtime.Slice(text, 0, 0);
  if (range.step == 1) return runtime.Slice(text, offset(range.start), offset(range.start + range.count));
  std::vector<size_t> starts;
  for (size_t at = 0; at < bytes.size(); at += DecodeAt(bytes, at).bytes) starts.push_back(at);
  TRY(runtime.Spend(static_cast<uint64_t>(range.count)));
  TextBuilder builder;
  for (int64_t i = 0; i < range.count; ++i) {
    const auto index = static_cast<size_t>(range.start + i * range.step);
    if (index >= starts.size()) break;
    builder.Append(text.marked(), starts[index], starts[index] + DecodeAt(bytes, starts[index]).bytes);
  }
  return runtime.Text(std::move(builder));
}

Result<std::vector<Value>> Characters(Runtime& runtime, const StringObject& text) {
  TRY(runtime.Spend(text.length()));
  const std::string_view bytes = text.bytes();
  std::vector<Value> items;
  for (size_t at = 0; at < bytes.size();) {
    const size_t end = at + DecodeAt(bytes, at).bytes;
    items.push_back(runtime.Slice(text, at, end));
    at = end;
  }
  return items;
}

}  // namespace

Result<Value> Attribute(Runtime& runtime, const Value& value, std::string_view name) {
  if (value.Is(Kind::kUndefined)) return FailUndefined(value);
  TRY_ASSIGN(const std::optional<Value> own, OwnAttribute(runtime, value, name));
  if (own) return *own;
  if (value.Is(Kind::kDict)) {
    if (const Value* found = value.dict().Find(name)) return *found;
  }
  return NoAttribute(runtime, value, name);
}

Result<Value> Item(Runtime& runtime, const Value& value, const Value& key) {
  if (value.Is(Kind::kUndefined)) return FailUndefined(value);
  TRY_ASSIGN(const std::optional<Value> found, Subscript(runtime, value, key));
  if (found) return *found;
  if (key.Is(Kind::kString)) {
    TRY_ASSIGN(const std::optional<Value> own, OwnAttribute(runtime, value, key.string().bytes()));
    return own ? *own : NoAttribute(runtime, value, key.string().bytes());
  }
  return runtime.Undefined(fmt::format("{} object has no such element", value.TypeName()));
}

Result<Value> SliceOf(Runtime& runtime, const Value& value, const Value& start, const Value& stop, const Value& step) {
  if (value.Is(Kind::kUndefined)) return FailUndefined(value);
  const bool sequence = value.Is(Kind::kSequence) && value.sequence().is_indexable();
  if (!sequence && !value.Is(Kind::kString)) {
    return Fail(ErrorCode::kCorrupt, "a value of type {} cannot be sliced", value.TypeName());
  }
  TRY_ASSIGN(const SliceRange range, ResolveSlice(start, stop, step, *Length(value)));
  if (!sequence) return SliceText(runtime, value.string(), range);
  TRY(runtime.Spend(static_cast<uint64_t>(range.count)));
  std::vector<Value> items;
  for (int64_t i = 0; i < range.count; ++i) {
    items.push_back(value.sequence().items[static_cast<size_t>(range.start + i * range.step)]);
  }
  const SequenceType type = value.sequence().type;
  return runtime.Sequence(std::move(items), type == SequenceType::kGroup ? SequenceType::kTuple : type);
}

Result<Value> Path(Runtime& runtime, const Value& value, const Value& path, const std::optional<Value>& fallback) {
  Value at = value;
  const auto step = [&](const Value& key) -> Result<void> {
    TRY_ASSIGN(at, Item(runtime, at, key));
    if (fallback && at.Is(Kind::kUndefined)) at = *fallback;
    return {};
  };
  if (path.Is(Kind::kNone)) return at;
  if (!path.Is(Kind::kString)) {
    TRY(step(path));
    return at;
  }
  const StringObject& text = path.string();
  const std::string_view bytes = text.bytes();
  TRY(runtime.SpendOnBytes(bytes.size()));
  for (size_t begin = 0; begin <= bytes.size();) {
    const size_t end = std::min(bytes.find('.', begin), bytes.size());
    const std::string_view part = bytes.substr(begin, end - begin);
    int64_t index = 0;
    const bool digits = !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
    if (digits && std::from_chars(part.data(), part.data() + part.size(), index).ec == std::errc()) {
      TRY(step(Value::Int(index)));
    } else {
      TRY(step(runtime.Slice(text, begin, end)));
    }
    begin = end + 1;
  }
  return at;
}

std::optional<size_t> Length(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined: return 0;
    case Kind::kString: return value.string().length();
    case Kind::kDict: return value.dict().entries.size();
    case Kind::kSequence:
      if (value.sequence().type == SequenceType::kIterator) return std::nullopt;
      return value.sequence().items.size();
    default: return std::nullopt;
  }
}

bool IsIterable(const Value& value) {
  return value.Is(Kind::kUndefined) || value.Is(Kind::kString) || value.Is(Kind::kDict) || value.Is(Kind::kSequence);
}

Result<const std::vector<Value>*> Items(Runtime& runtime, const Value& value) {
  std::vector<Value> items;
  switch (value.kind()) {
    case Kind::kUndefined: break;
    case Kind::kString: {
      TRY_ASSIGN(items, Characters(runtime, value.string()));
      break;
    }
    case Kind::kDict:
      TRY(runtime.Spend(value.dict().entries.size()));
      for (const auto& [key, unused] : value.dict().entries) items.push_back(key);
      break;
    case Kind::kSequence: {
      SequenceObject& sequence = value.sequence();
      if (sequence.type != SequenceType::kIterator) return &sequence.items;
      items.assign(sequence.items.begin() + static_cast<std::ptrdiff_t>(sequence.next), sequence.items.end());
      sequence.next = sequence.items.size();
      break;
    }
    default: return Fail(ErrorCode::kCorrupt, "'{}' object is not iterable", value.TypeName());
  }
  TRY_ASSIGN(const Value made, runtime.Sequence(std::move(items)));
  return &made.sequence().items;
}

size_t FindBytes(std::string_view text, std::string_view needle, size_t from) {
  if (from > text.size() || needle.size() > text.size() - from) return std::string_view::npos;
  if (needle.empty()) return from;
  // memmem is linear; std::string_view::find is not when the needle nearly repeats.
  const void* found = ::memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace walchen::formats::jinja
