// SPDX-License-Identifier: Apache-2.0
//
// The tokenizer of one model file for another one.
#pragma once

#include "base/files.h"
#include "model/huggingface_tokenizer.h"

namespace walchen::model {

// The tokenizer.* keys of a GGUF file, the chat template among them. Errors: those of GgufFile::Open; kNotFound (it has none).
Result<GgufKeys> ReadTokenizerKeys(base::Files& files, const base::Path& path);

}  // namespace walchen::model
