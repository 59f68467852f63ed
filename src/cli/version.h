// SPDX-License-Identifier: Apache-2.0
//
// Which Walchen this is.
#pragma once

#include <string>

namespace walchen::cli {

// "walchen 0.1.0 (commit 0123456789ab, CPU path vnni)"
std::string VersionLine();

}  // namespace walchen::cli
