// SPDX-License-Identifier: Apache-2.0
#include "infer/kv_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <numeric>
#include <set>

#include "base/rng.h"

namespace walchen::infer {
namespace {

using Tokens = std::vector<TokenId>;

constexpr int64_t kPage = tensor::kPagePositions;
constexpr KvShape kShape = {.head = {.head_size = 16, .type = tensor::KvType::kF16}, .layers = 1, .kv_heads = 1};

KvCache MakeCache(int64_t pages) {
  auto cache = KvCache::Create(kShape, pages * kShape.page_bytes());
  EXPECT_TRUE(cache.has_value());
  return std::move(*cache);
}

// `count` tokens from `first` on.
Tokens Count(TokenId first, int64_t count) {
  Tokens tokens(static_cast<size_t>(count));
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

Tokens Join(Tokens a, const Tokens& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::span<const TokenId> First(const Tokens& tokens, int64_t count) { return std::span(tokens).first(static_cast<size_t>(count)); }

// What the engine does with pages, with a token's id in place of its keys and values.
struct User {
  Tokens tokens;
  int64_t computed = 0;
  KvCache::Sequence sequence;

  std::byte* At(int64_t position) const {
    return sequence.pages.pages[static_cast<size_t>(position / kPage)] + position % kPage * int64_t{sizeof(TokenId)};
  }
  void Compute(int64_t until) {
    for (; computed < until; ++computed) std::memcpy(At(computed), &tokens[static_cast<size_t>(computed)], sizeof(TokenId));
  }
  bool HoldsItsTokens() const {
    for (int64_t position = 0; position < computed; ++position) {
      if (std::memcmp(At(position), &tokens[static_cast<size_t>(position)], sizeof(TokenId)) != 0) return false;
    }
    return true;
  }
  std::span<const TokenId> known() const { return First(tokens, computed); }
};

std::optional<User> Admit(KvCache& cache, const Tokens& prompt, int64_t total) {
  auto sequence = cache.Admit(-1, prompt, total);
  if (!sequence) return std::nullopt;
  User user = {prompt, sequence->cached_tokens, std::move(*sequence)};
  EXPECT_TRUE(user.HoldsItsTokens()) << "the cached part is not what was computed";
  return user;
}

// Admits, computes all of it and releases.
void Pass(KvCache& cache, const Tokens& tokens) {
  auto user = Admit(cache, tokens, static_cast<int64_t>(tokens.size()));
  ASSERT_TRUE(user.has_value());
  user->Compute(static_cast<int64_t>(tokens.size()));
  cache.Release(user->sequence, user->known());
}

TEST(KvCache, EachAdapterHasATreeOfItsOwnInTheSameMemory) {
  KvCache cache = MakeCache(4);
  const Tokens tokens = Count(0, 2 * kPage), longer = Join(tokens, {1});
  Pass(cache, tokens);
  EXPECT_EQ(cache.CachedTokens(-1, longer), 2 * kPage);
  for (const int adapter : {0, 7}) EXPECT_EQ(cache.CachedTokens(adapter, longer), 0);
  auto other = cache.Admit(7, tokens, 2 * kPage);
  ASSERT_TRUE(other.has_value());
  EXPECT_EQ(other->cached_tokens, 0);
  cache.Release(*other, tokens);
  EXPECT_EQ(cache.CachedTokens(-1, longer), 2 * kPage);
  EXPECT_EQ(cache.CachedTokens(7, longer), 2 * kPage);
  // The least recently used leaf goes first, whosever it is.
  auto last = cache.Admit(7, longer, 3 * kPage);
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->cached_tokens, 2 * kPage);
  EXPECT_EQ(cache.CachedTokens(-1, longer), kPage);
  EXPECT_FALSE(cache.Admit(-1, Count(5'000, 10), 2 * kPage).has_value());
  cache.Release(*last, tokens);
  EXPECT_EQ(cache.pages_free(), 4);
}

TEST(KvCache, HasAtLeastOnePage) {
  EXPECT_EQ(MakeCache(5).pages_total(), 5);
  const auto cache = KvCache::Create(kShape, 1);
  ASSERT_TRUE(cache.has_value());
  EXPECT_EQ(cache->pages_total(), 1);
  EXPECT_EQ(cache->page_bytes(), kShape.page_bytes());
}

TEST(KvCache, SaysSoWhenTheMachineHasNotThatMuchMemory) {
  const auto cache = KvCache::Create(kShape, int64_t{1} << 60);
  ASSERT_FALSE(cache.has_value());
  EXPECT_EQ(cache.error().code(), ErrorCode::kResourceExhausted);
}

TEST(KvCache, ReservesPagesForTheWholeAnswer) {
  KvCache cache = MakeCache(10);
  auto user = Admit(cache, Count(0, 10), 3 * kPage + 1);
  ASSERT_TRUE(user.has_value());
  EXPECT_EQ(user->sequence.pages.pages.size(), 4u);
  EXPECT_EQ(user->sequence.cached_tokens, 0);
  EXPECT_EQ(cache.pages_free(), 6);
  cache.Release(user->sequence, {});
  EXPECT_EQ(cache.pages_free(), 10);
}

TEST(KvCache, FindsABeginningToTheToken) {
  KvCache cache = MakeCache(20);
  const Tokens known = Count(0, 3 * kPage + 20);
  Pass(cache, known);
  for (const int64_t common : {int64_t{0}, int64_t{1}, kPage - 1, kPage, kPage + 1, 2 * kPage, 3 * kPage, 3 * kPage + 19, 3 * kPage + 20}) {
    const Tokens prompt = Join(Tokens(known.begin(), known.begin() + common), Count(100'000, 7));
    EXPECT_EQ(cache.CachedTokens(-1, prompt), common);
    auto user = Admit(cache, prompt, static_cast<int64_t>(prompt.size()));
    ASSERT_TRUE(user.has_value());
    EXPECT_EQ(user->sequence.cached_tokens, common);
    cache.Release(user->sequence, First(prompt, common));
  }
}

TEST(KvCache, NeverFindsTheWholePrompt) {
  KvCache cache = MakeCache(20);
  const Tokens known = Count(0, 3 * kPage);
  Pass(cache, known);
  for (const int64_t size : {int64_t{1}, int64_t{2}, kPage, kPage + 1, 2 * kPage, 3 * kPage}) {
    EXPECT_EQ(cache.CachedTokens(-1, First(known, size)), size - 1);
  }
}

TEST(KvCache, SharesFullPagesAndCopiesABegunOne) {
  KvCache cache = MakeCache(20);
  const Tokens known = Count(0, 2 * kPage + 10);
  auto first = Admit(cache, known, 3 * kPage);
  first->Compute(2 * kPage + 10);
  const KvPages pages = first->sequence.pages;
  cache.Release(first->sequence, first->known());

  const Tokens longer = Join(known, Count(500, 10));
  auto second = Admit(cache, longer, 3 * kPage);
  EXPECT_EQ(second->sequence.cached_tokens, 2 * kPage + 10);
  EXPECT_EQ(second->sequence.pages.pages[0], pages.pages[0]);
  EXPECT_EQ(second->sequence.pages.pages[1], pages.pages[1]);
  EXPECT_NE(second->sequence.pages.pages[2], pages.pages[2]) << "two answers would write into the same page";
  auto third = Admit(cache, Join(known, Count(900, 10)), 3 * kPage);
  EXPECT_EQ(third->sequence.cached_tokens, 2 * kPage + 10);
  second->Compute(2 * kPage + 20);
  third->Compute(2 * kPage + 20);
  EXPECT_TRUE(second->HoldsItsTokens());
  EXPECT_TRUE(third->HoldsItsTokens());
  cache.Release(second->sequence, second->known());
  cache.Release(third->sequence, third->known());
}

TEST(KvCache, SharesWhatARunningRequestHasComputed) {
  KvCache cache = MakeCache(20);
  const Tokens prompt = Count(0, 3 * kPage);
  auto first = Admit(cache, prompt, 4 * kPage);
  first->Compute(kPage + 30);
  EXPECT_EQ(cache.CachedTokens(-1, prompt), 0);
  cache.Share(first->sequence, first->known());
  EXPECT_EQ(cache.CachedTokens(-1, prompt), kPage) << "a page that is being written is nobody else's";
  auto second = Admit(cache, prompt, 4 * kPage);
  EXPECT_EQ(second->sequence.cached_tokens, kPage);
  EXPECT_EQ(cache.pages_free(), 20 - 4 - 3);
  cache.Release(first->sequence, {First(prompt, kPage)});
  EXPECT_TRUE(second->HoldsItsTokens());
  EXPECT_EQ(cache.pages_free(), 20 - 4);
  cache.Release(second->sequence, second->known());
}

TEST(KvCache, KeepsOneOfTwoEqualPages) {
  KvCache cache = MakeCache(20);
  const Tokens prompt = Count(0, 2 * kPage + 5);
  auto first = Admit(cache, prompt, 3 * kPage);
  auto second = Admit(cache, prompt, 3 * kPage);
  first->Compute(2 * kPage + 5);
  second->Compute(2 * kPage + 5);
  EXPECT_EQ(cache.pages_free(), 14);
  cache.Share(first->sequence, first->known());
  cache.Share(second->sequence, second->known());
  EXPECT_EQ(cache.pages_free(), 16);
  EXPECT_EQ(first->sequence.pages.pages[1], second->sequence.pages.pages[1]);
  EXPECT_NE(first->sequence.pages.pages[2], second->sequence.pages.pages[2]);
  EXPECT_TRUE(second->HoldsItsTokens());
  cache.Release(first->sequence, first->known());
  cache.Release(second->sequence, second->known());
  EXPECT_EQ(cache.pages_free(), 20);
}

TEST(KvCache, RefusesWhatDoesNotFitNowAndKeepsWhatItKnows) {
  KvCache cache = MakeCache(6);
  const Tokens known = Count(0, 2 * kPage);
  Pass(cache, known);
  auto running = Admit(cache, Count(1'000, 10), 4 * kPage);
  EXPECT_EQ(cache.pages_free(), 2);
  EXPECT_FALSE(cache.Admit(-1, Count(2'000, 10), 3 * kPage).has_value());
  EXPECT_EQ(cache.pages_free(), 2);
  EXPECT_EQ(cache.CachedTokens(-1, Join(known, {1})), 2 * kPage) << "evicted in vain";
  auto other = Admit(cache, Count(2'000, 10), 2 * kPage);
  EXPECT_TRUE(other.has_value());
  EXPECT_EQ(cache.pages_free(), 0);
  EXPECT_FALSE(cache.Admit(-1, Count(3'000, 1), 1).has_value());
  cache.Release(running->sequence, {});
  cache.Release(other->sequence, {});
  EXPECT_EQ(cache.pages_free(), 6);
}

TEST(KvCache, EvictsTheLeastRecentlyUsedLeafFirst) {
  KvCache cache = MakeCache(6);
  const Tokens a = Count(0, 2 * kPage), b = Count(1'000, 2 * kPage), c = Count(2'000, 2 * kPage);
  for (const Tokens& tokens : {a, b, c}) Pass(cache, tokens);
  auto again = Admit(cache, Join(a, {1}), 2 * kPage + 1);  // uses a, takes b's last page
  EXPECT_EQ(again->sequence.cached_tokens, 2 * kPage);
  cache.Release(again->sequence, again->known());
  EXPECT_EQ(cache.CachedTokens(-1, Join(a, {1})), 2 * kPage);
  EXPECT_EQ(cache.CachedTokens(-1, Join(b, {1})), kPage);
  EXPECT_EQ(cache.CachedTokens(-1, Join(c, {1})), 2 * kPage);
  Pass(cache, Count(3'000, 2 * kPage));  // one free, and the rest of b
  EXPECT_EQ(cache.CachedTokens(-1, Join(b, {1})), 0);
  EXPECT_EQ(cache.CachedTokens(-1, Join(c, {1})), 2 * kPage);
  Pass(cache, Count(4'000, 2 * kPage));
  EXPECT_EQ(cache.CachedTokens(-1, Join(c, {1})), 0);
  EXPECT_EQ(cache.CachedTokens(-1, Join(a, {1})), 2 * kPage);
}

TEST(KvCache, NeverEvictsWhatARunningRequestReads) {
  KvCache cache = MakeCache(4);
  const Tokens known = Count(0, 2 * kPage);
  Pass(cache, known);
  auto reader = Admit(cache, Join(known, {7}), 2 * kPage + 1);
  for (int i = 0; i < 5; ++i) Pass(cache, Count(1'000 * (i + 1), kPage));
  EXPECT_FALSE(cache.Admit(-1, Count(9'000, 1), kPage + 1).has_value());
  EXPECT_TRUE(reader->HoldsItsTokens());
  cache.Release(reader->sequence, reader->known());
}

// A request that needs every page, while a part of one of them is what it could copy from: it must be admitted, or the
// engine would wait for ever.
TEST(KvCache, AdmitsARequestThatNeedsAllPages) {
  KvCache cache = MakeCache(4);
  const Tokens known = Count(0, 2 * kPage + 30);
  Pass(cache, known);
  const Tokens prompt = Join(known, Count(900, 5));
  auto user = Admit(cache, prompt, 4 * kPage);
  ASSERT_TRUE(user.has_value());
  EXPECT_EQ(user->sequence.cached_tokens, 2 * kPage);
  user->Compute(static_cast<int64_t>(prompt.size()));
  EXPECT_TRUE(user->HoldsItsTokens());
  cache.Release(user->sequence, user->known());
  EXPECT_EQ(cache.pages_free(), 4);
}

TEST(KvCache, SurvivesAConversationOfAMillionTokens) {
  KvCache cache = MakeCache(1 << 14);
  const Tokens known = Count(0, (1 << 14) * kPage - 1);
  Pass(cache, known);
  EXPECT_EQ(cache.CachedTokens(-1, known), static_cast<int64_t>(known.size()) - 1);
}

// Any order of operations, against what they mean.
class RandomUse {
 public:
  RandomUse(uint64_t seed, int64_t pages, bool evicts) : rng_(seed), cache_(MakeCache(pages)), evicts_(evicts) {}

  void Step() {
    const uint32_t choice = rng_.Below(10);
    if (choice < 4) return AdmitOne();
    if (users_.empty()) return;
    auto user = users_.begin();
    std::advance(user, rng_.Below(static_cast<uint32_t>(users_.size())));
    if (choice < 8) {
      const int64_t left = static_cast<int64_t>(user->tokens.size()) - user->computed;
      user->Compute(user->computed + rng_.Below(static_cast<uint32_t>(left) + 1));
      cache_.Share(user->sequence, user->known());
      if (!evicts_) Remember(First(user->tokens, user->computed / kPage * kPage));
    } else {
      if (!evicts_) Remember(user->known());
      cache_.Release(user->sequence, user->known());
      users_.erase(user);
    }
  }

  void Check() {
    std::set<const std::byte*> in_use;
    for (const User& user : users_) {
      ASSERT_TRUE(user.HoldsItsTokens());
      in_use.insert(user.sequence.pages.pages.begin(), user.sequence.pages.pages.end());
    }
    ASSERT_EQ(cache_.pages_free(), cache_.pages_total() - static_cast<int64_t>(in_use.size()));
  }

  // Nothing leaks: in the end one request can have every page.
  void Finish() {
    for (User& user : users_) cache_.Release(user.sequence, user.known());
    users_.clear();
    ASSERT_EQ(cache_.pages_free(), cache_.pages_total());
    auto all = cache_.Admit(-1, Tokens{-1}, cache_.pages_total() * kPage);
    ASSERT_TRUE(all.has_value());
    EXPECT_EQ(std::set(all->pages.pages.begin(), all->pages.pages.end()).size(), static_cast<size_t>(cache_.pages_total()));
    cache_.Release(*all, {});
  }

  int refused() const { return refused_; }
  int64_t found() const { return found_; }

 private:
  void Remember(std::span<const TokenId> tokens) { known_.emplace_back(tokens.begin(), tokens.end()); }

  // Begins like an earlier prompt, more often than not.
  Tokens Prompt() {
    Tokens prompt;
    if (!prompts_.empty() && rng_.Below(4) != 0) {
      const Tokens& earlier = prompts_[rng_.Below(static_cast<uint32_t>(prompts_.size()))];
      prompt.assign(earlier.begin(), earlier.begin() + rng_.Below(static_cast<uint32_t>(earlier.size()) + 1));
    }
    const uint32_t more = 1 + rng_.Below(150);
    for (uint32_t i = 0; i < more && prompt.size() < 5 * kPage; ++i) prompt.push_back(static_cast<TokenId>(rng_.Below(2)));
    prompts_.push_back(prompt);
    return prompt;
  }

  void AdmitOne() {
    const Tokens prompt = Prompt();
    const auto total = static_cast<int64_t>(prompt.size()) + rng_.Below(100);
    int64_t expected = 0;
    for (const Tokens& known : known_) {
      const auto common = std::ranges::mismatch(prompt, known).in1 - prompt.begin();
      expected = std::max<int64_t>(expected, std::min<int64_t>(common, static_cast<int64_t>(prompt.size()) - 1));
    }
    if (!evicts_) { ASSERT_EQ(cache_.CachedTokens(-1, prompt), expected); }
    auto user = Admit(cache_, prompt, total);
    if (!user) {
      ++refused_;
      ASSERT_LT(cache_.pages_free(), (total + kPage - 1) / kPage);
      return;
    }
    found_ += user->computed;
    while (static_cast<int64_t>(user->tokens.size()) < total) user->tokens.push_back(static_cast<TokenId>(rng_.Below(2)));
    users_.push_back(std::move(*user));
  }

  base::Rng rng_;
  KvCache cache_;
  bool evicts_;
  std::list<User> users_;
  std::vector<Tokens> prompts_, known_;
  int refused_ = 0;
  int64_t found_ = 0;
};

TEST(KvCache, FindsExactlyWhatWasComputedAsLongAsNothingIsEvicted) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    RandomUse use(seed, 4'000, false);
    for (int i = 0; i < 300; ++i) {
      use.Step();
      ASSERT_NO_FATAL_FAILURE(use.Check());
    }
    use.Finish();
    EXPECT_GT(use.found(), 0);
  }
}

TEST(KvCache, LosesNoPageAndOverwritesNoneInUseWhateverTheOrder) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    RandomUse use(seed, 6 + static_cast<int64_t>(seed) * 2, true);
    for (int i = 0; i < 500; ++i) {
      use.Step();
      ASSERT_NO_FATAL_FAILURE(use.Check());
    }
    use.Finish();
    EXPECT_GT(use.refused(), 0) << "this cache was too large to test anything";
    EXPECT_GT(use.found(), 0);
  }
}

}  // namespace
}  // namespace walchen::infer
