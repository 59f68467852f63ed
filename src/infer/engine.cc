// SPDX-License-Identifier: Apache-2.0
#include "infer/engine.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/limits.h"
#include "base/machine_memory.h"
#include "infer/cpu_model.h"
#include "infer/kv_cache.h"
#include "infer/running_request.h"

namespace walchen::infer {
namespace {

// While answers are running a step takes at most so many prompt tokens, and as few as take this long: nobody sees that in
// a running answer.
constexpr int kPromptTokensBesideAnswers = 128;
constexpr double kPromptMsBesideAnswers = 50;
// Alone a prompt may take longer steps; how long it takes to cancel one is bounded all the same.
constexpr double kPromptMsAlone = 1'000;
constexpr int64_t kPromptTokensLeast = 8;  // fewer would read the weights again and again
// Before the first prompt was timed: 2 cores reach several times this.
constexpr double kAssumedOperationsPerMs = 200e6;

class CpuEngine : public Engine {
 public:
  CpuEngine(std::shared_ptr<const CpuModel> model, const EngineOptions& options, int context_tokens, KvCache cache)
      : model_(std::move(model)),
        options_(options),
        context_tokens_(context_tokens),
        cache_(std::move(cache)),
        pool_(options.threads > 0 ? options.threads : base::AvailableCpus()),
        backend_(model_->kernels(), pool_, model_->kv_shape(options.kv_type)) {
    stats_.kv_bytes_total = cache_.pages_total() * cache_.page_bytes();
    prompt_token_ms_ = static_cast<double>(model_->config().operations_per_token()) / kAssumedOperationsPerMs;
    thread_ = std::thread([this] { Loop(); });
  }

  ~CpuEngine() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  Result<RequestId> Submit(GenerateRequest request, EventSink sink) override;
  void Cancel(RequestId request) override;
  const ModelFile& model() const override { return *model_; }
  int context_tokens() const override { return context_tokens_; }
  EngineStats Stats() const override {
    const std::lock_guard lock(mutex_);
    EngineStats stats = stats_;
    stats.queued = static_cast<int>(queue_.size());
    return stats;
  }

 private:
  using Requests = std::vector<std::unique_ptr<RunningRequest>>;

  // A step: the rows to compute, and whose they are.
  struct Step {
    std::vector<int32_t> tokens;
    model::Placement<KvPages> at;
    std::vector<RunningRequest*> segments;  // in the order of at.segments
    std::vector<int32_t> wanted;            // rows whose logits are needed
    std::vector<RunningRequest*> sampled;   // in the order of wanted
  };

  void Loop();
  bool Collect();
  void AdmitQueued();
  bool WaitsForPrefix(const RunningRequest& request, int64_t cached) const;
  void AddRows(Step& step, RunningRequest& request, int64_t rows) const;
  int64_t PromptBudget(bool beside_answers) const;
  Step Compose() const;
  void Compute(const Step& step);
  void RemoveEnded();
  void End(RunningRequest& request, FinishReason reason);

  const std::shared_ptr<const CpuModel> model_;
  const EngineOptions options_;
  const int context_tokens_;

  // The engine's thread alone:
  KvCache cache_;
  base::ThreadPool pool_;
  CpuBackend backend_;
  Requests running_;
  std::vector<RequestId> cancelled_;
  double prompt_token_ms_ = 0;  // what a prompt's token takes, lately

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<std::unique_ptr<RunningRequest>> queue_;
  std::vector<RequestId> cancel_inbox_;
  RequestId next_id_ = 1;
  EngineStats stats_;
  bool stopping_ = false;

