// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as an SPDX expression: a tier, or an error that says where. In brackets it has the same tier, and with itself
// on both sides of an operator too.
#include "ledger/licence_tier.h"

#include "base/limits.h"
#include "base/status.h"

using namespace walchen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto tier = ledger::TierOf(text);
  if (!tier) {
    const bool too_large = tier.error().code() == ErrorCode::kTooLarge;
    CHECK(too_large || (tier.error().offset() && *tier.error().offset() <= size), "{}", tier.error().ToString());
    return 0;
  }
  if (2 * size + 9 > static_cast<size_t>(base::kLicenceExpressionMaxBytes)) return 0;
  CHECK(ledger::TierOf("(" + text + ")") .value() == *tier);
  CHECK(ledger::TierOf("(" + text + ") AND (" + text + ")") .value() == *tier);
  CHECK(ledger::TierOf(text + " OR " + text) .value() == *tier);
  return 0;
}
