// SPDX-License-Identifier: Apache-2.0
//
// JSON and JSON Lines: the strings that are text, each with its byte place and the key that it stands under.
#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "data/extract_charset.h"
#include "data/extract_licence.h"
#include "data/extract_readers.h"

namespace walchen::data {
namespace {

using Json = nlohmann::json;

// Short texts under these keys are text too.
constexpr std::array<std::string_view, 21> kTextKeys = {
    "text",     "content", "body",     "title",      "description", "summary", "caption",
    "question", "answer",  "prompt",   "completion", "instruction", "output",  "input",
    "message",  "comment", "abstract", "name",       "headline",    "label",   "source"};

bool IsText(std::string_view key, std::string_view value) {
  if (Trimmed(value).empty() || value.starts_with("http://") || value.starts_with("https://") ||
      value.starts_with("data:"))
    return false;
  if (std::ranges::find(kTextKeys, Lowered(key)) != kTextKeys.end()) return true;
  return std::ranges::count(value, ' ') >= 2;
}

// Reads bytes for nlohmann's parser and knows how far it is. A string has been read to its closing quote, and not
// further, when the parser hands it on.
class CountingInput {
 public:
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;
  using iterator_category = std::input_iterator_tag;

  CountingInput(const char* at, const char** reached) : at_(at), reached_(reached) {}
  const char& operator*() const { return *at_; }
  CountingInput& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  CountingInput operator++(int) {
    CountingInput before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingInput& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  const char** reached_;
};

// Takes the events of a parser and adds the texts among them to a part.
class TextCollector final : public nlohmann::json_sax<Json> {
 public:
  TextCollector(std::string_view bytes, uint64_t offset, Part& part)
      : bytes_(bytes), offset_(offset), part_(part), reached_(bytes.data()), before_(bytes.data()) {}

  const char** reached() { return &reached_; }
  const std::string& error() const { return error_; }

  bool null() override { return Step(); }
  bool boolean(bool) override { return Step(); }
  bool number_integer(number_integer_t) override { return Step(); }
  bool number_unsigned(number_unsigned_t) override { return Step(); }
  bool number_float(number_float_t, const string_t&) override { return Step(); }
  bool binary(binary_t&) override { return Step(); }
  bool end_object() override { return Step(); }
  bool end_array() override { return Step(); }
  bool start_array(std::size_t) override { return Step(); }
  bool start_object(std::size_t) override { return Step(); }
  bool key(string_t& key) override {
    key_ = key;
    return Step();
  }
  bool string(string_t& value) override {
    ReadFact(value);
    if (IsText(key_, value)) {
      const char* begin = std::find(before_, reached_, '"');
      const auto first = offset_ + static_cast<uint64_t>(begin - bytes_.data());
      const auto last = offset_ + static_cast<uint64_t>(reached_ - bytes_.data());
      const uint64_t text_begin = part_.text.size();
      part_.text += value;
      part_.spans.push_back({text_begin, part_.text.size(), {Place::Kind::kBytes, first, last, key_}});
      part_.text += '\n';
    }
    return Step();
  }
  bool parse_error(std::size_t, const std::string&, const Json::exception& error) override {
    error_ = error.what();
    return false;
  }

 private:
  bool Step() {
    before_ = reached_;
    return true;
  }

  void ReadFact(const std::string& value) {
    const std::string key = Lowered(key_);
    if (key == "license" || key == "licence" || key == "spdx") AddLicence(part_, key_, value);
    if ((key == "lang" || key == "language") && part_.language.empty() && value.size() <= 35) part_.language = value;
    if (key == "title" && part_.title.empty()) part_.title = value;
  }

  std::string_view bytes_;
  uint64_t offset_;
  Part& part_;
  std::string key_;
  const char* reached_;
  const char* before_;  // behind the last thing that the parser handed on
  std::string error_;
};

// Adds the texts of one JSON value, which stands `offset` bytes behind the file's start.
Result<void> AddJson(std::string_view bytes, uint64_t offset, Part& part) {
  TextCollector collector(bytes, offset, part);
  const CountingInput begin(bytes.data(), collector.reached());
  const CountingInput end(bytes.data() + bytes.size(), collector.reached());
  if (Json::sax_parse(begin, end, &collector)) return {};
  const std::string_view error = collector.error();
  return Fail(ErrorCode::kCorrupt, "expected JSON: {}", error.substr(0, 200));
}

}  // namespace

Result<void> ReadJson(const Source& source, Extraction& extraction) {
  Part part;
  TRY(AddJson(source.bytes, 0, part));
  return extraction.Give(source, std::move(part));
}

Result<void> ReadJsonLines(const Source& source, Extraction& extraction) {
  Part part;
  uint64_t bad_lines = 0, good_lines = 0;
  Error first_error(ErrorCode::kCorrupt, "");
  for (size_t begin = 0; begin < source.bytes.size();) {
    const size_t end = std::min(source.bytes.find('\n', begin), source.bytes.size());
    const std::string_view line = source.bytes.substr(begin, end - begin);
    if (!Trimmed(line).empty()) {
      const size_t text_before = part.text.size(), spans_before = part.spans.size();
      auto added = AddJson(line, begin, part);
      if (added) {
        ++good_lines;
      } else {
        // What a broken line had before it broke is not taken.
        part.text.resize(text_before);
        part.spans.resize(spans_before);
        if (bad_lines++ == 0) first_error = added.error();
      }
    }
    begin = end + 1;
  }
  if (bad_lines > 0 && good_lines == 0) return Fail(ErrorCode::kCorrupt, "{}", first_error.message());
  if (bad_lines > 0) part.notes.push_back(fmt::format("{} lines are no JSON", bad_lines));
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
