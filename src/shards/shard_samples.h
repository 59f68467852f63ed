// SPDX-License-Identifier: Apache-2.0
//
// A folder of shards as a source: windows of one length over the tokens of each shard, each once an epoch.
//
// Which step reads which document is a formula (epoch_order.h), so the ledger can say it without having stored it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "formats/tokenizer.h"
#include "runs/options.h"
#include "shards/epoch_order.h"
#include "shards/sample.h"
#include "shards/shard_file.h"

namespace walchen::shards {

// SHA-256 of all tokens' spellings in order: tells whether shards speak a model's language, whatever file it is in. Those that
// only fill a model's vocabulary up ([PAD300], model::PadTokens) do not count.
std::string TokenizerDigest(const formats::Tokenizer& tokenizer);

// The windows of a folder's shards, in the order of the files' names. Read-only, thread-safe.
class ShardWindows {
 public:
  struct Place {
    size_t shard = 0;
    uint64_t first_token = 0, tokens = 0;  // fewer than a window at a shard's end
  };

  // The last tenth of each shard's windows is kept to evaluate with (of one window, it serves for both).
  // Errors: kNotFound (no shards in the folder), those of Shard::Open, kInvalidArgument (shards of different tokenizers).
  static Result<ShardWindows> Open(base::Files& files, const base::Path& folder, uint64_t window_tokens, Share share);

  uint64_t count() const { return first_window_.back(); }
  Place PlaceOf(uint64_t window) const;
  // All windows that hold a token of this document.
  std::vector<uint64_t> WindowsOf(const DocumentId& id) const;
  const std::vector<std::unique_ptr<Shard>>& shards() const { return shards_; }

 private:
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<uint64_t> first_window_ = {0};  // of each shard, and the end
  std::vector<uint64_t> skipped_;             // windows of each shard before its first one here
  uint64_t window_tokens_ = 0;
};

// The option `tokens` (256), the length of a window.
Result<uint64_t> WindowTokens(runs::Options& options);

// Options: tokens (256), the length of a window. `tiers` are the letters of those that may be learned from.
// Errors: those of ShardWindows::Open; kInvalidArgument (another tokenizer, a tier that the recipe does not name).
Result<std::unique_ptr<SampleSource>> MakeShardSource(base::Files& files, const base::Path& folder, std::string_view tiers,
                                                      runs::Options& options, uint64_t seed, const formats::Tokenizer& tokenizer,
                                                      Share share);

}  // namespace walchen::shards
