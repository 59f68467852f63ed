// SPDX-License-Identifier: Apache-2.0
//
// How much memory this process may still take: the machine's, or its container's where that is less.
#pragma once

#include <cstdint>
#include <filesystem>

namespace walchen::base {

struct MachineMemory {
  int64_t total_bytes = 0;
  int64_t available_bytes = 0;  // without pushing other programs out; pages of files that were read count as available
};

// Reads /proc/meminfo and cgroup v2's memory.max, memory.current and memory.stat as they are now; what cannot be read does
// not limit. The folders are parameters for tests.
MachineMemory ReadMachineMemory(const std::filesystem::path& proc = "/proc",
                                const std::filesystem::path& cgroup = "/sys/fs/cgroup");

}  // namespace walchen::base
