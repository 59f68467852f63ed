// SPDX-License-Identifier: Apache-2.0
#include "cli/model_summary.h"

#include <algorithm>

#include <fmt/format.h>

namespace walchen::cli {

ModelSummary Summarise(const formats::GgufFile& file) {
  ModelSummary summary;
  if (const auto architecture = file.Text("general.architecture")) summary.architecture = *architecture;
  std::map<std::string, uint64_t> values_of;
  for (const formats::TensorEntry& tensor : file.tensors()) {
    const std::string type(tensor::Info(tensor.type).name);
    summary.parameters += tensor.values();
    summary.tensors_of[type] += 1;
    values_of[type] += tensor.values();
  }
  const auto most = std::ranges::max_element(values_of, {}, &std::pair<const std::string, uint64_t>::second);
  if (most != values_of.end()) summary.weight_type = most->first;
  return summary;
}

std::string HumanCount(uint64_t count) {
  if (count < 1'000'000) return fmt::to_string(count);
  if (count < 1'000'000'000) return fmt::format("{:.1f}M", static_cast<double>(count) * 1e-6);
  return fmt::format("{:.2f}B", static_cast<double>(count) * 1e-9);
}

}  // namespace walchen::cli
