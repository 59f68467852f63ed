// SPDX-License-Identifier: Apache-2.0
//
// What tests of the engine have in common: the tiny model, requests, and a listener that remembers one request's events.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "infer/engine.h"
#include "infer/tiny_model_test.h"

namespace walchen::infer {

using Tokens = std::vector<TokenId>;

inline const std::shared_ptr<const ModelFile>& SharedTinyModel() {
  static const std::shared_ptr<const ModelFile> model = LoadTinyModel();
  return model;
}

// One page of the tiny model: 2 layers, 2 KV heads, 64 positions, 16 values, keys and values in half precision.
inline constexpr int64_t kTinyPageBytes = 2 * 2 * 64 * 16 * 2 * 2;

inline EngineOptions PagesOf(int64_t pages) { return {.threads = 1, .kv_bytes = pages * kTinyPageBytes}; }

inline std::unique_ptr<Engine> MakeEngine(const EngineOptions& options = PagesOf(2'000),
                                          const std::shared_ptr<const ModelFile>& model = SharedTinyModel()) {
  auto engine = Engine::Create(model, options);
  EXPECT_TRUE(engine.has_value()) << engine.error().message();
  return std::move(*engine);
}

// Random bytes; equal seeds begin alike.
inline Tokens RandomPrompt(uint64_t seed, int count) {
  base::Rng rng(seed);
  Tokens tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(static_cast<TokenId>(rng.Below(256)));
  return tokens;
}

// A greedy answer of exactly so many tokens.
inline GenerateRequest GreedyRequest(Tokens prompt, int max_tokens) {
  GenerateRequest request;
  request.prompt = std::move(prompt);
  request.max_tokens = max_tokens;
  request.sampling.temperature = 0;
  request.ignore_end_of_generation = true;
  return request;
}

inline Answer Ask(Engine& engine, GenerateRequest request) {
  auto answer = Generate(engine, std::move(request));
  EXPECT_TRUE(answer.has_value()) << answer.error().message();
  return answer ? *answer : Answer();
}

// Must outlive the engine, or its request's end.
class Listener {
 public:
  // A test that waits so long has found a request that never ends.
  static constexpr std::chrono::seconds kPatience{120};

  EventSink sink() {
    return {[this](PieceEvent piece) { OnPiece(std::move(piece)); }, [this](EndEvent end) { OnEnd(std::move(end)); }};
  }

  EndEvent Wait() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return ends_ > 0; })) ADD_FAILURE() << "no end event";
    return end_;
  }
  void WaitForPieces(size_t count) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return pieces_.size() >= count || ends_ > 0; })) ADD_FAILURE() << "no piece";
  }

  std::vector<PieceEvent> pieces() const { return Locked(pieces_); }
  int ends() const { return Locked(ends_); }
  bool piece_after_end() const { return Locked(piece_after_end_); }
  std::string text() const {
    std::string text;
    for (const PieceEvent& piece : pieces()) text += piece.text;
    return text;
  }
  std::vector<TokenId> tokens() const {
    std::vector<TokenId> tokens;
    for (const PieceEvent& piece : pieces()) tokens.insert(tokens.end(), piece.tokens.begin(), piece.tokens.end());
    return tokens;
  }

 private:
  template <class T>
  T Locked(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }
  void OnPiece(PieceEvent piece) {
    const std::lock_guard lock(mutex_);
    piece_after_end_ |= ends_ > 0;
    pieces_.push_back(std::move(piece));
    changed_.notify_all();
  }
  void OnEnd(EndEvent end) {
    const std::lock_guard lock(mutex_);
    ++ends_;
    end_ = std::move(end);
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<PieceEvent> pieces_;
  EndEvent end_;
  int ends_ = 0;
  bool piece_after_end_ = false;
};

// Keeps the engine's thread inside an event until it is opened: what is submitted meanwhile arrives together.
class Gate {
 public:
  explicit Gate(Engine& engine) {
    EventSink sink = listener_.sink();
    sink.on_end = [this, on_end = sink.on_end](EndEvent end) {
      reached_.set_value();
      open_.get_future().wait();
      on_end(std::move(end));
    };
    const auto id = engine.Submit(GreedyRequest({1}, 1), sink);
    EXPECT_TRUE(id.has_value());
    reached_.get_future().wait();
  }
  ~Gate() {
    Open();
    listener_.Wait();
  }
  void Open() {
    if (!opened_) open_.set_value();
    opened_ = true;
  }

 private:
  std::promise<void> reached_, open_;
  bool opened_ = false;
  Listener listener_;
};

}  // namespace walchen::infer
