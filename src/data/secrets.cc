// SPDX-License-Identifier: Apache-2.0
#include "data/secrets.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <re2/re2.h>

#include "data/phrases.h"
#include "data/re2_piece.h"

namespace walchen::data {
namespace {

constexpr size_t kTokenMax = 4096;
constexpr size_t kPrivateKeyMax = 16'384;
constexpr size_t kKeyLabelMax = 48;  // "-----BEGIN ENCRYPTED " and the like
constexpr size_t kValueMin = 12;
constexpr size_t kValueMax = 256;
constexpr double kEntropyMin = 3.0;  // bits per character; English words have about 2.5 in so few

const RE2& Token() {
  static const RE2 kPattern(
      R"((?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}|glpat-[A-Za-z0-9_\-]{20,64})"
      R"(|xox[abeoprs]-[A-Za-z0-9\-]{10,250}|(?:sk|rk)_live_[A-Za-z0-9]{16,128}|AIza[A-Za-z0-9_\-]{35}|npm_[A-Za-z0-9]{36})"
      R"(|eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,})");
  return kPattern;
}
// What stands between the word and its value: password: "...", --token=..., secret => '...'
const RE2& Assignment() {
  static const RE2 kPattern(R"(^["'\]]{0,2} ?(?::=|=>|=|:) ?["']?)");
  return kPattern;
}
const RE2& Placeholder() {
  static const RE2 kPattern(R"((?i)example|changeme|placeholder|your|xxx|\*\*\*|\.\.\.|<|>|\{\{|\$\{|%\(|beispiel|geheim|getenv|environ)");
  return kPattern;
}

constexpr std::string_view kSecretWords[] = {
    "password", "passwd", "passwort", "kennwort", "pwd", "secret", "token", "apikey", "api_key", "api key", "access_key",
    "access key", "secret_key", "secret key", "secret_access_key", "aws_secret_access_key", "client_secret", "auth_token",
    "access_token", "private_token", "db_password", "database_password", "passphrase"};

constexpr std::string_view kPrivateKeyWords[] = {"private key"};
// How each shape begins: nothing else is read to its end.
constexpr std::string_view kTokenStarts[] = {"AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat",
                                             "xox",  "sk_live_", "rk_live_", "AIza", "npm_", "eyJ"};

bool IsTokenByte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
}

double Entropy(std::string_view value) {
  std::array<int, 256> counts{};
  for (const char c : value) ++counts[static_cast<uint8_t>(c)];
  double bits = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    const double share = count / static_cast<double>(value.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

bool LooksDrawn(std::string_view value) {
  const bool digit = std::any_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
  const bool letter = std::any_of(value.begin(), value.end(), [](char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; });
  return digit && letter && Entropy(value) >= kEntropyMin;
}

class SecretScanner {
 public:
  SecretScanner(std::string_view text, std::span<const Word> words, std::vector<Finding>& findings)
      : text_(text), words_(words), findings_(findings) {}

  void Scan() {
    static const PhraseSet kSecrets(kSecretWords);
    static const PhraseSet kKeys(kPrivateKeyWords);
    for (size_t i = 0; i < words_.size(); ++i) {
      const std::span<const Word> rest = words_.subspan(i);
      const Word& word = words_[i];
      if (word.begin < looked_until_) continue;
      if (MayBeToken(text_.substr(word.begin, word.size))) AtToken(word);
      if (kKeys.MatchAt(rest) > 0) AtPrivateKey(word, words_[i + 1]);
      if (const size_t count = kSecrets.MatchAt(rest)) AtAssignment(words_[i + count - 1]);
    }
  }

 private:
  // Lengths are cut at bounds, characters are not.
  void Add(FindingKind kind, size_t begin, size_t end) {
    while (end < text_.size() && (static_cast<uint8_t>(text_[end]) & 0xC0) == 0x80) ++end;
    findings_.push_back({kind, begin, end, false});
    looked_until_ = end;
  }

  static bool MayBeToken(std::string_view word) {
    const char first = word[0];
    const bool may_be = first == 'A' || first == 'g' || first == 'x' || first == 's' || first == 'r' || first == 'n' || first == 'e';
    return may_be && std::any_of(std::begin(kTokenStarts), std::end(kTokenStarts), [&](std::string_view start) { return word.starts_with(start); });
  }

  void AtToken(const Word& word) {
    size_t end = word.begin;
    while (end < text_.size() && end - word.begin < kTokenMax && IsTokenByte(text_[end])) ++end;
    while (end > word.begin && text_[end - 1] == '.') --end;
    const std::string_view token = text_.substr(word.begin, end - word.begin);
    if (RE2::FullMatch(Piece(token), Token())) return Add(FindingKind::kAccessToken, word.begin, end);
  }

  // "-----BEGIN RSA PRIVATE KEY-----" to its end line, or as far as a key can be long.
  void AtPrivateKey(const Word& first, const Word& last) {
    const size_t look_from = first.begin - std::min<size_t>(first.begin, kKeyLabelMax);
    const size_t found = text_.substr(look_from, first.begin - look_from).rfind("-----BEGIN");
    const size_t label_end = last.begin + last.size;
    if (found == text_.npos || !text_.substr(label_end).starts_with("-----")) return;
    const size_t begin = look_from + found;
    const std::string_view rest = text_.substr(label_end, kPrivateKeyMax);
    const size_t end_line = rest.find("-----END");
    const size_t end = end_line == rest.npos ? label_end + rest.size() : label_end + EndOfLine(rest, end_line);
    Add(FindingKind::kPrivateKey, begin, end);
  }

  static size_t EndOfLine(std::string_view text, size_t at) { return std::min(text.find_first_of("\n\"'", at), text.size()); }

  void AtAssignment(const Word& word) {
    const size_t at = word.begin + word.size;
    const std::string_view behind = text_.substr(at, kValueMax);
    re2::StringPiece input = Piece(behind);
    if (!RE2::Consume(&input, Assignment())) return;
    const size_t begin = at + (behind.size() - input.size());
    size_t end = begin;
    while (end < text_.size() && end - begin < kValueMax && std::string_view(" \t\n\"'`,;)").find(text_[end]) == std::string_view::npos) ++end;
    const std::string_view value = text_.substr(begin, end - begin);
    if (value.size() < kValueMin || !LooksDrawn(value) || RE2::PartialMatch(Piece(value), Placeholder())) return;
    Add(FindingKind::kSecretValue, begin, end);
  }

  std::string_view text_;
  std::span<const Word> words_;
  std::vector<Finding>& findings_;
  size_t looked_until_ = 0;
};

}  // namespace

void FindSecrets(std::string_view text, std::span<const Word> words, std::vector<Finding>& findings) {
  SecretScanner(text, words, findings).Scan();
}

}  // namespace walchen::data
