// SPDX-License-Identifier: Apache-2.0
//
// Finds what people and their accounts are numbered with: IBAN, payment cards, German tax and social-security numbers, German
// VAT numbers (all by check digit), IP addresses, mail addresses, phone numbers.
//
// Numbers may be written in their usual groups, with spaces or hyphens (an IBAN also with full stops and over the end of a
// line); in other groups they are rows of tables. IBANs with wrong check digits count where "IBAN" stands just before them: somebody
// mistyped. A phone number needs an international prefix, an area code as Germans and Britons write it, the American
// pattern, or a word such as "Tel." before it; numbers behind "Artikelnummer", "invoice", "DIN" are none.
//
// Linear: every digit run is looked at once, at most kLookBytes around it. Pure, thread-safe.
#pragma once

#include <string_view>
#include <vector>

#include "data/finding.h"

namespace walchen::data {

void FindNumbers(std::string_view valid, std::vector<Finding>& findings);

}  // namespace walchen::data
