// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/run_model.h"
#include "cli/shared_flags.h"
#include "infer/mixed_sequence.h"
#include "infer/scoring.h"

namespace walchen::cli {
namespace {

struct Options {
  SharedFlags shared;
  std::vector<int64_t> ids;
  std::vector<std::string> senses;
  std::string lora;
};

// With senses the same text goes another way: through a mixed sequence, whose logits of text alone must be the same bits.
Result<std::vector<float>> LogitsOf(base::Files& files, const Options& options,
                                    const std::shared_ptr<const infer::ModelFile>& model, const base::Path& path,
                                    const std::vector<formats::TokenId>& tokens) {
  const std::string adapter = model->adapters().empty() ? "" : model->adapters().front();
  if (!options.senses.empty()) {
    TRY_ASSIGN(const base::Home home, base::Home::Find(options.shared.home));
    TRY_ASSIGN(const std::vector<base::Path> senses, SensePaths(files, home, options.senses));
    const auto slots = std::max<int64_t>(1, static_cast<int64_t>(tokens.size()));
    const infer::MixedSequence::Options mixed = {.threads = options.shared.threads, .slots_max = slots, .adapter = adapter};
    TRY_ASSIGN(const auto sequence, infer::MixedSequence::Open(files, model, path, senses, mixed));
    return sequence->Text(tokens);
  }
  std::vector<float> last;
  const infer::ScoringOptions scoring{.threads = options.shared.threads, .last_only = true, .adapter = adapter};
  TRY(infer::Score(*model, tokens, scoring, [&](int64_t, std::span<const float> logits) {
    last.assign(logits.begin(), logits.end());
    return true;
  }));
  return last;
}

// A JSON array on one line, and nothing else: what other programs compare. Nine digits tell any two floats apart.
Result<std::string> LogitsJson(const Options& options) {
  base::Files& files = base::Files::Os();
  const SharedFlags& flags = options.shared;
  TRY_ASSIGN(const base::Path path, ModelPath(files, flags));
  TRY_ASSIGN(const auto model, LoadWithLora(files, path, flags, options.lora));
  std::vector<formats::TokenId> tokens;
  for (const int64_t id : options.ids) {
    if (!std::in_range<formats::TokenId>(id)) return Fail(ErrorCode::kInvalidArgument, "--ids: {} is no token id", id);
    tokens.push_back(static_cast<formats::TokenId>(id));
  }
  TRY_ASSIGN(const std::vector<float> logits, LogitsOf(files, options, model, path, tokens));
  std::string out = "[";
  bool all_finite = true;
  for (const float logit : logits) {
    all_finite &= std::isfinite(logit);
    fmt::format_to(std::back_inserter(out), "{}{:.9g}", out.size() == 1 ? "" : ",", logit);
  }
  if (!all_finite) return Fail(ErrorCode::kCorrupt, "{}: a logit is NaN or infinite", path.native());
  return out + "]";
}

}  // namespace

int RunModelLogits(int argc, char** argv) {
  Options options;
  Arguments arguments("walchen model logits",
                      "Print the logits of the token after these as one JSON array, in order of the vocabulary.");
  arguments.Option("--ids", options.ids, "Token ids, as `walchen model tokenize` prints them: 1,2,3");
  arguments.Option("--sense", options.senses, "A sense to load beside the model: a name, a file or a run; may be repeated");
  arguments.Option("--lora", options.lora, "An adapter to compute with: a file, or a run of `walchen tune --lora`");
  AddSharedFlags(arguments, options.shared);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  if (options.ids.empty()) return arguments.WrongUsage("expected --ids, such as --ids 1,2,3");
  const Result<std::string> json = LogitsJson(options);
  if (!json) return Report("model logits", json.error());
  fmt::print("{}\n", *json);
  return kDone;
}

}  // namespace walchen::cli
