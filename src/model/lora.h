// SPDX-License-Identifier: Apache-2.0
//
// Low-rank updates (Hu et al. 2021, "LoRA") as adapter files: for a matrix W of the base the tensors W.lora_a [rank, columns]
// and W.lora_b [rows, rank], and W + alpha / rank * b a is what was trained. The form is llama.cpp's
// (convert_lora_to_gguf.py): general.type "adapter", adapter.type "lora", adapter.lora.alpha.
#pragma once

#include "base/files.h"
#include "base/status.h"
#include "base/threads.h"
#include "model/quantize_model.h"

namespace walchen::model {

// The base with an adapter added for good; written durably, the output must not be there. Matrices that change keep a
// plain type; quantised ones become Q8_0, because what was learned is smaller than the steps of four bits.
// Errors: kInvalidArgument (no adapter, or one for another base: names the tensor), kAlreadyExists, those of the files.
Result<void> MergeLora(base::Files& files, const base::Path& base_path, const base::Path& lora_path, const base::Path& output,
                       base::ThreadPool& pool, const OnTensor& on_tensor = nullptr);

}  // namespace walchen::model
