// SPDX-License-Identifier: Apache-2.0
#include "data/repetition.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "data/hash_counter.h"

namespace walchen::data {
namespace {

// Below every bound that is in use (Gopher has 0.16 for four words as the top run, 0.10 for ten words that repeat): nobody
// asks for more digits.
constexpr double kTopUninteresting = 0.15;
constexpr double kRepeatedUninteresting = 0.1;

size_t RunBytes(std::span<const Word> words, size_t start, size_t length) {
  const Word& last = words[start + length - 1];
  return last.begin + last.size - words[start].begin;
}

struct TopRun {
  uint32_t count = 0;
  double share = 0;
};

TopRun FindTopRun(std::string_view text, std::span<const Word> words, size_t length) {
  const RollingRuns runs(words, length);
  HashCounter seen(runs.count());
  TopRun top;
  size_t start_of_top = 0;
  runs.ForEach([&](size_t start, uint64_t hash) {
    const uint32_t count = seen.Add(hash);
    if (count > top.count) top.count = count, start_of_top = start;
  });
  // One place is no repetition.
  if (top.count > 1) {
    const auto bytes = static_cast<double>(RunBytes(words, start_of_top, length));
    top.share = top.count * bytes / static_cast<double>(text.size());
  }
  return top;
}

size_t LongestRun(std::span<const Word> words, size_t length) {
  size_t longest = 0;
  for (size_t i = 0; i + length <= words.size(); ++i) longest = std::max(longest, RunBytes(words, i, length));
  return longest;
}

double RepeatedShare(std::string_view text, std::span<const Word> words, size_t length) {
  const RollingRuns runs(words, length);
  HashCounter seen(runs.count());
  size_t covered = 0;
  size_t covered_until = 0;  // bytes
  runs.ForEach([&](size_t start, uint64_t hash) {
    if (seen.Add(hash) == 1) return;
    const size_t begin = std::max<size_t>(words[start].begin, covered_until);
    const size_t end = words[start].begin + RunBytes(words, start, length);
    if (end > begin) covered += end - begin;
    covered_until = std::max(covered_until, end);
  });
  return static_cast<double>(covered) / static_cast<double>(text.size());
}

}  // namespace

std::array<double, 3> TopRuns(std::string_view text, std::span<const Word> words) {
  words = words.first(std::min(words.size(), kRepetitionWordsMax));
  std::array<double, 3> shares{};
  if (words.size() < 2) return shares;
  const TopRun pairs = FindTopRun(text, words, 2);
  shares[0] = pairs.share;
  // A longer run occurs at most as often as its first two words.
  const double bound = pairs.count * static_cast<double>(LongestRun(words, 4)) / static_cast<double>(text.size());
  if (pairs.count < 2 || bound <= kTopUninteresting) {
    shares[1] = shares[2] = pairs.count < 2 ? 0 : bound;
    return shares;
  }
  for (const size_t length : {3u, 4u}) {
    if (words.size() >= length) shares[length - 2] = FindTopRun(text, words, length).share;
  }
  return shares;
}

std::array<double, 6> RepeatedRuns(std::string_view text, std::span<const Word> words) {
  words = words.first(std::min(words.size(), kRepetitionWordsMax));
  std::array<double, 6> shares{};
  for (size_t length = 5; length <= 10 && words.size() > length; ++length) {
    shares[length - 5] = RepeatedShare(text, words, length);
    if (shares[length - 5] > kRepeatedUninteresting) continue;
    std::fill(shares.begin() + static_cast<ptrdiff_t>(length - 5), shares.end(), shares[length - 5]);
    break;
  }
  return shares;
}

RepeatedPieces FindRepeatedPieces(std::string_view text, std::string_view separator) {
  // Counted first, so that the table has the right size.
  size_t pieces_max = 1;
  for (size_t at = text.find(separator); at != text.npos; at = text.find(separator, at + separator.size())) ++pieces_max;
  HashCounter seen(pieces_max);
  size_t pieces = 0, repeated = 0, bytes = 0, repeated_bytes = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    const std::string_view piece = text.substr(begin, end - begin);
    begin = end + separator.size();
    if (piece.find_first_not_of(" \t\n") == piece.npos) continue;
    ++pieces;
    bytes += piece.size();
    if (seen.Add(XXH3_64bits(piece.data(), piece.size())) == 1) continue;
    ++repeated;
    repeated_bytes += piece.size();
  }
  if (pieces == 0) return {};
  return {.share = static_cast<double>(repeated) / static_cast<double>(pieces),
          .byte_share = static_cast<double>(repeated_bytes) / static_cast<double>(bytes)};
}

}  // namespace walchen::data
