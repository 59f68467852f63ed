// SPDX-License-Identifier: Apache-2.0
//
// Measurements: what the machine could do, and what the engine does with it.
#pragma once

#include <map>
#include <memory>

#include "base/status.h"
#include "infer/engine.h"
#include "tensor/kv_type.h"

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
  tensor::KvType kv_type = tensor::KvType::kF16;
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

// Bytes of weights that one decode step of so many answers has to read: of a tied embedding once, of an untied one almost
// none, and of experts as many as the answers can ask for.
int64_t WeightBytesPerStep(const ModelFile& model, int answers);
// Bytes of keys and values of so many tokens.
int64_t CacheBytes(const ModelFile& model, int tokens, tensor::KvType kv_type);

}  // namespace walchen::infer
