// SPDX-License-Identifier: Apache-2.0
#include "train/optimiser.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include <torch/torch.h>

#include "train/product.h"

namespace walchen::train {
namespace {

constexpr int kOrthogonalSteps = 5;

bool InBlock(const Parameter& parameter) { return parameter.name().find("blk.") != std::string::npos; }
// Its factors are no matrices of the network: what an orthogonal step of them does to their product nobody knows.
bool IsLora(const Parameter& parameter) { return parameter.name().ends_with(".lora_a") || parameter.name().ends_with(".lora_b"); }
bool IsEmbedding(const Parameter& parameter) { return parameter.name().starts_with("token_embd"); }
bool IsMuon(const Parameter& parameter) { return parameter.is_matrix() && InBlock(parameter) && !IsLora(parameter); }

// Of an update, in multiplications. Moments are read and written at the speed of memory: a value of them takes as long as
// about a hundred multiplications of matrices do.
double CostOf(const Parameter& parameter) {
  constexpr double kOfValue = 100;
  double cost = kOfValue * static_cast<double>(parameter.value.numel());
  if (!IsMuon(parameter)) return cost;
  for (const Parameter::Part& part : parameter.parts) {
    const auto rows = static_cast<double>(part.rows), columns = static_cast<double>(parameter.value.size(1));
    const double small = std::min(rows, columns), large = std::max(rows, columns);
    cost += kOrthogonalSteps * (2 * small * small * large + small * small * small);
  }
  return cost;
}

}  // namespace

torch::Tensor Orthogonal(const torch::Tensor& g) {
  constexpr double a = 3.4445, b = -4.7750, c = 2.0315;  // the quintic that lifts small singular values fastest
  const bool tall = g.size(0) > g.size(1);
  torch::Tensor x = tall ? g.transpose(0, 1) : g;
  x = x / (x.norm() + 1e-7);
  for (int i = 0; i < kOrthogonalSteps; ++i) {
    const torch::Tensor gram = MatrixProduct(x, x);  // symmetric, as is every polynomial of it
    const torch::Tensor poly = MatrixProduct(gram, gram).mul_(c).add_(gram, b);
    x = MatrixProduct(poly, x.transpose(0, 1)).add_(x, a);
  }
  return tall ? x.transpose(0, 1) : x;
}

std::vector<int> OwnersOf(std::span<const double> costs, int world) {
  std::vector<size_t> order(costs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::greater(), [&](size_t i) { return costs[i]; });
  std::vector<double> loads(static_cast<size_t>(world));
  std::vector<int> owners(costs.size());
  for (const size_t i : order) {
    const auto least = std::ranges::min_element(loads);
    *least += costs[i];
    owners[i] = static_cast<int>(least - loads.begin());
  }
  return owners;
}

Optimiser::Optimiser(std::vector<Parameter>& parameters, const runs::OptimiserPlan& plan, int rank, int world)
    : plan_(plan), rank_(rank), steps_(torch::zeros({1}, torch::kLong)) {
  std::vector<double> costs;
  for (Parameter& parameter : parameters) {
    if (!parameter.trained) continue;
    Trained trained = {.parameter = &parameter, .muon = IsMuon(parameter)};
    trained.rate = trained.muon              ? plan.muon_rate
                   : IsEmbedding(parameter)  ? plan.embedding_rate
                                             : plan.adam_rate;
    trained.decays = trained.muon;
    trained_.push_back(std::move(trained));
    costs.push_back(CostOf(parameter));
  }
  const std::vector<int> owners = OwnersOf(costs, world);
  for (size_t i = 0; i < trained_.size(); ++i) {
    trained_[i].owner = owners[i];
    if (owners[i] == rank_) AddState(trained_[i]);
  }
}

void Optimiser::AddState(Trained& trained) const {
  const torch::Tensor value = trained.parameter->value.detach();
  trained.first = torch::zeros_like(value);
  if (!trained.muon) trained.second = torch::zeros_like(value);
  if (plan_.ema > 0) trained.average = value.clone();
}

double Optimiser::GradientNorm() const {
  double squares = 0;
  for (const Trained& trained : trained_) {
    const torch::Tensor& gradient = trained.parameter->value.grad();
    if (gradient.defined() && trained.owner == rank_) squares += std::pow(gradient.norm().item<double>(), 2);
  }
  return std::sqrt(squares);
}

// Q, K and V, or gate and up, are matrices of their own that only lie under each other.
void Optimiser::MuonStep(Trained& trained, const torch::Tensor& gradient, double rate) const {
  trained.first.lerp_(gradient, 1 - plan_.muon_momentum);
  const torch::Tensor nesterov = gradient.lerp(trained.first, plan_.muon_momentum);
  torch::Tensor value = trained.parameter->value;
  value.mul_(1 - rate * plan_.weight_decay);
  int64_t row = 0;
  for (const Parameter::Part& part : trained.parameter->parts) {
    const double scale = std::sqrt(std::max(1.0, static_cast<double>(part.rows) / static_cast<double>(value.size(1))));
    value.narrow(0, row, part.rows).add_(Orthogonal(nesterov.narrow(0, row, part.rows)), -rate * scale);
    row += part.rows;
  }
}

void Optimiser::AdamStep(Trained& trained, const torch::Tensor& gradient, double rate) const {
  const auto step = static_cast<double>(steps_.item<int64_t>());
  trained.first.lerp_(gradient, 1 - plan_.beta1);
  trained.second.mul_(plan_.beta2).addcmul_(gradient, gradient, 1 - plan_.beta2);
  const double first_correction = 1 - std::pow(plan_.beta1, step), second_correction = 1 - std::pow(plan_.beta2, step);
  const torch::Tensor root = (trained.second / second_correction).sqrt_().add_(plan_.epsilon);
  trained.parameter->value.addcdiv_(trained.first, root, -rate / first_correction);
}

void Optimiser::Step(double gradient_norm, double rate_factor) {
  const torch::NoGradGuard no_grad;
  steps_ += 1;
  const double shrink = plan_.clip_norm > 0 && gradient_norm > plan_.clip_norm ? plan_.clip_norm / gradient_norm : 1;
  for (Trained& trained : trained_) {
    torch::Tensor gradient = trained.parameter->value.grad();
    if (!gradient.defined() || trained.owner != rank_) continue;
    if (shrink != 1) gradient = gradient * shrink;
    if (trained.muon) {
      MuonStep(trained, gradient, trained.rate * rate_factor);
    } else {
      AdamStep(trained, gradient, trained.rate * rate_factor);
    }
    // In its first steps the average follows faster: it would remember the random start for long.
    const auto step = static_cast<double>(steps_.item<int64_t>());
    const double keep = std::min(plan_.ema, (1 + step) / (10 + step));
    if (trained.average.defined()) trained.average.lerp_(trained.parameter->value, 1 - keep);
  }
}

void Optimiser::ClearGradients() {
  for (Trained& trained : trained_) trained.parameter->value.mutable_grad().reset();
}

Result<void> Optimiser::SumGradients(Ranks& ranks) {
  if (ranks.alone()) return {};
  // A parameter may have a gradient at some ranks only, where a loss had no targets at the others; and none at all, then
  // it must stay as it is.
  std::vector<double> has_gradient;
  for (const Trained& trained : trained_) has_gradient.push_back(trained.parameter->value.grad().defined() ? 1 : 0);
  TRY(ranks.Sum(has_gradient));
  for (int owner = 0; owner < ranks.world(); ++owner) {
    std::vector<torch::Tensor> gradients;
    for (size_t i = 0; i < trained_.size(); ++i) {
      if (trained_[i].owner != owner || has_gradient[i] == 0) continue;
      torch::Tensor& gradient = trained_[i].parameter->value.mutable_grad();
      if (!gradient.defined()) gradient = torch::zeros_like(trained_[i].parameter->value);
      gradients.push_back(gradient);
    }
    TRY(ranks.SumAt(owner, gradients));
  }
  return {};
}

Result<void> Optimiser::SpreadValues(Ranks& ranks) {
  for (int owner = 0; owner < ranks.world(); ++owner) {
    std::vector<torch::Tensor> values;
    for (const Trained& trained : trained_) {
      if (trained.owner == owner) values.push_back(trained.parameter->value);
    }
    TRY(ranks.Spread(owner, values));
  }
  return {};
}

Result<void> Optimiser::GatherState(Ranks& ranks) {
  for (int owner = 1; owner < ranks.world(); ++owner) {
    if (rank_ != 0 && rank_ != owner) continue;
    std::vector<torch::Tensor> state;
    for (Trained& trained : trained_) {
      if (trained.owner != owner) continue;
      if (rank_ == 0) AddState(trained);
      for (const torch::Tensor& tensor : {trained.first, trained.second, trained.average}) {
        if (tensor.defined()) state.push_back(tensor);
      }
    }
    TRY(ranks.Collect(owner, state));
  }
  return {};
}

void Optimiser::ReleaseState() {
  for (Trained& trained : trained_) {
    if (trained.owner == rank_) continue;
    for (torch::Tensor* tensor : {&trained.first, &trained.second, &trained.average}) tensor->reset();
  }
}

std::vector<std::pair<std::string, torch::Tensor>> Optimiser::state() const {
  std::vector<std::pair<std::string, torch::Tensor>> all = {{"steps", steps_}};
  for (const Trained& trained : trained_) {
    const std::string& name = trained.parameter->name();
    if (trained.first.defined()) all.emplace_back(name + ".first", trained.first);
    if (trained.second.defined()) all.emplace_back(name + ".second", trained.second);
    if (trained.average.defined()) all.emplace_back(name + ".average", trained.average);
  }
  return all;
}

torch::Tensor Optimiser::Average(const Parameter& parameter) const {
  for (const Trained& trained : trained_) {
    if (trained.parameter == &parameter && trained.average.defined()) return trained.average;
  }
  return parameter.value;
}

int64_t Optimiser::trained_values() const {
  int64_t values = 0;
  for (const Trained& trained : trained_) values += trained.parameter->value.numel();
  return values;
}

}  // namespace walchen::train
