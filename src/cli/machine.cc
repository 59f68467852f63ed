// SPDX-License-Identifier: Apache-2.0
#include "cli/machine.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace walchen::cli {
namespace {

base::Path NearestExisting(base::Path path) {
  std::error_code error;
  path = std::filesystem::absolute(path, error);
  while (!std::filesystem::exists(path, error) && path != path.parent_path()) path = path.parent_path();
  return path;
}

}  // namespace

std::string CpuName() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

uint64_t FreeDiskBytes(const base::Path& path) {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(NearestExisting(path), error);
  return error ? 0 : space.available;
}

bool IsWritable(const base::Path& path) { return ::access(NearestExisting(path).c_str(), W_OK | X_OK) == 0; }

std::string FindProgram(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const base::Path candidate = base::Path(folder) / name;
    std::error_code error;
    if (std::filesystem::is_regular_file(candidate, error) && ::access(candidate.c_str(), X_OK) == 0) {
      return candidate.native();
    }
  }
  return {};
}

}  // namespace walchen::cli
