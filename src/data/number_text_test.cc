// SPDX-License-Identifier: Apache-2.0
#include "data/number_text.h"

#include <gtest/gtest.h>

#include "data/column_units.h"

namespace walchen::data {
namespace {

TEST(NumberText, ReadsGermanEnglishAndSwissNumbers) {
  constexpr auto kDot = DecimalSign::kDot, kComma = DecimalSign::kComma;
  EXPECT_EQ(ReadNumber("1.234,50", kComma), 1234.5);
  EXPECT_EQ(ReadNumber("1,234.50", kDot), 1234.5);
  EXPECT_EQ(ReadNumber("1'234.5", kDot), 1234.5);
  EXPECT_EQ(ReadNumber("1’234’567", kDot), 1234567);
  EXPECT_EQ(ReadNumber("1 234,5", kComma), 1234.5);
  EXPECT_EQ(ReadNumber("1\xC2\xA0" "234\xC2\xA0" "567,5", kComma), 1234567.5);
  EXPECT_EQ(ReadNumber(" -3,5E+02 ", kComma), -350);
  EXPECT_EQ(ReadNumber("−7", kComma), -7);
  EXPECT_EQ(ReadNumber("12,5-", kComma), -12.5);
  EXPECT_EQ(ReadNumber("+.5", kDot), 0.5);
  EXPECT_EQ(ReadNumber("5.", kDot), 5);
  EXPECT_EQ(ReadNumber("1234567,25", kComma), 1234567.25);
}

TEST(NumberText, RefusesWhatIsNone) {
  for (const char* text : {"", "-", ".", ",", "1.2.3", "1,23,456", "12.34.567", "1.234 567", "0.123.456", "1e", "e5", "1 2",
                           "--1", "-1-", "1,5,", "nan", "inf", "1e999", "0x10", "12:30", "1.234.56", "A1"}) {
    EXPECT_FALSE(ReadNumber(text, DecimalSign::kDot)) << text;
    EXPECT_FALSE(ReadNumber(text, DecimalSign::kComma)) << text;
  }
  EXPECT_FALSE(ReadNumber(std::string(200, '1'), DecimalSign::kDot));
}

TEST(NumberText, SaysWhatANumberTellsOfTheDecimalSign) {
  EXPECT_EQ(FormOf("12"), NumberForm::kPlain);
  EXPECT_EQ(FormOf("1.234"), NumberForm::kBoth);
  EXPECT_EQ(FormOf("-1,234"), NumberForm::kBoth);
  EXPECT_EQ(FormOf("0.123"), NumberForm::kDot);
  EXPECT_EQ(FormOf("1234,567"), NumberForm::kComma);
  EXPECT_EQ(FormOf("1.234.567"), NumberForm::kComma);
  EXPECT_EQ(FormOf("1,234.5"), NumberForm::kDot);
  EXPECT_EQ(FormOf("abc"), NumberForm::kNone);
}

TEST(NumberText, KnowsWhatIsMissingAndWhatIsAName) {
  for (const char* text : {"", " ", "-", "n/a", "NaN", "NULL", "#NV", "#DIV/0!", "k. A.", "–"}) EXPECT_TRUE(MeansMissing(text)) << text;
  for (const char* text : {"0", "x", "-1", "nano", "#1"}) EXPECT_FALSE(MeansMissing(text)) << text;
  EXPECT_TRUE(LooksLikeIdentifier("00123"));
  EXPECT_FALSE(LooksLikeIdentifier("0"));
  EXPECT_FALSE(LooksLikeIdentifier("0.5"));
}

TEST(ColumnUnits, HeadsAreSplit) {
  EXPECT_EQ(ReadColumnHead("Temperatur [°C]"), (ColumnHead{"Temperatur", "°C"}));
  EXPECT_EQ(ReadColumnHead("P (kW)"), (ColumnHead{"P", "kW"}));
  EXPECT_EQ(ReadColumnHead("v / m/s"), (ColumnHead{"v", "m/s"}));
  EXPECT_EQ(ReadColumnHead("Druck in bar"), (ColumnHead{"Druck", "bar"}));
  EXPECT_EQ(ReadColumnHead("Preis (alt)"), (ColumnHead{"Preis (alt)", ""}));
  EXPECT_EQ(ReadColumnHead("Anzahl in Halle 3"), (ColumnHead{"Anzahl in Halle 3", ""}));
  EXPECT_EQ(ReadColumnHead("[V]"), (ColumnHead{"", "V"}));
}

TEST(ColumnUnits, KnowsUnits) {
  for (const char* unit : {"°C", "kWh/m²", "1/min", "m s^-1", "µm", "mA", "%", "€", "W/(m²·K)", "kg·m/s2", "U/min", "GHz"}) {
    EXPECT_TRUE(LooksLikeUnit(unit)) << unit;
  }
  for (const char* unit : {"secs", "hour", "hrs", "day"}) {  // what a column of times may be in is a unit
    EXPECT_TRUE(LooksLikeUnit(unit) && MillisecondsOf(unit) > 0) << unit;
  }
  for (const char* text : {"", "alt", "Halle 3", "1", "Meier", "/", "2026"}) EXPECT_FALSE(LooksLikeUnit(text)) << text;
}

TEST(ColumnUnits, CellsMayHaveTheirs) {
  EXPECT_EQ(SplitUnit("21,5 °C").number, "21,5");
  EXPECT_EQ(SplitUnit("21,5 °C").unit, "°C");
  EXPECT_EQ(SplitUnit("€ 12,50").number, "12,50");
  EXPECT_EQ(SplitUnit("5%").unit, "%");
  EXPECT_EQ(SplitUnit("12 Leute").unit, "");
  EXPECT_EQ(MillisecondsOf("min"), 60'000);
  EXPECT_EQ(MillisecondsOf("Stunden"), 3'600'000);
  EXPECT_EQ(ReadColumnHead("Dauer (Sekunden)"), (ColumnHead{"Dauer", "Sekunden"}));
  EXPECT_EQ(MillisecondsOf("bar"), 0);
}

}  // namespace
}  // namespace walchen::data
