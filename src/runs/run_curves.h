// SPDX-License-Identifier: Apache-2.0
//
// The curves of a run, thinned: however long its log is, each has at most kRunCurvesMaxPoints points and two more.
//
// Steps are put together in groups of `stride` steps: 1 at first, doubled whenever there are more groups than that bound.
// The point of a group stands at its last step and is the mean of the group. The first and the newest step are points of
// their own, as they were logged; the newest group is no point before it is over, so a point never changes while the
// stride stays. What is not finite or beyond 1e30 does not count, nor do the losses and the gradient of a step that was
// skipped: one exploded step would hide all others.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "runs/run_log.h"

namespace walchen::runs {

enum class CurveKind { kTokensPerS, kGradNorm, kRate, kLoss, kLossByTau };

struct Curve {
  CurveKind kind = CurveKind::kLoss;
  std::string name;            // of a loss
  int quarter = 0;             // of a loss by tau: 0 to 3
  std::vector<double> values;  // as many as there are steps; NaN where there is none
};

struct CurvePoints {
  int64_t stride = 1;
  int64_t after = 0;  // what comes next comes after this step, while the stride stays
  std::vector<int64_t> steps;
  std::vector<Curve> curves;  // in one order, which only grows at its end
};

// Reads a log that may be growing. Not thread-safe.
class RunCurves {
 public:
  RunCurves(base::Files& files, base::Path log) : lines_(files, std::move(log)) {}

  // Reads what was added since the last call, at most kRunReadMaxBytes. Errors: those of GrowingLines::Read.
  Result<void> Update();
  bool behind() const { return lines_.behind(); }  // there may be more to read

  // The points of later steps. Steps that were done twice count twice.
  CurvePoints After(int64_t step) const;

  const std::optional<StepRecord>& newest() const { return newest_; }
  int64_t skipped() const { return skipped_; }
  int64_t bad_lines() const { return bad_lines_; }
  // Some losses are no curve here: more than kRunCurvesMax, or a name beyond kRunCurveNameMaxBytes.
  bool has_left_out() const { return has_left_out_; }

 private:
  struct Mean {
    double sum = 0;
    int64_t count = 0;
  };
  struct Group {
    int64_t last_step = 0;
    std::vector<Mean> means;  // by curve; those of later curves are missing
  };
  using Key = std::tuple<CurveKind, std::string, int>;

  void Restart();
  void Add(const StepRecord& record);
  void AddTo(Group& group, const StepRecord& record);
  void Set(Group& group, CurveKind kind, const std::string& name, int quarter, double value);
  void HalveGroups();
  void Append(const Group& group, CurvePoints& points) const;

  GrowingLines lines_;
  int doublings_ = 0;  // the stride is 2 to the power of it
  std::map<int64_t, Group> groups_;
  std::map<Key, size_t> curves_;
  std::optional<StepRecord> newest_;
  Group first_group_, newest_group_;  // of one step each
  int64_t skipped_ = 0;
  int64_t bad_lines_ = 0;
  bool has_left_out_ = false;
};

}  // namespace walchen::runs
