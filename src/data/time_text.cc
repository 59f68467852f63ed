// SPDX-License-Identifier: Apache-2.0
#include "data/time_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string>

#include "data/extraction.h"
#include "data/number_text.h"

namespace walchen::data {
namespace {

constexpr size_t kTimeMaxBytes = 64;
constexpr double kMsPerMinute = 60'000;

struct Named {
  std::string_view name;
  int number;
};
// German, Austrian and English months in lower case, the long names too.
constexpr std::array<Named, 41> kMonths = {
    {{"januar", 1},   {"january", 1},  {"jänner", 1},    {"jan", 1},       {"februar", 2}, {"february", 2}, {"feber", 2},
     {"feb", 2},      {"märz", 3},     {"maerz", 3},     {"march", 3},     {"mär", 3},     {"mrz", 3},      {"mar", 3},
     {"april", 4},    {"apr", 4},      {"mai", 5},       {"may", 5},       {"juni", 6},    {"june", 6},     {"jun", 6},
     {"juli", 7},     {"july", 7},     {"jul", 7},       {"august", 8},    {"aug", 8},     {"september", 9}, {"sept", 9},
     {"sep", 9},      {"oktober", 10}, {"october", 10},  {"okt", 10},      {"oct", 10},    {"november", 11}, {"nov", 11},
     {"dezember", 12}, {"december", 12}, {"dez", 12}, {"dec", 12}, {"mÄrz", 3}, {"mÄr", 3}}};

constexpr std::array<std::string_view, 29> kWeekdays = {
    "mo",       "di",      "mi",     "do",        "fr",     "sa",     "so",      "mon",     "tue",       "wed",
    "thu",      "fri",     "sat",    "sun",       "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag",
    "sonnabend", "sonntag", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
constexpr std::array<Named, 8> kZones = {
    {{"z", 0}, {"utc", 0}, {"gmt", 0}, {"mez", 60}, {"cet", 60}, {"mesz", 120}, {"cest", 120}, {"wez", 0}}};

template <size_t kCount>
std::optional<int> NumberNamed(const std::array<Named, kCount>& list, std::string_view lower_word) {
  const auto found = std::ranges::find(list, lower_word, &Named::name);
  return found == list.end() ? std::nullopt : std::optional<int>(found->number);
}

std::optional<int> MonthNamed(std::string_view lower_word) { return NumberNamed(kMonths, lower_word); }

// Reads a text in lower case from its front.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  char next() const { return text_.empty() ? '\0' : text_[0]; }

  bool Take(std::string_view what) {
    if (!text_.starts_with(what)) return false;
    text_.remove_prefix(what.size());
    return true;
  }
  bool TakeSpaces() {
    const bool any = text_.starts_with(' ');
    while (Take(" ")) {}
    return any;
  }
  size_t DigitsAhead() const { return std::min(text_.find_first_not_of("0123456789"), text_.size()); }
  // A number of `least` to `most` digits, all that stand there.
  std::optional<int> TakeNumber(size_t least, size_t most) {
    const size_t digits = DigitsAhead();
    return digits < least || digits > most ? std::nullopt : TakeDigits(digits);
  }
  // The first `count` of the digits.
  std::optional<int> TakeDigits(size_t count) {
    if (count == 0 || count > 9 || DigitsAhead() < count) return {};
    int number = 0;
    std::from_chars(text_.data(), text_.data() + count, number);
    text_.remove_prefix(count);
    return number;
  }
  // The part behind a decimal sign, as a number from 0 to 1.
  double TakeFraction() {
    const size_t digits = DigitsAhead();
    const std::string decimal = "0." + std::string(text_.substr(0, digits));
    text_.remove_prefix(digits);
    double fraction = 0;
    std::from_chars(decimal.data(), decimal.data() + decimal.size(), fraction);
    return fraction;
  }
  // Letters, those beyond ASCII too.
  std::string_view TakeWord() {
    size_t end = 0;
    while (end < text_.size() && ((text_[end] >= 'a' && text_[end] <= 'z') || (text_[end] & 0x80) != 0)) ++end;
    const std::string_view word = text_.substr(0, end);
    text_.remove_prefix(end);
    return word;
  }

 private:
  std::string_view text_;
};

void TakeWeekday(Scanner& in) {
  Scanner ahead = in;
  const std::string_view word = ahead.TakeWord();
  if (word.empty() || std::ranges::find(kWeekdays, word) == kWeekdays.end()) return;
  ahead.Take(".");
  ahead.Take(",");
  if (ahead.TakeSpaces()) in = ahead;
}

bool TakeYear(Scanner& in, TimeText& out) {
  const size_t digits = in.DigitsAhead();
  const auto year = digits == 2 || digits == 4 ? in.TakeDigits(digits) : std::nullopt;
  if (!year) return false;
  out.two_digit_year = digits == 2;
  // POSIX: 69 is 1969, 68 is 2068.
  out.year = digits == 4 ? *year : *year + (*year < 69 ? 2'000 : 1'900);
  return true;
}

// "2026-12-31", "2026/12/31", "2026.12.31", "20261231t", "2026-12".
bool TakeYearFirst(Scanner& in, TimeText& out) {
  const bool packed = in.DigitsAhead() == 8;
  out.year = *in.TakeDigits(4);
  const std::string_view sign = packed ? "" : in.next() == '-' ? "-" : in.next() == '/' ? "/" : ".";
  if (!in.Take(sign)) return false;
  const auto month = packed ? in.TakeDigits(2) : in.TakeNumber(1, 2);
  if (!month) return false;
  out.month = *month;
  if (!packed && !in.Take(sign)) return sign == "-" && in.at_end();
  const auto day = packed ? in.TakeDigits(2) : in.TakeNumber(1, 2);
  if (day) out.day = *day;
  // Eight digits alone are a number.
  return day.has_value() && (!packed || in.next() == 't');
}

// "31. Dezember 2026", "31 Dec 2026", "31-Dez-26", "31/dec/2026".
bool TakeMonthNameAndYear(Scanner& in, TimeText& out) {
  while (in.Take(".") || in.Take(" ") || in.Take("-") || in.Take("/")) {}
  const auto month = MonthNamed(in.TakeWord());
  if (!month) return false;
  out.month = *month;
  in.Take(".");
  while (in.Take(" ") || in.Take("-") || in.Take("/") || in.Take(",")) {}
  return TakeYear(in, out);
}

// "31.12.2026", "12/31/26", "31-12-2026".
bool TakeYearLast(Scanner& in, TimeText& out) {
  const auto first = in.TakeNumber(1, 2);
  if (!first) return false;
  out.day = *first;
  const char sign = in.next();
  if (sign == '\0') return false;
  const std::string_view separator = sign == '.' ? "." : sign == '/' ? "/" : "-";
  Scanner ahead = in;
  const auto second = ahead.Take(separator) ? ahead.TakeNumber(1, 2) : std::nullopt;
  if (!second) return TakeMonthNameAndYear(in, out);
  in = ahead;
  out.month = *second;
  // Nobody writes the month first with dots between.
  out.either_order = sign != '.';
  return in.Take(separator) && TakeYear(in, out);
}

// "Dec 31, 2026", "Dezember 2026".
bool TakeMonthFirst(Scanner& in, TimeText& out) {
  const auto month = MonthNamed(in.TakeWord());
  if (!month) return false;
  out.month = *month;
  in.Take(".");
  while (in.Take(" ") || in.Take("-")) {}
  if (in.DigitsAhead() == 4) return TakeYear(in, out);
  const auto day = in.TakeNumber(1, 2);
  if (!day) return false;
  out.day = *day;
  in.Take(".");
  in.Take(",");
  while (in.Take(" ") || in.Take("-")) {}
  return TakeYear(in, out);
}

bool TakeDate(Scanner& in, TimeText& out) {
  out.has_date = true;
  const size_t digits = in.DigitsAhead();
  if (digits == 4 || digits == 8) return TakeYearFirst(in, out);
  return digits == 0 ? TakeMonthFirst(in, out) : TakeYearLast(in, out);
}

// What a 12-hour clock says behind the time.
bool TakeHalfOfDay(Scanner& in, int& hour, TimeText& out) {
  Scanner ahead = in;
  ahead.TakeSpaces();
  const bool before = ahead.Take("am") || ahead.Take("a.m."), after = !before && (ahead.Take("pm") || ahead.Take("p.m."));
  if (!before && !after) return true;
  out.half_days = true;
  if (hour < 1 || hour > 12) return false;
  hour = hour % 12 + (after ? 12 : 0);
  in = ahead;
  return true;
}

bool TakeTime(Scanner& in, bool packed, TimeText& out) {
  out.has_time = true;
  auto hour = packed ? in.TakeDigits(2) : in.TakeNumber(1, 2);
  if (!hour) return false;
  const bool colons = in.Take(":");
  if (!colons && !packed) return false;
  const auto minute = in.TakeDigits(2);
  if (!minute) return false;
  int second = 0;
  double fraction = 0;
  if (colons ? in.Take(":") : in.DigitsAhead() >= 2) {
    const auto found = in.TakeDigits(2);
    if (!found) return false;
    second = *found;
    if (in.Take(".") || in.Take(",")) fraction = in.TakeFraction();
  }
  if (in.DigitsAhead() > 0 || !TakeHalfOfDay(in, *hour, out)) return false;
  const bool midnight = *hour == 24 && *minute == 0 && second == 0 && fraction == 0;
  if ((*hour > 23 && !midnight) || *minute > 59 || second > 60) return false;
  out.ms = *hour * 3'600'000.0 + *minute * kMsPerMinute + second * 1'000.0 + fraction * 1'000.0;
  Scanner ahead = in;
  ahead.TakeSpaces();
  if (ahead.Take("uhr")) in = ahead;
  return true;
}

bool TakeOffset(Scanner& in, TimeText& out) {
  in.TakeSpaces();
  if (in.at_end()) return true;
  if (const std::string_view word = in.TakeWord(); !word.empty()) {
    out.offset_minutes = NumberNamed(kZones, word);
    if (!out.offset_minutes) return false;
    if (in.at_end()) return true;
  }
  const int sign = in.Take("+") ? 1 : in.Take("-") ? -1 : 0;
  if (sign == 0) return false;
  const auto hours = in.TakeDigits(2);
  in.Take(":");
  const auto minutes = in.DigitsAhead() > 0 ? in.TakeDigits(2) : std::optional<int>(0);
  // The farthest zones are 14 hours ahead.
  if (!hours || !minutes || *hours > 15 || *minutes > 59) return false;
  out.offset_minutes = sign * (*hours * 60 + *minutes);
  return in.at_end();
}

bool IsDay(int year, int month, int day) {
  using std::chrono::year_month_day;
  return month >= 1 && month <= 12 && day >= 1 &&
         year_month_day(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                        std::chrono::day(static_cast<unsigned>(day))).ok();
}

}  // namespace

std::optional<TimeText> ReadTimeText(std::string_view text) {
  text = WithoutSpaces(text);
  if (text.size() < 4 || text.size() > kTimeMaxBytes) return {};
  const std::string lower = Lowered(text);
  Scanner in(lower);
  TakeWeekday(in);
  TimeText found;
  Scanner clock = in;
  if (clock.TakeNumber(1, 2) && clock.next() == ':') {
    if (!TakeTime(in, false, found) || !TakeOffset(in, found)) return {};
    return found;
  }
  const bool packed = in.DigitsAhead() == 8;
  if (!TakeDate(in, found)) return {};
  const bool possible = IsDay(found.year, found.month, found.day) ||
                        (found.either_order && IsDay(found.year, found.day, found.month));
  if (!possible) return {};
  if (in.at_end()) return found;
  bool separated = in.Take("t") || in.Take(":") || in.Take("_");
  if (!separated) {
    in.Take(",");
    separated = in.TakeSpaces();
    if (in.Take("um ")) in.TakeSpaces();
  }
  if (!separated || !TakeTime(in, packed, found) || !TakeOffset(in, found)) return {};
  return found;
}

std::optional<double> MillisecondsOf(const TimeText& text, DayOrder order) {
  const double shift = text.offset_minutes.value_or(0) * kMsPerMinute;
  if (!text.has_date) return text.ms - shift;
  const bool swapped = text.either_order && order == DayOrder::kMonthFirst;
  const int month = swapped ? text.day : text.month, day = swapped ? text.month : text.day;
  if (!IsDay(text.year, month, day)) return {};
  const std::chrono::sys_days days = std::chrono::year(text.year) / month / day;
  return static_cast<double>(days.time_since_epoch().count()) * kMsPerDay + text.ms - shift;
}

}  // namespace walchen::data
