// SPDX-License-Identifier: Apache-2.0
#include "data/signature.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace walchen::data {
namespace {

constexpr size_t kShingle = 5;
constexpr size_t kKeyShingle = 8;
constexpr uint64_t kEmpty = std::numeric_limits<uint64_t>::max();

// The least hash of each bin; a hash's bin is where it lies between 0 and 2^64.
template <size_t kBins>
class BinMinima {
 public:
  BinMinima() { minima_.fill(kEmpty); }

  void Add(uint64_t hash) {
    const auto bin = static_cast<size_t>((static_cast<unsigned __int128>(hash) * kBins) >> 64);
    minima_[bin] = std::min(minima_[bin], hash);
  }

  // Empty bins take the minimum of another one, drawn for the bin and not for the text, so that two texts borrow alike.
  void Densify() {
    const std::array<uint64_t, kBins> own = minima_;
    for (size_t bin = 0; bin < kBins; ++bin) {
      uint64_t draw = bin + 1;
      while (minima_[bin] == kEmpty) {
        draw = Mix64(draw + bin * 0x9E3779B97F4A7C15ull + 1);
        minima_[bin] = own[draw % kBins];
      }
    }
  }

  // Well mixed, and different for two bins that have the same minimum.
  uint64_t At(size_t bin) const { return Mix64(minima_[bin] + bin * 0xD6E8FEB86659FD93ull); }

 private:
  std::array<uint64_t, kBins> minima_;
};

template <size_t kBins>
BinMinima<kBins> Minima(std::span<const Word> words, size_t length, uint64_t whole) {
  BinMinima<kBins> minima;
  const RollingRuns runs(words, length);
  runs.ForEach([&](size_t, uint64_t hash) { minima.Add(hash); });
  if (runs.count() == 0) minima.Add(whole);
  minima.Densify();
  return minima;
}

uint64_t ContentHash(std::string_view text, std::span<const Word> words) {
  if (words.empty()) return XXH3_64bits(text.data(), text.size());
  uint64_t hash = words.size();
  for (const Word& word : words) hash = std::rotl(hash * 0x9E3779B97F4A7C15ull, 29) ^ word.hash;
  return Mix64(hash);
}

}  // namespace

Signature MakeSignature(std::string_view text, std::span<const Word> words) {
  Signature signature{.content = ContentHash(text, words)};
  const auto minima = Minima<Signature::kMinima>(words, kShingle, signature.content);
  for (size_t i = 0; i < Signature::kMinima; ++i) {
    signature.minima[i / 32] |= (minima.At(i) >> 62) << (i % 32 * 2);
  }
  const auto keys = Minima<Signature::kKeys>(words, kKeyShingle, signature.content);
  for (size_t i = 0; i < Signature::kKeys; ++i) signature.keys[i] = static_cast<uint32_t>(keys.At(i) >> 32);
  return signature;
}

namespace {

// "v1:" and the numbers' hexadecimal digits.
std::string VersionPrefix() { return fmt::format("v{}:", kSignatureVersion); }

// Nothing where there are no such digits any more.
std::optional<uint64_t> TakeDigits(std::string_view& text, size_t digits) {
  uint64_t value = 0;
  const char* end = text.data() + std::min(digits, text.size());
  const auto [rest, error] = std::from_chars(text.data(), end, value, 16);
  if (text.size() < digits || error != std::errc() || rest != end) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

}  // namespace

std::string TextOf(const Signature& signature) {
  std::string text = VersionPrefix() + fmt::format("{:016x}", signature.content);
  for (const uint64_t minima : signature.minima) text += fmt::format("{:016x}", minima);
  for (const uint32_t key : signature.keys) text += fmt::format("{:08x}", key);
  return text;
}

std::optional<Signature> SignatureOfText(std::string_view text) {
  const std::string prefix = VersionPrefix();
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  Signature signature;
  const auto content = TakeDigits(text, 16);
  if (!content) return std::nullopt;
  signature.content = *content;
  for (uint64_t& minima : signature.minima) {
    const auto value = TakeDigits(text, 16);
    if (!value) return std::nullopt;
    minima = *value;
  }
  for (uint32_t& key : signature.keys) {
    const auto value = TakeDigits(text, 8);
    if (!value) return std::nullopt;
    key = static_cast<uint32_t>(*value);
  }
  if (!text.empty()) return std::nullopt;
  return signature;
}

double Similarity(const std::array<uint64_t, 4>& a, const std::array<uint64_t, 4>& b) {
  int different = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const uint64_t bits = a[i] ^ b[i];
    different += std::popcount((bits | bits >> 1) & 0x5555555555555555ull);
  }
  const double equal = 1 - different / static_cast<double>(Signature::kMinima);
  // A quarter of the pairs of bits are equal by chance.
  return std::max(0.0, (equal - 0.25) / 0.75);
}

}  // namespace walchen::data
