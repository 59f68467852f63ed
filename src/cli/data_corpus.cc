// SPDX-License-Identifier: Apache-2.0
#include "cli/data_corpus.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "base/threads.h"
#include "cli/answer.h"
#include "cli/command.h"
#include "cli/data_home.h"
#include "cli/terminal.h"
#include "data/corpus_build.h"
#include "data/corpus_table.h"
#include "data/evaluation_texts.h"
#include "data/learned_tokenizer.h"
#include "data/shard_builder.h"
#include "formats/gguf.h"
#include "formats/tokenizer.h"
#include "ledger/documents.h"
#include "ledger/rights.h"
#include "shards/shard_samples.h"

namespace walchen::cli {
namespace {

constexpr std::string_view kStamp = "built.json";
constexpr uint64_t kStampMaxBytes = 4'096;

struct Built {
  data::CorpusRecipe recipe;
  std::vector<data::TakenPackage> packages;
  std::string shards_name;
  bool packed_before = false;  // nothing changed since
  data::CorpusTable table;
};

class CorpusBuilder {
 public:
  CorpusBuilder(const CorpusFlags& flags, base::Files& files, const base::Home& home, ledger::Ledger& ledger)
      : flags_(flags), files_(files), home_(home), ledger_(ledger), shows_progress_(!flags.shared.quiet && IsTerminal(2)) {}

  Result<Built> Run() {
    TRY_ASSIGN(const std::string toml, files_.Read(flags_.recipe, base::kRecipeMaxBytes));
    TRY_ASSIGN(built_.recipe, data::ReadCorpusRecipe(toml, flags_.recipe));
    built_.shards_name = fmt::format("{}-{}", built_.recipe.name, flags_.profile);
    TRY(TakeIn());
    TRY(Pack());
    Tell("counting");
    const auto sources = data::SourcesOf(built_.recipe, flags_.profile, true);
    TRY_ASSIGN(built_.table, data::CorpusTableOf(ledger_, sources, built_.shards_name, ledger::Today()));
    EndProgress();
    return std::move(built_);
  }

 private:
  void Tell(std::string_view what) const {
    if (shows_progress_) fmt::print(stderr, "\r\x1b[K{}", Printable(what));
  }
  void EndProgress() const {
    if (shows_progress_) fmt::print(stderr, "\r\x1b[K");
  }

  Result<void> TakeIn() {
    TRY_ASSIGN(const ledger::SubjectKey subjects, OpenSubjectKey(files_, home_));
    const InterruptGuard interrupts;
    data::CorpusOptions how = {.profile = flags_.profile,
                               .packages = flags_.packages.empty() ? home_.folder() / "data" / "packages" : base::Path(flags_.packages),
                               .intake = {}};
    how.intake.make_extract = data::ExtractInWorkers();
    how.intake.threads = base::AvailableCpus();
    how.intake.progress = [&](const data::IntakeCount& count, const base::Path& file) {
      Tell(fmt::format("reading {} ({} documents)", file.filename().native(), count.documents));
    };
    how.intake.stop_asked = InterruptGuard::Interrupted;
    how.progress = [&](std::string_view doing, const data::CorpusPackage& package) { Tell(fmt::format("{} {}", doing, package.name)); };
    auto taken = data::TakeCorpusIn(ledger_, files_, subjects, built_.recipe, how);
    EndProgress();
    if (!taken) return Forward(taken);
    built_.packages = std::move(*taken);
    return {};
  }

