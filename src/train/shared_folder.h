// SPDX-License-Identifier: Apache-2.0
//
// One run folder for all ranks: rank 0 opens and holds it, the others wait for it and read.
#pragma once

#include <functional>

#include "base/files.h"
#include "runs/run_folder.h"
#include "train/ranks.h"

namespace walchen::train {

// `open` is called at rank 0 alone. Errors: its own, those of Ranks, and at a rank that does not see rank 0's run at `path`
// within `patience`: kNotFound, kInvalidArgument (it sees another one).
Result<runs::RunFolder> ShareFolder(base::Files& files, const base::Path& path, Ranks& ranks,
                                    const std::function<Result<runs::RunFolder>()>& open, std::chrono::milliseconds patience);

}  // namespace walchen::train
