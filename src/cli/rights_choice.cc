// SPDX-License-Identifier: Apache-2.0
#include "cli/rights_choice.h"

namespace walchen::cli {

ledger::SourceClass UsualSourceClass(ledger::Basis basis) {
  switch (basis) {
    case ledger::Basis::kPublicDomain:
    case ledger::Basis::kLicence: return ledger::SourceClass::kPublicDataset;
    case ledger::Basis::kTdm: return ledger::SourceClass::kCrawl;
    case ledger::Basis::kContract: return ledger::SourceClass::kThirdParty;
    case ledger::Basis::kOwnData:
    case ledger::Basis::kConsent: return ledger::SourceClass::kUser;
  }
  return ledger::SourceClass::kUser;
}

}  // namespace walchen::cli
