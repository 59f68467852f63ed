// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/limits.h"
#include "cli/command.h"
#include "cli/shared_flags.h"
#include "infer/scoring.h"

namespace walchen::cli {
namespace {

struct Options {
  SharedFlags shared;
  std::string file;
  int window = 512;  // what published perplexities of quantised models are measured with
  bool kv_8bit = false;
};

Result<infer::Perplexity> Measure(const Options& options) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const std::string text, files.Read(options.file, base::kEvaluationTextMaxBytes));
  TRY_ASSIGN(const base::Path path, ModelPath(files, options.shared));
  TRY_ASSIGN(const auto model,
             infer::ModelFile::Load(files, path, {.threads = options.shared.threads}));
  std::vector<formats::TokenId> tokens = model->tokenizer().Encode(text);
  if (model->tokenizer().adds_bos()) tokens.insert(tokens.begin(), *model->tokenizer().bos());
  const infer::ScoringOptions scoring{.threads = options.shared.threads,
                                      .kv_type = options.kv_8bit ? tensor::KvType::kInt8 : tensor::KvType::kF16};
  auto perplexity = infer::MeasurePerplexity(*model, tokens, options.window, scoring);
  if (!perplexity) return Forward(perplexity, options.file);
  return perplexity;
}

}  // namespace

int RunEvalPerplexity(int argc, char** argv) {
  Options options;
  Arguments arguments("walchen eval perplexity", "How well a model predicts a text: lower is better.");
  arguments.Option("--file", options.file, "The text, UTF-8");
  arguments.Option("--window", options.window, "Tokens that are read at a time; the second half of them counts",
                   Range{2, static_cast<double>(base::kContextMaxTokens)});
  arguments.Flag("--kv-8bit", options.kv_8bit, "Keep keys and values in 8 bits");
  AddSharedFlags(arguments, options.shared);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  if (options.file.empty()) return arguments.WrongUsage("expected --file FILE");
  const Result<infer::Perplexity> measured = Measure(options);
  if (!measured) return Report("eval perplexity", measured.error());
  if (options.shared.json) {
    fmt::print("{{\"perplexity\": {:.9g}, \"tokens\": {}}}\n", measured->perplexity, measured->tokens);
  } else {
    fmt::print("perplexity {:.4f} over {} tokens\n", measured->perplexity, measured->tokens);
  }
  return kDone;
}

}  // namespace walchen::cli
