// SPDX-License-Identifier: Apache-2.0
//
// Sets of icons as Iconify publishes them: one JSON file with the drawings of all, each under its name. Format: Iconify's
// documentation, "IconifyJSON type".
#include <array>
#include <map>

#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "data/cldr_names.h"
#include "data/extract_licence.h"
#include "data/extract_readers.h"
#include "data/picture.h"
#include "data/picture_captions.h"

namespace walchen::data {
namespace {

using Json = nlohmann::json;

// Their icons are emoji, whose names are CLDR's English ones.
constexpr std::array<std::string_view, 6> kEmojiSets = {"openmoji", "twemoji", "noto", "fluent-emoji", "emojione", "fxemoji"};

double Number(const Json& object, const char* key, double otherwise) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : otherwise;
}

std::string Text(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

struct IconSet {
  Json json;
  std::string prefix;
  bool is_emoji = false;
  std::map<std::string, std::string> code_points;            // name -> "1f600"
  std::multimap<std::string, std::string> names;  // name -> other names of the same drawing
};

// Icons of one colour take it from the text around them, which is black.
std::string SvgOf(const IconSet& set, const Json& icon) {
  const auto side = [&](const char* key) { return Number(icon, key, Number(set.json, key, 16)); };
  const auto from = [&](const char* key) { return Number(icon, key, Number(set.json, key, 0)); };
  return fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" color="black" viewBox="{} {} {} {}">{}</svg>)",
      from("left"), from("top"), side("width"), side("height"), Text(icon, "body"));
}

void AddIconCaptions(const IconSet& set, const std::string& name, Part& part) {
  PictureCaptions captions(part);
  captions.Add(WordsOfIconName(name), "en");
  const auto [first, last] = set.names.equal_range(name);
  for (auto other = first; other != last; ++other) captions.Add(WordsOfIconName(other->second), "en");
  const auto code_points = set.code_points.find(name);
  auto names = code_points != set.code_points.end() ? FindShortNames(code_points->second) : std::nullopt;
  if (!names && set.is_emoji) names = FindShortNamesByEnglish(name);
  if (!names) return;
  captions.Add(names->english, "en");
  captions.Add(names->german, "de");
}

Result<void> CheckIcon(const Json& icon) {
  if (!icon.is_object() || Text(icon, "body").empty()) return Fail(ErrorCode::kCorrupt, "expected an icon with a body");
  if (Text(icon, "body").size() > static_cast<size_t>(base::kIconMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "expected an icon of at most {} bytes, found {}", base::kIconMaxBytes,
                Text(icon, "body").size());
  }
  return {};
}

Result<std::string> PngOfIcon(const IconSet& set, const Json& icon) {
  TRY(CheckIcon(icon));
  TRY_ASSIGN(const Picture picture, DrawSvg(SvgOf(set, icon), kIconSide));
  return PngOf(picture);
}

Result<void> GiveIcon(const IconSet& set, const std::string& name, const Json& icon, const Part& common, const Source& source,
                      Extraction& extraction) {
  Part part = common;
  part.inner_path = source.inner_path + "#" + name;
  AddIconCaptions(set, name, part);
  auto png = PngOfIcon(set, icon);
  if (png) {
    part.content = std::move(*png);
  } else {
    part.quarantine = png.error().ToString();
  }
  return extraction.Give(source, std::move(part));
}

// Names of the same drawing as it stands; a turned or mirrored arrow is another one, which is not drawn.
void ReadAliases(IconSet& set) {
  const auto aliases = set.json.find("aliases");
  if (aliases == set.json.end() || !aliases->is_object()) return;
  for (const auto& [name, alias] : aliases->items()) {
    if (alias.is_object() && alias.size() == 1) set.names.emplace(Text(alias, "parent"), name);
  }
}

Result<IconSet> ParseIconSet(std::string_view bytes) {
  if (bytes.size() > static_cast<uint64_t>(base::kPictureFileMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "expected a set of icons of at most {} bytes, found {}", base::kPictureFileMaxBytes,
                bytes.size());
  }
  IconSet set;
  set.json = Json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  if (!set.json.is_object() || !set.json.contains("icons") || !set.json["icons"].is_object()) {
    return Fail(ErrorCode::kCorrupt, "expected a set of icons: a JSON object with prefix and icons");
  }
  if (set.json["icons"].size() > static_cast<size_t>(base::kIconSetMaxIcons)) {
    return Fail(ErrorCode::kTooLarge, "expected at most {} icons, found {}", base::kIconSetMaxIcons,
                set.json["icons"].size());
  }
  set.prefix = Text(set.json, "prefix");
  for (const std::string_view emoji : kEmojiSets) set.is_emoji |= set.prefix.starts_with(emoji);
  const auto characters = set.json.find("chars");
  if (characters != set.json.end() && characters->is_object()) {
    for (const auto& [points, name] : characters->items()) {
      if (name.is_string()) set.code_points.emplace(name.get<std::string>(), points);
    }
  }
  ReadAliases(set);
  return set;
}

}  // namespace

Result<void> ReadIconSet(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(const IconSet set, ParseIconSet(source.bytes));
  Part common;
  common.kind = PartKind::kPicture;
  const Json info = set.json.value("info", Json::object());
  const Json licence = info.is_object() ? info.value("license", Json::object()) : Json::object();
  const Json author = info.is_object() ? info.value("author", Json::object()) : Json::object();
  AddLicence(common, "SPDX-License-Identifier", Text(licence, "spdx"));
  AddLicence(common, "cc:attributionName", Text(author, "name"));
  for (const auto& [name, icon] : set.json["icons"].items()) TRY(GiveIcon(set, name, icon, common, source, extraction));
  return {};
}

}  // namespace walchen::data
