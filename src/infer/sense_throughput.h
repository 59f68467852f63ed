// SPDX-License-Identifier: Apache-2.0
//
// How long senses take for what they are used for, and what that asks of the machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "infer/mixed_sequence.h"
#include "tensor/dtype.h"

namespace walchen::infer {

struct SenseTiming {
  std::string task;         // "picture of 64x64, 25 Heun steps"
  std::string sense;
  tensor::DType type = tensor::DType::kF32;  // of the sense's matrices
  int tokens = 0;           // of one pass
  int passes = 0;
  double ms = 0;            // of the fastest run, all passes
  int64_t operations = 0;   // multiplications and additions in the blocks' matrices and in attention, all passes

  double tokens_per_s() const { return 1e3 * tokens * passes / ms; }
  double gflops() const { return static_cast<double>(operations) / ms * 1e-6; }
};

// Every task whose modality has a sense in the sequence: a picture (also guided, if there is a text stream), a forecast, a
// chunk of actions. The sequence is cleared. Errors: those of SampleUnknown and Forecast.
Result<std::vector<SenseTiming>> MeasureSenses(MixedSequence& sequence, int repeats);

struct TextTiming {
  double tokens_per_s = 0;       // one token after the other
  std::vector<float> logits;     // of every step, in a row
};
// The same text for every sequence of a base. Errors: those of MixedSequence::Text.
Result<TextTiming> MeasureText(MixedSequence& sequence, int tokens);

}  // namespace walchen::infer
