// SPDX-License-Identifier: Apache-2.0
#include "infer/kv_cache.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

namespace walchen::infer {
namespace {

constexpr int64_t kPage = tensor::kPagePositions;

int64_t PagesFor(int64_t tokens) { return (tokens + kPage - 1) / kPage; }

// How many tokens two runs have in common at their beginning.
int64_t Common(std::span<const TokenId> a, std::span<const TokenId> b) {
  return std::ranges::mismatch(a, b).in1 - a.begin();
}

}  // namespace

struct KvCache::Node {
  Node* parent = nullptr;
  int32_t page = -1;
  std::vector<TokenId> tokens;  // 64, or fewer in a leaf
  std::vector<std::unique_ptr<Node>> children;
  int users = 0;                // running sequences that share this page; a root is not counted
  uint64_t last_use = 0;

  bool evictable() const { return parent != nullptr && children.empty() && users == 0; }
};

struct KvCache::State {
  KvShape shape;
  base::ZeroedMemory memory;
  std::vector<int32_t> free;
  int64_t total = 0;
  int64_t cached = 0;  // pages of nodes
  int64_t held = 0;    // of these, those with users: neither they nor what is above them can be evicted
  std::map<int, Node> roots;  // of each adapter
  uint64_t clock = 0;

  std::byte* PageAt(int32_t page) const { return memory.data() + page * shape.page_bytes(); }

  // The deepest chain of full pages that begins like the prompt, and the child that agrees furthest beyond it.
  struct Match {
    Node* node = nullptr;
    int64_t pages = 0;
    Node* partial = nullptr;
    int64_t partial_tokens = 0;
    int64_t tokens() const { return pages * kPage + partial_tokens; }
  };
  Match Find(int adapter, std::span<const TokenId> prompt) {
    const auto usable = prompt.first(prompt.size() - 1);
    Match match = {.node = &roots[adapter]};
    while (true) {
      const auto rest = usable.subspan(static_cast<size_t>(match.pages * kPage));
      Node* next = nullptr;
      for (const auto& child : match.node->children) {
        const int64_t common = Common(rest, child->tokens);
        if (common == kPage) next = child.get();
        if (common > match.partial_tokens) {
          match.partial = child.get();
          match.partial_tokens = common;
        }
      }
      if (next == nullptr) return match;
      match = {.node = next, .pages = match.pages + 1};
    }
  }

  // A sequence shares this page and all above it, or stops doing so.
  void Hold(Node* node) {
    for (; node->parent != nullptr; node = node->parent) held += node->users++ == 0 ? 1 : 0;
  }
  void Unhold(Node* node) {
    for (; node->parent != nullptr; node = node->parent) held -= --node->users == 0 ? 1 : 0;
  }

  int64_t available() const { return static_cast<int64_t>(free.size()) + cached - held; }

  // Evicts until so many pages are free, at most available(): the least recently used leaf first.
  void MakeFree(int64_t pages) {
    const auto missing = [&] { return static_cast<int64_t>(free.size()) < pages; };
    if (!missing()) return;
    const auto used_later = [](const Node* a, const Node* b) { return a->last_use > b->last_use; };
    std::vector<Node*> victims;  // a heap, the first to go on top
    std::vector<Node*> open;
    for (auto& [adapter, root] : roots) open.push_back(&root);
    while (!open.empty()) {
      Node* node = open.back();
      open.pop_back();
      for (const auto& child : node->children) open.push_back(child.get());
      if (node->evictable()) victims.push_back(node);
    }
    std::ranges::make_heap(victims, used_later);
    while (missing()) {
      CHECK(!victims.empty());
      std::ranges::pop_heap(victims, used_later);
      Node* parent = victims.back()->parent;
      Evict(victims.back());
      victims.pop_back();
      if (!parent->evictable()) continue;
      victims.push_back(parent);
      std::ranges::push_heap(victims, used_later);
    }
  }

