// SPDX-License-Identifier: Apache-2.0
//
// The key that clients of `walchen serve` must show.
#pragma once

#include <string>

#include "base/home.h"

namespace walchen::cli {

// The home's own key, HOME/token: made at the first start, readable by the user only, the same ever after.
// Errors: those of base::Files; kCorrupt when something else stands in the file.
Result<std::string> HomeKey(base::Files& files, const base::Home& home);

// The key in a file that the user wrote. Errors: those of base::Files; kInvalidArgument when it is not one line of 1 to
// 512 printable ASCII characters without spaces, which is what fits into a header.
Result<std::string> KeyFromFile(base::Files& files, const base::Path& path);

}  // namespace walchen::cli
