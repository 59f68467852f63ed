// SPDX-License-Identifier: Apache-2.0
#include "base/energy.h"

#include <charconv>
#include <utility>

namespace walchen::base {
namespace {

constexpr uint64_t kPageBytes = 4'096;  // what files of sysfs say that they have

}  // namespace

EnergyMeter::EnergyMeter(Files& files, Path folder) : files_(files) {
  const auto names = files_.List(folder);
  if (!names) return;
  for (const std::string& name : *names) {
    // intel-rapl:0 is a package (AMD's too), intel-rapl:0:0 a part of it, psys the whole board with the packages in it again.
    const size_t colon = name.find(':');
    if (!name.starts_with("intel-rapl:") || name.find(':', colon + 1) != std::string::npos) continue;
    const auto kind = files_.Read(folder / name / "name", kPageBytes);
    if (!kind || !kind->starts_with("package")) continue;
    Package package = {.counter = folder / name / "energy_uj"};
    const auto now = ReadNumber(package.counter), range = ReadNumber(folder / name / "max_energy_range_uj");
    if (!now || !range) continue;
    package.last = *now;
    package.range = *range;
    packages_.push_back(std::move(package));
  }
}

std::optional<double> EnergyMeter::Joules() {
  if (packages_.empty()) return std::nullopt;
  int64_t used = 0;
  for (Package& package : packages_) {
    const auto now = ReadNumber(package.counter);
    if (!now) return std::nullopt;
    package.used += *now >= package.last ? *now - package.last : *now + package.range - package.last;
    package.last = *now;
    used += package.used;
  }
  return static_cast<double>(used) * 1e-6;
}

std::optional<int64_t> EnergyMeter::ReadNumber(const Path& path) {
  const auto text = files_.Read(path, kPageBytes);
  int64_t number = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc()) return std::nullopt;
  return number;
}

}  // namespace walchen::base
