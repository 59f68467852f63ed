// SPDX-License-Identifier: Apache-2.0
//
// config.json of a Hugging Face folder: the sizes and properties of a model, and back.
// The members and their defaults: the configuration classes in the Python package `transformers`, versions 4 and 5.
#pragma once

#include <string>

#include "base/status.h"
#include "model/huggingface_json.h"
#include "model/model_plan.h"

namespace walchen::model {

// tied_head is config.json's word on it; `has_head` (whether there is a tensor lm_head.weight) decides where it has none.
// Errors: kUnsupported names what this engine would compute differently (another activation, biases, rope scaling,
// sliding windows of some layers, quantised weights); kNotFound and kCorrupt name the member.
Result<ModelPlan> ReadHuggingFaceConfig(const JsonObject& config, bool has_head);

// `dtype` is what the weights are stored in: "float16". Token ids below 0 are left out.
// Errors: kUnsupported (Hugging Face has no such class).
struct ConfigTokens {
  int bos = -1;
  int eos = -1;
};
Result<std::string> WriteHuggingFaceConfig(const ModelPlan& plan, std::string_view dtype, const ConfigTokens& tokens);

}  // namespace walchen::model
