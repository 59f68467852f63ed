// SPDX-License-Identifier: Apache-2.0
//
// A GGUF file as a Hugging Face folder that the Python package `transformers` loads: config.json, model.safetensors,
// tokenizer.json, tokenizer_config.json, generation_config.json.
#pragma once

#include "base/files.h"
#include "base/status.h"
#include "base/threads.h"
#include "model/quantize_model.h"
#include "tensor/dtype.h"

namespace walchen::model {

// `type` is F32, F16 or BF16. The folder must not exist, or be empty. It appears under its name when all its files are
// durable; until then they lie in `folder`.partial, which a failure removes. After a crash it is left, and a later export
// to the same name says that it is in the way.
// Errors: kAlreadyExists, kInvalidArgument (type), kUnsupported (an architecture or tokenizer that Hugging Face's classes
// would not compute the same way), those of GgufFile, base::Files and on_tensor.
Result<void> ExportHuggingFace(base::Files& files, const base::Path& input, const base::Path& folder,
                               tensor::DType type, base::ThreadPool& pool, const OnTensor& on_tensor = nullptr);

}  // namespace walchen::model
