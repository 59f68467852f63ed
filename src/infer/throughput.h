// SPDX-License-Identifier: Apache-2.0
//
// Measurements: what the machine could do, and what the engine does with it.
#pragma once

#include <map>
#include <memory>

#include "base/status.h"
#include "infer/engine.h"

namespace walchen::infer {

struct MachineLimits {
  double float_gflops = 0;   // fused multiply-adds on registers
  double int8_gops = 0;      // 8-bit dot products on registers
  double memory_gb_s = 0;    // reading a buffer of `buffer_bytes` again and again
  int64_t buffer_bytes = 0;
};

// The best of several runs, on `threads` threads (0: all). kResourceExhausted if the buffer cannot be had.
Result<MachineLimits> MeasureMachine(int threads, int64_t buffer_bytes);

struct ThroughputOptions {
  int threads = 0;
  bool kv_8bit = false;
  int prompt_tokens = 512;
  int decode_tokens = 64;
  int depth_tokens = 0;              // tokens that lie in the cache before decoding; 0: one
  std::vector<int> batches = {};     // numbers of answers at the same time
  int repeats = 3;                   // the best of them counts
};

struct Throughput {
  double prefill_tokens_per_s = 0;
  double decode_tokens_per_s = 0;
  std::map<int, double> batch_tokens_per_s;  // all answers together
};

// Through the engine, greedily, on random tokens that no two measurements share. Errors: those of Engine.
Result<Throughput> MeasureThroughput(std::shared_ptr<const ModelFile> model, const ThroughputOptions& options);

// Bytes that one decode step at this depth has to read at least: the weights (of a tied embedding once) and the cache.
int64_t BytesPerToken(const ModelFile& model, int depth_tokens, bool kv_8bit);
// Multiplications and additions of one prompt token, without attention.
int64_t OperationsPerToken(const ModelFile& model);

}  // namespace walchen::infer
