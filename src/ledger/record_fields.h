// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing the fields of records by one description: RecordWriter and RecordReader have the same members, so
// a function template that names all fields of a record once serves both. Internal to this library.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/status.h"
#include "ledger/records.h"

namespace walchen::ledger {

// What a text must be, beside UTF-8.
enum class Form { kAny, kName, kDay, kId, kSha256 };

// Empty if `text` has the form, else what was expected.
std::string_view WrongForm(std::string_view text, Form form);

// The first error counts.
class RecordWriter {
 public:
  explicit RecordWriter(NewEvent& event) : event_(event) {}

  void Text(const char* name, const std::string& value, Form form = Form::kAny);     // left out when empty
  void Needed(const char* name, const std::string& value, Form form = Form::kAny);   // never empty
  void Private(const char* name, const std::string& value, Form form = Form::kAny);  // left out when empty
  void Whole(const char* name, const int64_t& value) { event_.body[name] = value; }
  void MaybeWhole(const char* name, const std::optional<int64_t>& value);
  void Texts(const char* name, const std::vector<std::string>& values, Form form = Form::kAny);
  void Counts(const char* name, const std::map<std::string, int64_t>& values);
  void TextMap(const char* name, const std::map<std::string, std::string>& values);
  void Span(const char* name, const Range& range);
  void Ranges(const char* name, const std::vector<Range>& ranges);
  template <class Enum>
  void Choice(const char* name, const Enum& value) {
    event_.body[name] = NameOf(value);
  }
  template <class Enum>
  void Choice(const char* name, const std::optional<Enum>& value) {
    Needed(name, value ? std::string(NameOf(*value)) : "");
  }

  Result<void> Finish() const;

 private:
  void Check(const char* name, std::string_view value, Form form);

  NewEvent& event_;
  std::optional<Error> error_;
};

class RecordReader {
 public:
  RecordReader(const Event& event, const nlohmann::json& body) : event_(event), body_(body) {}

  void Text(const char* name, std::string& value, Form form = Form::kAny);
  void Needed(const char* name, std::string& value, Form form = Form::kAny);
  void Private(const char* name, std::string& value, Form form = Form::kAny);
  void Whole(const char* name, int64_t& value);
  void MaybeWhole(const char* name, std::optional<int64_t>& value);
  void Texts(const char* name, std::vector<std::string>& values, Form form = Form::kAny);
  void Counts(const char* name, std::map<std::string, int64_t>& values);
  void TextMap(const char* name, std::map<std::string, std::string>& values);
  void Span(const char* name, Range& range);
  void Ranges(const char* name, std::vector<Range>& ranges);
  template <class Enum>
  void Choice(const char* name, Enum& value) {
    std::string text;
    Needed(name, text);
    if (const auto found = Named<Enum>(text)) {
      value = *found;
    } else {
      Wrong(name, "a name that is known");
    }
  }

  template <class Enum>
  void Choice(const char* name, std::optional<Enum>& value) {
    Choice(name, value.emplace());
  }

  Result<void> Finish() const;

 private:
  // The member; null where there is none.
  const nlohmann::json* Find(const char* name) const;
  void Wrong(std::string_view name, std::string_view expected);
  bool ReadRange(const nlohmann::json& pair, Range& range);

  const Event& event_;
  const nlohmann::json& body_;
  std::optional<Error> error_;
};

}  // namespace walchen::ledger
