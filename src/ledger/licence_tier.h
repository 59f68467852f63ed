// SPDX-License-Identifier: Apache-2.0
//
// How free a licence is, by its SPDX expression: the tiers that a training run names.
//
//   A  public domain and permissive       C  MPL, LGPL, EPL, CC-BY-SA, Artistic, LPPL: copyleft of the file or the work
//   B  CC-BY and other pure attribution    D  GPL, AGPL, GFDL: copyleft of the whole
//   none  non-commercial, no derivatives, proprietary, unknown: no training run can name it
//
// AND is the worse of both sides, OR the better one, WITH an exception changes nothing. Ids by the SPDX licence
// list 3.27; case does not matter, `+` is "or later". This is engineering's sorting, not legal advice.
#pragma once

#include <optional>
#include <string_view>

#include "base/status.h"

namespace walchen::ledger {

enum class Tier { kA, kB, kC, kD, kNone };  // from free to not usable

// "A", "B", "C", "D", "none"
std::string_view TierName(Tier tier);
// Nothing for another name.
std::optional<Tier> TierNamed(std::string_view name);

// kNone for an id that is not known, for NONE, NOASSERTION and LicenseRef-..., of which only LicenseRef-public-domain counts: SPDX
// has no id for works without an owner.
// Errors: kInvalidArgument (no SPDX expression; the offset says where), kTooLarge.
Result<Tier> TierOf(std::string_view expression);

}  // namespace walchen::ledger
