// SPDX-License-Identifier: Apache-2.0
//
// The memory of keys and values: a pool of pages and a tree of what they hold, so that requests which begin alike share
// pages instead of computing them again.
//
// A node of the tree is a page of up to 64 tokens that follows its parent's. A page with all its tokens known is shared as
// it is; a page that agrees only in its first tokens is copied. Keys and values depend on the adapter too, so each has a
// tree of its own. Nodes nobody uses stay until their page is needed, the
// least recently used leaf first. The numerics contract makes this exact: the same tokens give the same bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "base/zeroed_memory.h"
#include "formats/tokenizer.h"
#include "infer/cpu_backend.h"

namespace walchen::infer {

using formats::TokenId;

// Not thread-safe: the engine's thread owns it.
class KvCache {
 public:
  // `bytes` are rounded down to whole pages, at least one.
  static Result<KvCache> Create(const KvShape& shape, int64_t bytes);
  KvCache(KvCache&&) noexcept;
  KvCache& operator=(KvCache&&) noexcept;
  ~KvCache();

  // One request's pages: shared ones first, then its own, enough for everything it may ever need.
  struct Sequence {
    KvPages pages;
    int64_t cached_tokens = 0;  // of the prompt, already computed by somebody

   private:
    friend class KvCache;
    std::vector<int32_t> page_ids_;
    int64_t shared_pages_ = 0;
    void* last_shared_ = nullptr;  // Node*
  };

  // Reserves pages for `total_tokens`, the longest beginning of the prompt that is known with this adapter (-1: none) among
  // them (never all of it: the last token has to be computed for its logits). nullopt: not enough pages are free now.
  std::optional<Sequence> Admit(int adapter, std::span<const TokenId> prompt, int64_t total_tokens);

  // How many tokens of this prompt are known; an Admit finds as many unless the last free page holds some of them.
  int64_t CachedTokens(int adapter, std::span<const TokenId> prompt) const;

  // Tells which tokens of a sequence are computed by now, so that others can share its full pages.
  void Share(Sequence& sequence, std::span<const TokenId> computed);

  // Gives the pages back; what is computed stays in the tree while nobody needs the memory.
  void Release(Sequence& sequence, std::span<const TokenId> computed);

  int64_t pages_total() const;
  int64_t pages_free() const;  // not held by running requests
  int64_t page_bytes() const;

 private:
  struct Node;
  struct State;
  explicit KvCache(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace walchen::infer
