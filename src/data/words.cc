// SPDX-License-Identifier: Apache-2.0
#include "data/words.h"

#include <array>
#include <string>

#include "base/status.h"
#include "formats/unicode.h"
#include "formats/utf8.h"

namespace walchen::data {
namespace {

// The lower case of ASCII letters, digits and the underscore; 0 for what ends a word; 1 for the start of a longer sequence.
constexpr std::array<uint8_t, 256> kLowerOfWord = [] {
  std::array<uint8_t, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = static_cast<uint8_t>(c);
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = static_cast<uint8_t>(c);
  table['_'] = '_';
  for (int c = 0x80; c < 0x100; ++c) table[c] = 1;
  return table;
}();

// Takes bytes one after the other, mixes eight at a time.
class ByteHash {
 public:
  void Add(uint8_t byte) {
    pending_ = pending_ << 8 | byte;
    if (++count_ % 8 == 0) Fold();
  }
  uint64_t Finish() {
    pending_ ^= uint64_t{count_} << 58;  // so that a zero byte in front counts
    Fold();
    return state_ ^ state_ >> 29;
  }

 private:
  void Fold() {
    state_ = (state_ ^ pending_) * 0xD6E8FEB86659FD93ull;
    state_ ^= state_ >> 32;
    pending_ = 0;
  }
  uint64_t state_ = 0x2545F4914F6CDD1Dull;
  uint64_t pending_ = 0;
  uint32_t count_ = 0;
};

void AddLower(ByteHash& hash, char32_t code, std::string& scratch) {
  scratch.clear();
  formats::AppendLower(scratch, code);
  for (const char byte : scratch) hash.Add(static_cast<uint8_t>(byte));
}

bool IsTwoByteLetterOfGerman(char32_t code) { return code >= 0xDF && code <= 0xFF && code != 0xF7; }

// U+2019 is what printed English has for the apostrophe.
size_t ApostropheAt(std::string_view text, size_t i) {
  if (text[i] == '\'') return 1;
  return text.substr(i).starts_with("\xE2\x80\x99") ? 3 : 0;
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) { words_.reserve(text.size() / 6 + 1); }

  std::vector<Word> Split() && {
    while (at_ < text_.size()) {
      const uint8_t lower = kLowerOfWord[static_cast<uint8_t>(text_[at_])];
      if (lower == 0) {
        ++at_;
      } else if (lower == 1 && !formats::IsWord(formats::FirstCodePoint(text_.substr(at_)).value)) {
        at_ += formats::FirstCodePoint(text_.substr(at_)).size;
      } else {
        TakeWord();
      }
    }
    return std::move(words_);
  }

 private:
  void TakeWord() {
    const size_t begin = at_;
    ByteHash hash;
    TakeRun(hash);
    while (at_ < text_.size()) {
      const size_t apostrophe = ApostropheAt(text_, at_);
      if (apostrophe == 0 || !LetterAt(at_ + apostrophe)) break;
      hash.Add('\'');
      at_ += apostrophe;
      TakeRun(hash);
    }
    words_.push_back({hash.Finish(), static_cast<uint32_t>(begin), static_cast<uint32_t>(at_ - begin)});
  }

  void TakeRun(ByteHash& hash) {
    for (; at_ < text_.size();) {
      const uint8_t lower = kLowerOfWord[static_cast<uint8_t>(text_[at_])];
      if (lower == 0) return;
      if (lower != 1) {
        hash.Add(lower);
        ++at_;
        continue;
      }
      const formats::CodePoint point = formats::FirstCodePoint(text_.substr(at_));
      if (IsTwoByteLetterOfGerman(point.value)) {  // already in lower case: no table needs to be searched
        hash.Add(static_cast<uint8_t>(text_[at_]));
        hash.Add(static_cast<uint8_t>(text_[at_ + 1]));
      } else if (formats::IsWord(point.value)) {
        AddLower(hash, point.value, scratch_);
      } else {
        return;
      }
      at_ += point.size;
    }
  }

  bool LetterAt(size_t i) const {
    return i < text_.size() && formats::IsLetter(formats::FirstCodePoint(text_.substr(i)).value);
  }

  std::string_view text_;
  std::vector<Word> words_;
  std::string scratch_;
  size_t at_ = 0;
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
