// SPDX-License-Identifier: Apache-2.0
#include "ledger/licence_tier.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"

namespace walchen::ledger {
namespace {

struct Rule {
  std::string_view id;  // lower case; with a '*' at its end all ids that begin so
  Tier tier;
};

// The first rule that fits counts.
constexpr auto kRules = std::to_array<Rule>({
    {"0bsd", Tier::kA},
    {"afl-*", Tier::kA},
    {"apache-*", Tier::kA},
    {"apafml", Tier::kA},
    {"bitstream-vera", Tier::kA},
    {"blessing", Tier::kA},
    {"blueoak-1.0.0", Tier::kA},
    {"bsd-3-clause-no-*", Tier::kNone},  // restricts the field of use
    {"bsd-protection", Tier::kD},        // copyleft in spite of its name
    {"bsd-*", Tier::kA},
    {"bsl-1.0", Tier::kA},
    {"bzip2-1.0.6", Tier::kA},
    {"cc-pddc", Tier::kA},
    {"cc0-1.0", Tier::kA},
    {"curl", Tier::kA},
    {"fsfap*", Tier::kA},
    {"fsful*", Tier::kA},
    {"ftl", Tier::kA},
    {"hpnd*", Tier::kA},
    {"icu", Tier::kA},
    {"ijg", Tier::kA},
    {"isc", Tier::kA},
    {"libpng*", Tier::kA},
    {"libtiff", Tier::kA},
    {"licenseref-public-domain", Tier::kA},
    {"linux-man-pages-copyleft*", Tier::kC},
    {"mit", Tier::kA},
    {"mit-*", Tier::kA},
    {"ms-pl", Tier::kA},
    {"mulanpsl-2.0", Tier::kA},
    {"ncsa", Tier::kA},
    {"ntp*", Tier::kA},
    {"odc-pddl-1.0", Tier::kA},
    {"ofl-1.1*", Tier::kC},  // derived fonts stay under it
    {"ofl-1.0*", Tier::kC},
    {"openssl", Tier::kA},
    {"pddl-1.0", Tier::kA},
    {"php-3.0*", Tier::kA},
    {"postgresql", Tier::kA},
    {"psf-2.0", Tier::kA},
    {"python-2.0*", Tier::kA},
    {"ruby", Tier::kA},
    {"tcl", Tier::kA},
    {"unicode-tou", Tier::kNone},  // the terms of a web site
    {"unicode-*", Tier::kA},
    {"unlicense", Tier::kA},
    {"upl-1.0", Tier::kA},
    {"vim", Tier::kC},
    {"w3c*", Tier::kA},
    {"wtfpl", Tier::kA},
    {"x11*", Tier::kA},
    {"xnet", Tier::kA},
    {"zlib*", Tier::kA},
    {"zpl-*", Tier::kA},

    {"cc-by-1.0", Tier::kB},
    {"cc-by-2.0", Tier::kB},
    {"cc-by-2.5*", Tier::kB},
    {"cc-by-3.0*", Tier::kB},
    {"cc-by-4.0", Tier::kB},
    {"cdla-permissive-*", Tier::kB},
    {"dl-de-by-2.0", Tier::kB},
    {"dl-de-zero-2.0", Tier::kA},
    {"etalab-2.0", Tier::kB},
    {"odc-by-1.0", Tier::kB},
    {"ogl-uk-*", Tier::kB},

    {"artistic-*", Tier::kC},
    {"cc-by-sa-*", Tier::kC},
    {"cddl-*", Tier::kC},
    {"cdla-sharing-1.0", Tier::kC},
    {"cecill-c", Tier::kC},
    {"cecill-b", Tier::kA},
    {"epl-*", Tier::kC},
    {"eupl-*", Tier::kC},
    {"lal-*", Tier::kC},
    {"lgpl-*", Tier::kC},
    {"lppl-*", Tier::kC},
    {"mpl-*", Tier::kC},
    {"odbl-1.0", Tier::kC},

    {"agpl-*", Tier::kD},
    {"cecill-2.*", Tier::kD},
    {"gfdl-*", Tier::kD},
    {"gpl-*", Tier::kD},
});

bool IsLetterOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool IsIdByte(char c) { return IsLetterOrDigit(c) || c == '-' || c == '.' || c == '+' || c == ':'; }

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

Tier TierOfId(std::string_view id) {
  std::string lower = Lower(id);
  if (lower.ends_with('+')) lower.pop_back();
  for (const Rule& rule : kRules) {
    const bool is_prefix = rule.id.ends_with('*');
    const std::string_view name = rule.id.substr(0, rule.id.size() - (is_prefix ? 1 : 0));
    if (is_prefix ? std::string_view(lower).starts_with(name) : lower == name) return rule.tier;
  }
  return Tier::kNone;
}

enum class Kind { kId, kWith, kAnd, kOr, kOpen, kClose };

struct Token {
  Kind kind;
  std::string_view text;
  uint64_t offset;
};

Kind KindOfWord(std::string_view word) {
  const std::string lower = Lower(word);
  if (lower == "with") return Kind::kWith;
  if (lower == "and") return Kind::kAnd;
  if (lower == "or") return Kind::kOr;
  return Kind::kId;
}

Result<std::vector<Token>> TokensOf(std::string_view text) {
  std::vector<Token> tokens;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == ' ' || text[at] == '\t') {
      ++at;
    } else if (text[at] == '(' || text[at] == ')') {
      tokens.push_back({text[at] == '(' ? Kind::kOpen : Kind::kClose, text.substr(at, 1), at});
      ++at;
    } else {
      size_t end = at;
      while (end < text.size() && IsIdByte(text[end])) ++end;
      if (end == at) {
        return FailAt(at, ErrorCode::kInvalidArgument, "{}: expected an SPDX licence expression", base::Quoted(text));
      }
      const std::string_view word = text.substr(at, end - at);
      tokens.push_back({KindOfWord(word), word, at});
      at = end;
    }
  }
  return tokens;
}

