// SPDX-License-Identifier: Apache-2.0
//
// A place in a text that should not be learned: personal data or a secret, and what is done about it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/place_map.h"
#include "data/words.h"

namespace walchen::data {

// In the order in which they win where they overlap: what has a check digit first, what rests on rules and lists last.
enum class FindingKind : uint8_t {
  kPrivateKey,
  kAccessToken,
  kIban,
  kCard,
  kSocialSecurity,
  kTaxId,
  kVatId,
  kMail,
  kIp,
  kPhone,
  kAddress,
  kSecretValue,
  kName,
};
inline constexpr size_t kFindingKinds = static_cast<size_t>(FindingKind::kName) + 1;

struct Finding {
  FindingKind kind = FindingKind::kName;
  size_t begin = 0;  // bytes
  size_t end = 0;
  bool checked = false;  // it has a check digit, and that is right

  size_t size() const { return end - begin; }
  bool operator==(const Finding&) const = default;
};

// Of secrets.h; the others are personal data.
constexpr bool IsSecret(FindingKind kind) {
  return kind == FindingKind::kPrivateKey || kind == FindingKind::kAccessToken || kind == FindingKind::kSecretValue;
}

// "tax_id", for records and messages.
std::string_view FindingName(FindingKind kind);
// What stands in its place: "<TAX_ID>".
std::string_view FindingMask(FindingKind kind);

// Ascending and without overlap: of two that overlap the kind further up wins, of one kind the longer.
std::vector<Finding> WithoutOverlaps(std::vector<Finding> findings);

// The text with every finding replaced by its mask. `findings` are as WithoutOverlaps leaves them.
struct MaskedText {
  std::string text;
  ChangeList changes;
};
MaskedText MaskFindings(std::string_view text, const std::vector<Finding>& findings);

// SplitWords of the masked text, from `words`, those of the text before. Costs little: most words stay as they are.
std::vector<Word> MaskWords(std::span<const Word> words, const std::vector<Finding>& findings, const MaskedText& masked);

}  // namespace walchen::data
