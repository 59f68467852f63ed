// SPDX-License-Identifier: Apache-2.0
#include "data/bpe_trainer.h"

#include <algorithm>
#include <queue>

#include "base/limits.h"
#include "formats/pretokenizer.h"
#include "model/byte_tokenizer.h"

namespace walchen::data {
namespace {

using Pair = std::pair<int32_t, int32_t>;

uint64_t KeyOf(Pair pair) { return uint64_t{static_cast<uint32_t>(pair.first)} << 32 | static_cast<uint32_t>(pair.second); }
Pair PairOf(uint64_t key) { return {static_cast<int32_t>(key >> 32), static_cast<int32_t>(key & 0xFFFFFFFF)}; }

// A pair that may be merged next, with its count and the words it was seen in when it was put on the queue.
struct Candidate {
  uint64_t key = 0;
  int64_t count = 0;
  std::vector<uint32_t> words;

  // The most frequent pair comes first, of equals the one of lower ids.
  bool operator<(const Candidate& other) const { return count != other.count ? count < other.count : key > other.key; }
};

struct CountedWord {
  std::vector<int32_t> symbols;
  int64_t count = 0;
};

class Merging {
 public:
  Merging(std::vector<CountedWord> words, uint64_t least_count) : words_(std::move(words)), least_count_(static_cast<int64_t>(least_count)) {
    for (uint32_t word = 0; word < words_.size(); ++word) {
      const std::vector<int32_t>& symbols = words_[word].symbols;
      for (size_t i = 0; i + 1 < symbols.size(); ++i) Count(KeyOf({symbols[i], symbols[i + 1]}), words_[word].count, word);
    }
    QueueWhatIsNew();
  }

  // The next pair to merge; false when none is frequent enough.
  bool Next(Pair& pair) {
    while (!queue_.empty()) {
      current_ = queue_.top();
      queue_.pop();
      const int64_t now = counts_[current_.key];
      if (current_.count != now) {  // earlier merges took some of it
        current_.count = now;
        queue_.push(std::move(current_));
        continue;
      }
      if (now < 1 || now < least_count_) return false;
      pair = PairOf(current_.key);
      return true;
    }
    return false;
  }

  // Puts `merged` wherever the pair of Next stands.
  void Apply(int32_t merged) {
    const Pair pair = PairOf(current_.key);
    for (const uint32_t word : current_.words) ApplyTo(word, pair, merged);
    QueueWhatIsNew();
  }

 private:
  void Count(uint64_t key, int64_t change, uint32_t word) {
    counts_[key] += change;
    if (change <= 0) return;
    std::vector<uint32_t>& seen = seen_[key];
    if (seen.empty() || seen.back() != word) seen.push_back(word);
  }

  void ApplyTo(uint32_t index, Pair pair, int32_t merged) {
    CountedWord& word = words_[index];
    std::vector<int32_t>& symbols = word.symbols;
    size_t kept = 0;
    for (size_t i = 0; i < symbols.size(); ++i) {
      const bool is_pair = symbols[i] == pair.first && i + 1 < symbols.size() && symbols[i + 1] == pair.second;
      if (!is_pair) {
        symbols[kept++] = symbols[i];
        continue;
      }
      if (kept > 0) {
        Count(KeyOf({symbols[kept - 1], pair.first}), -word.count, index);
        Count(KeyOf({symbols[kept - 1], merged}), word.count, index);
      }
      if (i + 2 < symbols.size()) {
        Count(KeyOf({pair.second, symbols[i + 2]}), -word.count, index);
        Count(KeyOf({merged, symbols[i + 2]}), word.count, index);
      }
      symbols[kept++] = merged;
      ++i;
    }
    symbols.resize(kept);
  }

  void QueueWhatIsNew() {
    for (auto& [key, words] : seen_) {
      const int64_t count = counts_[key];
      if (count > 0) queue_.push({.key = key, .count = count, .words = std::move(words)});
    }
    seen_.clear();
  }

