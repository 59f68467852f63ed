// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/data_home.h"
#include "data/bpe_trainer.h"
#include "data/kept_text.h"
#include "formats/gguf.h"

namespace walchen::cli {
namespace {

struct Options {
  SharedFlags shared;
  std::string output;
  std::vector<std::string> sources;
  int vocabulary = 8'192;
};

struct Learned {
  uint64_t documents = 0, bytes = 0, words = 0;
  size_t tokens = 0;
};

Result<Learned> Learn(const Options& options) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const base::Home home, base::Home::Find(options.shared.home));
  TRY_ASSIGN(const ledger::Ledger ledger, ReadLedger(home));
  if (files.Exists(options.output)) return Fail(ErrorCode::kAlreadyExists, "{} is there already; name another file", options.output);
  data::BpeTrainer trainer;
  Learned learned;
  TRY(data::ForEachText(ledger, options.sources, [&](const ledger::ListedDocument&, const std::string& text) -> Result<void> {
    ++learned.documents;
    learned.bytes += text.size();
    return trainer.Add(text);
  }));
  if (learned.documents == 0) return Fail(ErrorCode::kNotFound, "expected kept documents with text, found none; see `walchen data ls`");
  learned.words = trainer.distinct_words();
  TRY_ASSIGN(const data::Bpe bpe, trainer.Train(data::OwnSpecialTokens(), options.vocabulary));
  learned.tokens = bpe.tokens.size();
  formats::GgufWriter writer;
  writer.Add("general.architecture", std::string("tokenizer"));
  for (auto& [key, value] : data::TokenizerKeys(bpe)) writer.Add(key, std::move(value));
  TRY(writer.Write(files, options.output));
  return learned;
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
