// SPDX-License-Identifier: Apache-2.0
#include "runs/curves.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <vector>

namespace walchen::runs {
namespace {

constexpr int kLabelWidth = 9;      // of the numbers beside the vertical axis, with a blank after them
constexpr int kPanelColumnsMin = 38;
constexpr int kPanelRowsMin = 5;    // a title, three rows of curve, the axis
constexpr int kPanelRowsGood = 8;   // panels beside each other only where they would be lower than this
constexpr double kLossMost = 1e30;  // beyond that a loss is as good as infinite, and sums of them may be

struct Point {
  double step = 0;
  double value = 0;
};

struct Series {
  std::string name;
  std::vector<Point> points;  // ascending steps, at least one
};

struct Box {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

// A field of characters, each a text of UTF-8.
class Screen {
 public:
  Screen(int width, int height)
      : width_(width), height_(height), cells_(static_cast<size_t>(width) * static_cast<size_t>(height), " ") {}

  // What lies outside is cut off.
  void Put(int x, int y, std::string cell) {
    if (x >= 0 && x < width_ && y >= 0 && y < height_) cells_[IndexOf(x, y)] = std::move(cell);
  }
  void PutText(int x, int y, std::string_view ascii) {
    for (const char c : ascii) Put(x++, y, std::string(1, c));
  }

  // Lines without blanks at their ends, without empty lines at the end.
  std::string Text() const {
    std::string out;
    for (int y = 0; y < height_; ++y) {
      std::string line;
      for (int x = 0; x < width_; ++x) line += cells_[IndexOf(x, y)];
      line.resize(line.find_last_not_of(' ') + 1);
      out += line + '\n';
    }
    while (out.ends_with("\n\n")) out.pop_back();
    return out;
  }

 private:
  size_t IndexOf(int x, int y) const {
    return static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x);
  }