  std::thread thread_;
};

Result<RequestId> CpuEngine::Submit(GenerateRequest request, EventSink sink) {
  const auto prompt = static_cast<int64_t>(request.prompt.size());
  if (prompt == 0) return Fail(ErrorCode::kInvalidArgument, "the prompt is empty: expected at least one token");
  for (const TokenId token : request.prompt) {
    if (token < 0 || token >= model_->config().vocabulary) {
      return Fail(ErrorCode::kInvalidArgument, "token {} is not in the vocabulary of {}", token, model_->config().vocabulary);
    }
  }
  if (request.max_tokens < 0) {
    return Fail(ErrorCode::kInvalidArgument, "max_tokens is {}, expected 0 or more", request.max_tokens);
  }
  TRY(Validate(request.sampling, model_->config().vocabulary));
  TRY_ASSIGN(const int adapter, model_->FindAdapter(request.adapter));
  if (request.stop.size() > static_cast<size_t>(base::kStopMaxStrings)) {
    return Fail(ErrorCode::kTooLarge, "{} stop strings, at most {} are allowed", request.stop.size(), base::kStopMaxStrings);
  }
  for (const std::string& stop : request.stop) {
    if (stop.empty() || stop.size() > static_cast<size_t>(base::kStopMaxBytes)) {
      return Fail(ErrorCode::kInvalidArgument, "a stop string has {} bytes, expected 1 to {}", stop.size(), base::kStopMaxBytes);
    }
  }
  const int64_t room = std::min<int64_t>(context_tokens_, cache_.pages_total() * tensor::kPagePositions) - prompt;
  if (room < std::max(request.max_tokens, 1)) {
    return Fail(ErrorCode::kTooLarge,
                "the prompt has {} tokens and {} are wanted for the answer, but the context holds {}; shorten the prompt, "
                "ask for less, or start with a larger --context",
                prompt, std::max(request.max_tokens, 1), prompt + room);
  }
  if (request.max_tokens == 0) request.max_tokens = static_cast<int>(room);

  RequestId id = 0;
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= static_cast<size_t>(base::kQueueMaxRequests)) {
      return Fail(ErrorCode::kResourceExhausted, "{} requests are waiting already; try again soon", queue_.size());
    }
    id = next_id_++;
    queue_.push_back(std::make_unique<RunningRequest>(id, *model_, adapter, std::move(request), std::move(sink)));
  }
  wake_.notify_one();
  return id;
}

void CpuEngine::Cancel(RequestId request) {
  {
    const std::lock_guard lock(mutex_);
    cancel_inbox_.push_back(request);
  }
  wake_.notify_one();
}

// Waits for work; false when the engine is to end. Cancels what was asked for.
bool CpuEngine::Collect() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [&] { return stopping_ || !running_.empty() || !queue_.empty() || !cancel_inbox_.empty(); });
  cancelled_.swap(cancel_inbox_);
  cancel_inbox_.clear();
  Requests never_started;
  for (const RequestId id : cancelled_) {
    const auto waiting = std::ranges::find(queue_, id, [](const auto& r) { return r->id(); });
    if (waiting == queue_.end()) continue;
    never_started.push_back(std::move(*waiting));
    queue_.erase(waiting);
  }
  if (stopping_) {
    for (auto& request : queue_) never_started.push_back(std::move(request));
    queue_.clear();
  }
  const bool go_on = !stopping_;
  lock.unlock();
  for (auto& request : never_started) request->End(FinishReason::kCancelled);
  for (auto& request : running_) {
    if (!go_on || std::ranges::find(cancelled_, request->id()) != cancelled_.end()) End(*request, FinishReason::kCancelled);
  }
  RemoveEnded();
  return go_on;
}

// Whether a running prompt that is still being read begins like this one for longer than what the cache has by now: then
// waiting for it is cheaper than computing the same again.
bool CpuEngine::WaitsForPrefix(const RunningRequest& request, int64_t cached) const {
  return std::ranges::any_of(running_, [&](const auto& other) {
    if (!other->reads_prompt() || other->adapter() != request.adapter()) return false;
    const auto common = std::ranges::mismatch(request.prompt(), other->prompt()).in1 - request.prompt().begin();
    const int64_t shareable = common / tensor::kPagePositions * tensor::kPagePositions;
    return shareable > cached && shareable > other->computed();
  });
}

// First come, first served: nobody overtakes the one that waits for memory. One that waits for its beginning to be read by
// somebody else is passed by, though: that may take seconds.
void CpuEngine::AdmitQueued() {
  size_t place = 0;
  while (static_cast<int>(running_.size()) < options_.max_running) {
    RunningRequest* request = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (place == queue_.size()) return;
      request = queue_[place].get();  // stays valid: others add to the queue, only this thread takes out of it
    }
    if (WaitsForPrefix(*request, cache_.CachedTokens(request->adapter(), request->prompt()))) {
      ++place;
      continue;
    }
    std::optional<KvCache::Sequence> pages = cache_.Admit(request->adapter(), request->prompt(), request->most_tokens());
    if (!pages) return;
    request->Start(std::move(*pages));
    const std::lock_guard lock(mutex_);
    running_.push_back(std::move(queue_[place]));
    queue_.erase(queue_.begin() + static_cast<ptrdiff_t>(place));
  }
}

