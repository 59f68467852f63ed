// SPDX-License-Identifier: Apache-2.0
//
// The Llama decoder, once for every backend (Touvron et al. 2023; grouped-query attention: Ainslie et al. 2023; SwiGLU:
// Shazeer 2020; RoPE: Su et al. 2021; QK-norm as in Qwen3; experts as in Mixtral, Jiang et al. 2024).
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "formats/gguf.h"
#include "model/backend.h"
#include "model/llama_config.h"
#include "model/weight_map.h"

namespace walchen::model {

// Empty vectors and matrices stand for what a family member does not have.
template <Backend B>
struct BlockWeights {
  typename B::Vector attention_norm;
  typename B::Matrix qkv;                  // Q over K over V
  typename B::Vector qkv_bias;             // Qwen2
  typename B::Vector q_norm, k_norm;       // Qwen3, per head
  typename B::Matrix attention_out;
  typename B::Vector mlp_norm;
  MlpWeights<typename B::Matrix> mlp;          // dense models
  ExpertWeights<typename B::Matrix> experts;   // mixtures
};

template <Backend B>
struct LlamaWeights {
  typename B::Matrix embedding;
  std::vector<BlockWeights<B>> blocks;
  typename B::Vector final_norm;
  typename B::Matrix head;                 // empty when tied to the embedding
  bool tied_head = false;
};

// Reads the weights of a model file into the backend, with adapters beside them: Segment::adapter is a place in that list.
// Errors: kNotFound, kCorrupt (name the tensor and both shapes), kUnsupported.
template <Backend B>
Result<LlamaWeights<B>> LoadLlama(B& b, const formats::GgufFile& file, const LlamaConfig& config,
                                  std::span<const LoraFile> adapters = {}) {
  WeightMap map(file, config, adapters);
  TRY(map.RefuseOtherBiases());
  TRY(map.RefuseOtherUpdates());
  LlamaWeights<B> weights;
  const auto matrix = [&](typename B::Matrix& to, Result<std::vector<MatrixPart>> parts) -> Result<void> {
    if (!parts) return Forward(parts);
    if (parts->empty()) return {};
    TRY_ASSIGN(to, b.LoadMatrix(*parts));
    // A backend that repacked them needs these bytes no more; for one that reads them later they come back by themselves.
    for (const MatrixPart& part : *parts) file.DropResident(part.data);
    return {};
  };
  const auto vector = [&](typename B::Vector& to, Result<NamedVector> values) -> Result<void> {
    if (!values) return Forward(values);
    to = b.LoadVector(std::move(*values));
    return {};
  };
  TRY(matrix(weights.embedding, map.Embedding()));
  TRY(vector(weights.final_norm, map.FinalNorm()));
  TRY(matrix(weights.head, map.Head()));
  weights.tied_head = map.tied_head();
  for (int layer = 0; layer < config.layers; ++layer) {
    BlockWeights<B>& block = weights.blocks.emplace_back();
    TRY(vector(block.attention_norm, map.AttentionNorm(layer)));
    TRY(matrix(block.qkv, map.Qkv(layer)));
    TRY(vector(block.qkv_bias, map.QkvBias(layer)));
    TRY(vector(block.q_norm, map.HeadNorm(layer, "q")));
    TRY(vector(block.k_norm, map.HeadNorm(layer, "k")));
    TRY(matrix(block.attention_out, map.AttentionOut(layer)));
    TRY(vector(block.mlp_norm, map.MlpNorm(layer)));
    TRY(matrix(block.mlp.gate_up, map.GateUp(layer)));
    TRY(matrix(block.mlp.down, map.Down(layer)));
    ExpertWeights<typename B::Matrix>& experts = block.experts;
    experts.used = config.experts_used;
    experts.normalise = config.normalise_expert_weights;
    experts.has_shared = config.shared_expert_d_ff > 0;
    TRY(matrix(experts.router, map.Router(layer)));
    for (int expert = 0; expert < config.experts; ++expert) {
      auto& to = experts.experts.emplace_back();
      TRY(matrix(to.gate_up, map.ExpertGateUp(layer, expert)));
      TRY(matrix(to.down, map.ExpertDown(layer, expert)));
    }
    TRY(matrix(experts.shared.gate_up, map.SharedExpertGateUp(layer)));
    TRY(matrix(experts.shared.down, map.SharedExpertDown(layer)));
    TRY(matrix(experts.shared_gate, map.SharedExpertGate(layer)));
  }
  return weights;
}

// One decoder block. x is [t, d].
template <Backend B>
typename B::Tensor DecoderBlock(B& b, const LlamaConfig& config, const BlockWeights<B>& w, typename B::Tensor x, int layer,
                                const Placement<typename B::Cache>& at) {
  const AttentionShape shape = {.heads = config.heads,
                                .kv_heads = config.kv_heads,
                                .head_size = config.head_size,
                                .norm_epsilon = config.rms_epsilon};
  typename B::Tensor qkv = b.NormLinear(x, w.attention_norm, config.rms_epsilon, w.qkv, w.qkv_bias);
  typename B::Tensor y = b.Attend(std::move(qkv), shape, w.q_norm, w.k_norm, layer, at);
  x = b.LinearAdd(std::move(y), w.attention_out, std::move(x));
  if (config.experts == 0) return b.MlpAdd(std::move(x), w.mlp_norm, config.rms_epsilon, w.mlp);
  return b.ExpertsAdd(std::move(x), w.mlp_norm, config.rms_epsilon, w.experts);
}

// What the last block leaves, [t, d]. tokens[i] is row i of the placement. `run` runs each block (RunBlock in model/backend.h);
// what it is given may be called again as long as b, config and w live.
template <Backend B, class Run = RunBlock>
typename B::Tensor TextStates(B& b, const LlamaConfig& config, const LlamaWeights<B>& w, std::span<const int32_t> tokens,
                              const Placement<typename B::Cache>& at, const Run& run = {}) {
  typename B::Tensor x = b.Embed(w.embedding, tokens);
  b.SetPositions(at, config.rope_frequencies);
  for (int layer = 0; layer < config.layers; ++layer) {
    x = run(layer, std::move(x), at, [&b, &config, &w, layer](typename B::Tensor in, const Placement<typename B::Cache>& place) {
      return DecoderBlock(b, config, w.blocks[static_cast<size_t>(layer)], std::move(in), layer, place);
    });
  }
  return x;
}

// The logits of the rows `wanted`, [wanted, v]; an empty tensor for none.
template <Backend B>
typename B::Tensor Forward(B& b, const LlamaConfig& config, const LlamaWeights<B>& w, std::span<const int32_t> tokens,
                           const Placement<typename B::Cache>& at, std::span<const int32_t> wanted) {
  typename B::Tensor x = TextStates(b, config, w, tokens, at);
  if (wanted.empty()) return {};
  return b.NormLinear(b.Rows(std::move(x), wanted), w.final_norm, config.rms_epsilon,
                      w.tied_head ? w.embedding : w.head, typename B::Vector{});
}

}  // namespace walchen::model
