// SPDX-License-Identifier: Apache-2.0
//
// A Hugging Face folder as one GGUF file: config.json, tokenizer.json, and model.safetensors or its shards with their
// index. Only safetensors are read: a pickle (.bin, .pt) may run code when it is opened.
#pragma once

#include <string>

#include "base/files.h"
#include "base/status.h"
#include "base/threads.h"
#include "model/quantize_model.h"
#include "model/weight_mix.h"

namespace walchen::model {

struct HuggingFaceImport {
  base::Path folder;
  std::string name;                // general.name
  const WeightMix* mix = nullptr;  // null: matrices keep the type they have
};

// Everything but the weights themselves is checked before the first byte is written; the file is written durably, the old
// one or the whole new one. Errors: kNotFound (names the file, the member, the tensor), kCorrupt, kUnsupported (an
// architecture, a property or a tokenizer that would be computed differently), those of base::Files and on_tensor.
Result<void> ImportHuggingFace(base::Files& files, const HuggingFaceImport& import, const base::Path& output,
                               base::ThreadPool& pool, const OnTensor& on_tensor = nullptr);

}  // namespace walchen::model