void CpuEngine::AddRows(Step& step, RunningRequest& request, int64_t rows) const {
  const auto first_row = static_cast<int>(step.tokens.size());
  const auto tokens = request.pending().first(static_cast<size_t>(rows));
  step.tokens.insert(step.tokens.end(), tokens.begin(), tokens.end());
  step.at.segments.push_back({.first_row = first_row,
                              .rows = static_cast<int>(rows),
                              .first_position = request.computed(),
                              .cache = &request.pages(),
                              .adapter = request.adapter()});
  step.segments.push_back(&request);
  if (rows == static_cast<int64_t>(request.pending().size())) {
    step.wanted.push_back(first_row + static_cast<int>(rows) - 1);
    step.sampled.push_back(&request);
  }
}

int64_t CpuEngine::PromptBudget(bool beside_answers) const {
  const int64_t most = beside_answers ? std::min(options_.prompt_chunk_tokens, kPromptTokensBesideAnswers)
                                      : options_.prompt_chunk_tokens;
  const double ms = beside_answers ? kPromptMsBesideAnswers : kPromptMsAlone;
  const double tokens = std::min(ms / prompt_token_ms_, static_cast<double>(most));
  return std::max(static_cast<int64_t>(tokens), std::min(kPromptTokensLeast, most));
}

CpuEngine::Step CpuEngine::Compose() const {
  Step step;
  std::vector<RunningRequest*> prompts;
  for (const auto& request : running_) {
    if (request->reads_prompt()) {
      prompts.push_back(request.get());
    } else {
      AddRows(step, *request, 1);
    }
  }
  if (prompts.empty()) return step;
  int64_t budget = PromptBudget(!step.segments.empty());
  // The prompt with the least left to read first: the mean time to the first token is shortest that way. Half of the
  // budget is kept for the oldest, so that a stream of short ones cannot starve it.
  const RunningRequest* oldest = prompts.front();
  int64_t kept = std::min<int64_t>(budget / 2, static_cast<int64_t>(oldest->pending().size()));
  std::ranges::stable_sort(prompts, {}, [](const RunningRequest* r) { return r->pending().size(); });
  for (RunningRequest* request : prompts) {
    if (request == oldest) kept = 0;
    const int64_t rows = std::min<int64_t>(budget - kept, static_cast<int64_t>(request->pending().size()));
    if (rows == 0) continue;
    AddRows(step, *request, rows);
    budget -= rows;
  }
  return step;
}

void CpuEngine::Compute(const Step& step) {
  const base::Stopwatch watch;
  CpuBackend::Tensor logits =
      model::Forward(backend_, model_->config(), model_->weights(), step.tokens, step.at, step.wanted);
  if (const size_t rows = step.tokens.size(); rows > step.segments.size()) {  // a prompt was among them
    prompt_token_ms_ = 0.5 * (prompt_token_ms_ + std::max(watch.Ms(), 1e-3) / static_cast<double>(rows));
  }
  for (size_t i = 0; i < step.segments.size(); ++i) {
    RunningRequest& request = *step.segments[i];
    request.Advance(step.at.segments[i].rows);
    cache_.Share(request.sequence(), request.computed_tokens());
  }
  for (size_t i = 0; i < step.sampled.size(); ++i) {
    const std::span row(logits.row(static_cast<int64_t>(i)), static_cast<size_t>(logits.columns()));
    if (const auto reason = step.sampled[i]->Sample(row)) End(*step.sampled[i], *reason);
  }
}

void CpuEngine::End(RunningRequest& request, FinishReason reason) {
  {
    const std::lock_guard lock(mutex_);
    stats_.prompt_tokens += request.computed_prompt_tokens();
    stats_.cached_tokens += request.sequence().cached_tokens;
    stats_.completion_tokens += request.completion_tokens();
  }
  cache_.Release(request.sequence(), request.computed_tokens());
  request.End(reason);
}

void CpuEngine::RemoveEnded() {
  std::erase_if(running_, [](const auto& request) { return request->ended(); });
  const std::lock_guard lock(mutex_);
  stats_.running = static_cast<int>(running_.size());
  stats_.kv_bytes_used = (cache_.pages_total() - cache_.pages_free()) * cache_.page_bytes();
}