  // What the shards are made of, to know whether they still hold that.
  Result<std::string> StampOf(const formats::Tokenizer& tokenizer) {
    TRY_ASSIGN(const std::vector<std::string> for_evaluation, data::EvaluationSources(ledger_));
    const std::vector<std::string> sources = data::SourcesOf(built_.recipe, flags_.profile, false);
    uint64_t documents = 0, vanished = 0, to_measure_with = 0;
    ledger::DocumentReader reader(ledger_, {});
    while (true) {
      TRY_ASSIGN(const auto listed, reader.Next());
      if (!listed) break;
      const auto is_of = [&](const std::vector<std::string>& names) {
        return std::ranges::find(names, listed->document.source) != names.end();
      };
      if (is_of(for_evaluation)) ++to_measure_with;
      if (!is_of(sources)) continue;
      ++documents;
      if (listed->state == ledger::DocumentState::kVanished) ++vanished;
    }
    const nlohmann::ordered_json stamp = {{"sources", sources}, {"documents", documents}, {"vanished", vanished},
                                          {"evaluation", to_measure_with}, {"tiers", built_.recipe.tiers},
                                          {"tokenizer", shards::TokenizerDigest(tokenizer)}};
    return stamp.dump();
  }

  // A tokenizer of the corpus's own, learned once.
  Result<base::Path> OwnTokenizer() {
    const base::Path path = home_.folder() / "data" / "tokenizers" / fmt::format("{}.gguf", built_.shards_name);
    if (files_.Exists(path)) return path;
    Tell("learning a tokenizer");
    TRY(files_.MakeFolders(path.parent_path()));
    const data::TokenizerPlan plan = {.sources = data::SourcesOf(built_.recipe, flags_.profile, false), .tiers = built_.recipe.tiers,
                                      .vocabulary = built_.recipe.vocabulary};
    TRY(data::LearnTokenizer(ledger_, files_, plan, path));
    return path;
  }

  Result<base::Path> TokenizerFile() {
    if (!flags_.tokenizer.empty()) return base::Path(flags_.tokenizer);
    return flags_.shared.model.empty() ? OwnTokenizer() : ModelPath(files_, flags_.shared);
  }

  // Shards that hold something else, or were not finished, are built anew.
  Result<void> Pack() {
    const base::Path folder = home_.shards() / built_.shards_name;
    TRY_ASSIGN(const base::Path tokenizer_path, TokenizerFile());
    TRY_ASSIGN(const auto file, formats::GgufFile::Open(files_, tokenizer_path));
    TRY_ASSIGN(const auto tokenizer, formats::Tokenizer::FromGguf(*file));
    TRY_ASSIGN(const std::string stamp, StampOf(*tokenizer));
    if (files_.Exists(folder)) {
      const auto last = files_.Read(folder / kStamp, kStampMaxBytes);
      built_.packed_before = last && *last == stamp;
      if (built_.packed_before) return {};
      TRY(files_.RemoveFolder(folder));
    }
    const data::ShardPlan plan = {.name = built_.shards_name,
                                  .sources = data::SourcesOf(built_.recipe, flags_.profile, false),
                                  .tiers = built_.recipe.tiers};
    TRY(data::BuildShards(ledger_, files_, *tokenizer, plan, folder, base::Clock::Os(), [&](const data::BuiltShards& so_far) {
      Tell(fmt::format("packing: {} shards, {} tokens", so_far.shards, so_far.tokens));
    }));
    return base::ReplaceFile(files_, folder / kStamp, stamp);
  }

  const CorpusFlags& flags_;
  base::Files& files_;
  const base::Home& home_;
  ledger::Ledger& ledger_;
  bool shows_progress_;
  Built built_;
};

Result<Built> Build(const CorpusFlags& flags) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const base::Home home, base::Home::Find(flags.shared.home));
  TRY_ASSIGN(ledger::Ledger ledger, MakeLedger(files, home));
  return CorpusBuilder(flags, files, home, ledger).Run();
}

// Amounts added up by something of the key.
template <class KeyOf>
std::map<std::string, data::CorpusAmounts> SumBy(const data::CorpusTable& table, const KeyOf& key_of) {
  std::map<std::string, data::CorpusAmounts> sums;
  for (const auto& [key, amounts] : table.kept) sums[key_of(key)] += amounts;
  return sums;
}

