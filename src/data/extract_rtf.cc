// SPDX-License-Identifier: Apache-2.0
#include "data/extract_rtf.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "base/limits.h"
#include "data/extract_charset.h"
#include "data/extract_licence.h"
#include "data/extract_readers.h"
#include "formats/utf8.h"

namespace walchen::data {
namespace {

struct Symbol {
  std::string_view word;
  std::string_view text;
};
constexpr std::array<Symbol, 18> kSymbols = {{{"par", "\n"},
                                              {"line", "\n"},
                                              {"sect", "\n"},
                                              {"page", "\n"},
                                              {"row", "\n"},
                                              {"cell", "\t"},
                                              {"nestcell", "\t"},
                                              {"nestrow", "\n"},
                                              {"tab", "\t"},
                                              {"emdash", "\xE2\x80\x94"},
                                              {"endash", "\xE2\x80\x93"},
                                              {"bullet", "\xE2\x80\xA2"},
                                              {"lquote", "\xE2\x80\x98"},
                                              {"rquote", "\xE2\x80\x99"},
                                              {"ldblquote", "\xE2\x80\x9C"},
                                              {"rdblquote", "\xE2\x80\x9D"},
                                              {"emspace", " "},
                                              {"enspace", " "}}};

// Groups that hold no text of the document.
constexpr std::array<std::string_view, 25> kDestinations = {
    "fonttbl",           "colortbl",  "stylesheet", "pict",     "object",  "header",    "headerl",
    "headerr",           "headerf",   "footer",     "footerl",  "footerr", "footerf",   "listtable",
    "listoverridetable", "themedata", "datastore",  "revtbl",   "rsidtbl", "generator", "filetbl",
    "xmlnstbl",          "fldinst",   "nonshppict", "bkmkstart"};
// What the group info says of the document.
constexpr std::array<std::string_view, 14> kFacts = {"author",  "operator", "company", "subject",  "keywords",
                                                     "comment", "doccomm",  "manager", "category", "hlinkbase",
                                                     "creatim", "revtim",   "printim", "buptim"};

struct Group {
  bool skipped = false;
  bool is_title = false;
  bool ignorable = false;  // behind \*: left out unless known
  int unicode_skip = 1;    // how many characters stand in for a \u
};

struct Control {
  std::string_view word;
  std::optional<int64_t> number;
};

class RtfReader {
 public:
  explicit RtfReader(std::string_view rtf) : rtf_(rtf) {}

  Result<Part> Read() {
    if (!rtf_.starts_with("{\\rtf")) return Fail(ErrorCode::kCorrupt, "expected RTF to begin with {{\\rtf");
    while (at_ < rtf_.size()) {
      const char c = rtf_[at_];
      if (c == '{') TRY(Open());
      else if (c == '}') {
        TRY(Close());
        if (groups_.empty()) break;  // what follows the document is not the document
      } else if (c == '\\') ReadControl();
      else if (c == '\r' || c == '\n' || c == '\0') ++at_;
      else AddByte(c, at_++);
    }
    FlushBytes();
    EndParagraph();
    if (!groups_.empty()) part_.notes.push_back("the document ends within a group");
    part_.title = Trimmed(part_.title);
    return std::move(part_);
  }

 private:
  Group& group() { return groups_.back(); }

  Result<void> Open() {
    FlushBytes();
    if (groups_.size() == static_cast<size_t>(base::kRtfMaxDepth)) {
      return FailAt(at_, ErrorCode::kTooLarge, "expected at most {} groups inside each other", base::kRtfMaxDepth);
    }
    Group inner = groups_.empty() ? Group() : group();
    inner.ignorable = false;
    groups_.push_back(inner);
    ++at_;
    return {};
  }

  Result<void> Close() {
    FlushBytes();
    if (groups_.empty()) return FailAt(at_, ErrorCode::kCorrupt, "expected no }} where no group is open");
    groups_.pop_back();
    skip_left_ = 0;
    ++at_;
    return {};
  }

  // A backslash and what it introduces.
  void ReadControl() {
    const size_t begin = at_++;
    if (at_ == rtf_.size()) return;
    const char c = rtf_[at_];
    if (base::IsLetter(c)) return Obey(TakeControl(), begin);
    ++at_;
    if (c == '\'') return ReadHex(begin);
    if (c == '*') {
      group().ignorable = true;
    } else if (c == '~') {
      Add("\xC2\xA0", begin);
    } else if (c == '_') {
      Add("\xE2\x80\x91", begin);
    } else if (c == '\r' || c == '\n') {
      Add("\n", begin);
    } else if (c == '\\' || c == '{' || c == '}') {
      AddByte(c, begin);
    }
  }

  Control TakeControl() {
    const size_t begin = at_;
    while (at_ < rtf_.size() && base::IsLetter(rtf_[at_])) ++at_;
    Control control{rtf_.substr(begin, at_ - begin), {}};
    const bool negative = at_ < rtf_.size() && rtf_[at_] == '-';
    size_t digits = at_ + negative;
    int64_t number = 0;
    const size_t first = digits;
    while (digits < rtf_.size() && base::IsDigit(rtf_[digits]) && digits - first < 10) {
      number = number * 10 + (rtf_[digits++] - '0');
    }
    if (digits > first) {
      control.number = negative ? -number : number;
      at_ = digits;
    }
    if (at_ < rtf_.size() && rtf_[at_] == ' ') ++at_;
    return control;
  }

