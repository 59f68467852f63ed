// SPDX-License-Identifier: Apache-2.0
//
// A small, valid recipe. For tests only.
#pragma once

#include "runs/recipe.h"

namespace walchen::runs {

inline Recipe ExampleRecipe(Budget::Kind kind = Budget::Kind::kSteps) {
  Recipe recipe;
  recipe.name = "example";
  recipe.text.base = "a-model";
  recipe.data.push_back({.name = "text",
                         .text_template = "{text}",
                         .source = {.kind = DataSource::Kind::kJsonl, .place = "a.jsonl"},
                         .sequences = 1,
                         .tiers = {},
                         .options = {}});
  recipe.budget = {.kind = kind, .amount = 10};
  return recipe;
}

}  // namespace walchen::runs
