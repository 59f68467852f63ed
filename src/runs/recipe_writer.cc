// SPDX-License-Identifier: Apache-2.0
#include "runs/recipe.h"
#include "runs/recipe_names.h"
#include "runs/toml.h"

namespace walchen::runs {
namespace {

// TOML, line by line.
class Lines {
 public:
  void Heading(std::string_view heading) { text_ += fmt::format("\n{}\n", heading); }
  void Line(std::string_view key, std::string_view toml) { text_ += fmt::format("{} = {}\n", key, toml); }
  void Text(std::string_view key, std::string_view value) { Line(key, WriteToml(value)); }
  void Number(std::string_view key, double value) { Line(key, WriteToml(value)); }
  void Whole(std::string_view key, int64_t value) { Line(key, WriteToml(value)); }
  void Flag(std::string_view key, bool value) { Line(key, WriteToml(value)); }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

void WriteText(const TextPlan& text, Lines& lines) {
  lines.Heading("[text]");
  if (!text.from_scratch()) {
    lines.Text("base", text.base);
    lines.Text("train", NameOf(text.train, kTextTrainingNames));
    if (text.train == TextTraining::kLora) lines.Whole("lora_rank", text.lora_rank);
    return;
  }
  lines.Whole("layers", text.layers);
  lines.Whole("d_model", text.d_model);
  lines.Whole("heads", text.heads);
  lines.Whole("kv_heads", text.kv_heads);
  lines.Whole("head_size", text.head_size);
  lines.Whole("d_ff", text.d_ff);
  lines.Whole("vocabulary", text.vocabulary);
  if (!text.tokenizer.empty()) lines.Text("tokenizer", text.tokenizer);
  lines.Whole("context_tokens", text.context_tokens);
  lines.Number("rope_theta", text.rope_theta);
}

void WriteSense(const SensePlan& sense, Lines& lines) {
  lines.Heading("[[sense]]");
  lines.Text("name", sense.name);
  lines.Text("modality", sense.modality);
  lines.Whole("d_model", sense.d_model);
  lines.Whole("heads", sense.heads);
  lines.Whole("d_ff", sense.d_ff);
  lines.Whole("stride", sense.stride);
  lines.Flag("train", sense.train);
  if (!sense.from.empty()) lines.Text("from", sense.from);
}

void WriteData(const DataPlan& data, Lines& lines) {
  lines.Heading("[[data]]");
  lines.Text("name", data.name);
  lines.Text("template", data.text_template);
  lines.Text("source", std::string(NameOf(data.source.kind, kSourcePrefixes)) + data.source.place);
  lines.Whole("sequences", data.sequences);
  if (!data.tiers.empty()) {
    std::string tiers;
    for (const char tier : data.tiers) tiers += fmt::format("{}\"{}\"", tiers.empty() ? "" : ", ", tier);
    lines.Line("tiers", fmt::format("[{}]", tiers));
  }
  if (data.options.values().empty()) return;
  lines.Heading("[data.options]");
  for (const auto& [key, value] : data.options.values()) {
    lines.Line(WriteTomlKey(key), std::visit([](const auto& v) { return WriteToml(v); }, value));
  }
}

void WriteOptimiser(const OptimiserPlan& optimiser, Lines& lines) {
  lines.Heading("[optimiser]");
  lines.Number("muon_rate", optimiser.muon_rate);
  lines.Number("muon_momentum", optimiser.muon_momentum);
  lines.Number("adam_rate", optimiser.adam_rate);
  lines.Number("embedding_rate", optimiser.embedding_rate);
  lines.Number("beta1", optimiser.beta1);
  lines.Number("beta2", optimiser.beta2);
  lines.Number("epsilon", optimiser.epsilon);
  lines.Number("weight_decay", optimiser.weight_decay);
  lines.Number("clip_norm", optimiser.clip_norm);
  lines.Number("ema", optimiser.ema);
  lines.Whole("accumulate", optimiser.accumulate);
}

void WriteSchedule(const Schedule& schedule, Lines& lines) {
  lines.Heading("[schedule]");
  lines.Text("kind", NameOf(schedule.kind, kScheduleNames));
  lines.Whole("warmup_steps", schedule.warmup_steps);
  lines.Number("decay_share", schedule.decay_share);
  lines.Number("final_share", schedule.final_share);
}

void WriteBudget(const Budget& budget, Lines& lines) {
  lines.Heading("[budget]");
  const std::string_view name = NameOf(budget.kind, kBudgetNames);
  if (budget.kind == Budget::Kind::kSteps || budget.kind == Budget::Kind::kTokens) {
    lines.Whole(name, static_cast<int64_t>(budget.amount));
  } else {
    lines.Number(name, budget.amount);
  }
}

}  // namespace

std::string WriteRecipe(const Recipe& recipe) {
  Lines lines;
  lines.Text("name", recipe.name);
  lines.Whole("seed", recipe.seed);
  lines.Whole("threads", recipe.threads);
  lines.Text("precision", NameOf(recipe.precision, kPrecisionNames));
  lines.Flag("recompute_activations", recipe.recompute_activations);
  WriteText(recipe.text, lines);
  for (const SensePlan& sense : recipe.senses) WriteSense(sense, lines);
  for (const DataPlan& data : recipe.data) WriteData(data, lines);
  WriteOptimiser(recipe.optimiser, lines);
  WriteSchedule(recipe.schedule, lines);
  WriteBudget(recipe.budget, lines);
  lines.Heading("[checkpoint]");
  lines.Whole("every", recipe.checkpoint.every);
  lines.Whole("keep", recipe.checkpoint.keep);
  lines.Whole("keep_every", recipe.checkpoint.keep_every);
  lines.Heading("[guard]");
  lines.Whole("window", recipe.guard.window);
  lines.Number("sigma", recipe.guard.sigma);
  lines.Whole("rewind_after", recipe.guard.rewind_after);
  return lines.Take();
}

}  // namespace walchen::runs
