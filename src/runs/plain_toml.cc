// SPDX-License-Identifier: Apache-2.0
#include "runs/plain_toml.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/bytes.h"
#include "base/limits.h"

namespace walchen::runs {
namespace {

struct Letter {
  uint32_t code = 0;
  size_t bytes = 0;
};

// The first letter of a text in UTF-8 (RFC 3629); empty if it is none.
std::optional<Letter> FirstLetter(std::string_view text) {
  constexpr std::array<uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};  // by bytes: only the shortest form counts
  const auto first = static_cast<unsigned char>(text.front());
  const size_t bytes = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
  if (bytes == 0 || bytes > text.size()) return std::nullopt;
  uint32_t code = bytes == 1 ? first : first & (0x7fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return std::nullopt;
    code = code << 6 | (next & 0x3fu);
  }
  const bool is_surrogate = code >= 0xd800 && code < 0xe000;
  if (code < kLeast[bytes] || code > 0x10ffff || is_surrogate) return std::nullopt;
  return Letter{.code = code, .bytes = bytes};
}

bool IsAscii(char c) { return static_cast<unsigned char>(c) < 0x80; }

// Not TOML anywhere.
bool IsControl(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

class Rewriting {
 public:
  Rewriting(std::string_view toml, std::string_view where) : toml_(toml), where_(where) {}

  Result<std::string> Run() {
    if (toml_.starts_with("\xef\xbb\xbf")) at_ = 3;  // the mark that some editors put before UTF-8
    while (!IsEnd()) {
      const char c = toml_[at_];
      if (c == '"' || c == '\'') {
        TRY(CopyQuoted(c));
      } else if (c == '#') {
        TRY(SkipComment());
      } else {
        TRY(CopyOutside(c));
      }
    }
    return std::move(out_);
  }

 private:
  bool IsEnd() const { return at_ >= toml_.size(); }

  tl::unexpected<Error> Refuse(std::string_view found) const {
    return Fail(ErrorCode::kInvalidArgument, "{}:{}: expected TOML: found {}", where_, line_, found);
  }

  // That the letter here may stand in TOML, and what it is.
  Result<Letter> Look() const {
    if (IsControl(toml_[at_])) {
      return Refuse(fmt::format("the control character {}", base::Quoted(toml_.substr(at_, 1))));
    }
    const auto letter = FirstLetter(toml_.substr(at_));
    if (!letter) return Refuse(fmt::format("a byte that is not UTF-8, {}", base::Quoted(toml_.substr(at_, 1))));
    return *letter;
  }

  // One byte as it is.
  void Copy() {
    line_ += toml_[at_] == '\n' ? 1 : 0;
    out_ += toml_[at_++];
  }

  Result<void> CopyOutside(char c) {
    TRY(Look());
    if (!IsAscii(c)) return Refuse("a letter outside of quotes that is not ASCII");
    if (std::string_view("\n=,[]{}").find(c) != std::string_view::npos) dots_ = 0;
    if (c == '.' && ++dots_ > base::kRecipeMaxDepth) {
      return Fail(ErrorCode::kTooLarge, "{}:{}: expected at most {} tables in each other, found a name with more dots",
                  where_, line_, base::kRecipeMaxDepth);
    }
    Copy();
    return {};
  }

  Result<void> SkipComment() {
    while (!IsEnd() && toml_[at_] != '\n') {
      TRY_ASSIGN(const Letter letter, Look());
      at_ += letter.bytes;
    }
    return {};
  }

  // A text in quotes; to the end of the line if it is not closed.
  Result<void> CopyQuoted(char quote) {
    const std::string three(3, quote);
    const bool is_long = toml_.substr(at_).starts_with(three);
    const std::string delimiter(is_long ? 3 : 1, '"');
    at_ += delimiter.size();
    out_ += delimiter;
    while (!IsEnd()) {
      const char c = toml_[at_];
      if (is_long ? toml_.substr(at_).starts_with(three) : c == quote) {
        // Up to two more quotes belong to a long text: they must not be taken for the beginning of the next one.
        const size_t quotes = std::min(toml_.find_first_not_of(quote, at_), toml_.size()) - at_;
        const size_t inside = is_long ? std::min<size_t>(quotes, 5) - 3 : 0;
        at_ += inside + delimiter.size();
        for (size_t i = 0; i < inside; ++i) out_ += quote == '"' ? "\\\"" : "'";
        out_ += delimiter;
        return {};
      }
      if (!is_long && c == '\n') return {};
      TRY(CopyInside(c, quote == '\''));
    }
    return {};
  }

  // One letter of a text in quotes, or one escape. In a literal text nothing is an escape.
  Result<void> CopyInside(char c, bool is_literal) {
    TRY_ASSIGN(const Letter letter, Look());
    if (letter.bytes > 1) {
      at_ += letter.bytes;
      out_ += letter.code < 0x10000 ? fmt::format("\\u{:04X}", letter.code) : fmt::format("\\U{:08X}", letter.code);
    } else if (c == '\\' && !is_literal) {
      Copy();
      if (IsEnd()) return {};
      TRY(Look());
      if (!IsAscii(toml_[at_])) return Refuse("a backslash before a letter that is not ASCII");
      Copy();
    } else {
      if (is_literal && (c == '\\' || c == '"')) out_ += '\\';
      Copy();
    }
    return {};
  }

  std::string_view toml_;
  std::string_view where_;
  std::string out_;
  size_t at_ = 0;
  int line_ = 1;
  int64_t dots_ = 0;
};

}  // namespace

Result<std::string> PlainToml(std::string_view toml, std::string_view where) { return Rewriting(toml, where).Run(); }

}  // namespace walchen::runs
