// SPDX-License-Identifier: Apache-2.0
//
// A sense's network, once for every backend: tokens in, a few blocks that share attention with the text stream, read-outs.
//
// One call computes one segment. Nothing that comes later changes it, so a mixed sequence is computed segment by segment,
// text by model/llama.h and continuous ones by this, over one cache; training does the same with gradients.
#pragma once

#include <utility>
#include <vector>

#include "formats/gguf.h"
#include "model/backend.h"
#include "model/sense_config.h"
#include "model/sense_file.h"

namespace walchen::model {

template <Backend B>
struct SenseBlockWeights {
  int layer = 0;                       // of the text stream, whose cache it shares
  typename B::Vector attention_norm;
  typename B::Matrix qkv;
  typename B::Vector q_norm, k_norm;   // per head (Dehghani et al. 2023)
  typename B::Matrix attention_out;
  typename B::Vector mlp_norm;
  typename B::Matrix up, down;         // squared ReLU (So et al. 2021, "Primer")
};

template <Backend B>
struct SenseWeights {
  typename B::Matrix input, input_out;  // the second one only behind a bottleneck
  typename B::Matrix tau_in, tau_out;
  std::vector<SenseBlockWeights<B>> blocks;
  typename B::Vector output_norm;
  std::vector<typename B::Matrix> heads;
  typename B::Matrix seam;              // pictures: the 3x3 convolution
};

// Reads them from a file that ReadSenses read. Errors: kNotFound, kCorrupt (name the tensor and both shapes).
template <Backend B>
Result<SenseWeights<B>> LoadSense(B& b, const formats::GgufFile& file, const SenseConfig& sense) {
  SenseWeights<B> weights;
  const SenseFile map(file, sense);
  const auto matrix = [&](typename B::Matrix& to, std::string_view what) -> Result<void> {
    TRY_ASSIGN(MatrixPart part, map.Matrix(what));
    TRY_ASSIGN(to, b.LoadMatrix({std::move(part)}));
    return {};
  };
  const auto vector = [&](typename B::Vector& to, std::string_view what) -> Result<void> {
    TRY_ASSIGN(NamedVector values, map.Vector(what));
    to = b.LoadVector(std::move(values));
    return {};
  };
  TRY(matrix(weights.input, "input"));
  if (sense.modality.bottleneck > 0) TRY(matrix(weights.input_out, "input_out"));
  TRY(matrix(weights.tau_in, "tau_in"));
  TRY(matrix(weights.tau_out, "tau_out"));
  for (int layer = 0; layer < sense.shared.layers; ++layer) {
    if (!sense.HasLayer(layer)) continue;
    SenseBlockWeights<B>& block = weights.blocks.emplace_back();
    block.layer = layer;
    const std::string prefix = fmt::format("blk.{}.", layer);
    TRY(vector(block.attention_norm, prefix + "attn_norm"));
    TRY(matrix(block.qkv, prefix + "attn_qkv"));
    TRY(vector(block.q_norm, prefix + "attn_q_norm"));
    TRY(vector(block.k_norm, prefix + "attn_k_norm"));
    TRY(matrix(block.attention_out, prefix + "attn_output"));
    TRY(vector(block.mlp_norm, prefix + "ffn_norm"));
    TRY(matrix(block.up, prefix + "ffn_up"));
    TRY(matrix(block.down, prefix + "ffn_down"));
  }
  TRY(vector(weights.output_norm, "output_norm"));
  for (const Head& head : sense.modality.heads) TRY(matrix(weights.heads.emplace_back(), "head." + head.name));
  if (sense.modality.patch.size > 0) TRY(matrix(weights.seam, "seam"));
  return weights;
}

template <Backend B>
typename B::Tensor SenseBlock(B& b, const SenseConfig& sense, const SenseBlockWeights<B>& w, typename B::Tensor x,
                              const Placement<typename B::Cache>& at) {
  const AttentionShape shape = {.heads = sense.heads,
                                .kv_heads = sense.shared.kv_heads,
                                .head_size = sense.shared.head_size,
                                .norm_epsilon = sense.rms_epsilon};
  typename B::Tensor qkv = b.NormLinear(x, w.attention_norm, sense.rms_epsilon, w.qkv, {});
  typename B::Tensor y = b.Attend(std::move(qkv), shape, w.q_norm, w.k_norm, w.layer, at);
  x = b.LinearAdd(std::move(y), w.attention_out, std::move(x));
  return b.SquaredReluMlpAdd(std::move(x), w.mlp_norm, sense.rms_epsilon, w.up, w.down);
}

// What the network reads of one segment, or of several equal ones (training): [rows, features] and [rows, kTauFeatures].
template <Backend B>
struct SenseInput {
  typename B::Tensor features, tau_features;
  PatchGrid grid = {};
};
inline PatchGrid GridOf(const SenseConfig& sense, const SenseTokens& tokens) {
  return {.rows = tokens.grid_rows,
          .columns = tokens.grid_columns,
          .patch_size = sense.modality.patch.size,
          .channels = sense.modality.patch.channels};
}
template <Backend B>
SenseInput<B> InputOf(B& b, const SenseConfig& sense, const SenseTokens& tokens) {
  return {.features = b.FromFloats(tokens.features, tokens.rows),
          .tau_features = b.FromFloats(TauFeatures(tokens.tau), tokens.rows),
          .grid = GridOf(sense, tokens)};
}

// The last layer of one segment, [rows, d_model]; its keys and values go into the cache on the way. `run`: as of TextStates.
template <Backend B, class Run = RunBlock>
typename B::Tensor SenseStates(B& b, const SenseConfig& sense, const SenseWeights<B>& w, const SenseInput<B>& in,
                               const Placement<typename B::Cache>& at, const Run& run = {}) {
  typename B::Tensor x = b.Linear(in.features, w.input);
  if (sense.modality.bottleneck > 0) x = b.Linear(x, w.input_out);
  x = b.LinearAdd(b.Silu(b.Linear(in.tau_features, w.tau_in)), w.tau_out, std::move(x));
  b.SetPositions(at, sense.shared.rope_frequencies);
  for (const SenseBlockWeights<B>& block : w.blocks) {
    x = run(block.layer, std::move(x), at, [&b, &sense, &block](typename B::Tensor rows, const Placement<typename B::Cache>& place) {
      return SenseBlock(b, sense, block, std::move(rows), place);
    });
  }
  return x;
}

// What the heads say of such states, [rows, head.outputs()] each, in the order of the modality.
template <Backend B>
std::vector<typename B::Tensor> SenseHeads(B& b, const SenseConfig& sense, const SenseWeights<B>& w,
                                           const typename B::Tensor& states, const PatchGrid& grid) {
  std::vector<typename B::Tensor> outputs;
  for (size_t i = 0; i < w.heads.size(); ++i) {
    typename B::Tensor y = b.NormLinear(states, w.output_norm, sense.rms_epsilon, w.heads[i], {});
    const bool is_picture = i == 0 && grid.rows > 0;
    outputs.push_back(is_picture ? b.SeamAdd(std::move(y), w.seam, grid) : std::move(y));
  }
  return outputs;
}

}  // namespace walchen::model