// An operator-precedence parser: AND binds closer than OR, both work from left to right. No recursion, so brackets may
// be as deep as the text is long.
class ExpressionReader {
 public:
  Result<Tier> Read(std::string_view text) {
    TRY_ASSIGN(const std::vector<Token> tokens, TokensOf(text));
    for (size_t i = 0; i < tokens.size(); ++i) {
      const bool fits = Take(tokens[i]);
      if (!fits) {
        return FailAt(tokens[i].offset, ErrorCode::kInvalidArgument, "{}: expected {}, found {}", base::Quoted(text),
                      Expected(), base::Quoted(tokens[i].text));
      }
    }
    if (state_ == State::kOperand || state_ == State::kException || !CloseUntil(std::nullopt)) {
      return FailAt(text.size(), ErrorCode::kInvalidArgument, "{}: expected {}, found the end", base::Quoted(text),
                    state_ == State::kOperator ? "a closing bracket" : Expected());
    }
    return values_.back();
  }

 private:
  enum class State { kOperand, kOperator, kOperatorOrWith, kException };

  std::string_view Expected() const {
    if (state_ == State::kOperand) return "a licence id";
    return state_ == State::kException ? "an exception" : "AND, OR or the end";
  }

  bool Take(const Token& token) {
    switch (state_) {
      case State::kOperand:
        if (token.kind == Kind::kOpen) {
          operators_.push_back(Kind::kOpen);
          return true;
        }
        if (token.kind != Kind::kId) return false;
        values_.push_back(TierOfId(token.text));
        state_ = State::kOperatorOrWith;
        return true;
      case State::kException:
        if (token.kind != Kind::kId) return false;
        state_ = State::kOperator;
        return true;
      case State::kOperator:
      case State::kOperatorOrWith: return TakeOperator(token.kind);
    }
    return false;
  }

  bool TakeOperator(Kind kind) {
    if (kind == Kind::kWith && state_ == State::kOperatorOrWith) {
      state_ = State::kException;
      return true;
    }
    if (kind == Kind::kClose) {
      state_ = State::kOperator;
      return CloseUntil(Kind::kOpen);
    }
    if (kind != Kind::kAnd && kind != Kind::kOr) return false;
    // What binds as close or closer, and stands before it, comes first.
    while (!operators_.empty() && operators_.back() != Kind::kOpen && operators_.back() <= kind) Apply();
    operators_.push_back(kind);
    state_ = State::kOperand;
    return true;
  }

  // Applies the operators down to a bracket, which goes too, or all of them.
  bool CloseUntil(std::optional<Kind> bracket) {
    while (!operators_.empty() && operators_.back() != Kind::kOpen) Apply();
    if (!bracket) return operators_.empty();
    if (operators_.empty()) return false;
    operators_.pop_back();
    return true;
  }

  void Apply() {
    const Tier right = values_.back();
    values_.pop_back();
    Tier& left = values_.back();
    left = operators_.back() == Kind::kAnd ? std::max(left, right) : std::min(left, right);
    operators_.pop_back();
  }

  State state_ = State::kOperand;
  std::vector<Tier> values_;
  std::vector<Kind> operators_;
};

constexpr std::array<std::string_view, 5> kTierNames = {"A", "B", "C", "D", "none"};

}  // namespace

std::string_view TierName(Tier tier) { return kTierNames[static_cast<size_t>(tier)]; }

std::optional<Tier> TierNamed(std::string_view name) {
  const auto found = std::ranges::find(kTierNames, name);
  if (found == kTierNames.end()) return std::nullopt;
  return static_cast<Tier>(found - kTierNames.begin());
}

Result<Tier> TierOf(std::string_view expression) {
  if (expression.size() > static_cast<size_t>(base::kLicenceExpressionMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "expected a licence expression of at most {} bytes, found {}",
                base::kLicenceExpressionMaxBytes, expression.size());
  }
  return ExpressionReader().Read(expression);
}

}  // namespace walchen::ledger
