// SPDX-License-Identifier: Apache-2.0
//
// The cleaned text of a document in the ledger: private values of "text" events, so that it is checked with the rest
// of the ledger and goes when the document is forgotten.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ledger/documents.h"
#include "ledger/ledger.h"

namespace walchen::data {

inline constexpr std::string_view kTextKind = "text";

// A piece of a text and where it stands in the file: "page 3", "Sheet1!B3".
struct TextPlace {
  uint64_t begin = 0, end = 0;
  std::string place;
  bool operator==(const TextPlace&) const = default;
};

// In as many events as it takes; none for an empty text. Places are in the order of the text.
Result<void> AppendText(ledger::Transaction& change, const std::string& id, std::string_view text, const std::vector<TextPlace>& places);
// Empty where the document has none, or has been forgotten.
Result<std::string> TextOf(const ledger::Ledger& ledger, const std::string& id);
Result<std::vector<TextPlace>> PlacesOf(const ledger::Ledger& ledger, const std::string& id);

// Calls take for each kept document of these sources (none: of all) that has a text, in the order in which they came.
using TakeText = std::function<Result<void>(const ledger::ListedDocument& document, const std::string& text)>;
Result<void> ForEachText(const ledger::Ledger& ledger, const std::vector<std::string>& sources, const TakeText& take);

}  // namespace walchen::data
