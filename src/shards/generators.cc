// SPDX-License-Identifier: Apache-2.0
#include "shards/generators.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string_view>

#include <fmt/format.h>

namespace walchen::shards {
namespace {

template <size_t N>
std::string_view Pick(base::Rng& rng, const std::array<std::string_view, N>& words) {
  return words[rng.Below(N)];
}

double Between(base::Rng& rng, double low, double high) { return low + (high - low) * rng.Uniform(); }

std::string GermanSentence(base::Rng& rng) {
  static constexpr std::array<std::string_view, 8> kMachines = {"Die Pumpe", "Der Motor", "Das Lager", "Die Presse",
                                                                "Der Ofen", "Das Ventil", "Die Spindel", "Der Kompressor"};
  static constexpr std::array<std::string_view, 6> kStates = {"läuft ruhig", "ist zu warm", "steht still", "braucht Öl",
                                                              "schwingt stark", "wird geprüft"};
  static constexpr std::array<std::string_view, 6> kTimes = {"seit heute", "seit gestern", "seit der Frühschicht",
                                                             "nach der Wartung", "im Probelauf", "bei voller Last"};
  return fmt::format("{} {} {} {}.", Pick(rng, kMachines), 1 + rng.Below(9), Pick(rng, kStates), Pick(rng, kTimes));
}

std::string EnglishSentence(base::Rng& rng) {
  static constexpr std::array<std::string_view, 8> kMachines = {"pump", "motor", "bearing", "press",
                                                                "furnace", "valve", "spindle", "compressor"};
  static constexpr std::array<std::string_view, 6> kStates = {"runs quietly", "is too warm", "stands still", "needs oil",
                                                              "shakes badly", "is being checked"};
  static constexpr std::array<std::string_view, 6> kTimes = {"since today", "since yesterday", "since the early shift",
                                                             "after maintenance", "in the trial run", "at full load"};
  return fmt::format("The {} {} {} {}.", Pick(rng, kMachines), 1 + rng.Below(9), Pick(rng, kStates), Pick(rng, kTimes));
}

// Marks a run of points as faulty and bends them.
void AddFault(base::Rng& rng, double swing, std::vector<float>& points, std::vector<uint8_t>& faulty) {
  const auto size = static_cast<uint32_t>(points.size());
  const uint32_t length = 2 + rng.Below(size / 8), first = rng.Below(size - length), kind = rng.Below(3);
  const double sign = rng.Below(2) == 0 ? -1 : 1, strength = swing * Between(rng, 2, 5) * sign;
  for (uint32_t i = 0; i < length; ++i) {
    const double share = (i + 0.5) / length;
    const double bump = kind == 0 ? (i % 2 == 0 ? 1 : -1)               // rattling
                        : kind == 1 ? 1                                   // a step
                                    : std::sin(std::numbers::pi * share); // a swell
    points[first + i] += static_cast<float>(strength * bump);
    faulty[first + i] = 1;
  }
}

struct Colour {
  std::string_view name;
  std::array<float, 3> rgb;
};
constexpr std::array<Colour, 6> kColours = {{{"red", {0.9f, -0.8f, -0.8f}},
                                             {"green", {-0.8f, 0.6f, -0.7f}},
                                             {"blue", {-0.8f, -0.5f, 0.9f}},
                                             {"yellow", {0.9f, 0.8f, -0.8f}},
                                             {"white", {0.95f, 0.95f, 0.95f}},
                                             {"violet", {0.4f, -0.6f, 0.8f}}}};

// How far outside the shape a point lies, in units of its radius; negative inside.
double Outside(uint32_t shape, double x, double y) {
  if (shape == 0) return std::hypot(x, y) - 1;                      // circle
  if (shape == 1) return std::max(std::abs(x), std::abs(y)) - 0.9;  // square
  return std::max(-y - 0.6, std::abs(x) * 0.87 + y * 0.5 - 0.6);    // triangle, point upwards once y runs down
}

}  // namespace

std::string MakeSentence(base::Rng& rng) { return rng.Below(2) == 0 ? GermanSentence(rng) : EnglishSentence(rng); }

Waves MakeWaves(base::Rng& rng, int channels, int points, bool may_fail) {
  static constexpr std::array<std::string_view, 5> kMachines = {"pump", "motor", "furnace", "press", "spindle"};
  static constexpr std::array<std::string_view, 4> kQuantities = {"pressure, bar", "current, A", "temperature, C", "vibration, mm/s"};
  Waves waves;
  waves.period = Between(rng, 12, 96);
  waves.name = fmt::format("{} {}, {}", Pick(rng, kMachines), 1 + rng.Below(9), Pick(rng, kQuantities));
  const int failing = may_fail && rng.Below(2) == 0 ? static_cast<int>(rng.Below(static_cast<uint32_t>(channels))) : -1;
  for (int channel = 0; channel < channels; ++channel) {
    const double swing = std::exp(Between(rng, -3, 3)), offset = swing * Between(rng, -5, 5);
    const double phase = Between(rng, 0, 2 * std::numbers::pi), second = Between(rng, 0, 0.6), third = Between(rng, 0, 0.3);
    const double trend = swing * Between(rng, -1, 1) / points, noise = swing * Between(rng, 0.02, 0.3);
    std::vector<float> values;
    for (int i = 0; i < points; ++i) {
      const double angle = 2 * std::numbers::pi * i / waves.period + phase;
      const double cycle = std::sin(angle) + second * std::sin(2 * angle + phase) + third * std::cos(3 * angle);
      values.push_back(static_cast<float>(offset + swing * cycle + trend * i + noise * rng.Normal()));
    }
    std::vector<uint8_t> faulty(values.size());
    if (channel == failing) AddFault(rng, swing, values, faulty);
    waves.points.push_back(std::move(values));
    waves.faulty.push_back(std::move(faulty));
  }
  return waves;
}

ShapePicture MakeShape(base::Rng& rng, int edge) {
  static constexpr std::array<std::string_view, 3> kShapes = {"circle", "square", "triangle"};
  static constexpr std::array<std::string_view, 4> kPlaces = {"top left", "top right", "bottom left", "bottom right"};
  const uint32_t shape = rng.Below(3), colour = rng.Below(kColours.size()), place = rng.Below(4);
  const double quarter = edge / 4.0, radius = quarter * Between(rng, 0.55, 0.85);
  const double centre_x = quarter * (place % 2 == 0 ? 1 : 3) + quarter * Between(rng, -0.1, 0.1);
  const double centre_y = quarter * (place / 2 == 0 ? 1 : 3) + quarter * Between(rng, -0.1, 0.1);
  const double ground = Between(rng, -0.9, -0.5);
  ShapePicture made = {.picture = {.width = edge, .height = edge, .values = {}},
                       .caption = fmt::format("a {} {} at the {}", kColours[colour].name, kShapes[shape], kPlaces[place])};
  for (size_t channel = 0; channel < 3; ++channel) {
    for (int y = 0; y < edge; ++y) {
      for (int x = 0; x < edge; ++x) {
        const double outside = Outside(shape, (x + 0.5 - centre_x) / radius, (y + 0.5 - centre_y) / radius) * radius;
        const double cover = std::clamp(0.5 - outside, 0.0, 1.0);  // a soft edge of one pixel
        made.picture.values.push_back(static_cast<float>(ground + cover * (kColours[colour].rgb[channel] - ground)));
      }
    }
  }
  return made;
}

Reach MakeReach(base::Rng& rng, int steps) {
  double x = Between(rng, -1, 1), y = Between(rng, -1, 1);
  const double target_x = Between(rng, -1, 1), target_y = Between(rng, -1, 1);
  const double post_x = (x + target_x) / 2 + Between(rng, -0.2, 0.2), post_y = (y + target_y) / 2 + Between(rng, -0.2, 0.2);
  constexpr double kLongestStep = 0.08, kWideBerth = 0.4;
  Reach reach = {.states = {.width = 6, .values = {}, .padding = {}},
                 .actions = {.width = 2, .values = {}, .padding = {}},
                 .instruction = "go to the target, around the post"};
  const auto begun = static_cast<int>(rng.Below(8));  // steps of the episode that lie behind
  for (int step = -begun - 1; step < steps; ++step) {
    if (step == -1 || step == 0) {
      for (const double value : {x, y, target_x, target_y, post_x, post_y}) {
        reach.states.values.push_back(static_cast<float>(std::clamp(value, -1.0, 1.0)));
      }
    }
    // Towards the target, pushed sideways near the post, never faster than a hand can go.
    double dx = (target_x - x) * 0.3, dy = (target_y - y) * 0.3;
    const double from_x = x - post_x, from_y = y - post_y, distance = std::hypot(from_x, from_y);
    if (distance < kWideBerth && distance > 0) {
      const double push = 0.15 * (kWideBerth - distance) / kWideBerth / distance;
      dx += push * (from_x - from_y);
      dy += push * (from_y + from_x);
    }
    const double length = std::hypot(dx, dy), shorten = length > kLongestStep ? kLongestStep / length : 1;
    dx *= shorten;
    dy *= shorten;
    x += dx;
    y += dy;
    if (step < 0) continue;
    reach.actions.values.push_back(static_cast<float>(dx / kLongestStep));
    reach.actions.values.push_back(static_cast<float>(dy / kLongestStep));
  }
  return reach;
}

}  // namespace walchen::shards