  int width_;
  int height_;
  std::vector<std::string> cells_;
};

// U+2800 and a bit for each of 2 by 4 dots; here by column and row.
constexpr std::array<std::array<unsigned, 4>, 2> kDots = {{{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}};

std::string Braille(unsigned dots) {
  return {'\xe2', static_cast<char>(0xa0 | (dots >> 6)), static_cast<char>(0x80 | (dots & 0x3f))};
}

// Where a value stands between bottom (0) and top (1).
struct Scale {
  double low = 0;
  double high = 1;
  bool logarithmic = false;

  double ShareOf(double value) const {
    if (!logarithmic) return (value - low) / (high - low);
    return value <= 0 ? 0 : std::log(value / low) / std::log(high / low);
  }
  double ValueAt(double share) const {
    return logarithmic ? low * std::pow(high / low, share) : low + share * (high - low);
  }
};

std::string Number(double value) {
  std::string text = fmt::format("{:.3g}", value);
  return text.size() < kLabelWidth ? text : fmt::format("{:.1g}", value);
}

std::string WithCommas(double step) {
  std::string digits = fmt::format("{:.0f}", step);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

// Loss names come from a file.
std::string Printable(std::string_view name) {
  std::string out(name);
  std::ranges::replace_if(out, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

std::vector<Series> SeriesOf(std::span<const StepRecord> records) {
  std::map<std::string, std::vector<Point>> by_name;
  for (const StepRecord& record : records) {
    for (const auto& [name, value] : record.loss) {
      if (!record.skipped && std::abs(value) < kLossMost) {  // not so for a NaN
        by_name[name].push_back({.step = static_cast<double>(record.step), .value = value});
      }
    }
  }
  std::vector<Series> all;
  for (auto& [name, points] : by_name) {
    std::ranges::stable_sort(points, {}, &Point::step);
    all.push_back({.name = Printable(name), .points = std::move(points)});
  }
  return all;
}

// The mean of each point and its neighbours, a thirtieth of the curve together: enough to see where it goes, not so much
// that a step in it disappears. Near the beginning as many on both sides, because a steep fall would bend there; at the
// end those before it, because a single noisy step must not look like a turn.
std::vector<Point> Smooth(const std::vector<Point>& points) {
  const size_t reach = points.size() / 60;
  std::vector<double> sums(points.size() + 1, 0.0);
  for (size_t i = 0; i < points.size(); ++i) sums[i + 1] = sums[i] + points[i].value;
  std::vector<Point> smooth = points;
  for (size_t i = 0; i < points.size(); ++i) {
    const size_t before = std::min(reach, i);
    const size_t after = std::min(before, points.size() - 1 - i);
    smooth[i].value = (sums[i + after + 1] - sums[i - before]) / static_cast<double>(before + 1 + after);
  }
  return smooth;
}

Scale ScaleOf(const std::vector<Point>& points, const std::vector<Point>& smooth) {
  std::vector<double> values;
  for (const Point& point : points) values.push_back(point.value);
  std::ranges::sort(values);
  const size_t outliers = values.size() / 100;  // a single spike must not press the rest to the ground
  double low = values[outliers];
  double high = values[values.size() - 1 - outliers];
  for (const Point& point : smooth) {
    low = std::min(low, point.value);
    high = std::max(high, point.value);
  }
  if (high - low <= 1e-9 * std::max(std::abs(low), std::abs(high))) {  // a level line stands in the middle
    const double margin = std::max(std::abs(low) * 0.1, 1e-6);
    return {.low = low - margin, .high = high + margin, .logarithmic = false};
  }
  return {.low = low, .high = high, .logarithmic = low > 0 && high / low > 10};
}

// The curve at a step between two points, by a straight line.
double ValueAt(const std::vector<Point>& points, double step) {
  const auto after = std::ranges::lower_bound(points, step, {}, &Point::step);
  if (after == points.begin()) return points.front().value;
  if (after == points.end()) return points.back().value;
  const Point& before = *(after - 1);
  const double share = (step - before.step) / (after->step - before.step);
  return before.value + share * (after->value - before.value);
}

// The part of a panel inside the axes.
class Plot {
 public:
  Plot(Box box, Scale scale, double first_step, double last_step)
      : box_(box), scale_(scale), first_(first_step), last_(last_step) {}

  // Shades the rows between the least and the greatest value of each column.
  void Shade(const std::vector<Point>& points, Screen& screen) const {
    std::map<int, std::pair<double, double>> ranges;
    for (const Point& point : points) {
      const int column = ColumnOf(point.step, box_.width);
      const auto [range, added] = ranges.try_emplace(column, point.value, point.value);
      range->second = {std::min(range->second.first, point.value), std::max(range->second.second, point.value)};
    }
    for (const auto& [column, range] : ranges) {
      if (range.first == range.second) continue;
      for (int row = RowOf(range.second, box_.height); row <= RowOf(range.first, box_.height); ++row) {
        screen.Put(box_.x + column, box_.y + row, "\u2591");
      }
    }
  }

  void Line(const std::vector<Point>& points, Screen& screen) const {
    const int dots_across = 2 * box_.width, dots_down = 4 * box_.height;
    std::map<std::pair<int, int>, unsigned> cells;
    std::optional<int> previous;
    for (int x = 0; x < dots_across; ++x) {
      const double step = first_ + (last_ - first_) * x / std::max(1, dots_across - 1);
      const int y = RowOf(ValueAt(points, step), dots_down);
      // Dots between this one and the one before, so that a steep piece has no holes.
      const int from = !previous || *previous == y ? y : *previous < y ? *previous + 1 : *previous - 1;
      for (int dot = std::min(from, y); dot <= std::max(from, y); ++dot) {
        cells[{x / 2, dot / 4}] |= kDots[static_cast<size_t>(x % 2)][static_cast<size_t>(dot % 4)];
      }
      previous = y;
      if (first_ == last_) break;
    }
    for (const auto& [place, dots] : cells) screen.Put(box_.x + place.first, box_.y + place.second, Braille(dots));
  }

 private:
  int ColumnOf(double step, int columns) const {
    if (last_ == first_) return 0;
    return std::clamp(static_cast<int>((step - first_) / (last_ - first_) * columns), 0, columns - 1);
  }
  int RowOf(double value, int rows) const {
    const double share = std::clamp(scale_.ShareOf(value), 0.0, 1.0);
    return std::clamp(static_cast<int>((1 - share) * rows), 0, rows - 1);
  }

  Box box_;
  Scale scale_;
  double first_;
  double last_;
};

// "speech     9.21 at step 1, 2.31 at step 1,200", as much of it as there is room for.
void DrawTitle(const Series& series, const Box& box, bool logarithmic, Screen& screen) {
  const Point& first = series.points.front();
  const Point& last = series.points.back();
  std::string name = series.name + (logarithmic ? " (log scale)" : "");
  std::string facts = fmt::format("{} at step {}, {} at step {}", Number(first.value), WithCommas(first.step),
                                  Number(last.value), WithCommas(last.step));
  const auto width = static_cast<size_t>(box.width);
  if (name.size() + 2 + facts.size() > width) facts = fmt::format("{} to {}", Number(first.value), Number(last.value));
  if (name.size() + 2 + facts.size() > width) name.resize(width - std::min(width, facts.size() + 2));
  screen.PutText(box.x, box.y, name);
  screen.PutText(box.x + box.width - static_cast<int>(facts.size()), box.y, facts);
}

void DrawAxes(const Box& plot, const Scale& scale, double first, double last, Screen& screen) {
  const int middle = plot.height / 2;
  for (int row = 0; row < plot.height; ++row) {
    const bool labelled = row == 0 || row == plot.height - 1 || (plot.height >= 5 && row == middle);
    screen.Put(plot.x - 1, plot.y + row, labelled ? "\u2524" : "\u2502");
    if (!labelled) continue;
    const double share = row == 0 ? 1 : row == plot.height - 1 ? 0 : 1 - (row + 0.5) / plot.height;
    const std::string label = Number(scale.ValueAt(share));
    screen.PutText(plot.x - 2 - static_cast<int>(label.size()), plot.y + row, label);
  }
  const int axis = plot.y + plot.height;
  screen.Put(plot.x - 1, axis, "\u2514");
  for (int x = 0; x < plot.width; ++x) screen.Put(plot.x + x, axis, "\u2500");
  if (first == last) return screen.PutText(plot.x, axis, WithCommas(first));
  const auto put_centred = [&](double step, int centre) {
    const std::string label = WithCommas(step);
    screen.PutText(plot.x + std::clamp(centre - static_cast<int>(label.size()) / 2, 0,
                                       std::max(0, plot.width - static_cast<int>(label.size()))),
                   axis, label);
  };
  const double centre_step = std::round((first + last) / 2);
  const auto label_width = static_cast<int>(WithCommas(last).size());
  if (plot.width > 4 * label_width) put_centred(centre_step, plot.width / 2);
  put_centred(first, 0);
  put_centred(last, plot.width);
}

void DrawPanel(const Series& series, const Box& box, Screen& screen) {
  const std::vector<Point> smooth = Smooth(series.points);
  const Scale scale = ScaleOf(series.points, smooth);
  const double first = series.points.front().step, last = series.points.back().step;
  const Box inside{.x = box.x + kLabelWidth + 1, .y = box.y + 1, .width = box.width - kLabelWidth - 1,
                   .height = box.height - 2};
  DrawTitle(series, box, scale.logarithmic, screen);
  DrawAxes(inside, scale, first, last, screen);
  const Plot plot(inside, scale, first, last);
  plot.Shade(series.points, screen);
  plot.Line(smooth, screen);
}

// How many panels stand beside each other: as few as give each a good height.
int PanelsAcross(int panels, int columns, int rows) {
  const int most = std::clamp(columns / kPanelColumnsMin, 1, panels);
  for (int across = 1; across < most; ++across) {
    if (rows / ((panels + across - 1) / across) >= kPanelRowsGood) return across;
  }
  return most;
}

}  // namespace

std::string DrawCurves(std::span<const StepRecord> records, int columns, int rows) {
  columns = std::max(columns, 20);
  rows = std::max(rows, kPanelRowsMin);
  std::vector<Series> all = SeriesOf(records);
  if (all.empty()) return records.empty() ? "no step yet\n" : "no step with a finite loss yet\n";
  Screen screen(columns, rows);
  const int across = PanelsAcross(static_cast<int>(all.size()), columns, rows);
  const int wanted_down = (static_cast<int>(all.size()) + across - 1) / across;
  const bool all_fit = wanted_down * kPanelRowsMin <= rows;
  const int rows_of_panels = all_fit ? rows : rows - 1;
  const int down = all_fit ? wanted_down : std::max(1, rows_of_panels / kPanelRowsMin);
  const size_t shown = std::min(all.size(), static_cast<size_t>(across * down));
  constexpr int kGap = 2;
  const int width = (columns - (across - 1) * kGap) / across;
  const int height = std::max(kPanelRowsMin, rows_of_panels / down);
  for (size_t i = 0; i < shown; ++i) {
    const int column = static_cast<int>(i) % across, row = static_cast<int>(i) / across;
    DrawPanel(all[i], {.x = column * (width + kGap), .y = row * height, .width = width, .height = height}, screen);
  }
  if (shown < all.size() && rows > kPanelRowsMin) {
    std::string names = fmt::format("and {} more:", all.size() - shown);
    for (size_t i = shown; i < all.size(); ++i) names += ' ' + all[i].name;
    screen.PutText(0, rows - 1, names);
  }
  return screen.Text();
}

}  // namespace walchen::runs
