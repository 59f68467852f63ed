// SPDX-License-Identifier: Apache-2.0
//
// A sense as data: a narrow stack of weights that shares attention with a language model's text stream.
//
// All streams have the base's KV heads, head size and rotation, so that they can attend to each other; width, query heads
// and MLP are a sense's own. A sense has a layer at the text layers i with i mod stride = stride - 1. Fixed experts by kind
// of token, as in Liang et al. 2024, "Mixture-of-transformers".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "formats/gguf.h"
#include "model/llama_config.h"
#include "model/modality.h"

namespace walchen::model {

// What all streams of a model have in common.
struct SharedAttention {
  int layers = 0;  // of the text stream
  int kv_heads = 0;
  int head_size = 0;
  std::vector<float> rope_frequencies = {};
  bool operator==(const SharedAttention&) const = default;
};
SharedAttention SharedAttentionOf(const LlamaConfig& text);

struct SenseConfig {
  std::string name = {};
  Modality modality = {};
  SharedAttention shared = {};
  int d_model = 0;
  int heads = 0;
  int d_ff = 0;
  int stride = 1;
  float rms_epsilon = 1e-6f;
  std::string base_sha256 = {};  // of the model file it was trained on; empty: trained together with its text stream

  bool HasLayer(int text_layer) const { return text_layer % stride == stride - 1; }
  int layers() const { return shared.layers / stride; }
  int q_width() const { return heads * shared.head_size; }
  int qkv_width() const { return (heads + 2 * shared.kv_heads) * shared.head_size; }
  // Multiplications and additions in the matrices for one token, without attention and heads.
  int64_t operations_per_token() const;
};

// Sizes that fit together, within base/limits.h. Errors: kInvalidArgument, kTooLarge (name the number).
Result<void> CheckSense(const SenseConfig& sense);

// The matrices and vectors of a sense, as they stand in a file: sense.NAME.<what>.
struct SenseTensor {
  std::string name;
  std::vector<uint64_t> shape;  // [rows, columns], or [size] of gains
  enum class Start { kNormal, kZero, kOne, kKeyNorm } start = Start::kNormal;
  int layer = -1;               // of the text stream, for kKeyNorm
};
std::vector<SenseTensor> SenseTensors(const SenseConfig& sense);

// The keys of a sense: walchen.senses (a list of names) is added by whoever writes the file.
void AddSenseKeys(const SenseConfig& sense, formats::GgufWriter& writer);

// The senses in a file, in its order; none if it has no walchen.senses. `modalities` are searched before Modalities().
// Errors: kNotFound, kCorrupt (name the key), kUnsupported (a format version or modality that this program does not have).
Result<std::vector<SenseConfig>> ReadSenses(const formats::GgufFile& file, std::span<const Modality> modalities = {});

}  // namespace walchen::model
