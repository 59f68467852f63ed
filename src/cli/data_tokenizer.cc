// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/data_home.h"
#include "data/learned_tokenizer.h"
#include "ledger/rights.h"

namespace walchen::cli {
namespace {

struct Options {
  SharedFlags shared;
  std::string output;
  std::vector<std::string> sources;
  int vocabulary = 8'192;
};

Result<data::LearnedTokenizer> Learn(const Options& options) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const base::Home home, base::Home::Find(options.shared.home));
  TRY_ASSIGN(ledger::Ledger ledger, OpenLedger(files, home));
  const data::TokenizerPlan plan = {.sources = options.sources, .tiers = std::string(ledger::kAllTiers), .vocabulary = options.vocabulary};
  return data::LearnTokenizer(ledger, files, plan, options.output);
}

}  // namespace

int RunDataTokenizer(int argc, char** argv) {
  Options options;
  Arguments arguments("walchen data tokenizer", "Learn a byte-level BPE from the kept documents, for a model from scratch: [text] tokenizer.");
  arguments.Option("--vocab", options.vocabulary, "Tokens", Range{259, 1'048'576});
  arguments.Option("--output", options.output, "The new file (GGUF)");
  arguments.Option("--source", options.sources, "Only documents of this source; may be given several times");
  AddSharedFlags(arguments, options.shared);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  if (options.output.empty()) return arguments.WrongUsage("expected --output FILE");
  const auto learned = Learn(options);
  if (!learned) return Report("data tokenizer", learned.error());
  if (options.shared.json) {
    const nlohmann::ordered_json out = {{"tokens", learned->tokens}, {"documents", learned->documents}, {"bytes", learned->bytes},
                                        {"distinct_words", learned->words}};
    fmt::print("{}\n", out.dump(2));
  } else {
    fmt::print("{} tokens from {} documents, {} bytes, {} distinct words\n", learned->tokens, learned->documents, learned->bytes, learned->words);
  }
  return kDone;
}

}  // namespace walchen::cli
