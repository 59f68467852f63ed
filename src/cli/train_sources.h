// SPDX-License-Identifier: Apache-2.0
//
// Before a run begins, the ledger learns what it will read that comes from no shards: the user's folders and files become
// documents as by `walchen data add`, generators become sources of synthetic data.
#pragma once

#include <vector>

#include "base/status.h"

namespace walchen::cli {

// `arguments` are `train` or `tune` and what stands behind it. Takes --rights and --licence out of them, which are for the
// ledger alone. Does nothing where no run begins (--resume, --help) or the recipe cannot be read, which the trainer will say.
// Errors: kInvalidArgument (--rights), those of taking files in.
Result<void> RecordTrainingSources(std::vector<char*>& arguments);

}  // namespace walchen::cli
