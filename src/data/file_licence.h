// SPDX-License-Identifier: Apache-2.0
//
// What a file says of its own licence, as far as a machine can be sure. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/extract.h"
#include "ledger/records.h"

namespace walchen::data {

// A licence is named, but nobody here knows it.
inline constexpr std::string_view kUnrecognisedLicence = "LicenseRef-unrecognised";

// Of several statements the strictest. SPDX expressions and the addresses of Creative Commons' licences are understood. A field
// that names a licence which is neither becomes LicenseRef-unrecognised, any text that forbids commercial use or derivatives
// LicenseRef-restricted: nobody may train on these. Other prose ("All rights reserved" in a company's own manual) and what is
// no licence (holders' names) decide nothing. Nothing where no statement does.
// Public fields hold known expressions only; the file's words are private.
std::optional<ledger::Licence> FileLicence(const std::vector<LicenceEvidence>& statements);

}  // namespace walchen::data
