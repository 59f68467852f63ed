// SPDX-License-Identifier: Apache-2.0
#include "data/finding.h"

#include <algorithm>
#include <array>

#include "data/rewriter.h"

namespace walchen::data {
namespace {

struct KindNames {
  std::string_view name;
  std::string_view mask;
};

constexpr std::array<KindNames, kFindingKinds> kKindNames = {{
    {"private_key", "<PRIVATE_KEY>"},
    {"access_token", "<ACCESS_TOKEN>"},
    {"iban", "<IBAN>"},
    {"card", "<CARD>"},
    {"social_security", "<SOCIAL_SECURITY>"},
    {"tax_id", "<TAX_ID>"},
    {"vat_id", "<VAT_ID>"},
    {"mail", "<MAIL>"},
    {"ip", "<IP>"},
    {"phone", "<PHONE>"},
    {"address", "<ADDRESS>"},
    {"secret_value", "<SECRET>"},
    {"name", "<NAME>"},
}};

}  // namespace

std::string_view FindingName(FindingKind kind) { return kKindNames[static_cast<size_t>(kind)].name; }
std::string_view FindingMask(FindingKind kind) { return kKindNames[static_cast<size_t>(kind)].mask; }

std::vector<Finding> WithoutOverlaps(std::vector<Finding> findings) {
  // By rank, then each into the gaps that those before it left: a sorted list of what is taken, looked up by its place.
  std::sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    if (a.kind != b.kind) return a.kind < b.kind;
    if (a.size() != b.size()) return a.size() > b.size();
    return a.begin < b.begin;
  });
  std::vector<Finding> kept;
  for (size_t first = 0; first < findings.size();) {
    size_t last = first;
    while (last < findings.size() && findings[last].kind == findings[first].kind) ++last;
    std::vector<Finding> of_kind(findings.begin() + static_cast<ptrdiff_t>(first), findings.begin() + static_cast<ptrdiff_t>(last));
    std::stable_sort(of_kind.begin(), of_kind.end(), [](const Finding& a, const Finding& b) { return a.begin < b.begin; });
    std::vector<Finding> merged;
    size_t taken = 0;
    for (Finding& finding : of_kind) {
      if (!merged.empty() && finding.begin < merged.back().end && merged.back().kind == finding.kind) {
        if (finding.size() > merged.back().size()) merged.back() = finding;
        continue;
      }
      while (taken < kept.size() && kept[taken].end <= finding.begin) ++taken;
      const bool free = taken == kept.size() || kept[taken].begin >= finding.end;
      if (free) merged.push_back(finding);
    }
    const auto middle = static_cast<ptrdiff_t>(kept.size());
    kept.insert(kept.end(), merged.begin(), merged.end());
    std::inplace_merge(kept.begin(), kept.begin() + middle, kept.end(),
                       [](const Finding& a, const Finding& b) { return a.begin < b.begin; });
    first = last;
  }
  return kept;
}

std::vector<Word> MaskWords(std::span<const Word> words, const std::vector<Finding>& findings, const MaskedText& masked) {
  std::vector<Word> result;
  result.reserve(words.size());
  size_t next = 0;
  int64_t shift = 0;
  const auto copy_until = [&](size_t end) {
    for (; next < words.size() && words[next].begin < end; ++next) {
      result.push_back({words[next].hash, static_cast<uint32_t>(words[next].begin + shift), words[next].size});
    }
  };
  for (const Finding& finding : findings) {
    copy_until(finding.begin);
    // A mask that begins or ends inside of a word leaves pieces of it: they are words that have to be looked for.
    const bool cuts_front = next > 0 && words[next - 1].begin + words[next - 1].size > finding.begin;
    while (next < words.size() && words[next].begin + words[next].size <= finding.end) ++next;
    if (cuts_front || (next < words.size() && words[next].begin < finding.end)) return SplitWords(masked.text);
    const std::string_view mask = FindingMask(finding.kind);
    const size_t begin = static_cast<size_t>(static_cast<int64_t>(finding.begin) + shift);
    for (const Word& word : SplitWords(mask)) result.push_back({word.hash, static_cast<uint32_t>(begin + word.begin), word.size});
    shift += static_cast<int64_t>(mask.size()) - static_cast<int64_t>(finding.size());
  }
  copy_until(std::string_view::npos);
  return result;
}

MaskedText MaskFindings(std::string_view text, const std::vector<Finding>& findings) {
  Rewriter rewriter(text);
  for (const Finding& finding : findings) rewriter.Replace(finding.begin, finding.size(), FindingMask(finding.kind));
  MaskedText masked;
  masked.text = rewriter.TakeText();
  masked.changes = rewriter.TakeChanges();
  return masked;
}

}  // namespace walchen::data
