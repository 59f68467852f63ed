// SPDX-License-Identifier: Apache-2.0
//
// Adapters: low-rank updates of a base's matrices (Hu et al. 2021, "LoRA"), in the form of llama.cpp's files
// (convert_lora_to_gguf.py). For a matrix W of the base there are W.lora_a [rank, columns] and W.lora_b [rows, rank], and
// W + alpha / rank * b a is what was trained; adapter.lora.alpha 0 stands for alpha = rank. Rows of b are in the order of the
// base's file. general.type is "adapter", adapter.type "lora", general.architecture the base's.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "formats/gguf.h"
#include "model/backend.h"

namespace walchen::model {

// Everything in it fits the base. Immutable, thread-safe; movable.
class LoraFile {
 public:
  // Factors may be F32, F16 or BF16. Errors: those of GgufFile; kInvalidArgument (no adapter, or one for another base),
  // kCorrupt (a number that is not finite); they name the file, the tensor, what was expected and what was found.
  static Result<LoraFile> Open(base::Files& files, const base::Path& path, const formats::GgufFile& base);

  // What it adds to the base's matrix of this name; lives as long as this object.
  LowRank Find(std::string_view matrix) const;

  // Where it was read from, for messages.
  const std::string& path() const { return path_; }
  // The matrices that it changes; at least one.
  std::vector<std::string_view> matrices() const;

 private:
  struct Factors {
    int64_t rank = 0;
    std::vector<float> a, b;
  };

  static Result<LoraFile> Read(const formats::GgufFile& file, const formats::GgufFile& base);
  Result<void> Add(const formats::GgufFile& file, const formats::TensorEntry& matrix, double alpha);

  std::string path_;
  std::map<std::string, Factors, std::less<>> factors_;
};

}  // namespace walchen::model
