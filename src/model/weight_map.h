// SPDX-License-Identifier: Apache-2.0
//
// Where the weights of a Llama-family model stand in a GGUF file, with every shape checked against the configuration, and what
// adapters add to them.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "formats/gguf.h"
#include "model/backend.h"
#include "model/llama_config.h"
#include "model/lora_file.h"

namespace walchen::model {

// Parts point into the file and the adapters, which must outlive them. A tensor that this model does not need (the biases of a Llama, the
// experts of a dense model) is an empty list, not an error.
// Errors: kNotFound (names the tensor), kCorrupt (its shape, and the one expected).
class WeightMap {
 public:
  WeightMap(const formats::GgufFile& file, const LlamaConfig& config, std::span<const LoraFile> adapters = {})
      : file_(file), config_(config), adapters_(adapters) {}

  using Parts = Result<std::vector<MatrixPart>>;
  using Values = Result<NamedVector>;  // no values: this model has none

  // kUnsupported if the file has a bias that the architecture would not add: leaving it out would answer nonsense.
  Result<void> RefuseOtherBiases() const;
  // kUnsupported if an adapter changes a matrix that is computed without updates: one outside the blocks, or of experts.
  Result<void> RefuseOtherUpdates() const;

  Parts Embedding() const;
  Values FinalNorm() const;
  Parts Head() const;          // empty when tied
  bool tied_head() const;

  Values AttentionNorm(int layer) const;
  Parts Qkv(int layer) const;
  Values QkvBias(int layer) const;
  Values HeadNorm(int layer, std::string_view q_or_k) const;
  Parts AttentionOut(int layer) const;
  Values MlpNorm(int layer) const;
  Parts GateUp(int layer) const;
  Parts Down(int layer) const;

  Parts Router(int layer) const;
  Parts ExpertGateUp(int layer, int expert) const;
  Parts ExpertDown(int layer, int expert) const;
  Parts SharedExpertGateUp(int layer) const;
  Parts SharedExpertDown(int layer) const;
  Parts SharedExpertGate(int layer) const;

 private:
  Result<MatrixPart> Matrix(const std::string& name, int64_t rows, int64_t columns) const;
  Result<MatrixPart> ExpertMatrix(const std::string& name, int expert, int64_t rows, int64_t columns) const;
  Values Vector(const std::string& name, int64_t size) const;
  std::vector<int32_t> PairOrder(int heads) const;

  const formats::GgufFile& file_;
  const LlamaConfig& config_;
  std::span<const LoraFile> adapters_;
};

}  // namespace walchen::model
