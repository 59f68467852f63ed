// SPDX-License-Identifier: Apache-2.0
//
// One sequence of text and senses on the cpu backend: what forecasts, draws and acts. The engine (infer/engine.h) is for many
// conversations at a time; this is for one at a time.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "infer/model_file.h"
#include "model/modality.h"
#include "model/sense_config.h"
#include "tensor/dtype.h"
#include "tensor/kernels/kernels.h"

namespace walchen::infer {

// What a sense's heads said of one segment: [rows, head.outputs()] each, in the order of the modality.
using SenseOutputs = std::vector<std::vector<float>>;

// A sense that is loaded.
struct SenseInfo {
  const model::SenseConfig* config = nullptr;    // lives as long as a sequence with it
  tensor::DType type = tensor::DType::kF32;      // of its matrices
};

// Not thread-safe.
class MixedSequence {
 public:
  struct Options {
    int threads = 0;
    int64_t slots_max = 2'048;  // tokens of all segments that are kept, and one that is not
    tensor::KvType kv = tensor::KvType::kF16;  // as text alone has it: then logits of text stay the same bit for bit
    std::span<const model::Modality> modalities = {};  // searched before model::Modalities()
    std::string adapter = {};  // of the base, for text; empty: none
  };

  // `base` may be null: then every sense stands alone, and Text is a kUnsupported. `senses` are adapter files, or files
  // that hold several; `base_path`, if not empty, is read for its SHA-256 where a sense names one.
  // Errors: those of the files; kInvalidArgument (a sense that was made for another base, a name twice, no such adapter).
  static Result<std::unique_ptr<MixedSequence>> Open(base::Files& files, std::shared_ptr<const ModelFile> base,
                                                     const base::Path& base_path, std::span<const base::Path> senses,
                                                     const Options& options);
  virtual ~MixedSequence() = default;

  // Forgets all segments.
  virtual void Clear() = 0;
  // Appends text; returns the logits after its last token. Errors: kInvalidArgument (no token, or one outside the
  // vocabulary), kTooLarge (more than slots_max in all).
  virtual Result<std::vector<float>> Text(std::span<const formats::TokenId> tokens) = 0;
  // Appends a continuous segment (if tokens.kept; otherwise the next segment takes its place).
  // Errors: kNotFound (no such sense: names those there are), kTooLarge.
  virtual Result<SenseOutputs> Sense(std::string_view name, const model::SenseTokens& tokens) = 0;
  // Whether there is a base, so that Text works.
  virtual bool has_text() const = 0;
  // In the order of their files.
  virtual std::vector<SenseInfo> senses() const = 0;
  // Another sequence, empty, on the same weights and threads. The two must not compute at the same time.
  // Errors: kResourceExhausted.
  virtual Result<std::unique_ptr<MixedSequence>> NewSequence() const = 0;

  // The sense of that name. Errors: kNotFound (names those there are).
  Result<SenseInfo> FindSense(std::string_view name) const;
};

}  // namespace walchen::infer
