// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/sha256.h"
#include "cli/command.h"
#include "cli/data_home.h"
#include "cli/terminal.h"
#include "data/corpus_export.h"
#include "ledger/rights.h"

namespace walchen::cli {
namespace {

struct Options {
  SharedFlags shared;
  bool croissant = false, card = false, csv = false, attribution = false;
  data::Publication publication = {.name = "corpus"};
  std::string output;
};

std::string Written(const Options& options, const data::CorpusFacts& facts) {
  if (options.croissant) return data::CroissantJson(facts, options.publication);
  if (options.card) return data::DatasetCard(facts, options.publication.name);
  if (options.csv) return data::SourcesCsv(facts);
  return data::AttributionText(facts);
}

std::string_view FormatOf(const Options& options) {
  return options.croissant ? "croissant" : options.card ? "card" : options.csv ? "csv" : "attribution";
}

// The export stands in the ledger, with the head that it was written from.
Result<void> Export(const Options& options) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const base::Home home, base::Home::Find(options.shared.home));
  TRY_ASSIGN(ledger::Ledger ledger, OpenLedger(files, home));
  TRY_ASSIGN(const data::CorpusFacts facts, data::FactsOf(ledger, ledger::Today()));
  const std::string text = Written(options, facts);
  const ledger::Export record = {.format = std::string(FormatOf(options)), .sha256 = base::Sha256Hex(base::AsBytes(text)),
                                 .head_sequence = static_cast<int64_t>(facts.head.sequence), .head_digest = ledger::HexOf(facts.head.digest)};
  TRY(ledger::Append(ledger, "", record));
  if (!options.output.empty()) return base::ReplaceFile(files, options.output, text);
  fmt::print("{}", IsTerminal(STDOUT_FILENO) ? Printable(text) : text);
  return {};
}

}  // namespace

int RunDataExport(int argc, char** argv) {
  Options options;
  Arguments arguments("walchen data export", "The papers of the data, from the ledger.");
  arguments.Flag("--croissant", options.croissant, "Croissant 1.1 (JSON-LD) with RAI fields and provenance");
  arguments.Flag("--card", options.card, "A dataset card (Markdown)");
  arguments.Flag("--csv", options.csv, "All sources with licences and counts");
  arguments.Flag("--attribution", options.attribution, "Whom CC-BY and similar licences want named");
  arguments.Option("--name", options.publication.name, "The name of the data in the paper");
  arguments.Option("--url", options.publication.url, "Where the data are, for Croissant; else a name made of the ledger's head");
  arguments.Option("--creator", options.publication.creator, "Who answers for the data, for Croissant");
  arguments.Option("--output", options.output, "A file; else it is printed");
  AddSharedFlags(arguments, options.shared);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  const std::array chosen = {options.croissant, options.card, options.csv, options.attribution};
  if (std::ranges::count(chosen, true) != 1) return arguments.WrongUsage("expected one of --croissant, --card, --csv, --attribution");
  const auto exported = Export(options);
  return exported ? kDone : Report("data export", exported.error());
}

}  // namespace walchen::cli
