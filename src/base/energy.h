// SPDX-License-Identifier: Apache-2.0
//
// What the processors have used, where Linux tells: the counters of Intel's and AMD's packages in its powercap folder
// (Documentation/power/powercap/powercap.rst). They may be readable by root only, and virtual machines have none.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/files.h"

namespace walchen::base {

class EnergyMeter {
 public:
  // Counts from now on.
  explicit EnergyMeter(Files& files, Path folder = "/sys/class/powercap");

  // Joules since the start, of all packages together; nothing where no counter can be read. The counters run over after some
  // minutes to hours, so call it at least every minute.
  std::optional<double> Joules();

 private:
  struct Package {
    Path counter;          // micro-joules
    int64_t range = 0;     // where it begins at 0 again
    int64_t last = 0;
    int64_t used = 0;
  };
  std::optional<int64_t> ReadNumber(const Path& path);

  Files& files_;
  std::vector<Package> packages_;
};

}  // namespace walchen::base