void CpuEngine::Loop() {
  while (Collect()) {
    AdmitQueued();
    const Step step = Compose();
    if (!step.tokens.empty()) Compute(step);
    RemoveEnded();
  }
}

}  // namespace

std::string_view FinishReasonName(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop: return "stop";
    case FinishReason::kLength: return "length";
    case FinishReason::kCancelled: return "cancelled";
    case FinishReason::kError: return "error";
  }
  return "error";
}

Result<std::unique_ptr<Engine>> Engine::Create(std::shared_ptr<const ModelFile> model, const EngineOptions& options) {
  auto cpu_model = std::dynamic_pointer_cast<const CpuModel>(model);
  CHECK(cpu_model != nullptr);
  if (options.threads < 0 || options.threads > base::kThreadsMax) {
    return Fail(ErrorCode::kInvalidArgument, "{} threads, expected 1 to {}", options.threads, base::kThreadsMax);
  }
  if (options.max_running < 1 || options.prompt_chunk_tokens < 1 || options.kv_bytes < 0) {
    return Fail(ErrorCode::kInvalidArgument,
                "{} answers and {} prompt tokens in one step, {} bytes of keys and values: expected at least 1, 1 and 0",
                options.max_running, options.prompt_chunk_tokens, options.kv_bytes);
  }
  const int trained = cpu_model->config().context_tokens;
  if (options.context_tokens < 0 || options.context_tokens > trained) {
    return Fail(ErrorCode::kInvalidArgument, "a context of {} tokens, but the model was trained for {}",
                options.context_tokens, trained);
  }
  const int context_tokens = options.context_tokens > 0 ? options.context_tokens : std::min(trained, 8'192);
  const KvShape shape = cpu_model->kv_shape(options.kv_type);
  const int64_t pages = (context_tokens + tensor::kPagePositions - 1) / tensor::kPagePositions;
  const base::MachineMemory memory = base::ReadMachineMemory();
  const int64_t one_context = pages * shape.page_bytes();
  if (options.kv_bytes == 0 && memory.total_bytes > 0 && one_context > memory.available_bytes) {
    return Fail(ErrorCode::kResourceExhausted,
                "a context of {} tokens takes {} MB, but {} MB of memory are available; choose a smaller --context{}",
                context_tokens, one_context / 1'000'000, memory.available_bytes / 1'000'000,
                options.kv_type == tensor::KvType::kInt8 ? "" : ", or --kv-8bit");
  }
  const int64_t bytes = options.kv_bytes > 0 ? options.kv_bytes : std::max(memory.available_bytes / 4, one_context);
  TRY_ASSIGN(KvCache cache, KvCache::Create(shape, bytes));
  return std::unique_ptr<Engine>(
      std::make_unique<CpuEngine>(std::move(cpu_model), options, context_tokens, std::move(cache)));
}

Result<Answer> Generate(Engine& engine, GenerateRequest request, const std::function<bool(std::string_view)>& on_text) {
  std::mutex mutex;
  std::condition_variable changed;
  std::string arrived;
  std::optional<EndEvent> end;
  const EventSink sink = {.on_piece =
                              [&](PieceEvent piece) {
                                const std::lock_guard lock(mutex);
                                arrived += piece.text;
                                changed.notify_one();
                              },
                          .on_end =
                              [&](EndEvent event) {
                                const std::lock_guard lock(mutex);
                                end = std::move(event);
                                changed.notify_one();
                              }};
  TRY_ASSIGN(const RequestId id, engine.Submit(std::move(request), sink));
  Answer answer;
  bool cancelled = false;
  std::unique_lock lock(mutex);
  while (true) {
    changed.wait(lock, [&] { return !arrived.empty() || end; });
    const std::string piece = std::exchange(arrived, {});
    const bool ended = end.has_value();
    lock.unlock();
    answer.text += piece;
    if (!piece.empty() && on_text != nullptr && !cancelled && !on_text(piece)) {
      cancelled = true;
      engine.Cancel(id);
    }
    lock.lock();
    if (ended) break;
  }
  answer.end = *end;
  if (answer.end.error) return tl::unexpected<Error>(*answer.end.error);
  return answer;
}

}  // namespace walchen::infer
