// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_lexer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/ascii.h"
#include "formats/jinja_unicode.h"

namespace walchen::formats::jinja {
namespace {

constexpr std::string_view kOperators[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
                                           "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};

bool IsNameStart(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> Run() {
    while (at_ < source_.size()) TRY(LexTextAndTag());
    Add(TokenType::kEnd, source_.size());
    return std::move(tokens_);
  }

 private:
  template <class... Args>
  tl::unexpected<Error> FailHere(size_t offset, fmt::format_string<Args...> format, Args&&... args) {
    const Place place = PlaceOf(source_, offset);
    return Fail(ErrorCode::kCorrupt, "line {}, column {}: {}", place.line, place.column,
                fmt::format(format, std::forward<Args>(args)...));
  }

  bool Has(std::string_view text) const { return source_.substr(at_).starts_with(text); }
  char Peek() const { return at_ < source_.size() ? source_[at_] : '\0'; }

  Token& Add(TokenType type, size_t offset) {
    tokens_.emplace_back();
    tokens_.back().type = type;
    tokens_.back().offset = offset;
    line_ += static_cast<int>(std::ranges::count(source_.substr(counted_, offset - counted_), '\n'));
    counted_ = offset;
    tokens_.back().line = line_;
    return tokens_.back();
  }

  void AddText(std::string_view text, size_t offset) {
    if (!text.empty()) Add(TokenType::kText, offset).text = text;
  }

  void SkipSpace() {
    while (at_ < source_.size()) {
      const CodePoint code_point = DecodeAt(source_, at_);
      if (!IsSpace(code_point.value)) return;
      at_ += code_point.bytes;
    }
  }

  static std::string_view TrimRight(std::string_view text) {
    while (!text.empty() && IsSpace(DecodeBefore(text, text.size()).value)) {
      text.remove_suffix(DecodeBefore(text, text.size()).bytes);
    }
    return text;
  }

  // The text in front of a tag, after the tag's sign and the lstrip_blocks rule had their say.
  std::string_view TrimBeforeTag(std::string_view text, char sign, bool is_block) const {
    if (sign == '-') return TrimRight(text);
    if (sign == '+' || !is_block) return text;
    const size_t line_start = text.rfind('\n') + 1;  // 0 without a line break
    if (line_start == 0 && !line_starting_) return text;
    return TrimRight(text.substr(line_start)).empty() ? text.substr(0, line_start) : text;
  }

  char TakeSign() {
    const char sign = Peek();
    if (sign != '-' && sign != '+') return '\0';
    ++at_;
    return sign;
  }

  size_t NextTag() const {
    size_t brace = source_.find('{', at_);
    while (brace != std::string_view::npos && brace + 1 < source_.size()) {
      const char kind = source_[brace + 1];
      if (kind == '{' || kind == '%' || kind == '#') return brace;
      brace = source_.find('{', brace + 1);
    }
    return source_.size();
  }

  Result<void> LexTextAndTag() {
    const size_t begin = at_;
    const size_t tag = NextTag();
    const std::string_view text = source_.substr(begin, tag - begin);
    at_ = tag;
    if (tag == source_.size()) {
      AddText(text, begin);
      return {};
    }
    const char kind = source_[tag + 1];
    at_ += 2;
    const char sign = TakeSign();
    AddText(TrimBeforeTag(text, sign, kind != '{'), begin);
    line_starting_ = false;
    if (kind == '#') return SkipComment(tag);
    if (kind == '%' && TakeRawTag()) return LexRaw(tag);
    Add(kind == '{' ? TokenType::kVariableBegin : TokenType::kBlockBegin, tag);
    return LexInside(tag, kind == '{');
  }

  // Behind the end of a comment or block: what the tag's own sign and trim_blocks take away.
  void EndBlock(char sign) {
    const size_t end = at_;
    if (sign == '-') SkipSpace();
    if (sign == '\0' && Peek() == '\n') ++at_;
    line_starting_ = at_ > end && source_[at_ - 1] == '\n';
  }

  Result<void> SkipComment(size_t tag) {
    const size_t end = source_.find("#}", at_);
    if (end == std::string_view::npos) return FailHere(tag, "a comment has no end");
    const char last = end > at_ ? source_[end - 1] : '\0';
    at_ = end + 2;
    EndBlock(last == '-' || last == '+' ? last : '\0');
    return {};
  }

  // Moves over "raw %}", if that is what follows.
  bool TakeRawTag() {
    const size_t start = at_;
    SkipSpace();
    if (Has("raw")) {
      at_ += 3;
      SkipSpace();
      const bool dash = Has("-%}");
      if (dash || Has("%}")) {
        at_ += dash ? 3 : 2;
        if (dash) SkipSpace();
        return true;
      }
    }
    at_ = start;
    return false;
  }

  // The text up to {% endraw %}, as it is.
  Result<void> LexRaw(size_t tag) {
    const size_t begin = at_;
    for (size_t open = source_.find("{%", begin); open != std::string_view::npos; open = source_.find("{%", open + 2)) {
      at_ = open + 2;
      const char sign = TakeSign();
      SkipSpace();
      if (!Has("endraw")) continue;
      at_ += 6;
      SkipSpace();
      const char end_sign = TakeSign();
      if (!Has("%}")) continue;
      at_ += 2;
      AddText(TrimBeforeTag(source_.substr(begin, open - begin), sign, true), begin);
      EndBlock(end_sign);
      return {};
    }
    return FailHere(tag, "a raw block has no end");
  }

  // Whether the tag ends here; brackets must be closed first.
  bool TakeEnd(bool is_variable) {
    if (!brackets_.empty()) return false;
    const std::string_view end = is_variable ? "}}" : "%}";
    const bool is_sign = Peek() == '-' || (Peek() == '+' && !is_variable);
    const bool signed_end = is_sign && source_.substr(at_ + 1).starts_with(end);
    if (!signed_end && !Has(end)) return false;
    const char sign = signed_end ? source_[at_] : '\0';
    Add(is_variable ? TokenType::kVariableEnd : TokenType::kBlockEnd, at_);
    at_ += signed_end ? 3 : 2;
    // Only blocks swallow the line break behind them.
    EndBlock(is_variable && sign == '\0' ? '+' : sign);
    return true;
  }

  Result<void> LexInside(size_t tag, bool is_variable) {
    while (true) {
      SkipSpace();
      if (at_ >= source_.size()) return FailHere(tag, "a tag has no end");
      if (TakeEnd(is_variable)) return {};
      if (base::IsDigit(Peek())) {
        TRY(LexNumber());
      } else if (IsNameStart(Peek())) {
        const size_t begin = at_;
        while (IsNameStart(Peek()) || base::IsDigit(Peek())) ++at_;
        Add(TokenType::kName, begin).text = source_.substr(begin, at_ - begin);
      } else if (Peek() == '\'' || Peek() == '"') {
        TRY(LexString());
      } else {
        TRY(LexOperator());
      }
    }
  }

  // Digits with single underscores between them, appended without these.
  void TakeDigits(std::string& digits) {
    while (base::IsDigit(Peek()) || (Peek() == '_' && at_ + 1 < source_.size() && base::IsDigit(source_[at_ + 1]))) {
      if (Peek() != '_') digits.push_back(Peek());
      ++at_;
    }
  }

  Result<void> LexNumber() {
    const size_t begin = at_;
    const char letter = begin + 1 < source_.size() ? static_cast<char>(source_[begin + 1] | 0x20) : '\0';
    if (Peek() == '0' && (letter == 'x' || letter == 'o' || letter == 'b')) return LexPrefixed(letter);
    // After a dot stands the index of x.0.1, not a fraction.
    const bool after_dot = begin > 0 && source_[begin - 1] == '.';
    std::string digits;
    TakeDigits(digits);
    bool is_float = false;
    if (!after_dot && Peek() == '.' && at_ + 1 < source_.size() && base::IsDigit(source_[at_ + 1])) {
      is_float = true;
      ++at_;
      digits.push_back('.');
      TakeDigits(digits);
    }
    if (!after_dot && TakeExponent(digits)) is_float = true;
    const char* end = digits.data() + digits.size();
    if (is_float) {
      Token& token = Add(TokenType::kFloat, begin);
      const auto parsed = std::from_chars(digits.data(), end, token.number);
      if (parsed.ec == std::errc::result_out_of_range) token.number = std::strtod(digits.c_str(), nullptr);
      return {};
    }
    Token& token = Add(TokenType::kInteger, begin);
    if (std::from_chars(digits.data(), end, token.integer).ec != std::errc()) {
      return FailHere(begin, "the integer {} does not fit 64 bits", digits);
    }
    const bool octal_like = digits.size() > 1 && digits[0] == '0' && token.integer != 0;
    if (octal_like) return FailHere(begin, "an integer starts with 0");
    return {};
  }

  bool TakeExponent(std::string& digits) {
    if ((Peek() | 0x20) != 'e') return false;
    size_t next = at_ + 1;
    if (next < source_.size() && (source_[next] == '+' || source_[next] == '-')) ++next;
    if (next >= source_.size() || !base::IsDigit(source_[next])) return false;
    digits.push_back('e');
    if (source_[next - 1] == '-') digits.push_back('-');
    at_ = next;
    TakeDigits(digits);
    return true;
  }

  Result<void> LexPrefixed(char letter) {
    const size_t begin = at_;
    at_ += 2;
    std::string digits;
    while (std::isxdigit(static_cast<unsigned char>(Peek())) != 0 || Peek() == '_') {
      if (Peek() != '_') digits.push_back(Peek());
      ++at_;
    }
    const int base = letter == 'x' ? 16 : (letter == 'o' ? 8 : 2);
    Token& token = Add(TokenType::kInteger, begin);
    const char* end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, token.integer, base);
    if (parsed.ec != std::errc() || parsed.ptr != end) return FailHere(begin, "an integer that cannot be read");
    return {};
  }

  Result<void> LexString() {
    const size_t begin = at_;
    const char quote = source_[at_++];
    std::string text;
    while (at_ < source_.size() && source_[at_] != quote) {
      if (source_[at_] == '\\') {
        TRY(DecodeEscape(text));
      } else {
        text.push_back(source_[at_++]);
      }
    }
    if (at_ >= source_.size()) return FailHere(begin, "a text has no end");
    ++at_;
    Add(TokenType::kString, begin).text = std::move(text);
    return {};
  }

  static std::optional<char> ShortEscape(char letter) {
    switch (letter) {
      case '\\': return '\\';
      case '\'': return '\'';
      case '"': return '"';
      case 'a': return '\a';
      case 'b': return '\b';
      case 'f': return '\f';
      case 'n': return '\n';
      case 'r': return '\r';
      case 't': return '\t';
      case 'v': return '\v';
      default: return std::nullopt;
    }
  }

  // One backslash and what belongs to it, as Python's unicode-escape reads it.
  Result<void> DecodeEscape(std::string& out) {
    const size_t begin = at_++;
    const char letter = Peek();
    if (letter == '\n') {
      ++at_;
      return {};
    }
    if (const auto decoded = ShortEscape(letter)) {
      ++at_;
      out.push_back(*decoded);
      return {};
    }
    if (letter == 'N') return FailHere(begin, "\\N{{...}} in a text is not supported");
    if (letter >= '0' && letter <= '7') {
      uint32_t value = 0;
      for (int i = 0; i < 3 && Peek() >= '0' && Peek() <= '7'; ++i) {
        value = value * 8 + static_cast<uint32_t>(source_[at_++] - '0');
      }
      AppendUtf8(value, out);
      return {};
    }
    const size_t digits = letter == 'x' ? 2 : (letter == 'u' ? 4 : (letter == 'U' ? 8 : 0));
    if (digits == 0) {
      out.push_back('\\');  // an escape Python does not know stays as it is
      return {};
    }
    uint32_t value = 0;
    const std::string_view hex = source_.substr(std::min(at_ + 1, source_.size()), digits);
    const auto parsed = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
    const bool surrogate = value >= 0xD800 && value < 0xE000;
    if (hex.size() < digits || parsed.ptr != hex.data() + hex.size() || value > 0x10FFFF || surrogate) {
      return FailHere(begin, "a \\{} escape does not name a character", letter);
    }
    at_ += 1 + digits;
    AppendUtf8(value, out);
    return {};
  }

  Result<void> LexOperator() {
    const auto found = std::ranges::find_if(kOperators, [this](std::string_view op) { return Has(op); });
    if (found == std::end(kOperators)) {
      const std::string_view letter = source_.substr(at_, DecodeAt(source_, at_).bytes);
      return FailHere(at_, "unexpected character '{}'", letter);
    }
    const char c = (*found)[0];
    if (c == '(' || c == '[' || c == '{') brackets_.push_back(c == '(' ? ')' : static_cast<char>(c + 2));
    if (c == ')' || c == ']' || c == '}') {
      if (brackets_.empty()) return FailHere(at_, "unexpected '{}'", c);
      if (brackets_.back() != c) return FailHere(at_, "unexpected '{}', expected '{}'", c, brackets_.back());
      brackets_.pop_back();
    }
    Add(TokenType::kOperator, at_).text = *found;
    at_ += found->size();
    return {};
  }

  std::string_view source_;
  size_t at_ = 0;
  size_t counted_ = 0;  // the tokens' offsets only grow, so each line break is counted once
  int line_ = 1;
  bool line_starting_ = true;  // nothing but line breaks behind us
  std::vector<char> brackets_;
  std::vector<Token> tokens_;
};

}  // namespace

Place PlaceOf(std::string_view source, size_t offset) {
  const std::string_view before = source.substr(0, offset);
  const size_t line_start = before.rfind('\n') + 1;  // 0 on the first line
  return {static_cast<size_t>(std::ranges::count(before, '\n')) + 1, offset - line_start + 1};
}

std::string NormalizeNewlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
      out.push_back('\n');
    } else {
      out.push_back(source[i]);
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

Result<std::vector<Token>> Tokenize(std::string_view source) { return Lexer(source).Run(); }

}  // namespace walchen::formats::jinja
