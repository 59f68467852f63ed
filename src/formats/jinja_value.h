// SPDX-License-Identifier: Apache-2.0
//
// The values a chat template computes with: Python's, as far as templates can tell.
//
// A Value is 16 bytes, copied freely; what does not fit is an object that belongs to one rendering's Runtime (or, for
// the literals of a program, to the program) and is freed with it, all at once. So there is no reference counting, a
// cycle leaks nothing, and freeing a list nested a million deep does not recurse. Objects are constant once made, but
// for namespaces, loops and iterators; not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "formats/jinja_text.h"

namespace walchen::formats::jinja {

class Runtime;
class Value;
struct Arguments;
struct MacroDefinition;
struct Scope;

enum class Kind : uint8_t {
  kUndefined,
  kNone,
  kBool,
  kInt,
  kFloat,
  kString,
  kSequence,
  kDict,
  kNamespace,
  kCallable,
  kLoop,
};

struct Object {
  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;
};

struct StringObject;
struct SequenceObject;
struct DictObject;
struct NamespaceObject;
struct CallableObject;
class LoopObject;
struct UndefinedObject;

class Value {
 public:
  Value() : kind_(Kind::kNone) {}
  static Value None() { return {}; }
  static Value Bool(bool value) { return Value(Kind::kBool, value); }
  static Value Int(int64_t value) { return Value(Kind::kInt, value); }
  static Value Float(double value) {
    Value result(Kind::kFloat, int64_t{0});
    result.float_ = value;
    return result;
  }
  explicit Value(StringObject* object);
  explicit Value(SequenceObject* object);
  explicit Value(DictObject* object);
  explicit Value(NamespaceObject* object);
  explicit Value(CallableObject* object);
  explicit Value(LoopObject* object);
  explicit Value(UndefinedObject* object);

  Kind kind() const { return kind_; }
  bool Is(Kind kind) const { return kind_ == kind; }
  bool is_number() const { return kind_ == Kind::kBool || kind_ == Kind::kInt || kind_ == Kind::kFloat; }
  // Python's bool is an int.
  bool is_integer() const { return kind_ == Kind::kBool || kind_ == Kind::kInt; }

  // REQUIRES the kind; integer() also takes a bool, number() any number.
  int64_t integer() const { return int_; }
  double number() const { return kind_ == Kind::kFloat ? float_ : static_cast<double>(int_); }
  const StringObject& string() const;
  SequenceObject& sequence() const;
  const DictObject& dict() const;
  NamespaceObject& name_space() const;
  const CallableObject& callable() const;
  LoopObject& loop() const;
  const UndefinedObject& undefined() const;

  // The object's address, for `is sameas`; nullptr for what is no object.
  const Object* object() const { return kind_ >= Kind::kString || kind_ == Kind::kUndefined ? object_ : nullptr; }
  std::string_view TypeName() const;  // as Python names it in errors: 'int', 'NoneType', ...

 private:
  Value(Kind kind, int64_t value) : kind_(kind), int_(value) {}
  Value(Kind kind, Object* object) : kind_(kind), object_(object) {}

  Kind kind_;
  union {
    int64_t int_;
    double float_;
    Object* object_;
  };
};

// What a missing variable or attribute gives; using it (other than printing or testing it) fails with the message.
struct UndefinedObject : Object {
  explicit UndefinedObject(std::string text) : message(std::move(text)) {}
  std::string message;
};

// A text. Either flat, or the sum of two others until somebody looks at it, so that growing a text in a loop is linear.
struct StringObject : Object {
  // Its own bytes.
  explicit StringObject(TextBuilder&& builder);
  // Bytes of somebody who lives longer.
  StringObject(std::string_view text, std::vector<ByteRange> marks);
  // `memory_bytes` is raised when somebody looks and the sum has to be written out.
  StringObject(const StringObject& front, const StringObject& back, uint64_t& memory_bytes);

  std::string_view bytes() const { return Flat().bytes; }
  MarkedText marked() const { return Flat(); }
  size_t size() const { return size_; }      // in bytes
  size_t length() const { return length_; }  // in code points
  bool is_ascii() const { return size_ == length_; }

  // Whether it went through `safe` or `escape`: adding to such a text escapes the other one (MarkupSafe's Markup).
  bool markup = false;

 private:
  MarkedText Flat() const {
    if (front_ != nullptr) Flatten();
    return {text_, trusted_};
  }
  void Flatten() const;

  mutable std::string storage_;
  mutable std::string_view text_;
  mutable std::vector<ByteRange> trusted_;
  mutable const StringObject* front_ = nullptr;
  mutable const StringObject* back_ = nullptr;
  uint64_t* memory_bytes_ = nullptr;
  size_t size_;
  size_t length_;
};

enum class SequenceType : uint8_t {
  kList,
  kTuple,
  kGroup,     // what groupby gives: a tuple with the attributes grouper and list
  kRange,     // range()
  kView,      // dict.keys(), .values(), .items()
  kIterator,  // what map, select, ... give: read once
};

struct SequenceObject : Object {
  SequenceObject(SequenceType kind, std::vector<Value> values) : type(kind), items(std::move(values)) {}
  // Has a length and an index operator.
  bool is_indexable() const { return type != SequenceType::kView && type != SequenceType::kIterator; }
  bool is_tuple() const { return type == SequenceType::kTuple || type == SequenceType::kGroup; }

  SequenceType type;
  std::vector<Value> items;
  std::string_view view_name;  // "dict_items", ... of a kView
  size_t next = 0;             // the first item a kIterator has not given yet
};

// Orders dict keys: numbers, texts, none, undefined, tuples. REQUIRES IsHashable of both.
struct KeyLess {
  bool operator()(const Value& a, const Value& b) const;
};

// Keeps the order of insertion. Looking up is logarithmic whatever the keys are; hashing would let somebody choose
// colliding ones.
struct DictObject : Object {
  // nullptr when there is none. REQUIRES IsHashable(key).
  const Value* Find(const Value& key) const;
  const Value* Find(std::string_view key) const;
  void Set(const Value& key, const Value& value);

  std::vector<std::pair<Value, Value>> entries;

 private:
  std::map<Value, size_t, KeyLess> index_;
};

struct NamespaceObject : Object {
  std::map<std::string, Value, std::less<>> entries;
};

using Native = Result<Value> (*)(Runtime& runtime, const Value& self, const Arguments& arguments);

// A function: a native one with the value it is bound to, or a macro with the scope it was defined in.
struct CallableObject : Object {
  CallableObject(std::string_view function_name, Native function, const Value& bound)
      : name(function_name), native(function), self(bound) {}
  CallableObject(std::string_view macro_name, const MacroDefinition& definition, Scope& scope)
      : name(macro_name), macro(&definition), closure(&scope) {}

  std::string_view name;
  Native native = nullptr;
  Value self;
  const MacroDefinition* macro = nullptr;
  Scope* closure = nullptr;
};

// Whether Python lets it be a dict key; tuples nested deeper than any sane key are not.
bool IsHashable(const Value& value);

// Python's truth: empty, zero, none and undefined are false.
bool IsTrue(const Value& value);

// Numbers of any kind: -1, 0, 1, exactly, also where a double cannot hold the integer; NaN is below all.
int CompareNumbers(const Value& a, const Value& b);

}  // namespace walchen::formats::jinja
