// SPDX-License-Identifier: Apache-2.0
#include "data/cldr_names.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <vector>

#include <fmt/core.h>

#include "data/extraction.h"

namespace walchen::data {
namespace {

#include "data/cldr_names.inc"

constexpr size_t kSequenceMaxBytes = 128;

struct Tone {
  std::string_view code_point;
  std::string_view english_dashed;
};
constexpr std::array<Tone, 5> kTones = {{{"1f3fb", "light-skin-tone"},
                                         {"1f3fc", "medium-light-skin-tone"},
                                         {"1f3fd", "medium-skin-tone"},
                                         {"1f3fe", "medium-dark-skin-tone"},
                                         {"1f3ff", "dark-skin-tone"}}};

const CldrName* Find(std::string_view code_points) {
  const auto* const found = std::ranges::lower_bound(kCldrNames, code_points, {}, &CldrName::code_points);
  return found != std::end(kCldrNames) && found->code_points == code_points ? found : nullptr;
}

// Letters and digits in lower case, one "-" for everything between them.
std::string Dashed(std::string_view name) {
  std::string dashed;
  for (const char c : Lowered(name)) {
    const bool is_kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    if (is_kept) {
      dashed += c;
    } else if (!dashed.empty() && dashed.back() != '-' && c != '\'') {
      dashed += '-';
    }
  }
  while (dashed.ends_with('-')) dashed.pop_back();
  return dashed;
}

const std::unordered_map<std::string, const CldrName*>& ByEnglish() {
  static const auto names = [] {
    std::unordered_map<std::string, const CldrName*> found;
    for (const CldrName& name : kCldrNames) found.emplace(Dashed(name.english), &name);
    return found;
  }();
  return names;
}

ShortNames WithTones(const CldrName& name, const std::vector<std::string_view>& tones) {
  ShortNames names{std::string(name.german), std::string(name.english)};
  // "flag: Germany" has its colon already.
  std::string_view between = name.english.find(':') == std::string_view::npos ? ": " : ", ";
  for (const std::string_view tone : tones) {
    if (const CldrName* const tone_name = Find(tone)) {
      names.german += fmt::format("{}{}", between, tone_name->german);
      names.english += fmt::format("{}{}", between, tone_name->english);
    }
    between = ", ";
  }
  return names;
}

}  // namespace

std::optional<ShortNames> FindShortNames(std::string_view code_points) {
  if (code_points.size() > kSequenceMaxBytes) return std::nullopt;
  const std::string lower = Lowered(code_points);
  std::string whole, without_tones;
  std::vector<std::string_view> tones;
  for (std::string_view rest = lower; !rest.empty();) {
    const size_t end = std::min(rest.find('-'), rest.size());
    std::string_view point = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    point.remove_prefix(std::min(point.find_first_not_of('0'), point.size()));
    if (point == "fe0f") continue;
    whole += fmt::format("{}{}", whole.empty() ? "" : "-", point);
    const bool is_tone = std::ranges::find(kTones, point, &Tone::code_point) != kTones.end();
    if (!is_tone) without_tones += fmt::format("{}{}", without_tones.empty() ? "" : "-", point);
    if (is_tone && std::ranges::find(tones, point) == tones.end()) tones.push_back(point);
  }
  if (const CldrName* const name = Find(whole)) return WithTones(*name, {});
  const CldrName* const name = Find(without_tones);
  return name ? std::optional(WithTones(*name, tones)) : std::nullopt;
}

std::optional<ShortNames> FindShortNamesByEnglish(std::string_view dashed_name) {
  if (dashed_name.size() > kSequenceMaxBytes) return std::nullopt;
  const std::string dashed = Dashed(dashed_name);
  if (const auto found = ByEnglish().find(dashed); found != ByEnglish().end()) return WithTones(*found->second, {});
  // The longest tone that fits: "medium-dark-skin-tone" ends in "dark-skin-tone" too.
  const Tone* fits = nullptr;
  for (const Tone& tone : kTones) {
    const bool is_end = dashed.size() > tone.english_dashed.size() + 1 && dashed.ends_with(tone.english_dashed);
    if (is_end && (!fits || tone.english_dashed.size() > fits->english_dashed.size())) fits = &tone;
  }
  if (!fits) return std::nullopt;
  const auto found = ByEnglish().find(dashed.substr(0, dashed.size() - fits->english_dashed.size() - 1));
  return found == ByEnglish().end() ? std::nullopt : std::optional(WithTones(*found->second, {fits->code_point}));
}

}  // namespace walchen::data
