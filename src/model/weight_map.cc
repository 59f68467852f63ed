// SPDX-License-Identifier: Apache-2.0
#include "model/weight_map.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "base/bytes.h"
#include "tensor/packed_matrix.h"
#include "tensor/quant.h"

namespace walchen::model {
namespace {

using formats::TensorEntry;

// What every backend can compute with; said here, where the tensor has a name.
Result<void> CheckMatrixType(const TensorEntry& tensor) {
  if (tensor::FindPackedLayout(tensor.type) != nullptr) return {};
  return Fail(ErrorCode::kUnsupported, "tensor {}: {} is no type for weights; convert the model, for example to Q8_0",
              tensor.name, tensor::Info(tensor.type).name);
}

std::string BlockName(int layer, std::string_view name) { return fmt::format("blk.{}.{}", layer, name); }

Result<std::vector<MatrixPart>> Stack(std::initializer_list<Result<MatrixPart>> parts) {
  std::vector<MatrixPart> stacked;
  for (const Result<MatrixPart>& part : parts) {
    if (!part) return tl::unexpected<Error>(part.error());
    stacked.push_back(*part);
  }
  return stacked;
}

}  // namespace

Result<MatrixPart> WeightMap::Matrix(const std::string& name, int64_t rows, int64_t columns) const {
  const TensorEntry* tensor = file_.FindTensor(name);
  if (tensor == nullptr) return Fail(ErrorCode::kNotFound, "the model file has no tensor {}", name);
  const std::vector<uint64_t> expected = {static_cast<uint64_t>(rows), static_cast<uint64_t>(columns)};
  if (tensor->shape != expected && !(rows == 1 && tensor->shape == std::vector{expected[1]})) {
    return Fail(ErrorCode::kCorrupt, "tensor {} has shape {}, expected {}", name, tensor->shape, expected);
  }
  TRY(CheckMatrixType(*tensor));
  MatrixPart part = {.name = name, .type = tensor->type, .rows = rows, .columns = columns, .data = file_.Data(*tensor),
                     .row_order = {}};
  for (const LoraFile& adapter : adapters_) part.updates.push_back(adapter.Find(name));
  if (std::ranges::all_of(part.updates, [](const LowRank& update) { return update.rank == 0; })) part.updates.clear();
  return part;
}

Result<MatrixPart> WeightMap::ExpertMatrix(const std::string& name, int expert, int64_t rows, int64_t columns) const {
  const TensorEntry* tensor = file_.FindTensor(name);
  if (tensor == nullptr) return Fail(ErrorCode::kNotFound, "the model file has no tensor {}", name);
  const std::vector<uint64_t> expected = {static_cast<uint64_t>(config_.experts), static_cast<uint64_t>(rows),
                                          static_cast<uint64_t>(columns)};
  if (tensor->shape != expected) {
    return Fail(ErrorCode::kCorrupt, "tensor {} has shape {}, expected {}", name, tensor->shape, expected);
  }
  TRY(CheckMatrixType(*tensor));
  const uint64_t bytes = tensor->size / expected[0];
  return MatrixPart{.name = fmt::format("{}[{}]", name, expert), .type = tensor->type, .rows = rows, .columns = columns,
                    .data = file_.Data(*tensor).subspan(bytes * static_cast<uint64_t>(expert), bytes), .row_order = {}};
}

WeightMap::Values WeightMap::Vector(const std::string& name, int64_t size) const {
  const TensorEntry* tensor = file_.FindTensor(name);
  if (tensor == nullptr) return Fail(ErrorCode::kNotFound, "the model file has no tensor {}", name);
  if (tensor->values() != static_cast<uint64_t>(size) || tensor->columns() != static_cast<uint64_t>(size)) {
    return Fail(ErrorCode::kCorrupt, "tensor {} has shape {}, expected [{}]", name, tensor->shape, size);
  }
  if (tensor->type >= tensor::DType::kI8 && tensor->type <= tensor::DType::kI64) {
    return Fail(ErrorCode::kUnsupported, "tensor {} has type {}, expected floats", name, tensor::Info(tensor->type).name);
  }
  if (tensor::HasNonFinite(tensor->type, file_.Data(*tensor))) {
    return Fail(ErrorCode::kCorrupt, "tensor {} holds a value that is no finite number", name);
  }
  NamedVector vector = {.name = name, .values = std::vector<float>(static_cast<size_t>(size))};
  tensor::Dequantize(tensor->type, file_.Data(*tensor), vector.values);
  return vector;
}

// Halves of a head from adjacent pairs: row i of the first half is the file's row 2i, of the second half 2i + 1.
std::vector<int32_t> WeightMap::PairOrder(int heads) const {
  std::vector<int32_t> order;
  if (!config_.adjacent_pairs) return order;
  for (int head = 0; head < heads; ++head) {
    for (int odd = 0; odd < 2; ++odd) {
      for (int pair = 0; pair < config_.head_size / 2; ++pair) order.push_back(head * config_.head_size + 2 * pair + odd);
    }
  }
  return order;
}

Result<void> WeightMap::RefuseOtherBiases() const {
  for (const TensorEntry& tensor : file_.tensors()) {
    const std::string_view name = tensor.name;
    const bool of_qkv = name.ends_with(".attn_q.bias") || name.ends_with(".attn_k.bias") || name.ends_with(".attn_v.bias");
    if (name.ends_with(".bias") && !of_qkv) {
      return Fail(ErrorCode::kUnsupported, "tensor {}: the models of this family have biases only at Q, K and V",
                  base::Quoted(name));
    }
  }
  return {};
}

Result<void> WeightMap::RefuseOtherUpdates() const {
  constexpr std::string_view kUpdated[] = {".attn_q.weight",   ".attn_k.weight",   ".attn_v.weight", ".attn_output.weight",
                                           ".ffn_gate.weight", ".ffn_up.weight", ".ffn_down.weight"};
  for (const LoraFile& adapter : adapters_) {
    for (const std::string_view matrix : adapter.matrices()) {
      const auto ends = [&](std::string_view name) { return matrix.starts_with("blk.") && matrix.ends_with(name); };
      if (std::ranges::any_of(kUpdated, ends)) continue;
      return Fail(ErrorCode::kUnsupported, "{}: changes {}; expected, beside a base, only matrices of blocks: {}. "
                  "`walchen model export --lora` merges such an adapter", adapter.path(), base::Quoted(matrix),
                  fmt::join(kUpdated, ", "));
    }
  }
  return {};
}

WeightMap::Parts WeightMap::Embedding() const {
  return Stack({Matrix("token_embd.weight", config_.vocabulary, config_.d_model)});
}

WeightMap::Values WeightMap::FinalNorm() const { return Vector("output_norm.weight", config_.d_model); }

bool WeightMap::tied_head() const { return file_.FindTensor("output.weight") == nullptr; }

WeightMap::Parts WeightMap::Head() const {
  if (tied_head()) return std::vector<MatrixPart>{};
  return Stack({Matrix("output.weight", config_.vocabulary, config_.d_model)});
}

WeightMap::Values WeightMap::AttentionNorm(int layer) const {
  return Vector(BlockName(layer, "attn_norm.weight"), config_.d_model);
}

WeightMap::Parts WeightMap::Qkv(int layer) const {
  auto parts = Stack({Matrix(BlockName(layer, "attn_q.weight"), config_.q_width(), config_.d_model),
                      Matrix(BlockName(layer, "attn_k.weight"), config_.kv_width(), config_.d_model),
                      Matrix(BlockName(layer, "attn_v.weight"), config_.kv_width(), config_.d_model)});
  if (!parts) return parts;
  (*parts)[0].row_order = PairOrder(config_.heads);
  (*parts)[1].row_order = PairOrder(config_.kv_heads);
  return parts;
}

WeightMap::Values WeightMap::QkvBias(int layer) const {
  NamedVector bias;
  const struct {
    const char* name;
    int heads;
    bool rotated;
  } kParts[] = {{"attn_q.bias", config_.heads, true},
                {"attn_k.bias", config_.kv_heads, true},
                {"attn_v.bias", config_.kv_heads, false}};
  const auto stands_in_file = [&](const auto& part) { return file_.FindTensor(BlockName(layer, part.name)) != nullptr; };
  if (std::ranges::none_of(kParts, stands_in_file)) return bias;
  for (const auto& part : kParts) {
    TRY_ASSIGN(const NamedVector vector, Vector(BlockName(layer, part.name), part.heads * config_.head_size));
    const std::vector<float>& values = vector.values;
    const std::vector<int32_t> order = part.rotated ? PairOrder(part.heads) : std::vector<int32_t>{};
    for (size_t i = 0; i < values.size(); ++i) bias.values.push_back(values[order.empty() ? i : static_cast<size_t>(order[i])]);
  }
  return bias;
}

WeightMap::Values WeightMap::HeadNorm(int layer, std::string_view q_or_k) const {
  const std::string name = BlockName(layer, fmt::format("attn_{}_norm.weight", q_or_k));
  if (file_.FindTensor(name) == nullptr) return NamedVector{};
  TRY_ASSIGN(const NamedVector vector, Vector(name, config_.head_size));
  NamedVector ordered = vector;
  const std::vector<int32_t> order = PairOrder(1);
  for (size_t i = 0; i < order.size(); ++i) ordered.values[i] = vector.values[static_cast<size_t>(order[i])];
  return ordered;
}

WeightMap::Parts WeightMap::AttentionOut(int layer) const {
  return Stack({Matrix(BlockName(layer, "attn_output.weight"), config_.d_model, config_.q_width())});
}

WeightMap::Values WeightMap::MlpNorm(int layer) const {
  return Vector(BlockName(layer, "ffn_norm.weight"), config_.d_model);
}

WeightMap::Parts WeightMap::GateUp(int layer) const {
  if (config_.experts > 0) return std::vector<MatrixPart>{};
  return Stack({Matrix(BlockName(layer, "ffn_gate.weight"), config_.d_ff, config_.d_model),
                Matrix(BlockName(layer, "ffn_up.weight"), config_.d_ff, config_.d_model)});
}

WeightMap::Parts WeightMap::Down(int layer) const {
  if (config_.experts > 0) return std::vector<MatrixPart>{};
  return Stack({Matrix(BlockName(layer, "ffn_down.weight"), config_.d_model, config_.d_ff)});
}

WeightMap::Parts WeightMap::Router(int layer) const {
  if (config_.experts == 0) return std::vector<MatrixPart>{};
  return Stack({Matrix(BlockName(layer, "ffn_gate_inp.weight"), config_.experts, config_.d_model)});
}

WeightMap::Parts WeightMap::ExpertGateUp(int layer, int expert) const {
  return Stack({ExpertMatrix(BlockName(layer, "ffn_gate_exps.weight"), expert, config_.expert_d_ff, config_.d_model),
                ExpertMatrix(BlockName(layer, "ffn_up_exps.weight"), expert, config_.expert_d_ff, config_.d_model)});
}

WeightMap::Parts WeightMap::ExpertDown(int layer, int expert) const {
  return Stack({ExpertMatrix(BlockName(layer, "ffn_down_exps.weight"), expert, config_.d_model, config_.expert_d_ff)});
}

WeightMap::Parts WeightMap::SharedExpertGateUp(int layer) const {
  if (config_.shared_expert_d_ff == 0) return std::vector<MatrixPart>{};
  return Stack({Matrix(BlockName(layer, "ffn_gate_shexp.weight"), config_.shared_expert_d_ff, config_.d_model),
                Matrix(BlockName(layer, "ffn_up_shexp.weight"), config_.shared_expert_d_ff, config_.d_model)});
}

WeightMap::Parts WeightMap::SharedExpertDown(int layer) const {
  if (config_.shared_expert_d_ff == 0) return std::vector<MatrixPart>{};
  return Stack({Matrix(BlockName(layer, "ffn_down_shexp.weight"), config_.d_model, config_.shared_expert_d_ff)});
}

WeightMap::Parts WeightMap::SharedExpertGate(int layer) const {
  if (config_.shared_expert_d_ff == 0) return std::vector<MatrixPart>{};
  return Stack({Matrix(BlockName(layer, "ffn_gate_inp_shexp.weight"), 1, config_.d_model)});
}

}  // namespace walchen::model
