// SPDX-License-Identifier: Apache-2.0
//
// The one text that a JSON value has (RFC 8785), so that a digest over it means the value.
//
// Allowed are objects, arrays, strings, true and false, null, and integers that every reader of JSON keeps exact (up to
// 2^53 - 1). There are no floats, whose canonical form is hard to reproduce: write a decimal string. Names of members
// are ASCII, so that their order by bytes is RFC 8785's order by UTF-16 units. Pure functions; nothing here throws.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/status.h"

namespace walchen::ledger {

// Errors: kInvalidArgument (a value that is not allowed; names it), kTooLarge (deeper than kJsonMaxDepth).
Result<std::string> CanonicalJson(const nlohmann::json& value);

// The object that a canonical text is. Errors: kCorrupt (no JSON, no object, or not in canonical form), kTooLarge
// (more than kLedgerBodyMaxBytes).
Result<nlohmann::json> ParseCanonical(std::string_view text);

}  // namespace walchen::ledger
