// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/data_corpus.h"
#include "cli/data_home.h"
#include "cli/terminal.h"
#include "data/shard_builder.h"
#include "ledger/rights.h"

namespace walchen::cli {
namespace {

struct Options {
  SharedFlags shared;
  std::string name, tokenizer, profile = "small", packages;
  std::vector<std::string> sources;
  std::string tiers;
};

Result<data::BuiltShards> Build(const Options& options) {
  base::Files& files = base::Files::Os();
  const bool is_name = options.name.size() <= 64 && !options.name.starts_with('.') &&
                       options.name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == std::string::npos;
  if (!is_name) return Fail(ErrorCode::kInvalidArgument, "the name: expected at most 64 letters, digits, _, - and points, none of them in front");
  TRY_ASSIGN(const base::Home home, base::Home::Find(options.shared.home));
  TRY_ASSIGN(ledger::Ledger ledger, OpenLedger(files, home));
  base::Path tokenizer_path = options.tokenizer;
  if (options.tokenizer.empty()) {
    TRY_ASSIGN(tokenizer_path, ModelPath(files, options.shared));
  }
  TRY_ASSIGN(const auto file, formats::GgufFile::Open(files, tokenizer_path));
  TRY_ASSIGN(const auto tokenizer, formats::Tokenizer::FromGguf(*file));
  const data::ShardPlan plan = {.name = options.name, .sources = options.sources, .tiers = options.tiers.empty() ? std::string(ledger::kAllTiers) : options.tiers, .seed = options.shared.seed.value_or(1)};
  const bool shows_progress = !options.shared.quiet && IsTerminal(2);
  auto built = data::BuildShards(ledger, files, *tokenizer, plan, home.shards() / options.name, base::Clock::Os(),
                                 [&](const data::BuiltShards& so_far) {
                                   if (shows_progress) fmt::print(stderr, "\r\x1b[K{} shards, {} tokens", so_far.shards, so_far.tokens);
                                 });
  if (shows_progress) fmt::print(stderr, "\r\x1b[K");
  return built;
}

}  // namespace

int RunDataBuild(int argc, char** argv) {
  Options options;
  Arguments arguments("walchen data build", "Pack kept documents into shards, which a recipe reads with source = \"shards:NAME\". With a "
                      "corpus recipe (recipes/corpus.toml): fetch its packages and take them in before that.");
  arguments.Required("name", options.name, "Name of the new shards, or a corpus recipe");
  arguments.Option("--source", options.sources, "Only documents of this source; may be given several times");
  arguments.Option("--tiers", options.tiers, "Letters of what is packed: A to D by licence, O own data, T text and data mining, - what nobody may use; ABCDOT if "
                   "not said. A recipe names those that it learns from");
  arguments.Option("--tokenizer", options.tokenizer, "A file by `walchen data tokenizer`; else that of --model");
  arguments.Option("--profile", options.profile, "Of a corpus recipe: which of its packages, tiny, small or full");
  arguments.Option("--packages", options.packages, "Of a corpus recipe: the folder that keeps its packages; else the home's");
  AddSharedFlags(arguments, options.shared);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  if (options.name.ends_with(".toml")) {
    const bool has_others = !options.sources.empty() || !options.tiers.empty() || options.shared.seed;
    if (has_others) return arguments.WrongUsage("--source, --tiers and --seed: a corpus recipe says itself what is packed");
    return RunCorpusBuild({options.shared, options.name, options.profile, options.packages, options.tokenizer});
  }
  const auto built = Build(options);
  if (!built) return Report("data build", built.error());
  if (options.shared.json) {
    const nlohmann::ordered_json out = {{"shards", built->shards}, {"documents", built->documents}, {"tokens", built->tokens},
                                        {"left_out", built->left_out}};
    fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return kDone;
  }
  fmt::print("{} documents, {} tokens in {} shards\n", built->documents, built->tokens, built->shards);
  for (const auto& [reason, count] : built->left_out) fmt::print("left out: {}, {}\n", count, Printable(reason));
  return kDone;
}

}  // namespace walchen::cli
