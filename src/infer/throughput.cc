// SPDX-License-Identifier: Apache-2.0
#include "infer/throughput.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/clock.h"
#include "base/rng.h"
#include "base/threads.h"
#include "base/zeroed_memory.h"
#include "infer/cpu_model.h"

namespace walchen::infer {
namespace {

constexpr int kMachineRuns = 5;

// Operations (or bytes) per nanosecond of the fastest run of `work` on all workers.
template <class Work>
double Best(base::ThreadPool& pool, const Work& work) {
  double best = 0;
  for (int run = 0; run < kMachineRuns; ++run) {
    std::atomic<int64_t> done = 0;
    const base::Stopwatch watch;
    pool.Run([&](int worker) { done += work(worker); });
    best = std::max(best, static_cast<double>(done.load()) / (watch.Ms() * 1e6));
  }
  return best;
}

// Several requests at the same time, and when their answers began and ended.
class Race {
 public:
  explicit Race(Engine& engine) : engine_(engine) {}

  Result<void> Submit(std::vector<TokenId> prompt, int max_tokens) {
    GenerateRequest request;
    request.prompt = std::move(prompt);
    request.max_tokens = max_tokens;
    request.sampling.temperature = 0;
    request.ignore_end_of_generation = true;
    TRY(engine_.Submit(std::move(request), {.on_piece = [](PieceEvent) {}, .on_end = [this](EndEvent end) {
                                              const std::lock_guard lock(mutex_);
                                              ends_.push_back(std::move(end));
                                              changed_.notify_one();
                                            }}));
    ++submitted_;
    return {};
  }

  // How all of them ended; the error of the first that ended with one.
  Result<std::vector<EndEvent>> Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ends_.size() == submitted_; });
    for (const EndEvent& end : ends_) {
      if (end.error) return tl::unexpected(*end.error);
    }
    return ends_;
  }

 private:
  Engine& engine_;
  size_t submitted_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<EndEvent> ends_;
};

class Prompts {
 public:
  explicit Prompts(int vocabulary) : vocabulary_(static_cast<uint32_t>(vocabulary)) {}
  std::vector<TokenId> Next(int tokens) {
    std::vector<TokenId> prompt;
    for (int i = 0; i < tokens; ++i) prompt.push_back(static_cast<TokenId>(rng_.Below(vocabulary_)));
    return prompt;
  }

 private:
  uint32_t vocabulary_;
  base::Rng rng_{1924};
};

Result<double> Prefill(Engine& engine, Prompts& prompts, int tokens) {
  Race race(engine);
  TRY(race.Submit(prompts.Next(tokens), 1));
  TRY_ASSIGN(const std::vector<EndEvent> ends, race.Wait());
  return tokens / (ends.front().prompt_ms * 1e-3);
}

// All answers begin with the same step, because the engine reads their short prompts together; with a depth the prompts
// are long, and the time counts from the moment the last of them has been read.
Result<double> Decode(Engine& engine, Prompts& prompts, int answers, int depth, int tokens) {
  Race race(engine);
  for (int i = 0; i < answers; ++i) TRY(race.Submit(prompts.Next(std::max(depth, 1)), tokens));
  TRY_ASSIGN(const std::vector<EndEvent> ends, race.Wait());
  double slowest_ms = 0;
  for (const EndEvent& end : ends) slowest_ms = std::max(slowest_ms, end.decode_ms);
  return answers * (tokens - 1) / (slowest_ms * 1e-3);
}

}  // namespace

Result<MachineLimits> MeasureMachine(int threads, int64_t buffer_bytes) {
  TRY_ASSIGN(const tensor::KernelTable* kernels, tensor::ChooseKernels());
  TRY_ASSIGN(const base::ZeroedMemory buffer, base::ZeroedMemory::Allocate(buffer_bytes));
  base::ThreadPool pool(threads > 0 ? threads : base::AvailableCpus());
  const int64_t share = buffer_bytes / pool.threads();
  pool.Run([&](int worker) {  // pages are the kernel's shared zero page until they are written
    std::fill_n(buffer.data() + worker * share, share, std::byte{1});
  });
  std::atomic<int64_t> sink = 0;
  MachineLimits limits;
  limits.buffer_bytes = buffer_bytes;
  limits.float_gflops = Best(pool, [&](int) { return kernels->burn_float(1'000'000); });
  limits.int8_gops = Best(pool, [&](int) { return kernels->burn_int8(1'000'000); });
  limits.memory_gb_s = Best(pool, [&](int worker) {
    sink += kernels->read_memory(reinterpret_cast<const uint8_t*>(buffer.data()) + worker * share, share);
    return share;
  });
  return limits;
}

Result<Throughput> MeasureThroughput(std::shared_ptr<const ModelFile> model, const ThroughputOptions& options) {
  int answers = 1;
  for (const int batch : options.batches) answers = std::max(answers, batch);
  const int longest = std::max({options.prompt_tokens + 1, options.depth_tokens + options.decode_tokens, 64});
  const KvShape shape = dynamic_cast<const CpuModel&>(*model).kv_shape(options.kv_type);
  const int64_t pages = int64_t{answers} * ((longest + tensor::kPagePositions) / tensor::kPagePositions + 1);
  EngineOptions engine_options;
  engine_options.threads = options.threads;
  engine_options.context_tokens = longest;
  engine_options.kv_bytes = pages * shape.page_bytes();
  engine_options.kv_type = options.kv_type;
  Prompts prompts(model->config().vocabulary);
  TRY_ASSIGN(const std::unique_ptr<Engine> engine, Engine::Create(model, engine_options));
  Throughput best;
  for (int repeat = 0; repeat < options.repeats; ++repeat) {
    if (options.prompt_tokens > 0) {
      TRY_ASSIGN(const double prefill, Prefill(*engine, prompts, options.prompt_tokens));
      best.prefill_tokens_per_s = std::max(best.prefill_tokens_per_s, prefill);
    }
    TRY_ASSIGN(const double decode, Decode(*engine, prompts, 1, options.depth_tokens, options.decode_tokens));
    best.decode_tokens_per_s = std::max(best.decode_tokens_per_s, decode);
    for (const int batch : options.batches) {
      TRY_ASSIGN(const double total, Decode(*engine, prompts, batch, options.depth_tokens, options.decode_tokens));
      double& entry = best.batch_tokens_per_s[batch];
      entry = std::max(entry, total);
    }
  }
  return best;
}

int64_t WeightBytesPerStep(const ModelFile& model, int answers) {
  const auto& cpu_model = dynamic_cast<const CpuModel&>(model);
  int64_t bytes = cpu_model.weight_bytes();
  if (!cpu_model.weights().tied_head) bytes -= cpu_model.weights().embedding.bytes();
  for (const auto& block : cpu_model.weights().blocks) {
    const auto experts = static_cast<int64_t>(block.experts.experts.size());
    const int64_t read = std::min(experts, int64_t{answers} * block.experts.used);
    if (read == experts) continue;
    const auto& expert = block.experts.experts.front();
    bytes -= (experts - read) * (expert.gate_up.bytes() + expert.down.bytes());
  }
  return bytes;
}

int64_t CacheBytes(const ModelFile& model, int tokens, tensor::KvType kv_type) {
  const auto& cpu_model = dynamic_cast<const CpuModel&>(model);
  return cpu_model.kv_shape(kv_type).page_bytes() / tensor::kPagePositions * tokens;
}

}  // namespace walchen::infer
