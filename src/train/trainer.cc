// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "base/clock.h"
#include "base/sha256.h"
#include "model/sense_file.h"
#include "shards/templates.h"
#include "train/global_batch.h"
#include "train/new_model.h"
#include "train/tensor_file.h"
#include "train/torch_error.h"

namespace walchen::train {
namespace {

constexpr std::string_view kWeights = "weights.safetensors";
constexpr std::string_view kMoments = "optimiser.safetensors";
constexpr std::string_view kState = "state.json";
constexpr uint64_t kStateMaxBytes = 1 << 20;

// After each rewind the data go on so far behind what was read.
constexpr uint64_t kRewindSamples = uint64_t{1} << 40;
constexpr int kMostRewinds = 8;

NamedTensors WeightsOf(Network& network) {
  NamedTensors weights;
  for (const Parameter& parameter : network.backend.parameters()) {
    if (parameter.trained) weights.emplace_back(parameter.name(), parameter.value);
  }
  return weights;
}

// Positions behind those that a base has learned mean nothing to it.
Result<void> CheckFits(const shards::Sample& sample, std::string_view source, int context_tokens) {
  size_t tokens = 0;
  for (const shards::Segment& segment : sample.segments) tokens += segment.tokens.size();
  if (tokens <= static_cast<size_t>(context_tokens)) return {};
  return Fail(ErrorCode::kTooLarge, "[[data]] \"{}\": a sample has {} tokens of text, the model's context {}; lower `tokens` in its "
              "options", source, tokens, context_tokens);
}

// The root mean square of the text stream's keys at each layer, as gains of the senses' keys and queries: so that both
// sides of the shared softmax begin with scores of one size.
std::vector<std::vector<float>> KeyGains(Network& network, const formats::Tokenizer& tokenizer) {
  const torch::NoGradGuard no_grad;
  const std::vector<int32_t> tokens = tokenizer.Encode("Die Pumpe 3 steht seit gestern. The machine is ready.");
  TorchBackend::Cache cache;
  network.backend.set_lanes(1);
  model::Segment<TorchBackend::Cache> segment;
  segment.rows = static_cast<int>(tokens.size());
  segment.cache = &cache;
  model::Forward(network.backend, network.text, network.text_weights, tokens, {{segment}}, {});
  std::vector<std::vector<float>> gains;
  for (const TorchBackend::Cache::Layer& layer : cache.layers) {
    const auto size = static_cast<float>(layer.keys.square().mean().sqrt().item<double>());
    gains.emplace_back(static_cast<size_t>(network.text.head_size), size);
  }
  return gains;
}

// Sources of one recipe must not draw the same numbers.
uint64_t SeedOf(const runs::Recipe& recipe, size_t source) { return static_cast<uint64_t>(recipe.seed) * 1'000 + source; }

}  // namespace

Trainer::Trainer(base::Files& files, runs::RunFolder folder, const Options& options)
    : files_(files), folder_(std::move(folder)), ranks_(options.ranks ? options.ranks : std::make_shared<Ranks>()),
      stop_asked_(options.stop_asked), network_(options.device), guard_(folder_.recipe().guard), energy_(files) {}

Result<std::unique_ptr<Trainer>> Trainer::Open(base::Files& files, runs::RunFolder folder, const Options& options) {
  // make_unique cannot reach the constructor.
  std::unique_ptr<Trainer> trainer(new Trainer(files, std::move(folder), options));
  Ranks& ranks = *trainer->ranks_;
  try {
    TRY(trainer->CompareWithFirst(options));
    // Rank 0 writes the files to start from, the others read them.
    if (!ranks.is_first()) TRY(ranks.Wait());
    TRY(trainer->LoadNetwork(options.base));
    if (ranks.is_first()) TRY(ranks.Wait());
    TRY(trainer->OpenRecord(options));  // before the data, for it says which document may not be used
    TRY(trainer->OpenData(options));
    TRY(trainer->RestoreOrBegin(options));
  } catch (const std::exception& error) {  // libtorch's: out of memory
    return Fail(ErrorCode::kResourceExhausted, "libtorch: {}", TorchMessage(error));
  }
  return trainer;
}

// Ranks that want different things would wait for each other in different operations.
Result<void> Trainer::CompareWithFirst(const Options& options) {
  if (!options.base.empty()) {
    TRY_ASSIGN(const auto bytes, files_.Map(options.base));
    base_sha256_ = base::Sha256Hex(bytes->bytes());
    parents_.push_back(base_sha256_);
  }
  TRY_ASSIGN(const bool is_same_base, ranks_->SameAsFirst(base_sha256_));
  if (!is_same_base) {
    return Fail(ErrorCode::kInvalidArgument, "{}: rank {} of {} has another file here than rank 0; all processes need the same base",
                options.base.native(), ranks_->rank(), ranks_->world());
  }
  TRY_ASSIGN(const bool is_same_plan, ranks_->SameAsFirst(fmt::format("{} {}", options.steps.value_or(0), options.checkpoint_every.value_or(0))));
  if (is_same_plan) return {};
  return Fail(ErrorCode::kInvalidArgument, "rank {} of {} was started with another --steps or --checkpoint-every than rank 0; give all "
              "processes the same", ranks_->rank(), ranks_->world());
}

Result<void> Trainer::LoadNetwork(const base::Path& base_file) {
  const runs::Recipe& recipe = folder_.recipe();
  network_.recompute_activations = recipe.recompute_activations;
  const base::Path start = folder_.path() / "start.gguf";
  const bool from_scratch = recipe.text.from_scratch();
  if (from_scratch && ranks_->is_first() && !files_.Exists(start)) TRY(WriteNewModel(files_, recipe, start));
  const base::Path text_path = from_scratch ? start : base_file;
  TRY_ASSIGN(auto file, formats::GgufFile::Open(files_, text_path));
  const bool trained = recipe.text.train == runs::TextTraining::kFull;
  if (auto added = network_.AddText(*file, trained, recipe.text.lora_rank); !added) return Forward(added, text_path.native());
  TRY_ASSIGN(tokenizer_, formats::Tokenizer::FromGguf(*file));
  if (const auto source = file->Text("tokenizer.chat_template")) {
    TRY_ASSIGN(chat_template_, formats::ChatTemplate::Parse(*source));
  }
  if (from_scratch) {
    TRY_ASSIGN(const std::vector<model::SenseConfig> senses, model::ReadSenses(*file));
    for (size_t i = 0; i < senses.size(); ++i) TRY(network_.AddSense(*file, senses[i], recipe.senses[i].train));
    originals_.emplace_back("model.gguf", std::move(file));
    return {};
  }
  if (trained) originals_.emplace_back("model.gguf", std::move(file));
  has_lora_ = recipe.text.lora_rank > 0;
  TRY_ASSIGN(const std::vector<model::SenseConfig> senses, SensesOf(recipe, model::SharedAttentionOf(network_.text)));
  for (size_t i = 0; i < senses.size(); ++i) TRY(LoadSense(senses[i], recipe.senses[i]));
  return {};
}

// A new sense, or a copy of the one it begins from, is written to its start file first, so that a resumed run begins with the
// same one.
Result<void> Trainer::LoadSense(const model::SenseConfig& planned, const runs::SensePlan& plan) {
  const runs::Recipe& recipe = folder_.recipe();
  const std::string name = planned.name + ".gguf";
  const base::Path start = folder_.path() / (planned.name + ".start.gguf");
  model::SenseConfig sense = planned;
  sense.base_sha256 = base_sha256_;
  if (ranks_->is_first() && !files_.Exists(start)) {
    if (plan.from.empty()) {
      TRY(WriteNewSense(files_, sense, static_cast<uint64_t>(recipe.seed), KeyGains(network_, *tokenizer_), start));
    } else {
      TRY(CopySense(files_, plan.from, sense, start));
    }
  }
  if (!plan.from.empty()) {
    TRY_ASSIGN(const auto bytes, files_.Map(start));
    parents_.push_back(base::Sha256Hex(bytes->bytes()));
  }
  TRY_ASSIGN(auto file, formats::GgufFile::Open(files_, start));
  TRY_ASSIGN(const std::vector<model::SenseConfig> senses, model::ReadSenses(*file));
  if (senses.size() != 1) {
    return Fail(ErrorCode::kCorrupt, "{}: expected one sense, found {}", start.native(), senses.size());
  }
  TRY(model::CheckSenseFits(senses.front(), model::SharedAttentionOf(network_.text), base_sha256_));
  TRY(network_.AddSense(*file, senses.front(), plan.train));
  if (plan.train) originals_.emplace_back(name, std::move(file));
  return {};
}

Result<void> Trainer::OpenData(const Options& options) {
  const runs::Recipe& recipe = folder_.recipe();
  const shards::Reading reading = {files_, *tokenizer_, chat_template_.get(), options.shards};
  for (size_t i = 0; i < recipe.data.size(); ++i) {
    if (recipe.data[i].sequences < ranks_->world()) {
      return Fail(ErrorCode::kInvalidArgument, "[[data]] \"{}\": its {} sequences a step cannot be cut among {} processes; start at "
                  "most {}, or raise `sequences`", recipe.data[i].name, recipe.data[i].sequences, ranks_->world(),
                  recipe.data[i].sequences);
    }
    const uint64_t seed = SeedOf(recipe, i);
    TRY_ASSIGN(auto source, shards::MakeSource(recipe.data[i], seed, reading, shards::Share::kTrained));
    TRY_ASSIGN(auto unseen, shards::MakeSource(recipe.data[i], seed, reading, shards::Share::kHeldOut));
    TRY_ASSIGN(const shards::Sample first, source->At(0));  // all of a source have one layout
    TRY(CheckFits(first, recipe.data[i].name, network_.text.context_tokens));
    sources_.push_back(std::move(source));
    unseen_.push_back(std::move(unseen));
  }
  return {};
}

// What is learned stands in the ledger, where there is one: of shards first whether it may be, then what was.
Result<void> Trainer::OpenRecord(const Options& options) {
  const runs::Recipe& recipe = folder_.recipe();
  const auto is_shards = [](const runs::DataPlan& data) { return data.source.kind == runs::DataSource::Kind::kShards; };
  if (!ranks_->is_first()) return {};
  if (std::ranges::none_of(recipe.data, is_shards) && !files_.Exists(options.ledger)) return {};
  TRY_ASSIGN(record_, TrainingRecord::Open(files_, options.ledger, folder_, parents_));
  for (size_t i = 0; i < recipe.data.size(); ++i) {
    const runs::DataPlan& data = recipe.data[i];
    if (!is_shards(data)) continue;
    runs::Options window = data.options;
    TRY_ASSIGN(const uint64_t tokens, shards::WindowTokens(window));
    TRY_ASSIGN(auto windows, shards::ShardWindows::Open(files_, options.shards / data.source.place, tokens, shards::Share::kTrained));
    TRY(record_->Admit(data.name, windows, data.tiers));
    record_->Add({.windows = std::move(windows), .seed = SeedOf(recipe, i),
                  .per_step = static_cast<uint64_t>(data.sequences) * static_cast<uint64_t>(recipe.optimiser.accumulate)});
  }
  return {};
}

// Rank 0 says which: the others, on another machine, may not see yet what it sees.
Result<runs::FoundCheckpoint> Trainer::NewestCheckpoint() {
  runs::FoundCheckpoint found;
  if (ranks_->is_first()) {
    TRY_ASSIGN(found, runs::NewestGood(files_, folder_.path()));
  }
  TRY_ASSIGN(const double step, ranks_->FromFirst(static_cast<double>(found.checkpoint.step)));
  found.checkpoint.step = static_cast<int64_t>(step);
  found.checkpoint.folder = runs::CheckpointPath(folder_.path(), found.checkpoint.step);
  return found;
}

Result<void> Trainer::OpenLog() {
  if (!ranks_->is_first()) return {};
  TRY(runs::SetAsideAfter(files_, folder_.path(), step_));
  TRY_ASSIGN(log_, runs::RunLog::Open(files_, runs::LogPath(folder_.path()), step_));
  return {};
}

Result<void> Trainer::RestoreOrBegin(const Options& options) {
  const runs::Recipe& recipe = folder_.recipe();
  optimiser_ = std::make_unique<Optimiser>(network_.backend.parameters(), recipe.optimiser, ranks_->rank(), ranks_->world());
  if (optimiser_->trained_values() == 0) {
    return Fail(ErrorCode::kInvalidArgument, "nothing is to be trained: set train = \"full\" or \"lora\" in [text], or train = true "
                "in a [[sense]]");
  }
  checkpoint_every_ = options.checkpoint_every.value_or(recipe.checkpoint.every);
  TRY_ASSIGN(const std::vector<int64_t> steps, runs::CheckpointSteps(files_, folder_.path()));
  TRY_ASSIGN(const double there, ranks_->FromFirst(steps.empty() ? 0 : 1));
  const bool begins = there == 0;
  if (begins) {
    ranks_->set_advice("There is no checkpoint yet: remove the run's folder and begin again");
    const bool is_counted = recipe.budget.kind == runs::Budget::Kind::kSteps;
    schedule_steps_ = options.steps.value_or(0);
    if (is_counted || !options.steps) {
      TRY_ASSIGN(schedule_steps_, StepsOfBudget());
    }
  } else {
    TRY_ASSIGN(const runs::FoundCheckpoint found, NewestCheckpoint());
    notes_ = found.skipped;
    TRY(Restore(found.checkpoint));
  }
  last_step_ = options.steps.value_or(schedule_steps_);
  TRY(OpenLog());
  runs::RunLogReader past(files_, runs::LogPath(folder_.path()));
  TRY(past.Update());
  for (const runs::StepRecord& record : past.records()) {
    seconds_ = record.seconds;
    energy_before_j_ = record.energy_j.value_or(energy_before_j_);  // not every machine that it ran on could read it
  }
  if (begins) TRY(Save());
  return {};
}

Result<void> Trainer::Restore(const runs::Checkpoint& checkpoint) {
  TRY(ReadTensors(files_, checkpoint.PathOf(kWeights), WeightsOf(network_)));
  TRY(ReadTensors(files_, checkpoint.PathOf(kMoments), optimiser_->state()));
  TRY_ASSIGN(const std::string text, files_.Read(checkpoint.PathOf(kState), kStateMaxBytes));
  try {
    const nlohmann::json state = nlohmann::json::parse(text);
    step_ = state.at("step").get<int64_t>();
    schedule_steps_ = state.at("schedule_steps").get<int64_t>();
    tokens_ = state.at("tokens").get<int64_t>();
    rewinds_ = std::max(rewinds_, state.at("rewinds").get<int64_t>());
    TRY(guard_.Restore(state.at("guard")));
  } catch (const nlohmann::json::exception& error) {
    return Fail(ErrorCode::kCorrupt, "{}: {}", checkpoint.PathOf(kState).native(), error.what());
  }
  saved_step_ = step_;
  AdviseOnLoss();
  return {};
}

void Trainer::AdviseOnLoss() {
  ranks_->set_advice(fmt::format("The newest checkpoint is of step {}; go on by `walchen train --resume {}`, with as many processes "
                                 "as you like", saved_step_, folder_.path().native()));
}

Result<Batch> Trainer::BatchOf(size_t source, uint64_t first_sample, int lanes) {
  std::vector<shards::Sample> samples;
  for (int lane = 0; lane < lanes; ++lane) {
    TRY_ASSIGN(shards::Sample sample, sources_[source]->At(first_sample + static_cast<uint64_t>(lane)));
    samples.push_back(std::move(sample));
  }
  return MakeBatch(samples, network_.senses, network_.backend.device());
}

// This rank's part of one batch of each source.
Result<std::vector<Batch>> Trainer::BatchesOf(int64_t round) {
  const runs::Recipe& recipe = folder_.recipe();
  std::vector<Batch> batches;
  for (size_t source = 0; source < sources_.size(); ++source) {
    const int sequences = recipe.data[source].sequences;
    const Lanes lanes = LanesOf(sequences, ranks_->rank(), ranks_->world());
    const uint64_t first = static_cast<uint64_t>(round) * static_cast<uint64_t>(sequences) + static_cast<uint64_t>(lanes.first);
    TRY_ASSIGN(Batch batch, BatchOf(source, first + static_cast<uint64_t>(rewinds_) * kRewindSamples, lanes.count));
    batches.push_back(std::move(batch));
  }
  TRY(ShareTargets(batches, *ranks_));
  return batches;
}

Result<double> Trainer::ComputeGradients(runs::StepRecord& record) {
  const runs::Recipe& recipe = folder_.recipe();
  const int accumulate = recipe.optimiser.accumulate;
  double total = 0, operations = 0;
  int64_t tokens = 0;
  std::map<std::string, LossByTau> by_tau;
  optimiser_->ClearGradients();
  for (int round = 0; round < accumulate; ++round) {
    TRY_ASSIGN(const std::vector<Batch> batches, BatchesOf(step_ * accumulate + round));
    for (size_t source = 0; source < sources_.size(); ++source) {
      torch::Tensor sum = torch::zeros({});
      for (const Loss& loss : network_.Losses(batches[source])) {
        record.loss[recipe.data[source].name + "/" + loss.name] += loss.value.item<double>() * loss.share / accumulate;
        if (loss.by_tau) by_tau[recipe.data[source].name + "/" + loss.name].Add(*loss.by_tau);
        sum = sum + loss.value * (loss.weight * loss.share / accumulate);
      }
      total += sum.item<double>();
      if (std::isfinite(total) && sum.requires_grad()) sum.backward();
      operations += network_.Operations(batches[source]);
      tokens += batches[source].tokens();
    }
  }
  for (const auto& [name, quarters] : by_tau) record.loss_by_tau[name] = quarters.Means();
  record.tokens = tokens_ + tokens;
  record.flop_per_s = operations;  // divided by the time when that is known
  TRY(SumOverRanks(record, total));
  TRY(optimiser_->SumGradients(*ranks_));
  return total;
}

// Losses have the same names at all ranks (global_batch.h).
Result<void> Trainer::SumOverRanks(runs::StepRecord& record, double& total) {
  if (ranks_->alone()) return {};
  const bool asked = stop_asked_ && stop_asked_();
  std::vector<double> numbers = {total, asked ? 1.0 : 0.0, static_cast<double>(record.tokens - tokens_), record.flop_per_s};
  for (const auto& [name, loss] : record.loss) numbers.push_back(loss);
  TRY(ranks_->Sum(numbers));
  total = numbers[0];
  stopping_ = stopping_ || numbers[1] > 0;
  record.tokens = tokens_ + static_cast<int64_t>(numbers[2]);
  record.flop_per_s = numbers[3];
  size_t at = 4;
  for (auto& [name, loss] : record.loss) loss = numbers[at++];
  return {};
}

Result<double> Trainer::GradientNorm() {
  const double norm = optimiser_->GradientNorm();
  if (ranks_->alone()) return norm;
  double squares = norm * norm;
  TRY(ranks_->Sum(std::span(&squares, 1)));
  return std::sqrt(squares);
}

Result<runs::StepRecord> Trainer::Step() {
  const runs::Recipe& recipe = folder_.recipe();
  const base::Stopwatch watch;
  runs::StepRecord record;
  record.step = step_ + 1;
  try {
    record.rate = runs::RateFactor(recipe.schedule, step_, schedule_steps_);
    TRY_ASSIGN(const double loss, ComputeGradients(record));
    TRY_ASSIGN(record.grad_norm, GradientNorm());
    const Guard::Verdict verdict = guard_.Judge(loss, record.grad_norm);
    record.skipped = verdict != Guard::Verdict::kTake;
    if (verdict == Guard::Verdict::kRewind) {
      TRY(Rewind());
      record.step = step_ + 1;
      return record;
    }
    if (!record.skipped) {
      optimiser_->Step(record.grad_norm, record.rate);
      TRY(optimiser_->SpreadValues(*ranks_));
    }
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kResourceExhausted, "libtorch: {}", TorchMessage(error));
  }
  ++step_;
  const double seconds = watch.Ms() / 1'000;
  record.tokens_per_s = static_cast<double>(record.tokens - tokens_) / seconds;
  record.flop_per_s /= seconds;
  seconds_ += seconds;
  record.seconds = seconds_;
  tokens_ = record.tokens;
  if (const auto joules = energy_.Joules()) record.energy_j = energy_before_j_ + *joules;
  if (log_) TRY(log_->Append(record));
  if (step_ % checkpoint_every_ == 0 || step_ == last_step_) TRY(Save());
  return record;
}

Result<void> Trainer::Rewind() {
  if (++rewinds_ > kMostRewinds) {
    return Fail(ErrorCode::kInvalidArgument, "step {}: the losses or gradients are no finite numbers, or spikes, after {} rewinds "
                "too; lower the rates in [optimiser], or look at the data", step_, kMostRewinds);
  }
  const int64_t from = step_;
  TRY_ASSIGN(const runs::FoundCheckpoint found, NewestCheckpoint());
  TRY(Restore(found.checkpoint));
  guard_ = Guard(folder_.recipe().guard);
  notes_.push_back(fmt::format("step {}: too many bad steps in a row; went back to step {} and on with other data", from, step_));
  return OpenLog();
}

// Minutes become steps once: three steps are timed, without an update.
Result<int64_t> Trainer::StepsOfBudget() {
  const runs::Budget& budget = folder_.recipe().budget;
  if (budget.kind == runs::Budget::Kind::kSteps) return static_cast<int64_t>(budget.amount);
  constexpr int kTimed = 3;
  runs::StepRecord record;
  TRY(ComputeGradients(record));  // the first one allocates
  const base::Stopwatch watch;
  for (int i = 0; i < kTimed; ++i) TRY(ComputeGradients(record));
  TRY_ASSIGN(const double seconds, ranks_->FromFirst(watch.Ms() / 1'000 / kTimed));
  optimiser_->ClearGradients();
  double steps = budget.amount * 60 / (seconds * 1.05);  // the update takes about a twentieth
  if (budget.kind == runs::Budget::Kind::kTokens) steps = budget.amount / static_cast<double>(record.tokens);
  if (budget.kind == runs::Budget::Kind::kFlop) steps = budget.amount / record.flop_per_s;
  return std::max<int64_t>(1, std::llround(steps));
}

Result<void> Trainer::WriteModel(base::WritableFile& file, const formats::GgufFile& original) {
  return WriteModelFile(file, original, [&](std::string_view name) -> std::optional<std::string> {
    for (const Parameter& parameter : network_.backend.parameters()) {
      if (!parameter.trained) continue;
      for (size_t part = 0; part < parameter.parts.size(); ++part) {
        if (parameter.parts[part].name == name) return PartBytes(parameter, part, optimiser_->Average(parameter));
      }
    }
    return std::nullopt;
  });
}

// As llama.cpp's adapters: two tensors for each matrix of the base, x += alpha / rank * b a.
Result<void> Trainer::WriteLora(base::WritableFile& file) {
  formats::GgufWriter writer;
  const std::vector<Parameter>& parameters = network_.backend.parameters();
  writer.Add("general.type", std::string("adapter"));
  writer.Add("general.architecture", network_.text.family);
  writer.Add("adapter.type", std::string("lora"));
  writer.Add("adapter.lora.alpha", kLoraScale * folder_.recipe().text.lora_rank);
  for (const Parameter& parameter : parameters) {
    if (parameter.lora_a < 0) continue;
    const torch::Tensor a = optimiser_->Average(parameters[static_cast<size_t>(parameter.lora_a)]);
    const torch::Tensor b = optimiser_->Average(parameters[static_cast<size_t>(parameter.lora_b)]);
    for (size_t part = 0; part < parameter.parts.size(); ++part) {
      const std::string& name = parameter.parts[part].name;
      const auto rank = static_cast<uint64_t>(a.size(0));
      writer.AddTensor(name + ".lora_a", tensor::DType::kF32, {rank, static_cast<uint64_t>(a.size(1))},
                       [a]() -> Result<std::string> { return TensorBytes(a); });
      writer.AddTensor(name + ".lora_b", tensor::DType::kF32, {static_cast<uint64_t>(parameter.parts[part].rows), rank},
                       [&parameter, part, b]() -> Result<std::string> { return PartBytes(parameter, part, b); });
    }
  }
  return writer.Write(file);
}

std::vector<runs::CheckpointPart> Trainer::CheckpointParts() {
  std::vector<runs::CheckpointPart> parts;
  parts.push_back({std::string(kWeights), [this](base::WritableFile& file) { return WriteTensors(file, WeightsOf(network_)); }});
  parts.push_back({std::string(kMoments), [this](base::WritableFile& file) { return WriteTensors(file, optimiser_->state()); }});
  parts.push_back({std::string(kState), [this](base::WritableFile& file) {
                     const nlohmann::json state = {{"step", step_},   {"schedule_steps", schedule_steps_}, {"tokens", tokens_},
                                                   {"rewinds", rewinds_}, {"guard", guard_.State()}};
                     return file.Append(base::AsBytes(state.dump(2) + "\n"));
                   }});
  if (has_lora_) {
    parts.push_back({"lora.gguf", [this](base::WritableFile& file) { return WriteLora(file); }});
  }
  for (const auto& [name, original] : originals_) {
    parts.push_back({name, [this, &original](base::WritableFile& file) { return WriteModel(file, *original); }});
  }
  return parts;
}

Result<void> Trainer::Save() {
  if (saved_step_ == step_) return {};
  const runs::CheckpointPlan& plan = folder_.recipe().checkpoint;
  TRY(optimiser_->GatherState(*ranks_));
  if (ranks_->is_first()) {
    TRY(log_->Sync());
    if (record_) TRY(record_->Steps(std::max<int64_t>(0, saved_step_), step_, static_cast<uint64_t>(rewinds_) * kRewindSamples));
    TRY_ASSIGN(const runs::Checkpoint written, runs::WriteCheckpoint(files_, folder_.path(), step_, CheckpointParts()));
    if (record_) {
      for (const runs::CheckpointFile& file : written.files) {
        if (file.name.ends_with(".gguf")) TRY(record_->WroteModel(file.name, file.sha256));
      }
    }
    TRY(runs::Prune(files_, folder_.path(), plan.keep, plan.keep_every));
  }
  optimiser_->ReleaseState();
  TRY(ranks_->Wait());  // nobody speaks of a checkpoint that is not there
  saved_step_ = step_;
  AdviseOnLoss();
  return {};
}

Result<std::vector<EvaluationRow>> Trainer::EvaluateAll(int batches) {
  const runs::Recipe& recipe = folder_.recipe();
  std::vector<EvaluationRow> rows;
  for (size_t source = 0; source < sources_.size(); ++source) {
    const int lanes = recipe.data[source].sequences;
    std::vector<Batch> seen, unseen;
    for (int i = 0; i < batches; ++i) {
      const uint64_t first = static_cast<uint64_t>(i) * static_cast<uint64_t>(lanes);
      TRY_ASSIGN(Batch batch, BatchOf(source, first, lanes));
      seen.push_back(std::move(batch));
      std::swap(sources_[source], unseen_[source]);
      auto other = BatchOf(source, first, lanes);
      std::swap(sources_[source], unseen_[source]);
      if (!other) return Forward(other);
      unseen.push_back(std::move(*other));
    }
    for (EvaluationRow& row : Evaluate(network_, seen, unseen)) {
      row.name = recipe.data[source].name + "/" + row.name;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::vector<std::string> Trainer::TakeNotes() { return std::exchange(notes_, {}); }

}  // namespace walchen::train
