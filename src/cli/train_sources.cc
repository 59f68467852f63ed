// SPDX-License-Identifier: Apache-2.0
#include "cli/train_sources.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/threads.h"
#include "cli/answer.h"
#include "cli/data_home.h"
#include "cli/rights_choice.h"
#include "cli/terminal.h"
#include "data/intake.h"
#include "ledger/documents.h"
#include "runs/recipe.h"
#include "shards/recorded_source.h"

namespace walchen::cli {
namespace {

// What concerns this file of a command line that the trainer reads.
struct Words {
  std::string recipe, home;
  std::string rights = "own-data", licence;
  bool begins_run = true;
  bool quiet = false;
};

// The trainer's flags that take a value.
constexpr std::array<std::string_view, 7> kWithValue = {"--sense", "--run", "--steps", "--checkpoint-every", "--threads", "--device", "--home"};

// The value of argument `i` if it is this flag, as "--flag value" or "--flag=value"; `i` moves on to its last word.
const char* ValueOf(std::string_view flag, const std::vector<char*>& arguments, size_t& i) {
  const std::string_view word = arguments[i];
  if (word == flag && i + 1 < arguments.size()) return arguments[++i];
  if (word.starts_with(flag) && word.size() > flag.size() && word[flag.size()] == '=') return arguments[i] + flag.size() + 1;
  return nullptr;
}

Words TakeWords(std::vector<char*>& arguments) {
  Words words;
  std::vector<char*> left = {arguments.front()};
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (const char* value = ValueOf("--rights", arguments, i)) {
      words.rights = value;
      continue;
    }
    if (const char* value = ValueOf("--licence", arguments, i)) {
      words.licence = value;
      continue;
    }
    const size_t first = i;
    const std::string_view word = arguments[i];
    if (const char* value = ValueOf("--home", arguments, i)) words.home = value;
    else if (std::ranges::find(kWithValue, word) != kWithValue.end()) i = std::min(i + 1, arguments.size() - 1);
    else if (!word.starts_with("-") && words.recipe.empty()) words.recipe = word;
    words.quiet = words.quiet || word == "--quiet";
    if (word.starts_with("--resume") || word == "--help" || word == "-h") words.begins_run = false;
    left.insert(left.end(), arguments.begin() + static_cast<ptrdiff_t>(first), arguments.begin() + static_cast<ptrdiff_t>(i) + 1);
  }
  arguments = std::move(left);
  return words;
}

class Recorder {
 public:
  Recorder(base::Files& files, ledger::Ledger ledger, ledger::SubjectKey subjects)
      : files_(files), ledger_(std::move(ledger)), subjects_(std::move(subjects)) {}

  Result<std::vector<ledger::KnownSource>> Known() const { return ledger::SourcesOf(ledger_); }

  Result<void> Generator(const ledger::Source& source) { return ledger::Append(ledger_, ledger::NewId(), source); }

  Result<data::IntakeCount> Files(ledger::Source source) {
    const std::vector<data::Intake> intakes = {{.source = source, .paths = {source.uri}}};
    data::IntakeOptions options;
    options.make_extract = data::ExtractInWorkers();
    options.threads = base::AvailableCpus();
    options.stop_asked = InterruptGuard::Interrupted;
    TRY_ASSIGN(const std::vector<data::IntakeCount> counts, data::TakeIn(ledger_, files_, subjects_, intakes, options));
    return counts.front();
  }

 private:
  base::Files& files_;
  ledger::Ledger ledger_;
  ledger::SubjectKey subjects_;
};

Result<void> Record(const runs::Recipe& recipe, const Words& words) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const ledger::Basis basis, RightsChoice(words.rights));
  TRY_ASSIGN(const base::Home home, base::Home::Find(words.home));
  TRY_ASSIGN(ledger::Ledger ledger, MakeLedger(files, home));
  TRY_ASSIGN(ledger::SubjectKey subjects, OpenSubjectKey(files, home));
  const InterruptGuard interrupts;
  Recorder recorder(files, std::move(ledger), std::move(subjects));
  for (const runs::DataPlan& data : recipe.data) {
    if (data.source.kind == runs::DataSource::Kind::kShards) continue;
    TRY_ASSIGN(const std::vector<ledger::KnownSource> known, recorder.Known());
    TRY_ASSIGN(ledger::Source source, shards::RecordedSource(files, recipe, data, known));
    const bool is_known = ledger::FindSource(known, source.name) != nullptr;
    if (!source.generator.empty()) {
      if (!is_known) TRY(recorder.Generator(source));
      continue;
    }
    if (source.basis != basis || source.licence != words.licence) {
      if (is_known) {
        return Fail(ErrorCode::kInvalidArgument, "{} is known to the ledger as {} {}, its source is {}; begin the run with --rights and --licence as "
                    "they are there", source.uri, ledger::NameOf(*source.basis), source.licence, source.name);
      }
      source.basis = basis;
      source.licence = words.licence;
      source.source_class = UsualSourceClass(basis);
    }
    const std::string place = source.uri, name = source.name;
    TRY_ASSIGN(const data::IntakeCount count, recorder.Files(std::move(source)));
    if (words.quiet) continue;
    fmt::print(stderr, "recorded {} as source {} ({}): {} files, {} of them new\n", Printable(place), name, words.rights, count.files,
               count.files - count.unchanged);
  }
  return {};
}

}  // namespace

Result<void> RecordTrainingSources(std::vector<char*>& arguments) {
  const Words words = TakeWords(arguments);
  if (!words.begins_run || words.recipe.empty()) return {};
  const auto text = base::Files::Os().Read(words.recipe, static_cast<uint64_t>(base::kRecipeMaxBytes));
  if (!text) return {};
  const auto recipe = runs::ReadRecipe(*text, words.recipe);
  const auto is_shards = [](const runs::DataPlan& data) { return data.source.kind == runs::DataSource::Kind::kShards; };
  if (!recipe || std::ranges::all_of(recipe->data, is_shards)) return {};
  return Record(*recipe, words);
}

}  // namespace walchen::cli
