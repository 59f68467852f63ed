// SPDX-License-Identifier: Apache-2.0
//
// `walchen bench --senses`: how long pictures, forecasts and actions take beside a model.
#pragma once

#include <span>
#include <string>

#include "base/status.h"
#include "cli/shared_flags.h"

namespace walchen::cli {

// Measures and prints. Without `senses` new ones of the usual size stand in, as fast as trained ones.
// Errors: those of ModelPath, SensePaths and infer::MixedSequence.
Result<void> BenchSenses(const SharedFlags& flags, std::span<const std::string> senses);

}  // namespace walchen::cli
