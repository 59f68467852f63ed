// SPDX-License-Identifier: Apache-2.0
//
// Keys and values of the texts that samples of a sense begin with, where the text stream is frozen: they come from a small
// set (captions, instructions), and to compute them again in every step costs more than the sense's own step.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "train/torch_backend.h"

namespace walchen::train {

class HeaderCache {
 public:
  explicit HeaderCache(int64_t max_bytes = int64_t{512} << 20) : max_bytes_(max_bytes) {}

  // What one text alone leaves in an empty cache.
  using Compute = std::function<TorchBackend::Cache(std::span<const int32_t> tokens)>;
  // The cache of `lanes` texts of one length side by side. Each is computed alone, so that its bits do not depend on what
  // else is in the batch or was computed before.
  TorchBackend::Cache Of(std::span<const int32_t> tokens, int64_t lanes, const Compute& compute);

  int64_t bytes() const { return bytes_; }

 private:
  int64_t max_bytes_;
  int64_t bytes_ = 0;
  std::map<std::vector<int32_t>, TorchBackend::Cache> texts_;
};

}  // namespace walchen::train
