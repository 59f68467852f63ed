// SPDX-License-Identifier: Apache-2.0
#include "ledger/record_fields.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/bytes.h"

namespace walchen::ledger {
namespace {

using nlohmann::json;

constexpr size_t kPlainNameMaxBytes = 128;

bool IsPlainName(std::string_view text) {
  return text.size() <= kPlainNameMaxBytes && std::ranges::all_of(text, [](char c) {
           return base::IsDigit(c) || base::IsLetter(c) || c == '.' || c == '_' || c == '-';
         });
}

// 2027-12-31; that the month has the day is not checked, as days are only compared.
bool IsDay(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-dd";
  if (text.size() != kForm.size()) return false;
  for (size_t i = 0; i < kForm.size(); ++i) {
    if (kForm[i] == 'd' ? !base::IsDigit(text[i]) : text[i] != kForm[i]) return false;
  }
  const std::string_view month = text.substr(5, 2), day = text.substr(8, 2);
  return month >= "01" && month <= "12" && day >= "01" && day <= "31";
}

json PairOf(const Range& range) { return json::array({range.begin, range.end}); }

constexpr std::string_view kOrder = "a pair of numbers, the first not larger";

}  // namespace

std::string_view WrongForm(std::string_view text, Form form) {
  switch (form) {
    case Form::kAny: return "";
    case Form::kName: return IsPlainName(text) ? "" : "at most 128 of A-Z, a-z, 0-9, '.', '_' and '-'";
    case Form::kDay: return IsDay(text) ? "" : "a day such as 2027-12-31";
    case Form::kId: return IsId(text) ? "" : "an id of 32 hexadecimal digits";
    case Form::kSha256: return DigestOfHex(text) ? "" : "a SHA-256 of 64 lower-case hexadecimal digits";
  }
  return "";
}

void RecordWriter::Check(const char* name, std::string_view value, Form form) {
  const std::string_view expected = WrongForm(value, form);
  if (expected.empty() || error_) return;
  error_ = Error(ErrorCode::kInvalidArgument,
                 fmt::format("{}: {}: expected {}, found {}", event_.kind, name, expected, base::Quoted(value)));
}

void RecordWriter::Text(const char* name, const std::string& value, Form form) {
  if (value.empty()) return;
  Check(name, value, form);
  event_.body[name] = value;
}

void RecordWriter::Needed(const char* name, const std::string& value, Form form) {
  if (value.empty() && !error_) {
    error_ = Error(ErrorCode::kInvalidArgument, fmt::format("{}: expected a {}, found none", event_.kind, name));
  }
  Text(name, value, form);
}

void RecordWriter::Private(const char* name, const std::string& value, Form form) {
  if (value.empty()) return;
  Check(name, value, form);
  event_.private_fields.push_back({name, value});
}

void RecordWriter::MaybeWhole(const char* name, const std::optional<int64_t>& value) {
  if (value) event_.body[name] = *value;
}

void RecordWriter::Texts(const char* name, const std::vector<std::string>& values, Form form) {
  if (values.empty()) return;
  for (const std::string& value : values) Check(name, value, form);
  event_.body[name] = values;
}

void RecordWriter::Counts(const char* name, const std::map<std::string, int64_t>& values) {
  if (!values.empty()) event_.body[name] = values;
}

void RecordWriter::TextMap(const char* name, const std::map<std::string, std::string>& values) {
  if (!values.empty()) event_.body[name] = values;
}

void RecordWriter::Span(const char* name, const Range& range) {
  if (range.begin > range.end && !error_) {
    error_ = Error(ErrorCode::kInvalidArgument, fmt::format("{}: {}: expected {}, found {} and {}", event_.kind, name,
                                                            kOrder, range.begin, range.end));
  }
  event_.body[name] = PairOf(range);
}

void RecordWriter::Ranges(const char* name, const std::vector<Range>& ranges) {
  if (ranges.empty()) return;
  json list = json::array();
  for (const Range& range : ranges) {
    Span(name, range);
    list.push_back(PairOf(range));
  }
  event_.body[name] = std::move(list);
}

Result<void> RecordWriter::Finish() const {
  if (error_) return tl::unexpected<Error>(*error_);
  return {};
}

void RecordReader::Wrong(std::string_view name, std::string_view expected) {
  if (error_) return;
  error_ = Error(ErrorCode::kCorrupt,
                 fmt::format("event {} ({}): {}: expected {}", event_.sequence, event_.kind, name, expected));
}

const json* RecordReader::Find(const char* name) const {
  const auto found = body_.find(name);
  return found == body_.end() ? nullptr : &*found;
}

void RecordReader::Text(const char* name, std::string& value, Form form) {
  const json* member = Find(name);
  if (member == nullptr) return;
  if (!member->is_string()) return Wrong(name, "a text");
  value = member->get<std::string>();
  if (const std::string_view expected = WrongForm(value, form); !expected.empty()) Wrong(name, expected);
}

void RecordReader::Needed(const char* name, std::string& value, Form form) {
  Text(name, value, form);
  if (value.empty()) Wrong(name, "a text that is not empty");
}

void RecordReader::Private(const char* name, std::string& value, Form form) {
  const auto found = std::ranges::find(event_.private_fields, name, &PrivateField::name);
  if (found == event_.private_fields.end()) return;  // never there, or erased
  value = found->value;
  if (const std::string_view expected = WrongForm(value, form); !expected.empty()) Wrong(name, expected);
}

void RecordReader::Whole(const char* name, int64_t& value) {
  const json* member = Find(name);
  if (member == nullptr || !member->is_number_integer()) return Wrong(name, "a whole number");
  value = member->get<int64_t>();
}

void RecordReader::MaybeWhole(const char* name, std::optional<int64_t>& value) {
  if (Find(name) == nullptr) return;
  value.emplace(0);
  Whole(name, *value);
}

void RecordReader::Texts(const char* name, std::vector<std::string>& values, Form form) {
  const json* member = Find(name);
  if (member == nullptr) return;
  if (!member->is_array()) return Wrong(name, "a list");
  for (const json& item : *member) {
    if (!item.is_string() || !WrongForm(item.get_ref<const std::string&>(), form).empty())
      return Wrong(name, "a list of texts");
    values.push_back(item.get<std::string>());
  }
}

void RecordReader::Counts(const char* name, std::map<std::string, int64_t>& values) {
  const json* member = Find(name);
  if (member == nullptr) return;
  if (!member->is_object()) return Wrong(name, "an object");
  for (const auto& [key, value] : member->items()) {
    if (!value.is_number_integer()) return Wrong(name, "an object of whole numbers");
    values[key] = value.get<int64_t>();
  }
}

void RecordReader::TextMap(const char* name, std::map<std::string, std::string>& values) {
  const json* member = Find(name);
  if (member == nullptr) return;
  if (!member->is_object()) return Wrong(name, "an object");
  for (const auto& [key, value] : member->items()) {
    if (!value.is_string()) return Wrong(name, "an object of texts");
    values[key] = value.get<std::string>();
  }
}

bool RecordReader::ReadRange(const json& pair, Range& range) {
  if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number_integer() || !pair[1].is_number_integer())
    return false;
  range = {pair[0].get<int64_t>(), pair[1].get<int64_t>()};
  return range.begin <= range.end;
}

void RecordReader::Span(const char* name, Range& range) {
  const json* member = Find(name);
  if (member == nullptr || !ReadRange(*member, range)) Wrong(name, kOrder);
}

void RecordReader::Ranges(const char* name, std::vector<Range>& ranges) {
  const json* member = Find(name);
  if (member == nullptr) return;
  if (!member->is_array()) return Wrong(name, "a list");
  for (const json& pair : *member) {
    Range range;
    if (!ReadRange(pair, range)) return Wrong(name, "a list of pairs of numbers, the first not larger");
    ranges.push_back(range);
  }
}

Result<void> RecordReader::Finish() const {
  if (error_) return tl::unexpected<Error>(*error_);
  return {};
}

}  // namespace walchen::ledger
