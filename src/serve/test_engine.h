// SPDX-License-Identifier: Apache-2.0
//
// An engine for this library's tests: it says what the test tells it to, one piece per step on a thread of its own, and
// remembers what it was asked. Tokens are bytes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "infer/engine.h"

namespace walchen::serve {

class ByteTokenizer final : public formats::Tokenizer {
 public:
  ByteTokenizer() {
    for (int byte = 0; byte < 256; ++byte) bytes_ += static_cast<char>(byte);
  }
  std::vector<formats::TokenId> Encode(std::span<const formats::TextPart> parts) const override {
    std::vector<formats::TokenId> tokens;
    for (const formats::TextPart& part : parts) {
      for (const char byte : part.text) tokens.push_back(static_cast<uint8_t>(byte));
    }
    return tokens;
  }
  std::string_view Bytes(formats::TokenId token) const override {
    return token >= 0 && token < 256 ? std::string_view(bytes_).substr(static_cast<size_t>(token), 1)
                                     : std::string_view();
  }
  std::string Decode(std::span<const formats::TokenId> tokens, bool) const override {
    std::string text;
    for (const formats::TokenId token : tokens) text += Bytes(token);
    return text;
  }
  int vocabulary_size() const override { return 256; }
  std::optional<formats::TokenId> Find(std::string_view) const override { return std::nullopt; }
  bool IsSpecial(formats::TokenId) const override { return false; }
  std::optional<formats::TokenId> bos() const override { return std::nullopt; }
  std::optional<formats::TokenId> eos() const override { return std::nullopt; }
  bool adds_bos() const override { return false; }
  std::span<const formats::TokenId> end_of_generation() const override { return {}; }

 private:
  std::string bytes_;
};

// Writes a conversation as its JSON. A message "refuse me" is what its template does not like.
class TestModel final : public infer::ModelFile {
 public:
  explicit TestModel(std::vector<std::string> adapters) : adapters_(std::move(adapters)) {}
  const std::string& name() const override { return name_; }
  const model::LlamaConfig& config() const override { CHECK(false, "the server does not look at it"); }
  const formats::Tokenizer& tokenizer() const override { return tokenizer_; }
  std::span<const std::string> adapters() const override { return adapters_; }
  int64_t weight_bytes() const override { return 0; }
  Result<std::vector<formats::TokenId>> EncodeChat(const nlohmann::ordered_json& messages,
                                                   const nlohmann::ordered_json& tools) const override {
    const std::string text = messages.dump() + (tools.is_null() ? "" : tools.dump());
    if (text.find("refuse me") != std::string::npos) {
      return Fail(ErrorCode::kInvalidArgument, "roles must alternate");
    }
    return std::vector<formats::TokenId>(text.begin(), text.end());
  }

 private:
  const std::string name_ = "test-model";
  const std::vector<std::string> adapters_;
  const ByteTokenizer tokenizer_;
};

class TestEngine final : public infer::Engine {
 public:
  // What the next requests get. Set before they come.
  std::vector<std::string> pieces = {"Grüß", " Gott", "!"};
  bool endless = false;  // repeats the pieces until cancelled
  infer::EndEvent end;
  std::optional<Error> submit_error;
  int context = 4'096;
  int steps_per_s = 1'000;

  explicit TestEngine(std::vector<std::string> adapters = {})
      : model_(std::move(adapters)), thread_([this] { Loop(); }) {}
  ~TestEngine() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  Result<infer::RequestId> Submit(infer::GenerateRequest request, infer::EventSink sink) override {
    const std::lock_guard lock(mutex_);
    if (submit_error) return tl::unexpected<Error>(*submit_error);
    if (std::ssize(request.prompt) > context) {
      return Fail(ErrorCode::kTooLarge, "the prompt has {} tokens, the context {}", request.prompt.size(), context);
    }
    requests_.push_back(request);
    running_[++last_id_] = {.sink = std::move(sink), .end = end, .pieces = pieces, .endless = endless};
    changed_.notify_all();
    return last_id_;
  }
  void Cancel(infer::RequestId request) override {
    const std::lock_guard lock(mutex_);
    if (const auto found = running_.find(request); found != running_.end()) found->second.cancelled = true;
    changed_.notify_all();
  }
  const infer::ModelFile& model() const override { return model_; }
  int context_tokens() const override { return context; }
  infer::EngineStats Stats() const override { return {}; }

  std::vector<infer::GenerateRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  int cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }
  int running() const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(running_.size());
  }
  // The conversation the n-th request held.
  nlohmann::ordered_json messages(size_t n = 0) const {
    return nlohmann::ordered_json::parse(model_.tokenizer().Decode(requests().at(n).prompt, false), nullptr, false);
  }

 private:
  struct Running {
    infer::EventSink sink;
    infer::EndEvent end;
    std::vector<std::string> pieces;
    bool endless = false;
    size_t next = 0;
    bool cancelled = false;
  };

  void Loop() {
    std::unique_lock lock(mutex_);
    while (!stopping_ || !running_.empty()) {
      changed_.wait(lock, [this] { return stopping_ || !running_.empty(); });
      for (auto item = running_.begin(); item != running_.end();) {
        item = Step(item->second) ? std::next(item) : running_.erase(item);
      }
      changed_.wait_for(lock, std::chrono::microseconds(1'000'000 / steps_per_s), [this] { return stopping_; });
    }
  }

  bool Step(Running& request) {
    if (request.cancelled || stopping_) {
      ++cancelled_;
      request.end.reason = infer::FinishReason::kCancelled;
    } else if (request.endless || request.next < request.pieces.size()) {
      request.sink.on_piece(PieceOf(request.pieces[request.next++ % request.pieces.size()]));
      return true;
    }
    request.sink.on_end(request.end);
    return false;
  }

  // As the engine: one log-probability per token, always.
  static infer::PieceEvent PieceOf(const std::string& text) {
    infer::PieceEvent piece;
    piece.text = text;
    for (const char byte : text) {
      const formats::TokenId token = static_cast<uint8_t>(byte);
      piece.tokens.push_back(token);
      piece.logprobs.push_back({token, -0.5f});
      piece.top_logprobs.push_back({{token, -0.5f}, {'x', -1.5f}});
    }
    return piece;
  }

  const TestModel model_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<infer::GenerateRequest> requests_;
  std::map<infer::RequestId, Running> running_;
  infer::RequestId last_id_ = 0;
  int cancelled_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace walchen::serve
