// SPDX-License-Identifier: Apache-2.0
#include "runs/run_log.h"

#include <cmath>

#include "base/bytes.h"
#include "base/limits.h"
#include "runs/json_fields.h"

namespace walchen::runs {
namespace {

// Calls `visit` with each whole line, without its line feed, and the position after it.
template <class Visit>
void ForEachLine(std::string_view text, const Visit& visit) {
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', begin)) {
    visit(text.substr(begin, end - begin), end + 1);
    begin = end + 1;
  }
}

// The log up to `step`. Lines that cannot be read stay where they are: whoever wrote them may know what they are.
std::string Kept(std::string_view text, int64_t step) {
  std::string kept;
  ForEachLine(text, [&](std::string_view line, size_t) {
    const auto record = ReadStep(line);
    if (!record || record->step <= step) kept.append(line).append("\n");
  });
  return kept;
}

Result<std::map<std::string, double>> ReadLosses(const nlohmann::json& object) {
  const auto losses = object.find("loss");
  if (losses == object.end() || !losses->is_object()) return Fail(ErrorCode::kCorrupt, "loss: expected an object");
  std::map<std::string, double> out;
  for (const auto& [name, value] : losses->items()) {
    TRY_ASSIGN(out[name], NumberOf(*losses, name.c_str()));
  }
  return out;
}

Result<std::map<std::string, std::vector<double>>> ReadLossesByTau(const nlohmann::json& object) {
  std::map<std::string, std::vector<double>> out;
  const auto losses = object.find("loss_by_tau");
  if (losses == object.end()) return out;
  if (!losses->is_object()) return Fail(ErrorCode::kCorrupt, "loss_by_tau: expected an object");
  for (const auto& [name, quarters] : losses->items()) {
    if (!quarters.is_array()) return Fail(ErrorCode::kCorrupt, "loss_by_tau: {}: expected a list", name);
    for (const nlohmann::json& value : quarters) {
      if (!value.is_number() && !value.is_null()) return Fail(ErrorCode::kCorrupt, "loss_by_tau: {}: expected numbers", name);
      out[name].push_back(value.is_null() ? std::nan("") : value.get<double>());
    }
  }
  return out;
}

}  // namespace

std::string WriteStep(const StepRecord& record) {
  nlohmann::ordered_json losses = nlohmann::ordered_json::object();
  for (const auto& [name, value] : record.loss) losses[name] = value;
  nlohmann::ordered_json line = {{"step", record.step},
                                 {"loss", std::move(losses)},
                                 {"tokens", record.tokens},
                                 {"seconds", record.seconds},
                                 {"tokens_per_s", record.tokens_per_s},
                                 {"flop_per_s", record.flop_per_s},
                                 {"grad_norm", record.grad_norm},
                                 {"rate", record.rate},
                                 {"skipped", record.skipped}};
  if (!record.loss_by_tau.empty()) line["loss_by_tau"] = record.loss_by_tau;
  if (record.energy_j) line["energy_j"] = *record.energy_j;
  return WriteLine(line);
}

Result<StepRecord> ReadStep(std::string_view line) {
  if (line.size() > static_cast<size_t>(base::kRunLogLineMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "expected a line of at most {} bytes, found {}", base::kRunLogLineMaxBytes,
                line.size());
  }
  TRY_ASSIGN(const nlohmann::json object, ParseObject(line));
  StepRecord record;
  TRY_ASSIGN(record.step, WholeOf(object, "step"));
  TRY_ASSIGN(record.loss, ReadLosses(object));
  TRY_ASSIGN(record.loss_by_tau, ReadLossesByTau(object));
  TRY_ASSIGN(record.tokens, WholeOf(object, "tokens"));
  TRY_ASSIGN(record.seconds, NumberOf(object, "seconds"));
  TRY_ASSIGN(record.tokens_per_s, NumberOf(object, "tokens_per_s"));
  TRY_ASSIGN(record.flop_per_s, NumberOf(object, "flop_per_s"));
  TRY_ASSIGN(record.grad_norm, NumberOf(object, "grad_norm"));
  TRY_ASSIGN(record.rate, NumberOf(object, "rate"));
  TRY_ASSIGN(record.skipped, FlagOf(object, "skipped"));
  if (object.contains("energy_j")) {
    TRY_ASSIGN(record.energy_j, NumberOf(object, "energy_j"));
  }
  return record;
}

Result<RunLog> RunLog::Open(base::Files& files, const base::Path& path, int64_t step) {
  const bool is_new = !files.Exists(path);
  if (!is_new) {
    TRY_ASSIGN(const std::string text, files.Read(path, static_cast<uint64_t>(base::kRunLogMaxBytes)));
    const std::string kept = Kept(text, step);
    if (kept != text) TRY(base::ReplaceFile(files, path, kept));
  }
  TRY_ASSIGN(auto file, files.OpenEnd(path));
  if (is_new) TRY(files.SyncFolder(path.parent_path()));
  return RunLog(std::move(file));
}

Result<void> RunLog::Append(const StepRecord& record) {
  // After a half-written line (the disk was full for a while) a line feed ends it, so that it spoils only itself.
  const std::string line = (torn_ ? "\n" : "") + WriteStep(record) + "\n";
  torn_ = true;
  TRY(file_->Append(base::AsBytes(line)));
  torn_ = false;
  return {};
}

void RunLogReader::Restart() {
  records_.clear();
  bad_lines_ = 0;
  read_bytes_ = 0;
  last_line_.clear();
}

Result<void> RunLogReader::Update() {
  auto mapped = files_.Map(path_);
  if (!mapped && mapped.error().code() == ErrorCode::kNotFound) {
    Restart();
    return {};
  }
  if (!mapped) return Forward(mapped);
  const std::string_view text = base::AsText((*mapped)->bytes());
  if (text.size() > static_cast<size_t>(base::kRunLogMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "{}: expected at most {} bytes, found {}", path_.native(), base::kRunLogMaxBytes,
                text.size());
  }
  // A resumed run puts a shorter file in this one's place, which may have grown beyond it again.
  if (!text.substr(0, read_bytes_).ends_with(last_line_) || text.size() < read_bytes_) Restart();
  const uint64_t begin = read_bytes_;
  ForEachLine(text.substr(begin), [&](std::string_view line, size_t end) {
    if (auto record = ReadStep(line)) {
      records_.push_back(std::move(*record));
    } else {
      ++bad_lines_;
    }
    read_bytes_ = begin + end;
    constexpr size_t kEnough = 256;  // of a line, to know it again
    last_line_ = std::string(line.substr(line.size() - std::min(line.size(), kEnough))) + "\n";
  });
  return {};
}

}  // namespace walchen::runs
