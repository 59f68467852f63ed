// SPDX-License-Identifier: Apache-2.0
#include "data/words.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/status.h"
#include "formats/unicode.h"
#include "formats/utf8.h"

namespace walchen::data {
namespace {

enum class ByteClass : uint8_t { kBetween, kWord, kNotAscii };

constexpr std::array<ByteClass, 256> kByteClasses = [] {
  std::array<ByteClass, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = ByteClass::kWord;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = ByteClass::kWord;
  table['_'] = ByteClass::kWord;
  for (int c = 0x80; c < 0x100; ++c) table[c] = ByteClass::kNotAscii;
  return table;
}();

// In ASCII this bit makes letters lower case, leaves digits and the apostrophe alone, and makes the underscore a character
// that no word has.
constexpr uint64_t kLowerBit = 0x20;
constexpr uint64_t kLowerBits = 0x2020202020202020ull;

class EightBytesHash {
 public:
  explicit EightBytesHash(size_t size) : state_(0x2545F4914F6CDD1Dull ^ size * 0x9E3779B97F4A7C15ull) {}
  void Add(uint64_t bytes) {
    state_ = (state_ ^ bytes) * 0xD6E8FEB86659FD93ull;
    state_ ^= state_ >> 32;
  }
  uint64_t Finish() const {
    const uint64_t mixed = state_ * 0xC4CEB9FE1A85EC53ull;
    return mixed ^ mixed >> 29;
  }

 private:
  uint64_t state_;
};

// The first `count` of eight bytes, the others 0. `readable` bytes may be read.
uint64_t Load(const char* bytes, size_t count, size_t readable) {
  uint64_t value = 0;
  if (readable >= 8) {
    std::memcpy(&value, bytes, 8);
    return count >= 8 ? value : value & ((uint64_t{1} << (8 * count)) - 1);
  }
  std::memcpy(&value, bytes, std::min(count, readable));
  return value;
}

// Of a word in lower case: its bytes with kLowerBit where they are ASCII. `lower_bits` are set in every byte.
uint64_t HashOf(const char* bytes, size_t size, size_t readable, uint64_t lower_bits) {
  EightBytesHash hash(size);
  for (size_t at = 0; at < size; at += 8) {
    const size_t count = std::min<size_t>(8, size - at);
    const uint64_t used = count == 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * count)) - 1;
    hash.Add(Load(bytes + at, count, readable - at) | (lower_bits & used));
  }
  return hash.Finish();
}

bool IsTwoByteLetterOfGerman(char32_t code) { return code >= 0xDF && code <= 0xFF && code != 0xF7; }

// U+2019 is what printed English has for the apostrophe.
size_t ApostropheAt(std::string_view text, size_t i) {
  if (text[i] == '\'') return 1;
  return text.substr(i).starts_with("\xE2\x80\x99") ? 3 : 0;
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) { words_.reserve(text.size() / 5 + 8); }

  std::vector<Word> Split() && {
    size_t at = 0;
    while (at < text_.size()) {
      const ByteClass byte = ClassAt(at);
      if (byte == ByteClass::kBetween) {
        ++at;
      } else if (byte == ByteClass::kNotAscii && !formats::IsWord(formats::FirstCodePoint(text_.substr(at)).value)) {
        at += formats::FirstCodePoint(text_.substr(at)).size;
      } else {
        at = TakeWord(at);
      }
    }
    return std::move(words_);
  }

 private:
  ByteClass ClassAt(size_t i) const { return kByteClasses[static_cast<uint8_t>(text_.data()[i])]; }

  size_t AsciiEnd(size_t at) const {
    while (at < text_.size() && ClassAt(at) == ByteClass::kWord) ++at;
    return at;
  }

  // Most words are ASCII from end to end; the others are spelled out in lower case first.
  size_t TakeWord(size_t begin) {
    const size_t end = AsciiEnd(begin);
    const bool plain = end == text_.size() || (ClassAt(end) != ByteClass::kNotAscii && text_[end] != '\'');
    if (!plain) return TakeSpelledWord(begin);
    Add(begin, end, HashOf(text_.data() + begin, end - begin, text_.size() - begin, kLowerBits));
    return end;
  }

  size_t TakeSpelledWord(size_t begin) {
    lower_.clear();
    size_t at = SpellRun(begin);
    while (at < text_.size()) {
      const size_t apostrophe = ApostropheAt(text_, at);
      if (apostrophe == 0 || !LetterAt(at + apostrophe)) break;
      lower_ += '\'';
      at = SpellRun(at + apostrophe);
    }
    Add(begin, at, HashOf(lower_.data(), lower_.size(), lower_.size(), 0));
    return at;
  }

  // Appends the letters and digits from `at` on to lower_, returns their end.
  size_t SpellRun(size_t at) {
    while (at < text_.size() && ClassAt(at) != ByteClass::kBetween) {
      if (ClassAt(at) == ByteClass::kWord) {
        lower_ += static_cast<char>(text_[at++] | kLowerBit);
        continue;
      }
      const formats::CodePoint point = formats::FirstCodePoint(text_.substr(at));
      if (IsTwoByteLetterOfGerman(point.value)) {  // in lower case already: no table needs to be searched
        lower_.append(text_, at, point.size);
      } else if (formats::IsWord(point.value)) {
        AppendLowerCase(point.value);
      } else {
        break;
      }
      at += point.size;
    }
    return at;
  }

  // A few letters, the Kelvin sign for one, have their lower case in ASCII.
  void AppendLowerCase(char32_t code) {
    const size_t before = lower_.size();
    formats::AppendLower(lower_, code);
    for (size_t i = before; i < lower_.size(); ++i) {
      if (static_cast<uint8_t>(lower_[i]) < 0x80) lower_[i] = static_cast<char>(lower_[i] | kLowerBit);
    }
  }

  void Add(size_t begin, size_t end, uint64_t hash) {
    words_.push_back({hash, static_cast<uint32_t>(begin), static_cast<uint32_t>(end - begin)});
  }

  bool LetterAt(size_t i) const {
    return i < text_.size() && formats::IsLetter(formats::FirstCodePoint(text_.substr(i)).value);
  }

  std::string_view text_;
  std::vector<Word> words_;
  std::string lower_;  // of the word that is being spelled
};

}  // namespace

std::vector<Word> SplitWords(std::string_view valid) { return Splitter(valid).Split(); }

uint64_t WordHash(std::string_view valid_word) {
  const std::vector<Word> words = SplitWords(valid_word);
  CHECK(words.size() == 1, "'{}' is {} words", valid_word, words.size());
  return words[0].hash;
}

RollingRuns::RollingRuns(std::span<const Word> words, size_t length)
    : words_(words), length_(length), count_(words.size() >= length ? words.size() - length + 1 : 0) {
  CHECK(length >= 1);
  for (size_t i = 1; i < length; ++i) highest_power_ *= kFactor;
}

uint64_t RunHash(std::span<const Word> run) {
  uint64_t hash = 0;
  RollingRuns(run, run.size()).ForEach([&](size_t, uint64_t found) { hash = found; });
  return hash;
}

}  // namespace walchen::data
