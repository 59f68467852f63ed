// SPDX-License-Identifier: Apache-2.0
#include "data/time_text.h"

#include <cmath>

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
