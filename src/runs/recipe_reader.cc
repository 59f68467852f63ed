// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <set>

#include "base/limits.h"
#include "runs/recipe.h"
#include "runs/recipe_names.h"
#include "runs/toml_table.h"

namespace walchen::runs {
namespace {

constexpr std::array<std::string_view, 10> kShapeKeys = {
    "layers", "d_model", "heads", "kv_heads", "head_size", "d_ff", "vocabulary", "tokenizer", "context_tokens", "rope_theta"};
constexpr std::string_view kTiers = "ABCDOT";  // those of ledger/rights.h
constexpr NumberRange kRate = {.least = 0, .most = 100};
constexpr NumberRange kShare = {.least = 0, .most = 1};
constexpr NumberRange kBelowOne = {.least = 0, .most = 1, .below = true};

// Names go into file names, columns of a log and messages.
bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= static_cast<size_t>(base::kRecipeNameMaxBytes) && name.front() != '-' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == std::string::npos;
}

Result<void> ReadName(const TomlTable& table, std::string_view key, std::string& name) {
  TRY(table.Read(key, name));
  if (table.Has(key) && !IsName(name)) {
    return table.Wrong(key, fmt::format("at most {} letters, digits, _ and -", base::kRecipeNameMaxBytes));
  }
  return {};
}

// A text that must be there and say something.
Result<void> ReadText(const TomlTable& table, std::string_view key, std::string& text) {
  TRY(table.Expect(key));
  TRY(table.Read(key, text));
  if (text.empty()) return table.Wrong(key, "a text that is not empty");
  return {};
}

template <class Enum, size_t N>
Result<void> ReadChoice(const TomlTable& table, std::string_view key, Enum& value,
                        const std::array<std::string_view, N>& names) {
  auto choice = static_cast<size_t>(value);
  TRY(table.Read(key, choice, Choices(names)));
  value = static_cast<Enum>(choice);
  return {};
}

Result<void> ReadShape(const TomlTable& table, TextPlan& text) {
  for (const char* key : {"layers", "d_model", "heads", "d_ff", "vocabulary", "context_tokens"}) TRY(table.Expect(key));
  text.train = TextTraining::kFull;
  TRY(table.Read("layers", text.layers, 1, base::kModelMaxLayers));
  TRY(table.Read("d_model", text.d_model, 1, base::kModelMaxWidth));
  TRY(table.Read("heads", text.heads, 1, base::kModelMaxHeads));
  text.kv_heads = text.heads;
  TRY(table.Read("kv_heads", text.kv_heads, 1, base::kModelMaxHeads));
  if (text.heads % text.kv_heads != 0) {
    return table.Wrong("kv_heads", fmt::format("a divisor of heads, which is {}", text.heads));
  }
  text.head_size = text.d_model / text.heads;
  if (!table.Has("head_size") && text.d_model % text.heads != 0) {
    return table.Wrong("heads", fmt::format("a divisor of d_model, which is {}, or a head_size", text.d_model));
  }
  TRY(table.Read("head_size", text.head_size, 2, base::kModelMaxWidth));
  if (text.head_size < 2 || text.head_size % 2 != 0) {
    return table.Wrong("head_size", fmt::format("an even number, for positions turn pairs of values; d_model / heads is {}",
                                                text.d_model / text.heads));
  }
  TRY(table.Read("d_ff", text.d_ff, 1, base::kModelMaxWidth));
  TRY(table.Read("vocabulary", text.vocabulary, 2, base::kVocabularyMaxTokens));
  if (table.Has("tokenizer")) TRY(ReadText(table, "tokenizer", text.tokenizer));
  TRY(table.Read("context_tokens", text.context_tokens, 1, base::kContextMaxTokens));
  text.rope_theta = 10'000;
  return table.Read("rope_theta", text.rope_theta, {.least = 1, .most = 1e12});
}

Result<void> ReadTextPlan(const TomlTable& recipe, TextPlan& text) {
  if (!recipe.Has("text")) {
    return recipe.Wrong("expected a table [text] with `base` or with `layers`, `d_model`, ..., found none");
  }
  TRY_ASSIGN(const TomlTable table, recipe.Table("text"));
  std::vector<std::string> known = Choices(kShapeKeys);
  known.insert(known.begin(), {"base", "train", "lora_rank"});
  TRY(table.AllowOnly(known));
  if (table.Has("base")) {
    TRY(ReadText(table, "base", text.base));
    TRY(ReadChoice(table, "train", text.train, kTextTrainingNames));
    if (text.train == TextTraining::kLora) {
      text.lora_rank = 16;
      TRY(table.Read("lora_rank", text.lora_rank, 1, base::kTrainMaxRank));
    } else if (table.Has("lora_rank")) {
      return table.Wrong("lora_rank", "it only beside train = \"lora\"");
    }
    for (const std::string_view key : kShapeKeys) {
      if (table.Has(key)) return table.Wrong(key, "it only without `base`, for a model from scratch");
    }
  } else {
    for (const char* key : {"train", "lora_rank"}) {
      if (table.Has(key)) return table.Wrong(key, "it only beside `base`: a model from scratch is trained in full");
    }
    TRY(ReadShape(table, text));
  }
  return {};
}

Result<void> ReadSenses(const TomlTable& recipe, std::vector<SensePlan>& senses) {
  TRY_ASSIGN(const std::vector<TomlTable> tables, recipe.Tables("sense", base::kRecipeMaxSenses));
  std::set<std::string> names;
  for (const TomlTable& table : tables) {
    SensePlan sense;
    TRY(table.AllowOnly({"name", "modality", "d_model", "heads", "d_ff", "stride", "train", "from"}));
    TRY(table.Expect("name"));
    TRY(ReadName(table, "name", sense.name));
    if (!names.insert(sense.name).second) return table.Wrong("name", "another name for each sense");
    sense.modality = sense.name;
    TRY(ReadName(table, "modality", sense.modality));
    TRY(table.Read("d_model", sense.d_model, 1, base::kModelMaxWidth));
    TRY(table.Read("heads", sense.heads, 0, base::kModelMaxHeads));
    TRY(table.Read("d_ff", sense.d_ff, 0, base::kModelMaxWidth));
    TRY(table.Read("stride", sense.stride, 1, base::kTrainMaxStride));
    TRY(table.Read("train", sense.train));
    TRY(table.Read("from", sense.from));
    senses.push_back(std::move(sense));
  }
  return {};
}

Result<void> ReadSource(const TomlTable& table, DataSource& source) {
  std::string text;
  TRY(table.Expect("source"));
  TRY(table.Read("source", text));
  for (size_t kind = 0; kind < kSourcePrefixes.size(); ++kind) {
    if (!text.starts_with(kSourcePrefixes[kind]) || text.size() == kSourcePrefixes[kind].size()) continue;
    source.kind = static_cast<DataSource::Kind>(kind);
    source.place = text.substr(kSourcePrefixes[kind].size());
    return {};
  }
  return table.Wrong("source", "\"generator:NAME\", \"folder:PATH\", \"jsonl:PATH\" or \"shards:NAME\"");
}

Result<void> ReadTiers(const TomlTable& table, std::string& tiers) {
  std::vector<std::string> texts;
  TRY(table.Read("tiers", texts));
  for (const std::string& text : texts) {
    if (text.size() != 1 || kTiers.find(text) == std::string_view::npos || tiers.find(text) != std::string::npos) {
      return table.Wrong("tiers", "an array of some of \"A\", \"B\", \"C\", \"D\" (licences), \"O\" (own data), \"T\" (text and data mining), each once");
    }
    tiers += text;
  }
  return {};
}

Result<void> ReadOptions(const TomlTable& data, const std::string& name, Options& options) {
  TRY_ASSIGN(const TomlTable table, data.Table("options"));
  options = Options(table.file(), fmt::format("[data.options] of \"{}\"", name));
  if (table.keys().size() > static_cast<size_t>(base::kRecipeMaxOptions)) {
    return data.Wrong(fmt::format("expected at most {} options, found {}", base::kRecipeMaxOptions, table.keys().size()));
  }
  for (const auto& [key, node] : table.keys()) {
    if (const auto* flag = std::get_if<bool>(&node.value)) {
      options.Set(key, *flag, node.line);
    } else if (const auto* whole = std::get_if<int64_t>(&node.value)) {
      options.Set(key, *whole, node.line);
    } else if (const auto* real = std::get_if<double>(&node.value); real != nullptr && std::isfinite(*real)) {
      options.Set(key, *real, node.line);
    } else if (const auto* text = std::get_if<std::string>(&node.value)) {
      options.Set(key, *text, node.line);
    } else {
      return table.Wrong(key, "a finite number, a text, true or false");
    }
  }
  return {};
}

Result<void> ReadData(const TomlTable& recipe, std::vector<DataPlan>& plans) {
  TRY_ASSIGN(const std::vector<TomlTable> tables, recipe.Tables("data", base::kRecipeMaxData));
  if (tables.empty()) return recipe.Wrong("expected at least one [[data]], something to learn from, found none");
  std::set<std::string> names;
  for (const TomlTable& table : tables) {
    DataPlan data;
    TRY(table.AllowOnly({"name", "template", "source", "sequences", "tiers", "options"}));
    TRY(table.Expect("name"));
    TRY(ReadName(table, "name", data.name));
    if (!names.insert(data.name).second) return table.Wrong("name", "another name for each source of data");
    TRY(ReadText(table, "template", data.text_template));
    TRY(ReadSource(table, data.source));
    TRY(table.Expect("sequences"));
    TRY(table.Read("sequences", data.sequences, 1, base::kTrainMaxSequences));
    TRY(ReadTiers(table, data.tiers));
    TRY(ReadOptions(table, data.name, data.options));
    plans.push_back(std::move(data));
  }
  return {};
}

Result<void> ReadOptimiser(const TomlTable& recipe, OptimiserPlan& optimiser) {
  TRY_ASSIGN(const TomlTable table, recipe.Table("optimiser"));
  TRY(table.AllowOnly({"muon_rate", "muon_momentum", "adam_rate", "embedding_rate", "beta1", "beta2", "epsilon",
                       "weight_decay", "clip_norm", "ema", "accumulate"}));
  TRY(table.Read("muon_rate", optimiser.muon_rate, kRate));
  TRY(table.Read("muon_momentum", optimiser.muon_momentum, kBelowOne));
  TRY(table.Read("adam_rate", optimiser.adam_rate, kRate));
  TRY(table.Read("embedding_rate", optimiser.embedding_rate, kRate));
  TRY(table.Read("beta1", optimiser.beta1, kBelowOne));
  TRY(table.Read("beta2", optimiser.beta2, kBelowOne));
  TRY(table.Read("epsilon", optimiser.epsilon, {.least = 0, .most = 1, .above = true}));
  TRY(table.Read("weight_decay", optimiser.weight_decay, kRate));
  TRY(table.Read("clip_norm", optimiser.clip_norm, {.least = 0, .most = 1e9}));
  TRY(table.Read("ema", optimiser.ema, kBelowOne));
  TRY(table.Read("accumulate", optimiser.accumulate, 1, base::kTrainMaxAccumulate));
  return {};
}

Result<void> ReadSchedule(const TomlTable& recipe, Schedule& schedule) {
  TRY_ASSIGN(const TomlTable table, recipe.Table("schedule"));
  TRY(table.AllowOnly({"kind", "warmup_steps", "decay_share", "final_share"}));
  TRY(ReadChoice(table, "kind", schedule.kind, kScheduleNames));
  TRY(table.Read("warmup_steps", schedule.warmup_steps, 0, base::kTrainMaxSteps));
  TRY(table.Read("decay_share", schedule.decay_share, kShare));
  TRY(table.Read("final_share", schedule.final_share, kShare));
  return {};
}

Result<void> ReadBudget(const TomlTable& recipe, Budget& budget) {
  constexpr std::string_view kOne = "expected one of steps, tokens, flop and minutes in [budget], found {}";
  constexpr int64_t kMostTokens = int64_t{1} << 53;  // what a double counts exactly
  TRY_ASSIGN(const TomlTable table, recipe.Table("budget"));
  TRY(table.AllowOnly(Choices(kBudgetNames)));
  const auto stated = std::ranges::count_if(kBudgetNames, [&](std::string_view name) { return table.Has(name); });
  int64_t whole = 0;
  TRY(table.Read("steps", whole, 1, base::kTrainMaxSteps));
  TRY(table.Read("tokens", whole, 1, kMostTokens));
  budget.amount = static_cast<double>(whole);
  TRY(table.Read("flop", budget.amount, {.least = 0, .most = 1e30, .above = true}));
  TRY(table.Read("minutes", budget.amount, {.least = 0, .most = 1e8, .above = true}));
  if (stated == 0) return recipe.Wrong(fmt::format(fmt::runtime(kOne), "none: say when the run ends"));
  if (stated > 1) return table.Wrong(fmt::format(fmt::runtime(kOne), stated));
  const auto* name = std::ranges::find_if(kBudgetNames, [&](std::string_view key) { return table.Has(key); });
  budget.kind = static_cast<Budget::Kind>(name - kBudgetNames.begin());
  return {};
}

Result<void> ReadCheckpoint(const TomlTable& recipe, CheckpointPlan& checkpoint) {
  TRY_ASSIGN(const TomlTable table, recipe.Table("checkpoint"));
  TRY(table.AllowOnly({"every", "keep", "keep_every"}));
  TRY(table.Read("every", checkpoint.every, 1, base::kTrainMaxSteps));
  TRY(table.Read("keep", checkpoint.keep, 1, 1'000'000));
  TRY(table.Read("keep_every", checkpoint.keep_every, 0, base::kTrainMaxSteps));
  return {};
}

Result<void> ReadGuard(const TomlTable& recipe, GuardPlan& guard) {
  TRY_ASSIGN(const TomlTable table, recipe.Table("guard"));
  TRY(table.AllowOnly({"window", "sigma", "rewind_after"}));
  TRY(table.Read("window", guard.window, 2, 1'000'000));
  TRY(table.Read("sigma", guard.sigma, {.least = 0, .most = 1e9, .above = true}));
  TRY(table.Read("rewind_after", guard.rewind_after, 1, 1'000'000));
  return {};
}

}  // namespace

