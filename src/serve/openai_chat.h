// SPDX-License-Identifier: Apache-2.0
//
// POST /v1/chat/completions as OpenAI words it, whole or as server-sent events.
//
// Beyond OpenAI's fields an answer carries "seed" (the one used, chosen at random when the request named none: with it
// the same request gives the same answer) and "timings" (milliseconds and tokens per second).
#pragma once

#include <string>

#include "base/clock.h"
#include "serve/generation.h"

namespace walchen::serve {

class OpenAiChat final : public Protocol {
 public:
  // `fingerprint` names what computes the answers ("walchen 0.1.0"); it goes into system_fingerprint.
  OpenAiChat(std::string fingerprint, base::Clock& clock) : fingerprint_(std::move(fingerprint)), clock_(clock) {}

  tl::expected<Plan, Response> Read(const Request& request, const infer::Engine& engine) const override;
  Response Refusal(const Error& error) const override;

 private:
  const std::string fingerprint_;
  base::Clock& clock_;
};

// kInvalidArgument if requests could not choose an adapter because its name means the base.
Result<void> CheckAdapterNames(const infer::ModelFile& model);
// GET /v1/models: the model there is, then its adapters, each as a model of its own with the base as "parent".
Response ModelList(const infer::Engine& engine, int64_t created);
// GET /v1/models/{name}
Response ModelByName(const infer::Engine& engine, int64_t created, std::string_view name);

}  // namespace walchen::serve
