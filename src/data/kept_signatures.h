// SPDX-License-Identifier: Apache-2.0
//
// The texts that are kept and may be learned from, to know others like them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "data/near_duplicates.h"
#include "ledger/ledger.h"

namespace walchen::data {

// Whether a recipe could name its tier (ledger/rights.h).
Result<bool> IsUsable(const ledger::Ledger& ledger, const std::string& id, std::string_view today);

// Of a document's text; nothing for what has none.
Result<std::optional<Signature>> SignatureOf(const ledger::Ledger& ledger, const std::string& id);

// Not thread-safe.
class KeptSignatures {
 public:
  // Of all documents of a ledger, by the signatures in their records.
  static Result<KeptSignatures> Read(const ledger::Ledger& ledger, std::string_view today);

  struct Match {
    std::string id;
    double similarity = 0;
  };
  // The most similar document that is similar enough.
  std::optional<Match> Find(const Signature& signature) const;
  Result<void> Add(const std::string& id, const Signature& signature);
  void Forget(const std::string& id);

 private:
  DuplicateIndex index_;
  std::vector<std::string> ids_;  // of the documents, by their number in the index
  std::unordered_map<std::string, uint32_t> number_of_;
};

}  // namespace walchen::data
