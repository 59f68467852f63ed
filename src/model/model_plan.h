// SPDX-License-Identifier: Apache-2.0
//
// What a model file of the Llama family has to hold, before there is one: the tensors with their shapes, what Hugging
// Face calls them, and the configuration keys. The inverse of ReadLlamaConfig, for those who write model files.
// Names in GGUF files: ggml's docs/gguf.md and llama.cpp's gguf-py/gguf/constants.py; names at Hugging Face: the classes
// in its package `transformers`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "formats/gguf.h"
#include "model/llama_config.h"

namespace walchen::model {

// Llama 3.1's way to longer contexts: slow pairs turn `factor` times slower, fast ones as before, and those between are
// mixed (transformers, modeling_rope_utils.py, "llama3").
struct Llama3Scaling {
  double factor = 8;
  double low_frequency_factor = 1;
  double high_frequency_factor = 4;
  double original_context_tokens = 8192;
};

// The divisor of each pair's frequency: what stands in the tensor rope_freqs.weight.
std::vector<float> RopeDivisors(const Llama3Scaling& scaling, double theta, int head_size);

struct ModelPlan {
  LlamaConfig config;   // rope_frequencies stay empty: theta and the scaling below say the same
  std::string name;     // general.name
  double rope_theta = 10'000;
  double linear_scaling = 1;  // positions are divided by it
  std::optional<Llama3Scaling> llama3_scaling = {};
  bool tied_head = false;     // no output.weight: the embedding serves as the head
  bool qkv_bias = false;
  bool head_norms = false;    // Qwen3
};

// The plan of a model that exists. Errors: those of ReadLlamaConfig; kUnsupported for a rope_freqs.weight that no
// Llama3Scaling in use gives.
Result<ModelPlan> ReadModelPlan(const formats::GgufFile& file);

struct PlannedTensor {
  std::string name;
  std::vector<uint64_t> shape;           // slowest first
  std::vector<std::string> huggingface;  // one name, or one for each expert
  int pair_heads = 0;                    // not 0: rows (of so many heads) are in another order at Hugging Face, see RowOrder
};

// In the order of a file: embedding, head, final norm, then layer by layer. rope_freqs.weight is not among them.
std::vector<PlannedTensor> PlanTensors(const ModelPlan& plan);

// For each row of a GGUF file's Q or K the row of Hugging Face's matrix. GGUF's "llama" stores the two halves of a
// rotated pair side by side, Hugging Face half a head apart.
std::vector<int32_t> RowOrder(const PlannedTensor& tensor, int head_size);

// The architecture's configuration keys and rope_freqs.weight. Integers are unsigned, as other readers want them.
void AddConfigKeys(const ModelPlan& plan, formats::GgufWriter& writer);
void AddRopeTensor(const ModelPlan& plan, formats::GgufWriter& writer);

// Hugging Face's side of a family: config.json's "architectures" and "model_type".
struct HuggingFaceFamily {
  std::string_view architecture;
  std::string_view model_type;
  std::string_view family;   // GGUF's general.architecture
  bool experts;
  bool qkv_bias;             // whether this class always has biases at Q, K and V
  bool head_norms;
};
// Null if there is none of that name.
const HuggingFaceFamily* FindHuggingFaceFamily(std::string_view architecture);
// The class that such a model is exported as; null if Hugging Face has none.
const HuggingFaceFamily* HuggingFaceFamilyOf(const LlamaConfig& config);
// "LlamaForCausalLM, MistralForCausalLM, ..."
std::string HuggingFaceArchitectures();

}  // namespace walchen::model
