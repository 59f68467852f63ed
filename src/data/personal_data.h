// SPDX-License-Identifier: Apache-2.0
//
// Personal data in a text: numbers (personal_numbers.h), postal addresses (postal_addresses.h), names (person_names.h).
//
// What has a check digit is found wherever it is written with the usual separators; the test of 501 labelled sentences and
// one of drawn numbers say that none remains. Names and addresses rest on rules and lists: a report with recall and
// precision, not a promise. Pure, thread-safe.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "data/finding.h"
#include "data/words.h"

namespace walchen::data {

inline constexpr int kPersonalDataVersion = 1;

// Ascending, without overlaps. `words` are SplitWords(text).
std::vector<Finding> FindPersonalData(std::string_view text, std::span<const Word> words);

}  // namespace walchen::data
