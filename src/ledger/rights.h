// SPDX-License-Identifier: Apache-2.0
//
// What a document may be used for, from its records: one letter that training recipes name.
//
//   A B C D   by its licence (licence_tier.h); public domain is A
//   O         own data, a contract, consent that was not withdrawn
//   T         text and data mining (§ 44b UrhG), where no opt-out mark reserves it
//   E         usable, but kept for evaluation (Source::use): no recipe can name it
//   -         nothing: no licence, one that forbids it, a reservation, a date that has passed
//
// A licence that the file itself states goes before what its source claims.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "ledger/ledger.h"

namespace walchen::ledger {

inline constexpr std::string_view kAllTiers = "ABCDOT";  // that a recipe can name
inline constexpr char kEvaluationTier = 'E';

struct Rights {
  char tier = '-';
  std::string why;  // for a person: "licence GPL-3.0-only (stated by the file)", "no licence is known"
};

// The day in UTC, "2026-11-22".
std::string Today(base::Clock& clock = base::Clock::Os());

// `today` is a day as Today has it. Errors: kNotFound (no such document).
Result<Rights> RightsOf(const Ledger& ledger, std::string_view id, std::string_view today);

}  // namespace walchen::ledger
