// SPDX-License-Identifier: Apache-2.0
//
// A model without its senses: a plain GGUF file that other engines load.
#pragma once

#include "base/files.h"
#include "base/status.h"

namespace walchen::model {

// Everything but the keys walchen.* and the tensors sense.*, as it is; written durably. The output must not be there.
// Errors: kInvalidArgument (an adapter: there is no text stream in it), kAlreadyExists, those of GgufFile and of files.
Result<void> WriteTextOnly(base::Files& files, const base::Path& input, const base::Path& output);

}  // namespace walchen::model
