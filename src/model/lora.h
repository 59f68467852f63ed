// SPDX-License-Identifier: Apache-2.0
//
// An adapter (model/lora_file.h) merged into its base, for other engines and for good.
#pragma once

#include "base/files.h"
#include "base/status.h"
#include "base/threads.h"
#include "model/quantize_model.h"

namespace walchen::model {

// The base with an adapter added for good; written durably, the output must not be there. Matrices that change keep a
// plain type; quantised ones become Q8_0, because what was learned is smaller than the steps of four bits.
// Errors: those of LoraFile, kAlreadyExists, those of the files.
Result<void> MergeLora(base::Files& files, const base::Path& base_path, const base::Path& lora_path, const base::Path& output,
                       base::ThreadPool& pool, const OnTensor& on_tensor = nullptr);

}  // namespace walchen::model
