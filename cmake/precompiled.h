// SPDX-License-Identifier: Apache-2.0
// What nearly every file includes and what is slow to parse.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fmt/core.h>
#include <tl/expected.hpp>
