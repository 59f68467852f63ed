// SPDX-License-Identifier: Apache-2.0
#include "data/check_digits.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/ascii.h"

namespace walchen::data {
namespace {

int Digit(char c) { return c - '0'; }
bool AllDigits(std::string_view text) { return std::all_of(text.begin(), text.end(), base::IsDigit); }
char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

struct Country {
  std::string_view code;
  size_t length;
};

constexpr std::array kIbanLengths = {
    Country{"AD", 24}, Country{"AE", 23}, Country{"AL", 28}, Country{"AT", 20}, Country{"AZ", 28}, Country{"BA", 20},
    Country{"BE", 16}, Country{"BG", 22}, Country{"BH", 22}, Country{"BI", 27}, Country{"BR", 29}, Country{"BY", 28},
    Country{"CH", 21}, Country{"CR", 22}, Country{"CY", 28}, Country{"CZ", 24}, Country{"DE", 22}, Country{"DJ", 27},
    Country{"DK", 18}, Country{"DO", 28}, Country{"EE", 20}, Country{"EG", 29}, Country{"ES", 24}, Country{"FI", 18},
    Country{"FK", 18}, Country{"FO", 18}, Country{"FR", 27}, Country{"GB", 22}, Country{"GE", 22}, Country{"GI", 23},
    Country{"GL", 18}, Country{"GR", 27}, Country{"GT", 28}, Country{"HR", 21}, Country{"HU", 28}, Country{"IE", 22},
    Country{"IL", 23}, Country{"IQ", 23}, Country{"IS", 26}, Country{"IT", 27}, Country{"JO", 30}, Country{"KW", 30},
    Country{"KZ", 20}, Country{"LB", 28}, Country{"LC", 32}, Country{"LI", 21}, Country{"LT", 20}, Country{"LU", 20},
    Country{"LV", 21}, Country{"LY", 25}, Country{"MC", 27}, Country{"MD", 24}, Country{"ME", 22}, Country{"MK", 19},
    Country{"MN", 20}, Country{"MR", 27}, Country{"MT", 31}, Country{"MU", 30}, Country{"NI", 28}, Country{"NL", 18},
    Country{"NO", 15}, Country{"OM", 23}, Country{"PK", 24}, Country{"PL", 28}, Country{"PS", 29}, Country{"PT", 25},
    Country{"QA", 29}, Country{"RO", 24}, Country{"RS", 22}, Country{"RU", 33}, Country{"SA", 24}, Country{"SC", 31},
    Country{"SD", 18}, Country{"SE", 24}, Country{"SI", 19}, Country{"SK", 24}, Country{"SM", 27}, Country{"SO", 23},
    Country{"ST", 25}, Country{"SV", 28}, Country{"TL", 23}, Country{"TN", 24}, Country{"TR", 26}, Country{"UA", 29},
    Country{"VA", 22}, Country{"VG", 24}, Country{"XK", 20}, Country{"YE", 30}};

// ISO 7064, modulo 11, 10: the last digit checks the ones before it.
bool Mod11_10(std::string_view digits) {
  int product = 10;
  for (const char c : digits.substr(0, digits.size() - 1)) {
    const int sum = (Digit(c) + product) % 10;
    product = (sum == 0 ? 10 : sum) * 2 % 11;
  }
  return (11 - product) % 10 == Digit(digits.back());
}

bool Luhn(std::string_view digits) {
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    const int value = Digit(digits[digits.size() - 1 - i]) * (i % 2 == 1 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 == 0;
}

int Leading(std::string_view digits, size_t count) {
  int value = 0;
  for (const char c : digits.substr(0, count)) value = value * 10 + Digit(c);
  return value;
}

bool HasIssuer(std::string_view digits) {
  const int two = Leading(digits, 2), three = Leading(digits, 3), four = Leading(digits, 4);
  switch (digits.size()) {
    case 14: return (three >= 300 && three <= 305) || two == 36 || two == 38 || two == 39;
    case 15: return two == 34 || two == 37;
    case 16:
      return digits[0] == '4' || (two >= 51 && two <= 55) || (four >= 2221 && four <= 2720) || four == 6011 ||
             (three >= 644 && three <= 649) || two == 65 || (four >= 3528 && four <= 3589);
    default: return false;
  }
}

}  // namespace

size_t IbanLength(std::string_view country) {
  if (country.size() != 2) return 0;
  const std::array<char, 2> upper = {Upper(country[0]), Upper(country[1])};
  for (const Country& known : kIbanLengths) {
    if (known.code == std::string_view(upper.data(), 2)) return known.length;
  }
  return 0;
}

bool IsIban(std::string_view compact) {
  if (compact.size() < 5 || IbanLength(compact.substr(0, 2)) != compact.size()) return false;
  if (!AllDigits(compact.substr(2, 2))) return false;
  int rest = 0;
  for (size_t i = 0; i < compact.size(); ++i) {
    const char c = Upper(compact[(i + 4) % compact.size()]);
    if (base::IsDigit(c)) {
      rest = (rest * 10 + Digit(c)) % 97;
    } else if (c >= 'A' && c <= 'Z') {
      rest = (rest * 100 + (c - 'A' + 10)) % 97;
    } else {
      return false;
    }
  }
  return rest == 1;
}

bool IsCardNumber(std::string_view digits) { return AllDigits(digits) && HasIssuer(digits) && Luhn(digits); }

bool IsTaxId(std::string_view digits) {
  if (digits.size() != 11 || !AllDigits(digits) || digits[0] == '0') return false;
  std::array<int, 10> counts{};
  for (size_t i = 0; i < 10; ++i) {
    ++counts[Digit(digits[i])];
    if (i >= 2 && digits[i] == digits[i - 1] && digits[i] == digits[i - 2]) return false;
  }
  const auto several = std::count_if(counts.begin(), counts.end(), [](int count) { return count > 1; });
  const int most = *std::max_element(counts.begin(), counts.end());
  return several == 1 && most <= 3 && Mod11_10(digits);
}

bool IsSocialSecurityNumber(std::string_view compact) {
  if (compact.size() != 12 || !AllDigits(compact.substr(0, 8)) || !AllDigits(compact.substr(9))) return false;
  const char initial = Upper(compact[8]);
  if (initial < 'A' || initial > 'Z') return false;
  // A day over 31 belongs to a number that was given twice on one day: 32 is added.
  const int day = Leading(compact.substr(2), 2) % 32, month = Leading(compact.substr(4), 2);
  if (month < 1 || month > 12 || (day < 1 && Leading(compact.substr(2), 2) != 32)) return false;
  const int letter = initial - 'A' + 1;
  const std::array<int, 12> values = {Digit(compact[0]), Digit(compact[1]), Digit(compact[2]), Digit(compact[3]),
                                      Digit(compact[4]), Digit(compact[5]), Digit(compact[6]), Digit(compact[7]),
                                      letter / 10,       letter % 10,       Digit(compact[9]), Digit(compact[10])};
  constexpr std::array<int, 12> kWeights = {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1};
  int sum = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const int product = values[i] * kWeights[i];
    sum += product / 10 + product % 10;
  }
  return sum % 10 == Digit(compact[11]);
}

bool IsVatIdNumber(std::string_view digits) {
  return digits.size() == 9 && AllDigits(digits) && digits[0] != '0' && Mod11_10(digits);
}

}  // namespace walchen::data