  std::vector<CountedWord> words_;
  int64_t least_count_;
  std::unordered_map<uint64_t, int64_t> counts_;
  std::unordered_map<uint64_t, std::vector<uint32_t>> seen_;  // since the queue was filled last
  std::priority_queue<Candidate> queue_;
  Candidate current_;
};

// Byte values in the order of their spellings, which is the order of their ids.
std::vector<int> BytesInOrder() {
  std::vector<int> bytes(256);
  for (int byte = 0; byte < 256; ++byte) bytes[static_cast<size_t>(byte)] = byte;
  std::ranges::sort(bytes, {}, [](int byte) { return model::SpellingOfByte(byte); });  // UTF-8 sorts as its code points
  return bytes;
}

std::string SpellingOf(std::string_view bytes) {
  std::string spelling;
  for (const char byte : bytes) spelling += model::SpellingOfByte(static_cast<unsigned char>(byte));
  return spelling;
}

}  // namespace

// Half of what a tokenizer may have, because a byte's spelling may have two.
constexpr auto kLearnedMaxBytes = static_cast<size_t>(base::kTokenMaxBytes / 2);

Result<void> BpeTrainer::Add(std::string_view text) {
  static const std::vector<formats::PretokenizerStep> steps = {formats::CutDigits{true}, formats::CutPattern{formats::Pattern::kGpt2}};
  const formats::Pieces pieces = formats::PreTokenize(steps, std::string(text), /*at_start=*/true);
  for (size_t i = 0; i < pieces.spans.size(); ++i) ++counts_[std::string(pieces[i])];
  if (counts_.size() > static_cast<size_t>(base::kBpeMaxWords)) {
    return Fail(ErrorCode::kTooLarge, "the text has more than {} distinct words; learn the tokenizer from a part of it", base::kBpeMaxWords);
  }
  return {};
}

Result<Bpe> BpeTrainer::Train(const std::vector<std::string>& special_tokens, int vocabulary, uint64_t least_count) const {
  Bpe bpe = {.tokens = special_tokens, .merges = {}};
  const size_t smallest = special_tokens.size() + 256;
  if (vocabulary < static_cast<int>(smallest) || vocabulary > base::kVocabularyMaxTokens) {
    return Fail(ErrorCode::kInvalidArgument, "expected a vocabulary of {} to {} tokens, found {}", smallest, base::kVocabularyMaxTokens, vocabulary);
  }
  std::vector<int32_t> id_of_byte(256);
  for (const int byte : BytesInOrder()) {
    id_of_byte[static_cast<size_t>(byte)] = static_cast<int32_t>(bpe.tokens.size());
    bpe.tokens.push_back(std::string(1, static_cast<char>(byte)));
  }
  std::vector<CountedWord> words;
  for (const auto& [text, count] : counts_) {
    CountedWord& word = words.emplace_back(CountedWord{.symbols = {}, .count = static_cast<int64_t>(count)});
    for (const char byte : text) word.symbols.push_back(id_of_byte[static_cast<unsigned char>(byte)]);
  }
  std::unordered_map<std::string, int32_t> ids;  // of what was merged: two pairs may make one token
  Merging merging(std::move(words), least_count);
  Pair pair;
  while (static_cast<int>(bpe.tokens.size()) < vocabulary && merging.Next(pair)) {
    std::string token = bpe.tokens[static_cast<size_t>(pair.first)] + bpe.tokens[static_cast<size_t>(pair.second)];
    if (token.size() > kLearnedMaxBytes) continue;  // a long rule of dashes
    const auto [at, is_new] = ids.emplace(token, static_cast<int32_t>(bpe.tokens.size()));
    if (is_new) bpe.tokens.push_back(std::move(token));
    bpe.merges.push_back(pair);
    merging.Apply(at->second);
  }
  return bpe;
}

std::vector<std::string> OwnSpecialTokens() { return {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}; }

model::GgufKeys TokenizerKeys(const Bpe& bpe) {
  const size_t special = OwnSpecialTokens().size();
  std::vector<std::string> tokens, merges;
  for (size_t id = 0; id < bpe.tokens.size(); ++id) tokens.push_back(id < special ? bpe.tokens[id] : SpellingOf(bpe.tokens[id]));
  for (const auto& [left, right] : bpe.merges) merges.push_back(tokens[static_cast<size_t>(left)] + " " + tokens[static_cast<size_t>(right)]);
  return model::ByteLevelKeys("smollm", std::move(tokens), special, std::move(merges));
}

}  // namespace walchen::data
