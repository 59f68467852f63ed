// SPDX-License-Identifier: Apache-2.0
//
// Model files that have learned nothing yet: what a run from scratch, or a new sense on a base, begins with.
//
// Training reads its first weights from a file like any other model, so there is one way into a network, and what is
// trained is what is served.
#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "model/llama_config.h"
#include "model/sense_config.h"
#include "runs/recipe.h"

namespace walchen::train {

// The senses of a recipe on a text stream. Errors: kNotFound (modality), kInvalidArgument (sizes).
Result<std::vector<model::SenseConfig>> SensesOf(const runs::Recipe& recipe, const model::SharedAttention& text);

// One file with a Llama of the recipe's sizes and its senses, and the recipe's tokenizer (none: a token is a byte). Matrices are normal with variance
// 1 / columns, those that lead back into the residual stream zero. The same file for the same recipe.
Result<void> WriteNewModel(base::Files& files, const runs::Recipe& recipe, const base::Path& path);

// An adapter file with one new sense. `key_gains` as AddNewSense has them.
Result<void> WriteNewSense(base::Files& files, const model::SenseConfig& sense, uint64_t seed,
                           std::vector<std::vector<float>> key_gains, const base::Path& path);

// Writes the sense that a recipe begins from to `path`. `from` is an adapter file, or the folder of a run that trained a sense
// of that name. Errors: kNotFound, kCorrupt, kInvalidArgument (another sense, other sizes or another base than `sense`).
Result<void> CopySense(base::Files& files, const base::Path& from, const model::SenseConfig& sense, const base::Path& path);

}  // namespace walchen::train
