// SPDX-License-Identifier: Apache-2.0
#include "tensor/quant_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tensor/quant.h"

namespace walchen::tensor {
namespace {

// Candidate scales are tried so many steps of a tenth of a level to either side of the one that just covers the
// range. Twice as many lower the squared error by less than 2 %.
constexpr int kSteps = 9;
constexpr double kStep = 0.1;

// value ~ scale * q + offset
struct Fit {
  double scale = 0;
  double offset = 0;
};

float ToHalfAndBack(double value) { return HalfToFloat(FloatToHalf(static_cast<float>(value))); }

// The nearest integer in [low, high]; low for NaN.
int Nearest(double x, int low, int high) {
  if (!(x > low)) return low;
  if (x >= high) return high;
  return static_cast<int>(std::lrint(x));
}

int NearestLevel(const BlockLayout& layout, double x) {
  if (layout.levels.empty()) return Nearest(x, layout.low, layout.high);
  const auto above = std::ranges::lower_bound(layout.levels, x);
  if (above == layout.levels.begin()) return layout.low;
  if (above == layout.levels.end()) return layout.high;
  return x - above[-1] < *above - x ? above[-1] : *above;
}

// A group's values, divided by the largest of them so that floats are exact enough for the search; written in steps of
// kLanes, a number the compiler knows, so that it makes vectors of them.
constexpr size_t kMaxGroup = 32;
constexpr size_t kLanes = 8;
using Lanes = std::array<float, kMaxGroup>;

template <class Term>
double SumOver(size_t count, const Term& term) {
  std::array<float, kLanes> sums{};
  for (size_t i = 0; i < count; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += term(i + lane);
  }
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

template <class Change>
void ForLanes(size_t count, const Change& change) {
  for (size_t i = 0; i < count; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) change(i + lane);
  }
}

// q[i]: the level next to x[i] under `fit`.
void NearestLevels(const BlockLayout& layout, const Lanes& x, size_t count, const Fit& fit, Lanes& q) {
  const auto inverse = static_cast<float>(1 / fit.scale), offset = static_cast<float>(fit.offset);
  const auto low = static_cast<float>(layout.low), high = static_cast<float>(layout.high);
  if (layout.levels.empty()) {
    constexpr float kRound = 12582912;  // 1.5 * 2^23: adding it rounds a small float to an integer
    ForLanes(count, [&](size_t i) {
      q[i] = std::min(std::max((x[i] - offset) * inverse, low), high) + kRound - kRound;
    });
    return;
  }
  q.fill(low);
  for (size_t k = 1; k < layout.levels.size(); ++k) {
    const auto below = static_cast<float>(layout.levels[k - 1]), above = static_cast<float>(layout.levels[k]);
    ForLanes(count, [&](size_t i) { q[i] = x[i] * inverse > (below + above) / 2 ? above : q[i]; });
  }
}

// The best scale for these levels, and with an affine layout the best offset.
Fit LeastSquares(const BlockLayout& layout, const Lanes& x, const Lanes& q, size_t count, const Fit& guess) {
  const double sum_qq = SumOver(count, [&](size_t i) { return q[i] * q[i]; });
  const double sum_qx = SumOver(count, [&](size_t i) { return q[i] * x[i]; });
  if (sum_qq == 0) return guess;
  if (!layout.has_min()) return {sum_qx / sum_qq, 0};
  const double sum_q = SumOver(count, [&](size_t i) { return q[i]; });
  const double sum_x = SumOver(count, [&](size_t i) { return x[i]; });
  const double determinant = static_cast<double>(count) * sum_qq - sum_q * sum_q;
  if (determinant <= 0) return guess;
  const Fit fit{(static_cast<double>(count) * sum_qx - sum_q * sum_x) / determinant,
                (sum_qq * sum_x - sum_q * sum_qx) / determinant};
  // K types can only subtract: an offset that would have to be positive is 0.
  return layout.scales != nullptr && fit.offset > 0 ? Fit{sum_qx / sum_qq, 0} : fit;
}

double SquaredError(const Lanes& x, const Lanes& q, size_t count, const Fit& fit) {
  const auto scale = static_cast<float>(fit.scale), offset = static_cast<float>(fit.offset);
  return SumOver(count, [&](size_t i) {
    const float miss = scale * q[i] + offset - x[i];
    return miss * miss;
  });
}

// The scale that maps the value furthest from 0 to the last level. Of two sides the one with a level more is used; the
// scale's sign may be either.
Fit CoverSymmetric(const BlockLayout& layout, float extreme, double steps) {
  const int level = -layout.low > layout.high || extreme < 0 ? layout.low : layout.high;
  const double gaps = layout.levels.empty() ? layout.high - layout.low : static_cast<int>(layout.levels.size()) - 1;
  const double spacing = (layout.high - layout.low) / gaps;
  return {extreme / (level + std::copysign(steps * kStep * spacing, level)), 0};
}

Fit CoverAffine(const BlockLayout& layout, float low, float high, double steps) {
  const double offset = layout.scales == nullptr ? low : std::min(low, 0.0F);
  return {(high - offset) / (layout.high + steps * kStep), offset};
}

Fit FitGroup(const BlockLayout& layout, std::span<const float> values) {
  const auto [low, high] = std::ranges::minmax(values);
  const float extreme = -low > high ? low : high;
  if (extreme == 0) return {};
  const double unit = std::fabs(extreme);
  const size_t count = values.size();
  Lanes x{}, q;
  for (size_t i = 0; i < count; ++i) x[i] = static_cast<float>(values[i] / unit);
  const auto cover = [&, low = static_cast<float>(low / unit), high = static_cast<float>(high / unit)](int step) {
    return layout.has_min() ? CoverAffine(layout, low, high, step)
                            : CoverSymmetric(layout, extreme < 0 ? low : high, step);
  };
  Fit best = cover(0);
  if (best.scale == 0) return {0, best.offset * unit};
  double best_error = std::numeric_limits<double>::infinity();
  for (int step = -kSteps; step <= kSteps; ++step) {
    const Fit guess = cover(step);
    NearestLevels(layout, x, count, guess, q);
    const Fit fit = LeastSquares(layout, x, q, count, guess);
    const double error = SquaredError(x, q, count, fit);
    if (error < best_error) {
      best = fit;
      best_error = error;
    }
  }
  return {best.scale * unit, best.offset * unit};
}

// The block with these scales, and what it misses of the values.
struct Candidate {
  UnpackedBlock block;
  double error = 0;
};

// Rounds the groups' scales and offsets to multiples of d and dmin, then every value to its nearest level.
Candidate Round(const BlockLayout& layout, std::span<const float> values, std::span<const Fit> fits, float d,
                float dmin) {
  Candidate candidate;
  UnpackedBlock& block = candidate.block;
  block.d = d;
  block.dmin = dmin;
  const size_t group = values.size() / fits.size();
  for (size_t g = 0; g < fits.size(); ++g) {
    block.scale[g] = 1;
    block.min[g] = layout.has_min() ? 1 : 0;
    if (layout.scales != nullptr) {
      const ScaleCode& code = *layout.scales;
      block.scale[g] = static_cast<int16_t>(d != 0 ? Nearest(fits[g].scale / d, code.low, code.high) : 0);
      block.min[g] = static_cast<int16_t>(dmin != 0 ? Nearest(-fits[g].offset / dmin, 0, code.high) : 0);
    }
    const double scale = static_cast<double>(d) * block.scale[g];
    const double offset = static_cast<double>(dmin) * block.min[g];
    const double inverse = scale != 0 ? 1 / scale : 0;  // with scale 0 every level means the same
    for (size_t i = g * group; i < (g + 1) * group; ++i) {
      const int q = NearestLevel(layout, (values[i] + offset) * inverse);
      const double miss = scale * q - offset - values[i];
      block.q[i] = static_cast<int8_t>(q);
      candidate.error += miss * miss;
    }
  }
  return candidate;
}

// The halves next to `value`, which is a half itself: one step of the last place each way.
float NextHalf(float value, int steps) {
  return HalfToFloat(static_cast<uint16_t>(FloatToHalf(value) + steps));
}

}  // namespace

UnpackedBlock FitBlock(const BlockLayout& layout, std::span<const float> values) {
  UnpackedBlock block;
  if (!std::ranges::all_of(values, [](float x) { return std::isfinite(x); })) {
    block.d = std::numeric_limits<float>::quiet_NaN();
    return block;
  }
  const auto group = static_cast<size_t>(layout.group);
  std::array<Fit, kMaxBlockGroups> all_fits;
  const std::span fits(all_fits.data(), values.size() / group);
  for (size_t g = 0; g < fits.size(); ++g) fits[g] = FitGroup(layout, values.subspan(g * group, group));
  const double widest = std::ranges::max_element(fits, {}, [](const Fit& fit) { return std::fabs(fit.scale); })->scale;
  const double lowest = std::ranges::min_element(fits, {}, &Fit::offset)->offset;
  const ScaleCode code = layout.scales != nullptr ? *layout.scales : ScaleCode{};
  const float d = ToHalfAndBack(widest / (code.low < 0 ? code.low : code.high));
  const float dmin = layout.has_min() ? ToHalfAndBack(-lowest / code.high) : 0;
  Candidate best = Round(layout, values, fits, d, dmin);
  // The d of a K type is so small for ordinary weights that halves are coarse there (they are multiples of 2^-24), and
  // one that is too small cuts the widest group.
  for (const int steps : {-1, 1}) {
    if (d == 0 || std::isinf(d) || layout.scales == nullptr) break;
    Candidate next = Round(layout, values, fits, NextHalf(d, steps), dmin);
    if (next.error < best.error) best = next;
  }
  return best.block;
}

}  // namespace walchen::tensor
