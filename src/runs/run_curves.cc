// SPDX-License-Identifier: Apache-2.0
#include "runs/run_curves.h"

#include <cmath>
#include <limits>

#include "base/limits.h"

namespace walchen::runs {
namespace {

constexpr double kValueMost = 1e30;  // beyond that a value is as good as infinite, and sums of them may be
constexpr size_t kTauQuarters = 4;

}  // namespace

void RunCurves::Restart() {
  doublings_ = 0;
  groups_.clear();
  curves_.clear();
  newest_.reset();
  skipped_ = 0;
  bad_lines_ = 0;
  has_left_out_ = false;
}

Result<void> RunCurves::Update() {
  return lines_.Read({.restart = [this] { Restart(); },
                      .line =
                          [this](std::string_view line) {
                            if (const auto record = ReadStep(line)) {
                              Add(*record);
                            } else {
                              ++bad_lines_;
                            }
                          }});
}

void RunCurves::Add(const StepRecord& record) {
  skipped_ += record.skipped ? 1 : 0;
  AddTo(groups_[(record.step - 1) >> doublings_], record);
  if (std::ssize(groups_) > base::kRunCurvesMaxPoints) HalveGroups();
  if (!newest_ || record.step < first_group_.last_step) {
    first_group_ = {};
    AddTo(first_group_, record);
  }
  if (newest_ && record.step < newest_->step) return;
  newest_ = record;
  newest_group_ = {};
  AddTo(newest_group_, record);
}

void RunCurves::AddTo(Group& group, const StepRecord& record) {
  group.last_step = std::max(group.last_step, record.step);
  Set(group, CurveKind::kTokensPerS, "", 0, record.tokens_per_s);
  Set(group, CurveKind::kRate, "", 0, record.rate);
  if (record.skipped) return;
  Set(group, CurveKind::kGradNorm, "", 0, record.grad_norm);
  for (const auto& [name, value] : record.loss) Set(group, CurveKind::kLoss, name, 0, value);
  for (const auto& [name, quarters] : record.loss_by_tau) {
    for (size_t i = 0; i < std::min(quarters.size(), kTauQuarters); ++i) {
      Set(group, CurveKind::kLossByTau, name, static_cast<int>(i), quarters[i]);
    }
  }
}

void RunCurves::Set(Group& group, CurveKind kind, const std::string& name, int quarter, double value) {
  const auto known = curves_.find({kind, name, quarter});
  if (known == curves_.end() && (std::ssize(curves_) >= base::kRunCurvesMax || std::ssize(name) > base::kRunCurveNameMaxBytes)) {
    has_left_out_ = true;
    return;
  }
  const size_t curve = known != curves_.end() ? known->second : curves_.emplace(Key(kind, name, quarter), curves_.size()).first->second;
  if (!(std::abs(value) < kValueMost)) return;  // a NaN neither
  if (group.means.size() <= curve) group.means.resize(curve + 1);
  group.means[curve].sum += value;
  ++group.means[curve].count;
}

void RunCurves::HalveGroups() {
  ++doublings_;
  std::map<int64_t, Group> halved;
  for (auto& [index, group] : groups_) {
    const auto [place, is_new] = halved.try_emplace(index >> 1, std::move(group));
    if (is_new) continue;
    Group& whole = place->second;
    whole.last_step = std::max(whole.last_step, group.last_step);
    whole.means.resize(std::max(whole.means.size(), group.means.size()));
    for (size_t i = 0; i < group.means.size(); ++i) {
      whole.means[i].sum += group.means[i].sum;
      whole.means[i].count += group.means[i].count;
    }
  }
  groups_ = std::move(halved);
}

CurvePoints RunCurves::After(int64_t step) const {
  CurvePoints points = {.stride = int64_t{1} << doublings_, .after = 0, .steps = {}, .curves = {}};
  points.curves.resize(curves_.size());
  for (const auto& [key, index] : curves_) {
    points.curves[index] = {.kind = std::get<0>(key), .name = std::get<1>(key), .quarter = std::get<2>(key), .values = {}};
  }
  if (!newest_) return points;
  const int64_t first = first_group_.last_step;
  if (doublings_ > 0 && first > step) Append(first_group_, points);
  for (auto group = groups_.begin(); group != std::prev(groups_.end()); ++group) {
    const int64_t last = group->second.last_step;
    points.after = last;
    if (last > step && (doublings_ == 0 || last > first)) Append(group->second, points);
  }
  if (newest_->step > step && (doublings_ == 0 || newest_->step > first)) Append(newest_group_, points);
  return points;
}

void RunCurves::Append(const Group& group, CurvePoints& points) const {
  points.steps.push_back(group.last_step);
  for (size_t i = 0; i < points.curves.size(); ++i) {
    const bool has_value = i < group.means.size() && group.means[i].count > 0;
    points.curves[i].values.push_back(has_value ? group.means[i].sum / static_cast<double>(group.means[i].count)
                                                : std::numeric_limits<double>::quiet_NaN());
  }
}

}  // namespace walchen::runs
