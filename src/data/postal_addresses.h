// SPDX-License-Identifier: Apache-2.0
//
// Postal addresses, German and English: street with house number, alone or with postcode and town.
//
// German streets are known by how they end (Lindenstraße 14, Kölner Str. 112a). Endings that parts of machines have as well
// (Ring, Damm, Steig) and names of two words (Am Mühlbach 7) count with a postcode behind them or a word such as "Anschrift"
// before. A postcode with a town alone needs such a word. English ones are a number, one to three capitalised words and
// Street, Road, Avenue and so on, with a British or American postcode if there is one.
// A street without a house number is no address. Linear; pure, thread-safe.
#pragma once

#include <string_view>
#include <vector>

#include "data/finding.h"

namespace walchen::data {

void FindAddresses(std::string_view valid, std::vector<Finding>& findings);

}  // namespace walchen::data
