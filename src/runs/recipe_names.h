// SPDX-License-Identifier: Apache-2.0
//
// The words of a recipe for what is an enum in the program, in the order of the enum: read and written from one table.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace walchen::runs {

inline constexpr std::array<std::string_view, 3> kTextTrainingNames = {"frozen", "lora", "full"};
inline constexpr std::array<std::string_view, 3> kPrecisionNames = {"auto", "float32", "bfloat16"};
inline constexpr std::array<std::string_view, 2> kScheduleNames = {"warmup-stable-decay", "cosine"};
inline constexpr std::array<std::string_view, 4> kBudgetNames = {"steps", "tokens", "flop", "minutes"};
inline constexpr std::array<std::string_view, 4> kSourcePrefixes = {"generator:", "folder:", "jsonl:", "shards:"};

template <size_t N>
std::vector<std::string> Choices(const std::array<std::string_view, N>& names) {
  return std::vector<std::string>(names.begin(), names.end());
}

template <class Enum, size_t N>
std::string_view NameOf(Enum value, const std::array<std::string_view, N>& names) {
  return names[static_cast<size_t>(value)];
}

}  // namespace walchen::runs
