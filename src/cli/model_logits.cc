// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/shared_flags.h"
#include "infer/scoring.h"

namespace walchen::cli {
namespace {

// A JSON array on one line, and nothing else: what other programs compare. Nine digits tell any two floats apart.
Result<std::string> LogitsJson(const SharedFlags& flags, const std::vector<int64_t>& ids) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const base::Path path, ModelPath(files, flags));
  TRY_ASSIGN(const auto model,
             infer::ModelFile::Load(files, path, {.threads = flags.threads}));
  std::vector<formats::TokenId> tokens;
  for (const int64_t id : ids) {
    if (!std::in_range<formats::TokenId>(id)) return Fail(ErrorCode::kInvalidArgument, "--ids: {} is no token id", id);
    tokens.push_back(static_cast<formats::TokenId>(id));
  }
  std::string out = "[";
  bool all_finite = true;
  const infer::ScoringOptions options{.threads = flags.threads, .last_only = true};
  TRY(infer::Score(*model, tokens, options, [&](int64_t, std::span<const float> logits) {
    for (const float logit : logits) {
      all_finite &= std::isfinite(logit);
      fmt::format_to(std::back_inserter(out), "{}{:.9g}", out.size() == 1 ? "" : ",", logit);
    }
    return true;
  }));
  if (!all_finite) return Fail(ErrorCode::kCorrupt, "{}: a logit is NaN or infinite", path.native());
  return out + "]";
}

}  // namespace

int RunModelLogits(int argc, char** argv) {
  SharedFlags flags;
  std::vector<int64_t> ids;
  Arguments arguments("walchen model logits",
                      "Print the logits of the token after these as one JSON array, in order of the vocabulary.");
  arguments.Option("--ids", ids, "Token ids, as `walchen model tokenize` prints them: 1,2,3");
  AddSharedFlags(arguments, flags);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  if (ids.empty()) return arguments.WrongUsage("expected --ids, such as --ids 1,2,3");
  const Result<std::string> json = LogitsJson(flags, ids);
  if (!json) return Report("model logits", json.error());
  fmt::print("{}\n", *json);
  return kDone;
}

}  // namespace walchen::cli
