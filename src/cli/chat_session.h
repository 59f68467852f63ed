// SPDX-License-Identifier: Apache-2.0
//
// A model made ready to talk, and the conversation at a terminal.
#pragma once

#include <memory>
#include <string>

#include "cli/conversation.h"
#include "cli/shared_flags.h"
#include "infer/engine.h"

namespace walchen::cli {

struct ChatOptions {
  SharedFlags shared;
  std::string prompt;
  std::string system;
  std::string lora;        // an adapter's file or run; empty: none
  int max_tokens = 0;      // 0: as many as fit
  int context_tokens = 0;  // of the conversation; 0: what the model was trained for, at most 8,192
  // Small models wander off at the distribution's own temperature of 1.
  infer::SamplingOptions sampling{.temperature = 0.7f, .top_p = 0.95f, .logit_bias = {}};
};

struct LoadedModel {
  std::shared_ptr<const infer::ModelFile> file;
  std::unique_ptr<infer::Engine> engine;
  double load_ms = 0;
};

// Errors: those of FindModel, ModelFile::Load and Engine::Create.
Result<LoadedModel> LoadModel(const ChatOptions& options);

// The conversation as a request for its next answer. Errors: those of the model's chat template.
Result<infer::GenerateRequest> MakeRequest(const LoadedModel& loaded, const ChatOptions& options,
                                           const Conversation& conversation);

// Talks at a terminal until Ctrl-D or /quit.
Result<void> Talk(const ChatOptions& options);

}  // namespace walchen::cli
