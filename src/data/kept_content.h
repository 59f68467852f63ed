// SPDX-License-Identifier: Apache-2.0
//
// What a document is beside its text, numbers or a picture (Part::content), in the ledger: private values of "content"
// events, so that it is checked with the rest of the ledger and goes when the document is forgotten.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "ledger/ledger.h"

namespace walchen::data {

inline constexpr std::string_view kContentKind = "content";

// In as many events as it takes; none for an empty content.
Result<void> AppendContent(ledger::Transaction& change, const std::string& id, std::string_view content);
// Empty where the document has none, or has been forgotten. Errors: kCorrupt.
Result<std::string> ContentOf(const ledger::Ledger& ledger, const std::string& id);

}  // namespace walchen::data
