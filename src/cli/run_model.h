// SPDX-License-Identifier: Apache-2.0
//
// What a training run has made so far, as files that other commands take: the models in its newest good checkpoint.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/home.h"
#include "base/status.h"

namespace walchen::cli {

// The file that `model` means (base::FindModel); if that is a run's folder, what its newest good checkpoint has under
// `name` (any model, if `name` is empty). Errors: those of FindModel and runs::NewestGood; kNotFound (the run trains none).
Result<base::Path> FindModelOrRun(base::Files& files, const base::Home& home, std::string_view model, std::string_view name);

// The files that --sense NAME|PATH means: a name is one of models/NAME.gguf in the home.
Result<std::vector<base::Path>> SensePaths(base::Files& files, const base::Home& home, std::span<const std::string> senses);

}  // namespace walchen::cli
