// SPDX-License-Identifier: Apache-2.0
#include "data/time_text.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "data/time_column.h"

namespace walchen::data {
namespace {

// 2026-12-31T23:59:59 in ms.
constexpr double kEve = 1'798'761'599'000;

double Ms(std::string_view text, DayOrder order = DayOrder::kDayFirst) {
  const auto read = ReadTimeText(text);
  return read ? MillisecondsOf(*read, order).value_or(-1) : -2;
}

TEST(TimeText, ReadsOneMomentInManyForms) {
  for (const char* text :
       {"2026-12-31T23:59:59", "2026-12-31 23:59:59", "2026-12-31T23:59:59Z", "2026-12-31T23:59:59.000+00:00",
        "31.12.2026 23:59:59", "31.12.26, 23:59:59 Uhr", "31/12/2026 11:59:59 PM", "31. Dezember 2026 23:59:59",
        "Do, 31. Dez. 2026 um 23:59:59", "Dec 31, 2026 11:59:59 pm", "31-Dec-2026 23:59:59", "31/Dec/2026:23:59:59 +0000",
        "2027-01-01T00:59:59+01:00", "2027-01-01 00:59:59 MEZ", "20261231T235959Z", "2026/12/31 23:59:59",
        "Thursday, December 31, 2026 11:59:59 PM", "31.12.2026 18:59:59 -05:00"}) {
    EXPECT_EQ(Ms(text), kEve) << text;
  }
  EXPECT_EQ(Ms("12/31/2026 11:59:59 PM", DayOrder::kMonthFirst), kEve);
  EXPECT_EQ(Ms("31.12.2026 23:59:59,5"), kEve + 500);
  EXPECT_EQ(Ms("2026-12-31T23:59:59.123"), kEve + 123);
  EXPECT_EQ(Ms("31.12.2026 24:00"), kEve + 1'000);
  EXPECT_EQ(Ms("2026-12-31T23:59:60Z"), kEve + 1'000);
}

TEST(TimeText, ReadsDaysMonthsAndTimesOfDay) {
  EXPECT_EQ(Ms("1.1.1970"), 0);
  EXPECT_EQ(Ms("1. März 1970"), 59 * 86'400'000.0);
  EXPECT_EQ(Ms("1970-02"), 31 * 86'400'000.0);
  EXPECT_EQ(Ms("Mai 1970"), 120 * 86'400'000.0);
  EXPECT_EQ(Ms("12:30"), 45'000'000);
  EXPECT_EQ(Ms("1:02:03.25"), 3'723'250);
  EXPECT_EQ(Ms("12:30 AM"), 1'800'000);
  EXPECT_EQ(Ms("1969-12-31"), -86'400'000);
}

TEST(TimeText, RefusesWhatCannotBe) {
  for (const char* text : {"31.02.2026", "12.31.2026", "2026-13-01", "25:00", "12:60", "13:00 PM", "20261231", "1.2", "1.2.3",
                           "Meier", "2026-12-31T", "2026-12-31 23", "31.12.2026 23:59 Berlin", "1-2-3456-7", "31/12", "::", "+01:00",
                           "2026-12-31T23:59:59+99:00", "24:01", "29.02.2025"}) {
    EXPECT_EQ(Ms(text), -2) << text;
  }
  EXPECT_EQ(Ms("12/31/2026"), -1);
}

std::vector<double> Read(const std::vector<std::string_view>& texts, std::string* note = nullptr) {
  std::vector<std::optional<TimeText>> cells;
  for (const std::string_view text : texts) cells.push_back(ReadTimeText(text));
  const TimeColumn column = TimesOf(cells);
  if (note) *note = column.notes.empty() ? "" : column.notes[0];
  return column.ms;
}

TEST(TimeColumn, AWholeColumnTellsTheOrderOfItsDays) {
  constexpr double kDay = 86'400'000;
  EXPECT_EQ(Read({"01/02/1970", "01/13/1970"}), (std::vector<double>{kDay, 12 * kDay}));
  EXPECT_EQ(Read({"01/02/1970", "13/02/1970"}), (std::vector<double>{31 * kDay, 43 * kDay}));
  std::string note;
  EXPECT_EQ(Read({"01/02/1970", "01/03/1970", "02/01/1970"}, &note), (std::vector<double>{kDay, 2 * kDay, 31 * kDay}));
  EXPECT_EQ(note, "days and months stand in either order: read months first, as then the times ascend");
  // The newest row may come first.
  EXPECT_EQ(Read({"02/02/1970", "01/02/1970", "12/01/1970", "11/01/1970"}, &note),
            (std::vector<double>{32 * kDay, 31 * kDay, 11 * kDay, 10 * kDay}));
  EXPECT_EQ(note, "days and months stand in either order: read days first, as then the times descend");
  EXPECT_EQ(Read({"01/02/1970"}, &note), (std::vector<double>{31 * kDay}));
  EXPECT_EQ(note, "days and months stand in either order: read days first; nothing tells");
}

TEST(TimeColumn, HalfDaysAreCountedWhereMonthsStandFirst) {
  std::string note;
  EXPECT_EQ(Read({"01/02/1970 12:00 AM"}, &note), (std::vector<double>{86'400'000}));
  EXPECT_EQ(note, "days and months stand in either order: read months first, as AM and PM say");
  // What the days themselves say counts more.
  EXPECT_EQ(Read({"13/02/1970 12:00 AM", "01/02/1970 1:00 PM"})[0], 43 * 86'400'000.0);
}

TEST(TimeColumn, ZonesAndYearsOfTwoDigitsAreSaid) {
  std::vector<std::optional<TimeText>> cells = {ReadTimeText("2026-01-01T00:00Z"), ReadTimeText("2026-01-01T02:00+01:00"), std::nullopt};
  EXPECT_EQ(TimesOf(cells).zone, "UTC");
  EXPECT_EQ(TimesOf(cells).ms[1] - TimesOf(cells).ms[0], 3'600'000);
  EXPECT_TRUE(std::isnan(TimesOf(cells).ms[2]));
  cells.push_back(ReadTimeText("2026-01-01T03:00"));
  EXPECT_EQ(TimesOf(cells).zone, "");
  EXPECT_EQ(TimesOf(cells).notes, (std::vector<std::string>{"only some times say their zone: the others are read as UTC"}));
  cells = {ReadTimeText("31.12.69"), ReadTimeText("31.12.68"), ReadTimeText("12:30")};
  const TimeColumn column = TimesOf(cells);
  EXPECT_EQ(column.ms[0], -86'400'000.0);
  EXPECT_GT(column.ms[1], 3e12);
  EXPECT_TRUE(std::isnan(column.ms[2]));
  EXPECT_EQ(column.notes, (std::vector<std::string>{"1 times have no day, as the others have", "years of two digits are 1969 to 2068"}));
}

TimeAxis Axis(std::vector<double> ms, std::vector<std::string>* notes = nullptr) {
  NumberTable table;
  TimeColumn column;
  column.ms = std::move(ms);
  TimeAxis axis = AxisOf("t", std::move(column), table);
  if (notes) *notes = table.notes;
  return axis;
}

TEST(TimeColumn, AnEvenAxisNeedsNoStamps) {
  const TimeAxis axis = Axis({1'000, 1'100, 1'200, 1'300});
  EXPECT_TRUE(axis.stamps_ms.empty());
  EXPECT_EQ(axis.step_ms, 100);
  EXPECT_EQ(axis.SamplingHz(), 10);
  EXPECT_EQ(axis.At(3), 1'300);
}

// The table of a column of times and one of values.
NumberTable Timed(const char* name, const char* unit, std::vector<double> values) {
  NumberTable table;
  table.rows = values.size();
  table.columns = {{"v", "", std::vector<double>(values.size(), 1.0)}, {name, unit, std::move(values)}};
  FindNumberAxis(table);
  return table;
}
// Its start in ms, -1 where it is none since 1970.
double StartOf(const char* name, const char* unit, std::vector<double> values) {
  const NumberTable table = Timed(name, unit, std::move(values));
  return table.time && table.time->absolute ? table.time->start_ms : -1;
}
// Its step in ms, -1 where it is none since a moment that is not known.
double RelativeStepOf(const char* name, const char* unit, std::vector<double> values) {
  const NumberTable table = Timed(name, unit, std::move(values));
  return table.time && !table.time->absolute ? table.time->step_ms : -1;
}

TEST(NumberClock, AStatedUnitCountsMoreThanTheSizeOfTheNumbers) {
  EXPECT_EQ(RelativeStepOf("t", "ms", {1.5e8, 1.5e8 + 10}), 10);
  EXPECT_EQ(RelativeStepOf("time_ms", "", {1.5e8, 1.5e8 + 10}), 10);
  EXPECT_EQ(RelativeStepOf("t", "min", {1, 2}), 60'000);
  EXPECT_EQ(StartOf("t", "s", {1.7e9, 1.7e9 + 1}), 1.7e12);
  EXPECT_EQ(StartOf("t", "ms", {1.7e12, 1.7e12 + 1}), 1.7e12);
  EXPECT_EQ(Timed("t", "s", {1.7e9, 1.7e9 + 1}).notes, (std::vector<std::string>{"t: read as s since 1970-01-01"}));
  // By their size only where nothing is stated.
  EXPECT_DOUBLE_EQ(StartOf("t", "", {1.7e18, 1.7e18 + 1e9}), 1.7e12);
  EXPECT_EQ(RelativeStepOf("t", "", {5, 7}), 2'000);
  EXPECT_FALSE(Timed("t", "bar", {1.7e9, 1.7e9 + 1}).time);
  EXPECT_FALSE(Timed("T", "", {20, 21}).time);
}

TEST(NumberClock, ReadsTheUnitsOfNetcdf) {
  EXPECT_EQ(StartOf("time", "seconds since 2000-01-01", {8.3e8, 8.3e8 + 60}), 946'684'800'000 + 8.3e11);
  EXPECT_EQ(StartOf("time", "hours since 1900-01-01 00:00:0.0", {613'608, 613'609}), 0);
  EXPECT_EQ(StartOf("time", "days since 1970-1-1 12:00:00 +01:00", {1, 2}), 86'400'000 + 39'600'000);
  EXPECT_EQ(StartOf("time", "Minutes since 2026-12-31T23:59:00Z", {0, 1}), 1'798'761'540'000);
  EXPECT_EQ(Timed("time", "days since 1970-01-01", {1, 2}).time->zone, "UTC");
  // Other calendars, other orders of day and month, and lengths that differ are not guessed.
  for (const char* unit : {"days since 0001-01-01", "days since 1-1-1", "months since 2000-01-01", "days since 01/02/2000", "days since",
                           "days since 2000-01-01 (noleap)", "days since 2000-02-30", "day as %Y%m%d.%f"}) {
    EXPECT_FALSE(Timed("time", unit, {8.3e8, 8.3e8 + 60}).time) << unit;
  }
  EXPECT_TRUE(std::isnan(Timed("time", "days since 2000-01-01", {1, 1e300}).time->stamps_ms.at(1)));
}

TEST(NumberClock, DigitsOfDaysAreNoCount) {
  constexpr double kDay = 20'484 * 86'400'000.0;  // 2026-01-31
  const NumberTable table = Timed("Datum", "", {20'260'131, 20'260'201, 20'260'202});
  ASSERT_TRUE(table.time);
  EXPECT_EQ(table.time->start_ms, kDay);
  EXPECT_EQ(table.time->step_ms, 86'400'000);
  EXPECT_EQ(table.time->zone, "");
  EXPECT_EQ(table.notes, (std::vector<std::string>{"Datum: read as the digits of year, month and day"}));
  EXPECT_EQ(StartOf("timestamp", "", {202'601'311'200, 202'601'311'230}), kDay + 43'200'000);
  EXPECT_EQ(StartOf("zeit", "", {20'260'131'120'001, 20'260'131'120'002}), kDay + 43'201'000);
  const std::vector<std::vector<double>> none = {{20'260'131, 20'260'132}, {45'000, 45'001}, {20'260'131.5, 20'260'201}};
  for (const std::vector<double>& wrong : none) {
    EXPECT_FALSE(Timed("date", "", wrong).time) << wrong[0] << ", " << wrong[1];
  }
  EXPECT_EQ(StartOf("datetime", "", {1.7e9, 1.7e9 + 1}), 1.7e12);
}

TEST(TimeColumn, TimesAreFinite) {
  EXPECT_TRUE(std::isnan(Timed("t", "d", {1, 2, 1e305}).time->stamps_ms.at(2)));
  constexpr double kMost = std::numeric_limits<double>::max();
  const TimeAxis wide = Axis({-kMost, kMost});
  EXPECT_EQ(wide.step_ms, 0);
  EXPECT_EQ(wide.stamps_ms, (std::vector<double>{-kMost, kMost}));
  EXPECT_TRUE(std::isnan(Axis({0, 1, std::numeric_limits<double>::infinity()}).stamps_ms.at(2)));
}

TEST(TimeColumn, AHoleIsAGapAndNoRowIsMadeUp) {
  const TimeAxis axis = Axis({0, 100, 200, 600, 700});
  EXPECT_EQ(axis.gaps, (std::vector<TimeGap>{{200, 600}}));
  EXPECT_EQ(axis.stamps_ms.size(), 5u);
  EXPECT_EQ(axis.SamplingHz(), 10);
}

TEST(TimeColumn, WhatRepeatsOrGoesBackIsNotedAndStays) {
  std::vector<std::string> notes;
  const TimeAxis axis = Axis({0, 100, 100, 200, 50, 300}, &notes);
  EXPECT_EQ(axis.stamps_ms, (std::vector<double>{0, 100, 100, 200, 50, 300}));
  EXPECT_EQ(notes, (std::vector<std::string>{"1 times repeat the one before", "1 times go back"}));
  EXPECT_EQ(Axis({300, 200, 100}, &notes).stamps_ms[0], 300);
  EXPECT_EQ(notes, (std::vector<std::string>{"the times descend: the newest row comes first"}));
  EXPECT_FALSE(HasOrder(std::vector<double>{1, 5, 2, 7, 3, 9, 0}));
}

}  // namespace
}  // namespace walchen::data
