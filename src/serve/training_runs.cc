// SPDX-License-Identifier: Apache-2.0
#include "serve/training_runs.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/limits.h"
#include "runs/run_folder.h"
#include "runs/run_list.h"
#include "serve/openai_error.h"

namespace walchen::serve {
namespace {

Response JsonResponse(const Json& body) {
  Response response;
  response.headers.push_back({"Cache-Control", "no-store"});
  response.body = WriteJson(body);
  return response;
}

Response FileError(const Error& error) {
  return ErrorResponse({500, error.ToString(), "", std::string(base::ErrorCodeName(error.code()))});
}

template <class T> Json OrNull(const std::optional<T>& value) { return value ? Json(*value) : Json(nullptr); }

// Six digits: a plot shows fewer, and all seventeen would triple the answer. JSON has no word for NaN but null.
Json Rounded(double value) {
  if (!std::isfinite(value)) return nullptr;
  const std::string text = fmt::format("{:.6g}", value);
  double rounded = value;
  std::from_chars(text.data(), text.data() + text.size(), rounded);
  return rounded;
}

Json RoundedList(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(Rounded(value));
  return list;
}

Json SummaryJson(const runs::RunSummary& summary) {
  Json losses = Json::object();
  if (summary.newest) {
    for (const auto& [name, value] : summary.newest->loss) losses[name] = Rounded(value);
  }
  return {{"name", summary.name},
          {"recipe", OrNull(summary.recipe)},
          {"running", summary.running},
          {"step", summary.newest ? summary.newest->step : 0},
          {"last_step", OrNull(summary.last_step)},
          {"logged_at", OrNull(summary.logged_at)},
          {"loss", std::move(losses)}};
}

Json PointsJson(const runs::CurvePoints& points) {
  Json all = {{"step", points.steps},
              {"tokens_per_s", Json::array()},
              {"grad_norm", Json::array()},
              {"rate", Json::array()},
              {"loss", Json::object()},
              {"loss_by_tau", Json::object()}};
  for (const runs::Curve& curve : points.curves) {
    Json values = RoundedList(curve.values);
    switch (curve.kind) {
      case runs::CurveKind::kTokensPerS: all["tokens_per_s"] = std::move(values); break;
      case runs::CurveKind::kGradNorm: all["grad_norm"] = std::move(values); break;
      case runs::CurveKind::kRate: all["rate"] = std::move(values); break;
      case runs::CurveKind::kLoss: all["loss"][curve.name] = std::move(values); break;
      case runs::CurveKind::kLossByTau: {
        Json& quarters = all["loss_by_tau"][curve.name];
        if (quarters.is_null()) quarters = Json::array();
        quarters.push_back(std::move(values));  // in a curve's order, which is that of the quarters
        break;
      }
    }
  }
  return all;
}

Json CurvesJson(const runs::RunSummary& summary, const runs::RunCurves& curves, int64_t after) {
  const runs::CurvePoints points = curves.After(after);
  Json answer = {{"name", summary.name},
                 {"recipe", OrNull(summary.recipe)},
                 {"running", summary.running},
                 {"step", 0},
                 {"last_step", OrNull(summary.last_step)},
                 {"logged_at", OrNull(summary.logged_at)},
                 {"tokens", 0},
                 {"seconds", 0},
                 {"energy_j", nullptr},
                 {"skipped_steps", curves.skipped()},
                 {"bad_lines", curves.bad_lines()},
                 {"curves_left_out", curves.has_left_out()},
                 {"more", curves.behind()},
                 {"stride", points.stride},
                 {"after", points.after},
                 {"points", PointsJson(points)}};
  if (const auto& newest = curves.newest()) {
    answer["step"] = newest->step;
    answer["tokens"] = newest->tokens;
    answer["seconds"] = Rounded(newest->seconds);
    answer["energy_j"] = newest->energy_j ? Rounded(*newest->energy_j) : Json(nullptr);
  }
  return answer;
}

// A whole number from 0; 0 if it is not given.
std::optional<int64_t> StepOf(const std::optional<std::string>& text) {
  if (!text) return 0;
  int64_t step = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), step);
  if (error != std::errc() || end != text->data() + text->size() || step < 0) return std::nullopt;
  return step;
}

}  // namespace

TrainingRuns::Followed::Followed(base::Files& files, const base::Path& run_folder)
    : run(run_folder), curves(files, runs::LogPath(run_folder)) {}

Response TrainingRuns::List() {
  const auto list = folder_.empty() ? Result<runs::RunList>(runs::RunList()) : runs::ListRuns(files_, folder_);
  if (!list) return FileError(list.error());
  Json data = Json::array();
  for (const runs::RunSummary& summary : list->runs) data.push_back(SummaryJson(summary));
  return JsonResponse({{"object", "list"}, {"data", std::move(data)}, {"left_out", list->left_out}});
}

Response TrainingRuns::Curves(const Request& request) {
  const std::optional<std::string> query = request.QueryValue("after");
  const std::optional<int64_t> after = StepOf(query);
  if (!after) {
    return ErrorResponse({400, fmt::format("after: expected the number of a step, from 0, found {}", base::Quoted(*query)),
                          "after", "invalid_value"});
  }
  const std::string& name = request.parameters[0];
  const auto run = folder_.empty() ? Result<base::Path>(Fail(ErrorCode::kNotFound, "")) : runs::FindRun(files_, folder_, name);
  if (!run) {
    return ErrorResponse({404, fmt::format("expected a run of GET /walchen/runs, found {}", base::Quoted(name)), "",
                          "run_not_found"});
  }
  const std::shared_ptr<Followed> followed = Follow(*run);
  const runs::RunSummary summary = runs::SummaryOf(files_, *run);
  const std::lock_guard lock(followed->mutex);
  if (const auto read = followed->curves.Update(); !read) return FileError(read.error());
  return JsonResponse(CurvesJson(summary, followed->curves, *after));
}

std::shared_ptr<TrainingRuns::Followed> TrainingRuns::Follow(const base::Path& run) {
  const std::lock_guard lock(mutex_);
  const auto known = std::ranges::find(followed_, run, [](const auto& each) { return each->run; });
  if (known != followed_.end()) {
    followed_.splice(followed_.begin(), followed_, known);
  } else {
    followed_.push_front(std::make_shared<Followed>(files_, run));
    if (std::ssize(followed_) > base::kRunsMaxFollowed) followed_.pop_back();
  }
  return followed_.front();
}

}  // namespace walchen::serve
