// SPDX-License-Identifier: Apache-2.0
#include "data/picture_captions.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/ascii.h"
#include "base/limits.h"
#include "data/cldr_names.h"
#include "data/extract_licence.h"
#include "data/extract_xml.h"
#include "data/extraction.h"
#include "formats/utf8.h"

namespace walchen::data {
namespace {

// Bytes of letters outside of ASCII among them.
bool IsNameLetter(char c) { return base::IsLetter(c) || static_cast<unsigned char>(c) >= 0x80; }

// Words of names that cameras, phones and programs give; a name of these alone says nothing.
constexpr std::array<std::string_view, 44> kEmptyWords = {
    "img",   "image", "images",   "imag",       "dsc",     "dscn",  "dscf",    "dcim",   "pict",     "pic",   "picture",
    "photo", "foto",  "bild",     "screenshot", "screen",  "shot",  "scan",    "mvimg",  "pxl",      "vid",   "video",
    "page",  "figure", "fig",     "abb",        "untitled", "unnamed", "unbenannt", "download", "file", "copy", "kopie",
    "new",   "whatsapp", "wa",    "thumb",      "thumbnail", "icon", "logo",   "at",       "px",    "x",     "o"};

std::string_view WithoutEnding(std::string_view name) {
  name = name.substr(name.find_last_of('/') + 1);
  const size_t dot = name.find_last_of('.');
  return dot == std::string_view::npos || dot == 0 ? name : name.substr(0, dot);
}

// "64x64", "2x", "512px", "v2", hashes and numbers: digits with at most two letters, or hexadecimal with digits.
bool IsNoWord(std::string_view token) {
  const auto digits = std::ranges::count_if(token, base::IsDigit);
  if (digits == 0) return false;
  const bool is_hexadecimal = token.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  return static_cast<size_t>(digits) + 2 >= token.size() || (is_hexadecimal && token.size() >= 6);
}

// Runs of letters and digits; "pumpBearing" are two.
std::vector<std::string_view> TokensOf(std::string_view name) {
  std::vector<std::string_view> tokens;
  size_t begin = 0;
  for (size_t i = 0; i <= name.size(); ++i) {
    const bool is_end = i == name.size() || !(IsNameLetter(name[i]) || base::IsDigit(name[i]));
    const bool is_hump = !is_end && i > begin && base::IsLower(name[i - 1]) && base::IsUpper(name[i]);
    if (!is_end && !is_hump) continue;
    if (i > begin) tokens.push_back(name.substr(begin, i - begin));
    begin = is_hump ? i : i + 1;
  }
  return tokens;
}

std::string_view WithoutDigitsBehind(std::string_view token) {
  while (!token.empty() && base::IsDigit(token.back())) token.remove_suffix(1);
  return token;
}

// White space becomes one space, control characters nothing.
std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) > ' ' && c != '\x7f') {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (formats::ValidUtf8Prefix(line) != line.size()) line = formats::ReplaceInvalidUtf8(line);
  if (line.size() > static_cast<size_t>(base::kPictureCaptionMaxBytes)) {
    line.resize(static_cast<size_t>(base::kPictureCaptionMaxBytes));
    line.resize(formats::ValidUtf8Prefix(line));
  }
  return std::string(Trimmed(line));
}

// What two captions that say the same have in common: letters and digits.
std::string Folded(std::string_view text) {
  std::string folded = Lowered(text);
  std::erase_if(folded, [](char c) { return !IsNameLetter(c) && !base::IsDigit(c); });
  return folded;
}

std::string PrimaryLanguage(std::string_view language) {
  const std::string primary = Lowered(language.substr(0, language.find_first_of("-_")));
  const bool is_code = (primary.size() == 2 || primary.size() == 3) && std::ranges::all_of(primary, base::IsLower);
  return is_code ? primary : "";
}

void AddList(pugi::xml_node list, PictureCaptions& captions) {
  std::string all;
  for (const pugi::xml_node item : list.children()) {
    const std::string text = OneLine(DeepText(item));
    if (!text.empty()) all += (all.empty() ? "" : ", ") + text;
  }
  captions.Add(all, "");
}

// A property's text, or each of its texts in another language.
void AddTexts(pugi::xml_node property, PictureCaptions& captions) {
  const pugi::xml_node list = property.child("rdf:Alt");
  if (!list) return captions.Add(DeepText(property), property.attribute("xml:lang").value());
  for (const pugi::xml_node item : list.children()) {
    captions.Add(DeepText(item), item.attribute("xml:lang").value());
  }
}

std::string PercentDecoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() && base::HexDigit(text[i + 1]) >= 0 && base::HexDigit(text[i + 2]) >= 0;
    decoded += is_escape ? static_cast<char>(base::HexDigit(text[i + 1]) * 16 + base::HexDigit(text[i + 2])) : text[i];
    if (is_escape) i += 2;
  }
  return decoded;
}

}  // namespace

