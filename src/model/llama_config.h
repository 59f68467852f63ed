// SPDX-License-Identifier: Apache-2.0
//
// The Llama family as data: Llama 2 and 3, Mistral, Mixtral, SmolLM2, Qwen2, Qwen2.5, Qwen3 and the mixtures of experts
// among them differ in numbers and in a handful of yes-or-no properties, all of which stand here. Adding a member of the
// family adds a line to the table in llama_config.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "formats/gguf.h"

namespace walchen::model {

struct LlamaConfig {
  std::string family;             // "llama", "qwen2", "qwen3", "qwen2moe", "qwen3moe": GGUF's general.architecture
  int layers = 0;
  int d_model = 0;
  int heads = 0;
  int kv_heads = 0;
  int head_size = 0;
  int d_ff = 0;                   // of the dense MLP; 0 in a pure mixture of experts
  int vocabulary = 0;
  int context_tokens = 0;         // what the model was trained for
  float rms_epsilon = 1e-5f;

  // Mixture of experts (Shazeer et al. 2017); all 0 for dense models.
  int experts = 0;
  int experts_used = 0;
  int expert_d_ff = 0;
  int shared_expert_d_ff = 0;     // Qwen2-MoE: one expert that every token uses, behind a sigmoid gate
  bool normalise_expert_weights = true;  // whether the weights of the experts used add up to 1

  // The file stores rotated pairs side by side (x[2i], x[2i+1]); we want halves (x[i], x[i + head_size/2]) and reorder
  // the rows of Q and K when loading.
  bool adjacent_pairs = false;

  // Radians per position of each of the head_size / 2 pairs, scaling included.
  std::vector<float> rope_frequencies;

  int group() const { return heads / kv_heads; }  // query heads per KV head
  int q_width() const { return heads * head_size; }
  int kv_width() const { return kv_heads * head_size; }
  int qkv_width() const { return q_width() + 2 * kv_width(); }
  // Multiplications and additions in the blocks' matrices for one token, without attention and head.
  int64_t operations_per_token() const;
};

// An adapter file's general.architecture (model/sense_file.h): no engine takes it for a language model.
inline constexpr std::string_view kSenseArchitecture = "walchen-sense";

// From the metadata of a model file; every number is within base/limits.h and consistent with the others.
// Errors: kNotFound and kCorrupt (name the key), kUnsupported (names the architecture or the rope scaling).
Result<LlamaConfig> ReadLlamaConfig(const formats::GgufFile& file);

}  // namespace walchen::model
