// SPDX-License-Identifier: Apache-2.0
//
// On what a process trains: the CPU, or a GPU, for which libtorch loads another library.
#pragma once

#include <string_view>

#include <torch/types.h>

#include "base/status.h"

namespace walchen::train {

// "cpu", "cuda" (the first GPU that CUDA_VISIBLE_DEVICES leaves), or "auto": that one if there is one. Before anything else
// of libtorch is used. Errors: kInvalidArgument (another name), kUnavailable (no such GPU, or a libtorch without CUDA).
Result<torch::Device> OpenDevice(std::string_view name);

}  // namespace walchen::train
