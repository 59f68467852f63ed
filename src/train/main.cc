// SPDX-License-Identifier: Apache-2.0
//
// walchen-train: alone among the programs it carries libtorch.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "train/command.h"

namespace {

// libtorch takes and gives back some gigabytes in every step. What glibc does with them by default, to map them anew from
// the kernel and to have each page of 4 KiB cleared again, costs a seventh of the time. glibc reads this once, before main.
constexpr const char* kTunables = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=0x7fffffffffff";

}  // namespace

int main(int argc, char** argv) {
  if (std::getenv("GLIBC_TUNABLES") == nullptr) {
    ::setenv("GLIBC_TUNABLES", kTunables, 1);
    std::error_code error;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
    ::execv(self.c_str(), argv);  // comes back only if that is not there: then it is slower
  }
  return walchen::train::RunCommand(argc, argv);
}
