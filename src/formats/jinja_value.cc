// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_value.h"

#include <cmath>

#include "formats/jinja_loop.h"
#include "formats/jinja_unicode.h"

namespace walchen::formats::jinja {
namespace {

// Below this many entries a dict is searched front to back.
constexpr size_t kIndexedEntries = 8;
// Keys are texts, numbers, pairs of them; what nests deeper is no key.
constexpr int kMaxKeyDepth = 4;

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by kMaxKeyDepth
bool IsHashableWithin(const Value& value, int depth) {
  switch (value.kind()) {
    case Kind::kDict:
    case Kind::kNamespace: return false;
    case Kind::kSequence:
      if (!value.sequence().is_tuple() || depth == 0) return false;
      for (const Value& item : value.sequence().items) {
        if (!IsHashableWithin(item, depth - 1)) return false;
      }
      return true;
    default: return true;
  }
}

int KeyRank(const Value& value) { return value.is_number() ? 0 : static_cast<int>(value.kind()) + 1; }

// NOLINTNEXTLINE(misc-no-recursion): depth is bounded by IsHashable
int CompareKeys(const Value& a, const Value& b) {
  if (const int rank = KeyRank(a) - KeyRank(b); rank != 0) return rank;
  if (a.is_number()) return CompareNumbers(a, b);
  switch (a.kind()) {
    case Kind::kString: return a.string().bytes().compare(b.string().bytes());
    case Kind::kSequence: {
      const std::vector<Value>& left = a.sequence().items;
      const std::vector<Value>& right = b.sequence().items;
      for (size_t i = 0; i < left.size() && i < right.size(); ++i) {
        if (const int order = CompareKeys(left[i], right[i]); order != 0) return order;
      }
      return left.size() == right.size() ? 0 : (left.size() < right.size() ? -1 : 1);
    }
    case Kind::kCallable:
    case Kind::kLoop: return a.object() == b.object() ? 0 : (std::less<>()(a.object(), b.object()) ? -1 : 1);
    default: return 0;
  }
}

int Sign(auto a, auto b) { return a < b ? -1 : (a > b ? 1 : 0); }

// An integer against a double that may lie between two integers or outside of their range.
int CompareIntFloat(int64_t a, double b) {
  if (std::isnan(b)) return 1;
  if (b >= 0x1p63) return -1;
  if (b < -0x1p63) return 1;
  const double whole = std::trunc(b);
  const int order = Sign(a, static_cast<int64_t>(whole));
  return order != 0 ? order : Sign(whole, b);
}

}  // namespace

Value::Value(StringObject* object) : Value(Kind::kString, object) {}
Value::Value(SequenceObject* object) : Value(Kind::kSequence, object) {}
Value::Value(DictObject* object) : Value(Kind::kDict, object) {}
Value::Value(NamespaceObject* object) : Value(Kind::kNamespace, object) {}
Value::Value(CallableObject* object) : Value(Kind::kCallable, object) {}
Value::Value(LoopObject* object) : Value(Kind::kLoop, object) {}
Value::Value(UndefinedObject* object) : Value(Kind::kUndefined, object) {}

const StringObject& Value::string() const { return static_cast<const StringObject&>(*object_); }
SequenceObject& Value::sequence() const { return static_cast<SequenceObject&>(*object_); }
const DictObject& Value::dict() const { return static_cast<const DictObject&>(*object_); }
NamespaceObject& Value::name_space() const { return static_cast<NamespaceObject&>(*object_); }
const CallableObject& Value::callable() const { return static_cast<const CallableObject&>(*object_); }
LoopObject& Value::loop() const { return static_cast<LoopObject&>(*object_); }
const UndefinedObject& Value::undefined() const { return static_cast<const UndefinedObject&>(*object_); }

std::string_view Value::TypeName() const {
  switch (kind_) {
    case Kind::kUndefined: return "Undefined";
    case Kind::kNone: return "NoneType";
    case Kind::kBool: return "bool";
    case Kind::kInt: return "int";
    case Kind::kFloat: return "float";
    case Kind::kString: return string().markup ? "Markup" : "str";
    case Kind::kDict: return "dict";
    case Kind::kNamespace: return "Namespace";
    case Kind::kCallable: return "function";
    case Kind::kLoop: return "LoopContext";
    case Kind::kSequence: break;
  }
  switch (sequence().type) {
    case SequenceType::kList: return "list";
    case SequenceType::kTuple:
    case SequenceType::kGroup: return "tuple";
    case SequenceType::kRange: return "range";
    case SequenceType::kView: return sequence().view_name;
    case SequenceType::kIterator: return "generator";
  }
  return "object";
}

StringObject::StringObject(TextBuilder&& builder)
    : storage_(builder.TakeBytes()), text_(storage_), trusted_(builder.TakeTrusted()), size_(text_.size()),
      length_(CountCodePoints(text_)) {}

StringObject::StringObject(std::string_view text, std::vector<ByteRange> marks)
    : text_(text), trusted_(std::move(marks)), size_(text.size()), length_(CountCodePoints(text)) {}

StringObject::StringObject(const StringObject& front, const StringObject& back, uint64_t& memory_bytes)
    : front_(&front), back_(&back), memory_bytes_(&memory_bytes), size_(front.size_ + back.size_),
      length_(front.length_ + back.length_) {}

void StringObject::Flatten() const {
  TextBuilder builder;
  std::vector<const StringObject*> waiting = {this};
  while (!waiting.empty()) {
    const StringObject& part = *waiting.back();
    waiting.pop_back();
    if (part.front_ == nullptr) {
      builder.Append({part.text_, part.trusted_});
    } else {
      waiting.push_back(part.back_);
      waiting.push_back(part.front_);
    }
  }
  storage_ = builder.TakeBytes();
  text_ = storage_;
  trusted_ = builder.TakeTrusted();
  front_ = back_ = nullptr;
  *memory_bytes_ += size_;
}

bool KeyLess::operator()(const Value& a, const Value& b) const { return CompareKeys(a, b) < 0; }

const Value* DictObject::Find(const Value& key) const {
  if (!index_.empty()) {
    const auto found = index_.find(key);
    return found == index_.end() ? nullptr : &entries[found->second].second;
  }
  for (const auto& [name, value] : entries) {
    if (CompareKeys(name, key) == 0) return &value;
  }
  return nullptr;
}

const Value* DictObject::Find(std::string_view key) const {
  StringObject text(key, {});
  return Find(Value(&text));
}

void DictObject::Set(const Value& key, const Value& value) {
  if (const Value* found = Find(key)) {
    const_cast<Value&>(*found) = value;
    return;
  }
  entries.emplace_back(key, value);
  if (entries.size() < kIndexedEntries) return;
  for (size_t i = index_.size(); i < entries.size(); ++i) index_.emplace(entries[i].first, i);
}

bool IsHashable(const Value& value) { return IsHashableWithin(value, kMaxKeyDepth); }

bool IsTrue(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone: return false;
    case Kind::kBool:
    case Kind::kInt: return value.integer() != 0;
    case Kind::kFloat: return value.number() != 0;
    case Kind::kString: return value.string().size() != 0;
    case Kind::kSequence:
      return value.sequence().type == SequenceType::kIterator || !value.sequence().items.empty();
    case Kind::kDict: return !value.dict().entries.empty();
    default: return true;
  }
}

int CompareNumbers(const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer()) return Sign(a.integer(), b.integer());
  if (a.is_integer()) return CompareIntFloat(a.integer(), b.number());
  if (b.is_integer()) return -CompareIntFloat(b.integer(), a.number());
  if (std::isnan(a.number()) || std::isnan(b.number())) return Sign(!std::isnan(a.number()), !std::isnan(b.number()));
  return Sign(a.number(), b.number());
}

}  // namespace walchen::formats::jinja
