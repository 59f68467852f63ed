// SPDX-License-Identifier: Apache-2.0
#include "base/machine_memory.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

namespace walchen::base {
namespace {

// The number after `name` at the beginning of a line; of a file with one number, `name` is empty.
std::optional<int64_t> Number(const std::filesystem::path& file, std::string_view name) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    std::istringstream fields(line);
    std::string word;
    int64_t number = 0;
    if (!name.empty() && !(fields >> word && word == name)) continue;
    if (fields >> number && number >= 0) return number;
    return std::nullopt;  // "max": no limit
  }
  return std::nullopt;
}

}  // namespace

MachineMemory ReadMachineMemory(const std::filesystem::path& proc, const std::filesystem::path& cgroup) {
  constexpr int64_t kKibi = 1024;  // "kB" in /proc/meminfo are KiB
  MachineMemory memory = {.total_bytes = Number(proc / "meminfo", "MemTotal:").value_or(0) * kKibi,
                          .available_bytes = Number(proc / "meminfo", "MemAvailable:").value_or(0) * kKibi};
  const std::optional<int64_t> most = Number(cgroup / "memory.max", ""), used = Number(cgroup / "memory.current", "");
  if (most && used) {
    // Files that nobody has open or maps now are the first that the kernel gives up.
    const int64_t cached = Number(cgroup / "memory.stat", "inactive_file").value_or(0);
    memory.total_bytes = std::min(memory.total_bytes, *most);
    memory.available_bytes = std::clamp<int64_t>(*most - *used + cached, 0, memory.available_bytes);
  }
  return memory;
}

}  // namespace walchen::base
