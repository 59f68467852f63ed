// SPDX-License-Identifier: Apache-2.0
//
// Numbers that carry their own proof. All take the characters without separators; anything else is false.
#pragma once

#include <cstddef>
#include <string_view>

namespace walchen::data {

// ISO 13616: country, two check digits, modulo 97-10 (ISO 7064), and the country's length (SWIFT's registry of 2024).
// Letters in either case.
bool IsIban(std::string_view compact);
// The length that a country's IBANs have, 0 where there are none.
size_t IbanLength(std::string_view country);

// Luhn (ISO/IEC 7812-1), and a beginning and length that an issuer has: Visa, Mastercard, American Express, Discover, Diners, JCB.
bool IsCardNumber(std::string_view digits);

// German Steuer-Identifikationsnummer, § 139b AO: 11 digits, of the first ten one occurs twice or three times and one or two do
// not, none more than twice in a row; modulo 11, 10 (ISO 7064).
bool IsTaxId(std::string_view digits);

// German Versicherungsnummer, § 147 SGB VI, VKVV § 2: area, birthday, initial, serial, check digit. 12 characters.
bool IsSocialSecurityNumber(std::string_view compact);

// German Umsatzsteuer-Identifikationsnummer: the nine digits behind "DE", modulo 11, 10.
bool IsVatIdNumber(std::string_view digits);

}  // namespace walchen::data
