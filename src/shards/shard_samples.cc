// SPDX-License-Identifier: Apache-2.0
#include "shards/shard_samples.h"

#include <algorithm>

namespace walchen::shards {
namespace {

constexpr uint64_t kHeldOutShare = 10;  // one window of so many

class ShardSource : public SampleSource {
 public:
  ShardSource(uint64_t seed, uint64_t window_tokens, ShardWindows windows)
      : order_(seed, windows.count()), window_tokens_(window_tokens), windows_(std::move(windows)) {}

  Result<Sample> At(uint64_t index) const override {
    const ShardWindows::Place place = windows_.PlaceOf(order_.ItemAt(index));
    const Shard& shard = *windows_.shards()[place.shard];
    // One more, where there is one: the last token's target.
    std::vector<int32_t> tokens(std::min(place.tokens + 1, shard.tokens() - place.first_token));
    shard.Read(place.first_token, tokens);
    const int32_t next = tokens.size() > place.tokens ? tokens.back() : -1;
    tokens.resize(place.tokens);
    Segment segment = TextSegment(std::move(tokens), next);
    segment.tokens.resize(window_tokens_, shard.facts().end_token);
    segment.targets.resize(window_tokens_, -1);
    return Sample{{std::move(segment)}};
  }

 private:
  EpochOrder order_;
  uint64_t window_tokens_;
  ShardWindows windows_;
};

}  // namespace

std::string TokenizerDigest(const formats::Tokenizer& tokenizer) {
  base::Sha256 hash;
  for (int32_t token = 0; token < tokenizer.vocabulary_size(); ++token) {
    const std::string_view spelling = tokenizer.Bytes(token);
    if (spelling == fmt::format("[PAD{}]", token)) continue;
    base::ByteWriter entry;
    entry.Text64(spelling);
    hash.Update(base::AsBytes(entry.bytes()));
  }
  const base::Sha256Digest digest = hash.Finish();
  return base::Hex(std::as_bytes(std::span(digest)));
}

Result<ShardWindows> ShardWindows::Open(base::Files& files, const base::Path& folder, uint64_t window_tokens, Share share) {
  TRY_ASSIGN(const std::vector<std::string> names, files.List(folder));
  ShardWindows windows;
  windows.window_tokens_ = window_tokens;
  for (const std::string& name : names) {
    if (!name.ends_with(".shard")) continue;
    TRY_ASSIGN(auto shard, Shard::Open(files, folder / name));
    if (shard->tokens() == 0) continue;
    if (!windows.shards_.empty() && shard->facts().tokenizer_sha256 != windows.shards_.front()->facts().tokenizer_sha256) {
      return Fail(ErrorCode::kInvalidArgument, "{}: expected shards of one tokenizer, {} is of another; build them together", folder.native(), name);
    }
    const uint64_t all = (shard->tokens() + window_tokens - 1) / window_tokens;
    const uint64_t kept = all == 1 ? 0 : std::max<uint64_t>(1, all / kHeldOutShare);
    const bool takes_kept = share == Share::kHeldOut && kept > 0;
    windows.skipped_.push_back(takes_kept ? all - kept : 0);
    windows.first_window_.push_back(windows.first_window_.back() + (takes_kept ? kept : all - kept));
    windows.shards_.push_back(std::move(shard));
  }
  if (windows.shards_.empty()) {
    return Fail(ErrorCode::kNotFound, "{}: expected a folder of shards (*.shard, by `walchen data build`), found none", folder.native());
  }
  return windows;
}

ShardWindows::Place ShardWindows::PlaceOf(uint64_t window) const {
  CHECK(window < count());
  const auto shard = static_cast<size_t>(std::ranges::upper_bound(first_window_, window) - first_window_.begin() - 1);
  const uint64_t first = (window - first_window_[shard] + skipped_[shard]) * window_tokens_;
  return {.shard = shard, .first_token = first, .tokens = std::min(window_tokens_, shards_[shard]->tokens() - first)};
}

std::vector<uint64_t> ShardWindows::WindowsOf(const DocumentId& id) const {
  std::vector<uint64_t> windows;
  for (size_t shard = 0; shard < shards_.size(); ++shard) {
    const uint64_t here = first_window_[shard + 1] - first_window_[shard];
    for (const ShardDocument& document : shards_[shard]->documents()) {
      if (document.id != id) continue;
      const uint64_t first = document.first_token / window_tokens_, last = (document.first_token + document.tokens - 1) / window_tokens_;
      for (uint64_t window = first; window <= last; ++window) {
        if (window < skipped_[shard] || window - skipped_[shard] >= here) continue;  // of the other share
        windows.push_back(first_window_[shard] + window - skipped_[shard]);
      }
    }
  }
  return windows;
}

Result<uint64_t> WindowTokens(runs::Options& options) {
  TRY_ASSIGN(const int64_t tokens, options.Int("tokens", 256, 8, 65'536));
  return static_cast<uint64_t>(tokens);
}

Result<std::unique_ptr<SampleSource>> MakeShardSource(base::Files& files, const base::Path& folder, std::string_view tiers,
                                                      runs::Options& options, uint64_t seed, const formats::Tokenizer& tokenizer,
                                                      Share share) {
  TRY_ASSIGN(const uint64_t length, WindowTokens(options));
  TRY_ASSIGN(ShardWindows windows, ShardWindows::Open(files, folder, length, share));
  const std::string digest = TokenizerDigest(tokenizer);
  for (const auto& shard : windows.shards()) {
    if (shard->facts().tokenizer_sha256 != digest) {
      return Fail(ErrorCode::kInvalidArgument, "{}: its shards were built with another tokenizer than the model's; build them with "
                  "`walchen data build --tokenizer MODEL`", folder.native());
    }
    for (const char tier : shard->facts().tiers) {
      if (tiers.find(tier) != std::string_view::npos) continue;
      return Fail(ErrorCode::kInvalidArgument, "{}: it holds documents of tier {}, the recipe allows \"{}\"; name the tier in `tiers`, or "
                  "build shards without it", folder.native(), tier, tiers);
    }
  }
  return std::make_unique<ShardSource>(seed, length, std::move(windows));
}

}  // namespace walchen::shards
