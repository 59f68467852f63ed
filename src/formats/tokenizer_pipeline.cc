// SPDX-License-Identifier: Apache-2.0
#include "formats/tokenizer_pipeline.h"

#include <algorithm>
#include <utility>

#include "formats/utf8.h"

namespace walchen::formats {
namespace {

// How models call the tokens that end an answer; they count only where the vocabulary says that they are special.
constexpr std::string_view kEndNames[] = {
    "<|im_end|>", "<|eot_id|>",     "<|eom_id|>",      "<|end|>",        "<|end_of_text|>",      "<|endoftext|>",
    "</s>",       "<end_of_turn>",  "<eos>",           "<EOT>",          "<|eot|>",              "<|return|>",
    "[/INST]",    "<|END_OF_TURN_TOKEN|>", "<\uFF5Cend\u2581of\u2581sentence\uFF5C>",
};

struct Prepared {
  std::string text;       // valid UTF-8
  AllowedRanges allowed;  // where special tokens count
};

Prepared Join(std::span<const TextPart> parts) {
  std::string bytes;
  std::vector<size_t> marks;  // begin and end of each allowed range, in turn
  for (const TextPart& part : parts) {
    if (part.special_tokens && !part.text.empty()) {
      if (marks.empty() || marks.back() != bytes.size()) {
        marks.push_back(bytes.size());
        marks.push_back(bytes.size());
      }
      marks.back() += part.text.size();
    }
    bytes += part.text;
  }
  Prepared prepared;
  prepared.text =
      ValidUtf8Prefix(bytes) == bytes.size() ? std::move(bytes) : ReplaceInvalidUtf8(bytes, std::span(marks));
  for (size_t i = 0; i < marks.size(); i += 2) prepared.allowed.push_back({marks[i], marks[i + 1]});
  return prepared;
}

// The parts of `ranges` inside [begin, end), counted from begin.
AllowedRanges Within(const AllowedRanges& ranges, size_t begin, size_t end) {
  AllowedRanges inside;
  for (const Pieces::Span& range : ranges) {
    const size_t from = std::max(range.begin, begin), to = std::min(range.end, end);
    if (from < to) inside.push_back({from - begin, to - begin});
  }
  return inside;
}

class Pipeline final : public Tokenizer {
 public:
  Pipeline(TokenizerParts parts, AddedTokens raw, AddedTokens normalized)
      : parts_(std::move(parts)), raw_(std::move(raw)), normalized_(std::move(normalized)) {
    FindEnds();
  }

  std::vector<TokenId> Encode(std::span<const TextPart> parts) const override {
    const Prepared prepared = Join(parts);
    std::vector<TokenId> out;
    for (const Section& section : raw_.Find(prepared.text, prepared.allowed)) {
      if (section.token != kNoToken) {
        out.push_back(section.token);
      } else {
        EncodeSection(prepared, section, out);
      }
    }
    return out;
  }

  std::string_view Bytes(TokenId token) const override { return parts_.vocabulary->Bytes(token); }

  std::string Decode(std::span<const TokenId> tokens, bool special_tokens) const override {
    std::string out;
    bool first = parts_.decode_drops_first_space;
    for (const TokenId token : tokens) {
      if (IsSpecial(token) && !special_tokens) continue;
      std::string_view bytes = Bytes(token);
      if (first && bytes.starts_with(' ')) bytes.remove_prefix(1);
      first = false;
      out += bytes;
    }
    return out;
  }

  int vocabulary_size() const override { return parts_.vocabulary->size(); }
  std::optional<TokenId> Find(std::string_view spelling) const override {
    const TokenId token = parts_.vocabulary->Find(spelling);
    return token == kNoToken ? std::nullopt : std::optional(token);
  }
  bool IsSpecial(TokenId token) const override { return parts_.vocabulary->IsSpecial(token); }
  std::optional<TokenId> bos() const override { return parts_.bos; }
  std::optional<TokenId> eos() const override { return parts_.eos; }
  bool adds_bos() const override { return parts_.adds_bos; }
  std::span<const TokenId> end_of_generation() const override { return parts_.end_of_generation; }

 private:
  void FindEnds() {
    std::vector<TokenId>& ends = parts_.end_of_generation;
    if (parts_.eos) ends.push_back(*parts_.eos);
    for (const std::string_view name : kEndNames) {
      const TokenId token = parts_.vocabulary->Find(name);
      if (IsSpecial(token)) ends.push_back(token);
    }
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  }

  // Text between added tokens: normalised, searched for the tokens that are looked for only now, then cut and encoded.
  void EncodeSection(const Prepared& prepared, const Section& section, std::vector<TokenId>& out) const {
    const std::string_view raw = std::string_view(prepared.text).substr(section.begin, section.end - section.begin);
    std::string text = Normalize(parts_.normalizer, std::string(raw));
    const auto words = [&](std::string part, bool at_start) {
      parts_.model->Encode(PreTokenize(parts_.pretokenizer, std::move(part), at_start), out);
    };
    if (normalized_.empty()) return words(std::move(text), section.begin == 0);
    AllowedRanges allowed = Within(prepared.allowed, section.begin, section.end);
    if (text != raw) {
      // Positions have moved, so special tokens count only if they may stand anywhere in this section.
      const bool all = allowed.size() == 1 && allowed[0].begin == 0 && allowed[0].end == raw.size();
      allowed.clear();
      if (all) allowed.push_back({0, text.size()});
    }
    for (const Section& inner : normalized_.Find(text, allowed)) {
      if (inner.token != kNoToken) {
        out.push_back(inner.token);
      } else {
        words(text.substr(inner.begin, inner.end - inner.begin), section.begin == 0 && inner.begin == 0);
      }
    }
  }

  TokenizerParts parts_;
  AddedTokens raw_;
  AddedTokens normalized_;
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> Assemble(TokenizerParts parts) {
  std::vector<AddedToken> raw, normalized;
  for (AddedToken& token : parts.added) {
    if (token.normalized) {
      token.content = Normalize(parts.normalizer, std::move(token.content));
      normalized.push_back(std::move(token));
    } else {
      raw.push_back(std::move(token));
    }
  }
  parts.added.clear();
  TRY_ASSIGN(AddedTokens raw_tokens, AddedTokens::Build(std::move(raw)));
  TRY_ASSIGN(AddedTokens normalized_tokens, AddedTokens::Build(std::move(normalized)));
  return std::make_unique<Pipeline>(std::move(parts), std::move(raw_tokens), std::move(normalized_tokens));
}

std::vector<TokenId> Tokenizer::Encode(std::string_view text, bool special_tokens) const {
  const TextPart part{std::string(text), special_tokens};
  return Encode(std::span(&part, 1));
}

bool Tokenizer::EndsGeneration(TokenId token) const {
  const std::span<const TokenId> ends = end_of_generation();
  return std::binary_search(ends.begin(), ends.end(), token);
}

}  // namespace walchen::formats
