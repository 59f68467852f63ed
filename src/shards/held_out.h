// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace walchen::shards {

// Of a company's own texts and conversations, one of so many is kept to evaluate with.
inline constexpr size_t kHeldOutEvery = 10;

}  // namespace walchen::shards
