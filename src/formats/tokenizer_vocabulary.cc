// SPDX-License-Identifier: Apache-2.0
#include "formats/tokenizer_vocabulary.h"

#include <array>

#include "base/limits.h"
#include "formats/utf8.h"

namespace walchen::formats {
namespace {

// The characters of the bytes 0 to 255; those that are not printable Latin-1 get U+0100 and up in order.
constexpr std::array<char16_t, 256> Gpt2Alphabet() {
  std::array<char16_t, 256> alphabet{};
  char16_t next = 0x100;
  for (size_t byte = 0; byte < alphabet.size(); ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    alphabet[byte] = printable ? static_cast<char16_t>(byte) : next++;
  }
  return alphabet;
}
constexpr std::array<char16_t, 256> kGpt2Alphabet = Gpt2Alphabet();
constexpr char32_t kGpt2AlphabetEnd = 0x144;  // 256 + 68 bytes that are not printable

constexpr std::array<int16_t, kGpt2AlphabetEnd> Gpt2Bytes() {
  std::array<int16_t, kGpt2AlphabetEnd> bytes{};
  for (int16_t& byte : bytes) byte = -1;
  for (size_t byte = 0; byte < 256; ++byte) bytes[kGpt2Alphabet[byte]] = static_cast<int16_t>(byte);
  return bytes;
}
constexpr std::array<int16_t, kGpt2AlphabetEnd> kGpt2Bytes = Gpt2Bytes();

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<void> Vocabulary::Add(std::string_view spelling, std::string_view bytes, bool special) {
  if (size() >= base::kVocabularyMaxTokens) {
    return Fail(ErrorCode::kTooLarge, "tokenizer: more than {} tokens", base::kVocabularyMaxTokens);
  }
  if (spelling.size() > base::kTokenMaxBytes || bytes.size() > base::kTokenMaxBytes) {
    return Fail(ErrorCode::kTooLarge, "tokenizer: token {} has {} bytes, at most {} are allowed", size(),
                spelling.size(), base::kTokenMaxBytes);
  }
  if (text_.size() + spelling.size() + bytes.size() > static_cast<size_t>(base::kVocabularyMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "tokenizer: expected tokens of at most {} bytes together, found more at token {}",
                base::kVocabularyMaxBytes, size());
  }
  const bool same = spelling == bytes;
  tokens_.push_back({text_.size(), static_cast<uint32_t>(spelling.size()), static_cast<uint32_t>(bytes.size()), same,
                     special});
  text_ += spelling;
  if (!same) text_ += bytes;
  return {};
}

void Vocabulary::BuildIndex() {
  text_.shrink_to_fit();
  index_.clear();
  index_.reserve(tokens_.size());
  for (TokenId id = 0; id < size(); ++id) index_.emplace(Spelling(id), id);
}

std::string_view Vocabulary::Spelling(TokenId token) const {
  if (!Holds(token)) return {};
  const Entry& entry = tokens_[static_cast<size_t>(token)];
  return std::string_view(text_).substr(entry.begin, entry.spelling_size);
}

std::string_view Vocabulary::Bytes(TokenId token) const {
  if (!Holds(token)) return {};
  const Entry& entry = tokens_[static_cast<size_t>(token)];
  return std::string_view(text_).substr(entry.begin + (entry.same ? 0 : entry.spelling_size), entry.bytes_size);
}

TokenId Vocabulary::Find(std::string_view spelling) const {
  const auto found = index_.find(spelling);
  return found == index_.end() ? kNoToken : found->second;
}

TokenId Vocabulary::FindOrdinary(std::string_view spelling) const {
  const TokenId token = Find(spelling);
  return IsSpecial(token) ? kNoToken : token;
}

std::optional<char> ByteOfSpelling(std::string_view spelling) {
  if (spelling.size() != 6 || !spelling.starts_with("<0x") || spelling[5] != '>') return std::nullopt;
  const int high = HexDigit(spelling[3]), low = HexDigit(spelling[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

std::vector<TokenId> ByteTokens(const Vocabulary& vocabulary) {
  std::vector<TokenId> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(vocabulary.Find(fmt::format("<0x{:02X}>", byte)));
  return tokens;
}

std::string BytesOfGpt2Spelling(std::string_view spelling) {
  std::string bytes;
  for (std::string_view rest = spelling; !rest.empty();) {
    const Utf8Sequence sequence = ReadUtf8(rest);
    const char32_t code = sequence.valid ? FirstCodePoint(rest).value : kGpt2AlphabetEnd;
    if (code >= kGpt2AlphabetEnd || kGpt2Bytes[code] < 0) return std::string(spelling);  // not of this alphabet
    bytes += static_cast<char>(kGpt2Bytes[code]);
    rest.remove_prefix(sequence.size);
  }
  return bytes;
}

std::string Gpt2SpellingOfByte(unsigned char byte) {
  std::string spelling;
  AppendUtf8(spelling, kGpt2Alphabet[byte]);
  return spelling;
}

}  // namespace walchen::formats
