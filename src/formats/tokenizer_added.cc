// SPDX-License-Identifier: Apache-2.0
#include "formats/tokenizer_added.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "formats/unicode.h"
#include "formats/utf8.h"

namespace walchen::formats {
namespace {

bool EndsInWord(std::string_view text) {
  return !text.empty() && IsWord(FirstCodePoint(text.substr(text.size() - LastCodePointSize(text))).value);
}

bool BeginsWithWord(std::string_view text) { return !text.empty() && IsWord(FirstCodePoint(text).value); }

// Where the white space at the end of text[from, to) begins.
size_t SpaceBefore(std::string_view text, size_t from, size_t to) {
  while (to > from) {
    const size_t size = LastCodePointSize(text.substr(0, to));
    if (!IsSpace(FirstCodePoint(text.substr(to - size)).value)) break;
    to -= size;
  }
  return std::max(to, from);
}

size_t SpaceAfter(std::string_view text, size_t at) {
  while (at < text.size()) {
    const CodePoint c = FirstCodePoint(text.substr(at));
    if (!IsSpace(c.value)) break;
    at += c.size;
  }
  return at;
}

bool Covers(const AllowedRanges& ranges, size_t begin, size_t end) {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), begin,
                                      [](size_t at, const Pieces::Span& range) { return at < range.begin; });
  return after != ranges.begin() && end <= std::prev(after)->end;
}

}  // namespace

Result<AddedTokens> AddedTokens::Build(std::vector<AddedToken> tokens) {
  AddedTokens added;
  added.tokens_ = std::move(tokens);
  for (size_t i = 0; i < added.tokens_.size(); ++i) {
    const std::string& content = added.tokens_[i].content;
    if (content.size() > static_cast<size_t>(base::kAddedTokenMaxBytes)) {
      return Fail(ErrorCode::kTooLarge, "tokenizer: added token {} has {} bytes, at most {} are allowed",
                  added.tokens_[i].id, content.size(), base::kAddedTokenMaxBytes);
    }
    if (!content.empty()) added.trie_.Insert(content, static_cast<int32_t>(i));
  }
  return added;
}

bool AddedTokens::Counts(const AddedToken& token, std::string_view text, size_t begin, size_t end,
                         const AllowedRanges& special_allowed) const {
  if (token.special && !Covers(special_allowed, begin, end)) return false;
  return !token.single_word || (!EndsInWord(text.substr(0, begin)) && !BeginsWithWord(text.substr(end)));
}

std::vector<Section> AddedTokens::Find(std::string_view text, const AllowedRanges& special_allowed) const {
  std::vector<Section> sections;
  size_t done = 0;
  for (size_t at = 0; !tokens_.empty() && at < text.size(); ++at) {
    const AddedToken* longest = nullptr;
    ByteTrie::Node node = trie_.Step(ByteTrie::kRoot, text[at]);
    for (size_t end = at + 1; node != ByteTrie::kDead; ++end) {
      if (const int32_t index = trie_.ValueAt(node); index != ByteTrie::kNoValue) {
        const AddedToken& token = tokens_[static_cast<size_t>(index)];
        if (Counts(token, text, at, end, special_allowed)) longest = &token;
      }
      node = end < text.size() ? trie_.Step(node, text[end]) : ByteTrie::kDead;
    }
    if (longest == nullptr) continue;
    const size_t begin = longest->left_strip ? SpaceBefore(text, done, at) : at;
    const size_t token_end = at + longest->content.size();
    const size_t end = longest->right_strip ? SpaceAfter(text, token_end) : token_end;
    if (done < begin) sections.push_back({done, begin, kNoToken});
    sections.push_back({begin, end, longest->id});
    done = end;
    at = token_end - 1;  // the white space behind it may still be a token of its own, as in the package
  }
  if (done < text.size()) sections.push_back({done, text.size(), kNoToken});
  return sections;
}

}  // namespace walchen::formats
