// SPDX-License-Identifier: Apache-2.0
//
// What a training run has made so far, as files that other commands take: the models, senses and adapters in its newest good
// checkpoint.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/home.h"
#include "base/status.h"
#include "cli/shared_flags.h"
#include "infer/model_file.h"

namespace walchen::cli {

// The file that `model` means (base::FindModel); if that is a run's folder, what its newest good checkpoint has under
// `name` (any model, if `name` is empty). Errors: those of FindModel and runs::NewestGood; kNotFound (the run trains none).
Result<base::Path> FindModelOrRun(base::Files& files, const base::Home& home, std::string_view model, std::string_view name);

// The files that --sense NAME|PATH means: a name is one of models/NAME.gguf in the home.
Result<std::vector<base::Path>> SensePaths(base::Files& files, const base::Home& home, std::span<const std::string> senses);

// The file that --lora PATH means: an adapter, or a run of `walchen tune --lora`.
Result<base::Path> LoraPath(base::Files& files, const base::Home& home, std::string_view lora);
// A model with the adapter of --lora PATH beside it, the only one of its list; none if `lora` is empty. Errors: those of
// LoraPath and ModelFile::Load.
Result<std::shared_ptr<const infer::ModelFile>> LoadWithLora(base::Files& files, const base::Path& model,
                                                             const SharedFlags& flags, std::string_view lora);
// Those of --lora NAME=PATH, with their names. kInvalidArgument (no such form; a name that requests cannot say).
Result<std::vector<infer::AdapterSource>> NamedLoras(base::Files& files, const base::Home& home,
                                                     std::span<const std::string> loras);

}  // namespace walchen::cli