std::map<std::string, data::CorpusAmounts> BySource(const data::CorpusTable& table) {
  return SumBy(table, [](const data::CorpusKey& key) { return fmt::format("{} {} {}", key.source, key.tier, key.language); });
}
std::map<std::string, data::CorpusAmounts> ByLanguageAndTier(const data::CorpusTable& table) {
  return SumBy(table, [](const data::CorpusKey& key) { return fmt::format("{} {}", key.language, key.tier); });
}

void PrintAmounts(const std::map<std::string, data::CorpusAmounts>& sums, std::string_view head) {
  fmt::print("{:<44} {:>10} {:>12} {:>10} {:>8} {:>10}\n", head, "documents", "tokens", "text", "pictures", "pairs");
  data::CorpusAmounts all;
  const auto print = [](std::string_view name, const data::CorpusAmounts& one) {
    fmt::print("{:<44} {:>10} {:>12} {:>10} {:>8} {:>10}\n", Printable(name), one.documents, one.tokens, HumanBytes(one.bytes), one.pictures,
               one.pairs);
  };
  for (const auto& [name, amounts] : sums) print(name, amounts), all += amounts;
  print("all", all);
}

void PrintText(const Built& built) {
  PrintAmounts(BySource(built.table), "source, tier, language");
  fmt::print("\n");
  PrintAmounts(ByLanguageAndTier(built.table), "language, tier");
  fmt::print("\ndropped documents\n");
  for (const auto& [source, reasons] : built.table.dropped) {
    for (const auto& [reason, count] : reasons) fmt::print("{:<44} {:>10}  {}\n", source, count, Printable(reason));
  }
  fmt::print("\nnever in\n");
  for (const data::LeftOut& left : built.recipe.left_out) fmt::print("{:<44} {}\n", Printable(left.name), Printable(left.reason));
  uint64_t bytes = 0, fetched = 0;
  for (const data::TakenPackage& package : built.packages) bytes += package.bytes, fetched += package.was_there ? 0 : 1;
  fmt::print("\n{} packages ({}), {} of them fetched now; shards {}{}\n", built.packages.size(), HumanBytes(bytes), fetched, built.shards_name,
             built.packed_before ? ", as they were" : "");
}

nlohmann::ordered_json JsonOf(const data::CorpusAmounts& amounts) {
  return {{"documents", amounts.documents}, {"tokens", amounts.tokens}, {"bytes", amounts.bytes}, {"pictures", amounts.pictures},
          {"pairs", amounts.pairs}};
}

void PrintJson(const Built& built) {
  auto kept = nlohmann::ordered_json::array();
  for (const auto& [key, amounts] : built.table.kept) {
    nlohmann::ordered_json row = {{"source", key.source}, {"tier", std::string(1, key.tier)}, {"language", key.language}};
    row.update(JsonOf(amounts));
    kept.push_back(std::move(row));
  }
  auto dropped = nlohmann::ordered_json::array();
  for (const auto& [source, reasons] : built.table.dropped) {
    for (const auto& [reason, count] : reasons) dropped.push_back({{"source", source}, {"reason", reason}, {"documents", count}});
  }
  auto left_out = nlohmann::ordered_json::array();
  for (const data::LeftOut& left : built.recipe.left_out) left_out.push_back({{"name", left.name}, {"reason", left.reason}});
  auto packages = nlohmann::ordered_json::array();
  for (const data::TakenPackage& package : built.packages) {
    packages.push_back({{"source", package.source}, {"bytes", package.bytes}, {"was_there", package.was_there},
                        {"unchanged", package.count.unchanged == package.count.files}, {"documents", package.count.documents}});
  }
  const nlohmann::ordered_json out = {{"shards", built.shards_name}, {"packed_before", built.packed_before}, {"packages", std::move(packages)},
                                      {"kept", std::move(kept)}, {"dropped", std::move(dropped)}, {"left_out", std::move(left_out)}};
  fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

int RunCorpusBuild(const CorpusFlags& flags) {
  const auto built = Build(flags);
  if (!built) return Report("data build", built.error());
  flags.shared.json ? PrintJson(*built) : PrintText(*built);
  return kDone;
}

}  // namespace walchen::cli
