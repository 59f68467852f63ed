// SPDX-License-Identifier: Apache-2.0
//
// A model file with its weights in other number formats.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/files.h"
#include "base/status.h"
#include "base/threads.h"
#include "model/weight_mix.h"

namespace walchen::model {

// Called before each tensor that is written: its name, how many came before it, how many there are. An error (Ctrl-C)
// ends the work and leaves no file behind.
using OnTensor = std::function<Result<void>(std::string_view name, size_t done, size_t total)>;

struct TypeReport {
  int tensors = 0;
  uint64_t bytes = 0;
  double mean_squared_error = 0;  // against the weights of the input; 0 where they were copied
};

struct QuantizeReport {
  uint64_t input_bytes = 0;   // of weights
  uint64_t output_bytes = 0;
  std::map<std::string, TypeReport> types;  // by the new type's name
};

// Any GGUF file, of any architecture: matrices get the type that the mix gives them, everything else is kept. A tensor
// that has its new type already is copied as it is. Written durably: the old file or the whole new one.
// Errors: those of GgufFile, GgufWriter and Convert.
Result<QuantizeReport> QuantizeModel(base::Files& files, const base::Path& input, const base::Path& output,
                                     const WeightMix& mix, base::ThreadPool& pool, const OnTensor& on_tensor = nullptr);

}  // namespace walchen::model
