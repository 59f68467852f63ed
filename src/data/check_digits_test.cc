// SPDX-License-Identifier: Apache-2.0
#include "data/check_digits.h"

#include <string>

#include <gtest/gtest.h>

namespace walchen::data {
namespace {

// Numbers that authorities and standards print as examples.
TEST(CheckDigits, KnowTheExamplesOfTheirStandards) {
  EXPECT_TRUE(IsIban("DE89370400440532013000"));
  EXPECT_TRUE(IsIban("GB29NWBK60161331926819"));
  EXPECT_TRUE(IsIban("at611904300234573201"));
  EXPECT_TRUE(IsCardNumber("4111111111111111"));
  EXPECT_TRUE(IsCardNumber("378282246310005"));
  EXPECT_TRUE(IsCardNumber("30569309025904"));
  EXPECT_TRUE(IsTaxId("86095742719"));
  EXPECT_TRUE(IsTaxId("65929970489"));
  EXPECT_TRUE(IsSocialSecurityNumber("15070649C103"));
  EXPECT_TRUE(IsVatIdNumber("136695976"));
}

// One wrong digit anywhere is found by each of these procedures.
TEST(CheckDigits, FindEveryWrongDigit) {
  const auto all_wrong = [](std::string_view number, auto is_valid) {
    for (size_t i = 0; i < number.size(); ++i) {
      if (number[i] < '0' || number[i] > '9') continue;
      for (char digit = '0'; digit <= '9'; ++digit) {
        std::string changed(number);
        changed[i] = digit;
        EXPECT_EQ(is_valid(changed), digit == number[i]) << changed;
      }
    }
  };
  all_wrong("DE89370400440532013000", IsIban);
  all_wrong("4111111111111111", IsCardNumber);
  all_wrong("86095742719", IsTaxId);
  all_wrong("136695976", IsVatIdNumber);
}

TEST(CheckDigits, RefuseOtherLengthsAndLetters) {
  EXPECT_FALSE(IsIban("DE8937040044053201300"));
  EXPECT_FALSE(IsIban("XX89370400440532013000"));
  EXPECT_FALSE(IsIban("DE8937040044053201300-"));
  EXPECT_FALSE(IsIban(""));
  EXPECT_FALSE(IsCardNumber("0000000000000000"));
  EXPECT_FALSE(IsCardNumber("411111111111111"));
  EXPECT_FALSE(IsCardNumber("4012888888881880"));
  EXPECT_FALSE(IsTaxId("00000000000"));
  EXPECT_FALSE(IsTaxId("12345678901"));  // every digit once
  EXPECT_FALSE(IsSocialSecurityNumber("15070649C104"));
  EXPECT_FALSE(IsSocialSecurityNumber("15071349C103"));
  EXPECT_FALSE(IsVatIdNumber("13669597"));
}

}  // namespace
}  // namespace walchen::data