  void Evict(Node* node) {
    free.push_back(node->page);
    --cached;
    auto& siblings = node->parent->children;
    siblings.erase(std::ranges::find(siblings, node, &std::unique_ptr<Node>::get));
  }
};

KvCache::KvCache(std::unique_ptr<State> state) : state_(std::move(state)) {}
KvCache::KvCache(KvCache&&) noexcept = default;
KvCache& KvCache::operator=(KvCache&&) noexcept = default;

KvCache::~KvCache() {
  // Children without recursion: a long conversation is a chain of thousands of nodes.
  if (state_ == nullptr) return;
  std::vector<std::unique_ptr<Node>> open;
  for (auto& [adapter, root] : state_->roots) std::ranges::move(root.children, std::back_inserter(open));
  while (!open.empty()) {
    const std::unique_ptr<Node> node = std::move(open.back());
    open.pop_back();
    for (auto& child : node->children) open.push_back(std::move(child));
  }
}

Result<KvCache> KvCache::Create(const KvShape& shape, int64_t bytes) {
  auto state = std::make_unique<State>();
  state->shape = shape;
  state->total = std::max<int64_t>(1, bytes / shape.page_bytes());
  TRY_ASSIGN(state->memory, base::ZeroedMemory::Allocate(state->total * shape.page_bytes()));
  for (auto page = static_cast<int32_t>(state->total); page-- > 0;) state->free.push_back(page);
  return KvCache(std::move(state));
}

int64_t KvCache::pages_total() const { return state_->total; }
int64_t KvCache::page_bytes() const { return state_->shape.page_bytes(); }

int64_t KvCache::pages_free() const { return state_->available(); }

int64_t KvCache::CachedTokens(int adapter, std::span<const TokenId> prompt) const {
  return state_->Find(adapter, prompt).tokens();
}

std::optional<KvCache::Sequence> KvCache::Admit(int adapter, std::span<const TokenId> prompt, int64_t total_tokens) {
  State& s = *state_;
  State::Match match = s.Find(adapter, prompt);
  const int64_t needed = PagesFor(total_tokens) - match.pages;
  s.Hold(match.node);  // what is about to be read must not be evicted
  if (needed > s.available()) {
    s.Unhold(match.node);
    return std::nullopt;
  }
  if (match.partial != nullptr) {
    s.Hold(match.partial);
    if (needed > s.available()) {  // its page is the last one there is: compute these tokens instead of copying them
      s.Unhold(match.partial);
      match.partial = nullptr;
    }
  }
  s.MakeFree(needed);
  Sequence sequence;
  sequence.shared_pages_ = match.pages;
  sequence.last_shared_ = match.node;
  for (Node* node = match.node; node->parent != nullptr; node = node->parent) {
    node->last_use = ++s.clock;
    sequence.page_ids_.push_back(node->page);
  }
  std::ranges::reverse(sequence.page_ids_);
  for (int64_t i = 0; i < needed; ++i) {
    sequence.page_ids_.push_back(s.free.back());
    s.free.pop_back();
  }
  for (const int32_t page : sequence.page_ids_) sequence.pages.pages.push_back(s.PageAt(page));
  sequence.cached_tokens = match.pages * kPage;
  if (match.partial != nullptr) {
    s.Unhold(match.partial);
    match.partial->last_use = ++s.clock;
    std::memcpy(sequence.pages.pages[static_cast<size_t>(match.pages)], s.PageAt(match.partial->page),
                static_cast<size_t>(s.shape.page_bytes()));
    sequence.cached_tokens += match.partial_tokens;
  }
  return sequence;
}

void KvCache::Share(Sequence& sequence, std::span<const TokenId> computed) {
  State& s = *state_;
  while ((sequence.shared_pages_ + 1) * kPage <= static_cast<int64_t>(computed.size())) {
    Node* parent = static_cast<Node*>(sequence.last_shared_);
    const auto tokens = computed.subspan(static_cast<size_t>(sequence.shared_pages_ * kPage), kPage);
    const auto index = static_cast<size_t>(sequence.shared_pages_);
    const auto same = std::ranges::find_if(
        parent->children, [&](const auto& child) { return std::ranges::equal(child->tokens, tokens); });
    Node* node = nullptr;
    if (same != parent->children.end()) {  // somebody computed the same bytes: use theirs, free ours
      node = same->get();
      s.free.push_back(sequence.page_ids_[index]);
      sequence.page_ids_[index] = node->page;
      sequence.pages.pages[index] = s.PageAt(node->page);
    } else {
      node = parent->children.emplace_back(std::make_unique<Node>()).get();
      node->parent = parent;
      node->page = sequence.page_ids_[index];
      node->tokens.assign(tokens.begin(), tokens.end());
      ++s.cached;
    }
    node->last_use = ++s.clock;
    if (node->users++ == 0) ++s.held;  // those above it are held already
    sequence.last_shared_ = node;
    ++sequence.shared_pages_;
  }
}

void KvCache::Release(Sequence& sequence, std::span<const TokenId> computed) {
  Share(sequence, computed);
  State& s = *state_;
  Node* last = static_cast<Node*>(sequence.last_shared_);
  const auto rest = computed.subspan(static_cast<size_t>(sequence.shared_pages_ * kPage));
  auto own = static_cast<size_t>(sequence.shared_pages_);
  const bool known = std::ranges::any_of(last->children, [&](const auto& child) {
    return Common(rest, child->tokens) == static_cast<int64_t>(rest.size());
  });
  if (!rest.empty() && !known) {  // a part of a page: others may copy it
    Node* node = last->children.emplace_back(std::make_unique<Node>()).get();
    node->parent = last;
    node->page = sequence.page_ids_[own++];
    node->tokens.assign(rest.begin(), rest.end());
    node->last_use = ++s.clock;
    ++s.cached;
  }
  for (; own < sequence.page_ids_.size(); ++own) s.free.push_back(sequence.page_ids_[own]);
  s.Unhold(last);
  sequence = Sequence();
}

}  // namespace walchen::infer
