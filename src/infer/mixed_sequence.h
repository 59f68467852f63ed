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
#include "tensor/kernels/kernels.h"

namespace walchen::infer {

// What a sense's heads said of one segment: [rows, head.outputs()] each, in the order of the modality.
using SenseOutputs = std::vector<std::vector<float>>;

// Not thread-safe.
class MixedSequence {
 public:
  struct Options {
    int threads = 0;
    int64_t slots_max = 2'048;  // tokens of all segments that are kept, and one that is not
    tensor::KvType kv = tensor::KvType::kF16;  // as text alone has it: then logits of text stay the same bit for bit
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
  // The modality of a sense; null if there is none of that name.
  virtual const model::Modality* FindModality(std::string_view name) const = 0;
};

}  // namespace walchen::infer
