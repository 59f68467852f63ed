// SPDX-License-Identifier: Apache-2.0
#include "train/header_cache.h"

#include <torch/torch.h>

namespace walchen::train {
namespace {

int64_t BytesOf(const TorchBackend::Cache& cache) {
  int64_t bytes = 0;
  for (const auto& [keys, values] : cache.layers) bytes += static_cast<int64_t>(keys.nbytes() + values.nbytes());
  return bytes;
}

}  // namespace

TorchBackend::Cache HeaderCache::Of(std::span<const int32_t> tokens, int64_t lanes, const Compute& compute) {
  const torch::NoGradGuard no_grad;
  const size_t length = tokens.size() / static_cast<size_t>(lanes);
  // A set that does not fit is not small: then it is begun anew rather than searched for what to give up.
  if (bytes_ > max_bytes_) {
    texts_.clear();
    bytes_ = 0;
  }
  std::vector<const TorchBackend::Cache*> found;
  for (size_t lane = 0; lane < static_cast<size_t>(lanes); ++lane) {
    const std::span<const int32_t> text = tokens.subspan(lane * length, length);
    const std::vector<int32_t> key(text.begin(), text.end());
    auto at = texts_.find(key);
    if (at == texts_.end()) {
      at = texts_.emplace(key, compute(text)).first;
      bytes_ += BytesOf(at->second);
    }
    found.push_back(&at->second);
  }
  TorchBackend::Cache all;
  for (size_t layer = 0; layer < found.front()->layers.size(); ++layer) {
    std::vector<torch::Tensor> keys, values;
    for (const TorchBackend::Cache* one : found) {
      keys.push_back(one->layers[layer].keys);
      values.push_back(one->layers[layer].values);
    }
    all.layers.push_back({torch::cat(keys), torch::cat(values)});
  }
  return all;
}

}  // namespace walchen::train
