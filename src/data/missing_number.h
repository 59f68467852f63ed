// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>

namespace walchen::data {

// What stands where a column has no number.
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace walchen::data