Result<Recipe> ReadRecipe(std::string_view toml, std::string where) {
  TRY_ASSIGN(const TomlNode root, ParseToml(toml, where));
  const TomlTable table(root, std::move(where), "");
  Recipe recipe;
  TRY(table.AllowOnly({"name", "seed", "threads", "precision", "recompute_activations", "text", "sense", "data", "optimiser",
                       "schedule", "budget", "checkpoint", "guard"}));
  TRY(table.Expect("name"));
  TRY(ReadName(table, "name", recipe.name));
  TRY(table.Read("seed", recipe.seed, 0, INT64_MAX));
  TRY(table.Read("threads", recipe.threads, 0, base::kThreadsMax));
  TRY(ReadChoice(table, "precision", recipe.precision, kPrecisionNames));
  TRY(table.Read("recompute_activations", recipe.recompute_activations));
  TRY(ReadTextPlan(table, recipe.text));
  TRY(ReadSenses(table, recipe.senses));
  TRY(ReadData(table, recipe.data));
  TRY(ReadOptimiser(table, recipe.optimiser));
  TRY(ReadSchedule(table, recipe.schedule));
  TRY(ReadBudget(table, recipe.budget));
  TRY(ReadCheckpoint(table, recipe.checkpoint));
  TRY(ReadGuard(table, recipe.guard));
  return recipe;
}

}  // namespace walchen::runs