void PictureCaptions::Add(std::string_view text, std::string_view language) {
  if (part_.spans.size() >= static_cast<size_t>(base::kPictureMaxCaptions)) return;
  const std::string line = OneLine(text), folded = Folded(line), code = PrimaryLanguage(language);
  if (folded.empty()) return;
  std::set<std::string>& there = languages_[folded];
  // The same words in two languages are two captions; without a language they are one more of either.
  if (code.empty() ? !there.empty() : there.contains(code)) return;
  there.insert(code);
  if (part_.title.empty()) part_.title = line;
  const uint64_t begin = part_.text.size();
  part_.text += line;
  part_.spans.push_back({begin, part_.text.size(), {Place::Kind::kSection, 0, 0, code}});
  part_.text += '\n';
}

void PictureCaptions::AddRdf(pugi::xml_node root) {
  constexpr std::array<std::string_view, 5> kOthers = {"dc:creator", "dc:publisher", "dc:contributor", "dc:rights", "cc:Agent"};
  WalkXml(
      root,
      [&](pugi::xml_node node) {
        const std::string_view name = node.name();
        if (std::ranges::find(kOthers, name) != kOthers.end()) return false;
        if (name == "rdf:Description") {
          Add(node.attribute("dc:title").value(), "");
          Add(node.attribute("dc:description").value(), "");
          Add(node.attribute("photoshop:Headline").value(), "");
        }
        if (name == "dc:title" || name == "dc:description" || name == "photoshop:Headline") return AddTexts(node, *this), false;
        if (name == "dc:subject") {
          const pugi::xml_node list = node.first_element_by_path("rdf:Bag") ? node.child("rdf:Bag") : node.child("rdf:Seq");
          return list ? AddList(list, *this) : Add(DeepText(node), ""), false;
        }
        return true;
      },
      [](pugi::xml_node) {});
}

std::string WordsOfFileName(std::string_view name) {
  std::string words;
  bool says_something = false;
  for (std::string_view token : TokensOf(WithoutEnding(name))) {
    if (IsNoWord(token)) continue;
    const std::string_view letters = WithoutDigitsBehind(token);
    const bool is_empty = std::ranges::find(kEmptyWords, Lowered(letters)) != kEmptyWords.end();
    says_something |= !is_empty && letters.size() >= 3;
    // "Bearing2" is the second bearing; "ISO9001" is a name.
    const bool is_name = letters.size() >= 2 && base::IsUpper(letters[1]);
    const std::string_view word = is_name ? token : letters;
    words += fmt::format("{}{}", words.empty() ? "" : " ", word);
  }
  return says_something ? words : "";
}

std::string WordsOfIconName(std::string_view name) {
  std::string words;
  for (const std::string_view token : TokensOf(name)) words += fmt::format("{}{}", words.empty() ? "" : " ", token);
  return words;
}

std::string CodePointsOfFileName(std::string_view name) {
  std::string stem = Lowered(WithoutEnding(name));
  bool is_prefixed = false;
  for (const std::string_view prefix : {"emoji_u", "emoji-u", "u+"}) {
    if (!stem.starts_with(prefix)) continue;
    stem.erase(0, prefix.size());
    is_prefixed = true;
    break;
  }
  if (stem.empty() || stem.find_first_not_of("0123456789abcdef-_") != std::string::npos) return "";
  std::ranges::replace(stem, '_', '-');
  for (const std::string_view point : TokensOf(stem)) {
    if (point.size() < 2 || point.size() > 6) return "";
  }
  const bool is_number = stem.size() <= 4 && std::ranges::all_of(stem, base::IsDigit);
  return is_number && !is_prefixed ? "" : stem;
}

void PictureCaptions::AddName(std::string_view name) {
  const std::string code_points = CodePointsOfFileName(name);
  if (const auto names = code_points.empty() ? std::nullopt : FindShortNames(code_points)) {
    Add(names->german, "de");
    Add(names->english, "en");
    return;
  }
  Add(WordsOfFileName(name), "");
}

std::optional<std::string> PathOfPageImage(std::string_view page_path, std::string_view image) {
  image = Trimmed(image).substr(0, Trimmed(image).find_first_of("?#"));
  // A colon before the first slash ends a scheme.
  if (image.empty() || image.starts_with('/') || image.substr(0, image.find('/')).find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  const bool is_absolute = page_path.starts_with('/');
  std::vector<std::string> folders;
  const auto add = [&](std::string_view path, bool is_encoded) {
    while (!path.empty()) {
      const size_t end = std::min(path.find('/'), path.size());
      const std::string step = is_encoded ? PercentDecoded(path.substr(0, end)) : std::string(path.substr(0, end));
      path.remove_prefix(std::min(end + 1, path.size()));
      if (step.find('/') != std::string::npos || step.find('\0') != std::string::npos) return false;
      if (step.empty() || step == ".") continue;
      if (step != "..") {
        folders.push_back(step);
        continue;
      }
      if (folders.empty()) return false;
      folders.pop_back();
    }
    return true;
  };
  const size_t slash = page_path.find_last_of('/');
  if (slash != std::string_view::npos && !add(page_path.substr(0, slash), false)) return std::nullopt;
  if (!add(image, true) || folders.empty()) return std::nullopt;
  std::string path = is_absolute ? "/" : "";
  for (size_t i = 0; i < folders.size(); ++i) path += (i == 0 ? "" : "/") + folders[i];
  return path;
}

}  // namespace walchen::data
