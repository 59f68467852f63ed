// SPDX-License-Identifier: Apache-2.0
//
// The values of --rights and the like.
#pragma once

#include <string_view>

#include <fmt/ranges.h>

#include "base/bytes.h"
#include "base/status.h"
#include "ledger/records.h"

namespace walchen::cli {

template <class Enum>
Result<Enum> Choice(std::string_view flag, std::string_view value) {
  if (const auto named = ledger::Named<Enum>(value)) return *named;
  return Fail(ErrorCode::kInvalidArgument, "{}: expected one of {}, found {}", flag, fmt::join(ledger::NamesOf<Enum>(), ", "),
              value.empty() ? "nothing" : base::Quoted(value));
}

inline Result<ledger::Basis> RightsChoice(std::string_view value) { return Choice<ledger::Basis>("--rights", value); }

// The class of a source by its rights, where nobody says another one: what a company's own folder is.
ledger::SourceClass UsualSourceClass(ledger::Basis basis);

}  // namespace walchen::cli
