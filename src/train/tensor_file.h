// SPDX-License-Identifier: Apache-2.0
//
// Tensors of the torch backend as bytes: the weights and moments of a checkpoint, and the model file that is made of them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "base/files.h"
#include "formats/gguf.h"
#include "train/torch_backend.h"

namespace walchen::train {

using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

// safetensors; float32 and int64.
Result<void> WriteTensors(base::WritableFile& file, const NamedTensors& tensors);
// Reads them into tensors that are there, all of them: kCorrupt names one that is missing or has another shape.
Result<void> ReadTensors(base::Files& files, const base::Path& path, const NamedTensors& into);

// Its values in a row.
std::string TensorBytes(const torch::Tensor& tensor);

// The rows of one part of a parameter, in the order in which the file has them, as float32.
std::string PartBytes(const Parameter& parameter, size_t part, const torch::Tensor& value);

// A model file with the same keys and tensors, trained ones (looked up by name) in float32.
using FindTrained = std::function<std::optional<std::string>(std::string_view name)>;
Result<void> WriteModelFile(base::WritableFile& file, const formats::GgufFile& original, const FindTrained& find);

}  // namespace walchen::train