  void Obey(const Control& control, size_t begin) {
    const int64_t number = control.number.value_or(0);
    if (control.word == "u") return AddUnicode(number, begin);
    if (control.word == "uc") group().unicode_skip = static_cast<int>(std::clamp<int64_t>(number, 0, 16));
    if (control.word == "ansicpg") charset_ = fmt::format("CP{}", std::clamp<int64_t>(number, 0, 99'999));
    if (control.word == "mac") charset_ = "MACINTOSH";
    if (control.word == "pc") charset_ = "CP437";
    if (control.word == "bin") {
      at_ += std::min<uint64_t>(static_cast<uint64_t>(std::max<int64_t>(number, 0)), rtf_.size() - at_);
    }
    const bool known = IsDestination(control.word);
    if (group().ignorable && !known && control.word != "shppict") group().skipped = true;
    group().ignorable = false;
    if (known) return;
    const auto symbol = std::ranges::find(kSymbols, control.word, &Symbol::word);
    if (symbol != kSymbols.end()) Add(symbol->text, begin);
  }

  bool IsDestination(std::string_view word) {
    if (word == "title" && !groups_.empty()) {
      FlushBytes();
      group().is_title = true;
      return true;
    }
    const bool left_out = std::ranges::find(kDestinations, word) != kDestinations.end() ||
                          std::ranges::find(kFacts, word) != kFacts.end();
    if (left_out) group().skipped = true;
    return left_out;
  }

  void ReadHex(size_t begin) {
    if (rtf_.size() - at_ < 2) {
      at_ = rtf_.size();
      return;
    }
    const int high = base::HexDigit(rtf_[at_]), low = base::HexDigit(rtf_[at_ + 1]);
    at_ += 2;
    if (high >= 0 && low >= 0) AddByte(static_cast<char>(high * 16 + low), begin);
  }

  // \uN is a UTF-16 unit as a signed number; what follows stands in for it where a reader knows no Unicode.
  void AddUnicode(int64_t number, size_t begin) {
    FlushBytes();
    const auto unit = static_cast<uint32_t>(number) & 0xFFFF;
    skip_left_ = group().unicode_skip;
    if (unit >= 0xD800 && unit < 0xDC00) {
      high_surrogate_ = unit;
      return;
    }
    uint32_t code = unit;
    if (unit >= 0xDC00 && unit < 0xE000) {
      code = high_surrogate_ ? 0x10000 + ((*high_surrogate_ - 0xD800) << 10) + (unit - 0xDC00) : 0xFFFD;
    }
    high_surrogate_.reset();
    std::string letter;
    formats::AppendUtf8(letter, code);
    AddText(letter, begin);
  }

  // A byte in the document's code page; several may make one character.
  void AddByte(char byte, size_t begin) {
    if (skip_left_ > 0) {
      --skip_left_;
      return;
    }
    if (bytes_.empty()) bytes_begin_ = begin;
    bytes_ += byte;
  }

  void Add(std::string_view text, size_t begin) {
    FlushBytes();
    if (skip_left_ > 0) {
      --skip_left_;
      return;
    }
    AddText(text, begin);
  }

  void FlushBytes() {
    if (bytes_.empty()) return;
    const std::string bytes = std::exchange(bytes_, "");
    const bool ascii = std::ranges::all_of(bytes, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    AddText(ascii ? bytes : ConvertText(bytes, charset_), bytes_begin_);
  }

  void AddText(std::string_view text, size_t begin) {
    if (groups_.empty() || group().skipped) return;
    if (group().is_title) {
      part_.title += text;
      return;
    }
    if (!paragraph_) paragraph_ = {part_.text.size(), begin};
    part_.text += text;
    paragraph_last_ = at_;
    if (text == "\n") EndParagraph();
  }

  void EndParagraph() {
    if (paragraph_) {
      part_.spans.push_back(
          {paragraph_->first, part_.text.size(), {Place::Kind::kBytes, paragraph_->second, paragraph_last_, ""}});
    }
    paragraph_.reset();
  }

  std::string_view rtf_;
  size_t at_ = 0;
  std::vector<Group> groups_;
  std::string charset_ = "CP1252";
  std::string bytes_;
  size_t bytes_begin_ = 0;
  int skip_left_ = 0;
  std::optional<uint32_t> high_surrogate_;
  std::optional<std::pair<uint64_t, uint64_t>> paragraph_;  // where it begins: in the text, in the source
  uint64_t paragraph_last_ = 0;
  Part part_;
};

}  // namespace

Result<Part> RtfPart(std::string_view rtf) { return RtfReader(rtf).Read(); }

Result<void> ReadRtf(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(Part part, RtfPart(source.bytes));
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
