// SPDX-License-Identifier: Apache-2.0
//
// Facts about this machine, for `walchen doctor`. Read from /proc and the file system as they are at the moment of the
// call; what cannot be read is 0 or empty.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/files.h"

namespace walchen::cli {

std::string CpuName();  // "Intel(R) Xeon(R) Processor @ 2.70GHz"

// What a user other than root may still write where `path` is, or would be: its nearest existing folder counts.
uint64_t FreeDiskBytes(const base::Path& path);

// Whether this process may write into `path`, or create it.
bool IsWritable(const base::Path& path);

// The program's path on $PATH; empty if it is not there.
std::string FindProgram(std::string_view name);

}  // namespace walchen::cli
