// SPDX-License-Identifier: Apache-2.0
#include "data/robots_txt.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/ascii.h"
#include "data/extract_licence.h"
#include "data/extraction.h"

namespace walchen::data {
namespace {

bool IsUnreserved(unsigned char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
         byte == '_' || byte == '~';
}

// One spelling for each path: bytes beyond ASCII and blanks with a percent sign, unreserved ones without.
std::string Canonical(std::string_view path) {
  std::string canonical;
  for (size_t i = 0; i < path.size(); ++i) {
    const auto byte = static_cast<unsigned char>(path[i]);
    const bool is_coded = byte == '%' && i + 2 < path.size() && base::HexDigit(path[i + 1]) >= 0 && base::HexDigit(path[i + 2]) >= 0;
    if (is_coded) {
      const auto coded = static_cast<unsigned char>(base::HexDigit(path[i + 1]) * 16 + base::HexDigit(path[i + 2]));
      canonical += IsUnreserved(coded) ? std::string(1, static_cast<char>(coded)) : fmt::format("%{:02X}", coded);
      i += 2;
    } else if (byte >= 0x80 || byte <= ' ') {
      canonical += fmt::format("%{:02X}", byte);
    } else {
      canonical += path[i];
    }
  }
  return canonical;
}

// With * for any bytes, from the front; both are canonical. One place to go back to is enough: what fits behind the last *
// fits behind an earlier one too.
bool Matches(std::string_view pattern, std::string_view path) {
  const bool whole = pattern.ends_with('$');
  if (whole) pattern.remove_suffix(1);
  size_t at = 0, i = 0, star = std::string_view::npos, star_at = 0;
  while (i < pattern.size() || (whole && at < path.size())) {
    if (i < pattern.size() && pattern[i] == '*') {
      star = i++;
      star_at = at;
    } else if (i < pattern.size() && at < path.size() && pattern[i] == path[at]) {
      ++i, ++at;
    } else if (star != std::string_view::npos && star_at < path.size()) {
      i = star + 1;
      at = ++star_at;
    } else {
      return false;
    }
  }
  return true;
}

// "CCBot" of "CCBot/2.0 (...)".
std::string ProductToken(std::string_view value) {
  if (value.starts_with('*')) return "*";
  const auto end = std::ranges::find_if_not(value, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
  return Lowered(value.substr(0, static_cast<size_t>(end - value.begin())));
}

struct Line {
  std::string key;
  std::string_view value;
};

// Nothing for what is no "key: value".
std::optional<Line> TakeField(std::string_view& rest) {
  const size_t end = std::min(rest.find_first_of("\r\n"), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  line = line.substr(0, line.find('#'));
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return Line{Lowered(Trimmed(line.substr(0, colon))), Trimmed(line.substr(colon + 1))};
}

}  // namespace

bool MatchesPath(std::string_view pattern, std::string_view path) { return Matches(Canonical(pattern), Canonical(path)); }

// "Content-Usage: /art/ train-ai=n" or without a path, which means all.
RobotsTxt::Rule RobotsTxt::UsageRule(std::string_view value) {
  if (!value.starts_with('/')) return {Kind::kUsage, "/", Lowered(value)};
  const size_t end = std::min(value.find_first_of(" \t"), value.size());
  return {Kind::kUsage, Canonical(value.substr(0, end)), Lowered(Trimmed(value.substr(end)))};
}

RobotsTxt RobotsTxt::Parse(std::string_view bytes) {
  RobotsTxt robots;
  std::string_view rest = bytes.substr(0, kRobotsMaxBytes);
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  bool names_go_on = false;  // several lines of user-agent in a row are one group
  while (!rest.empty()) {
    const std::optional<Line> line = TakeField(rest);
    if (!line) continue;
    const bool is_allow = line->key == "allow", is_disallow = line->key == "disallow", is_usage = line->key == "content-usage";
    if (line->key == "user-agent") {
      if (!names_go_on) robots.groups_.emplace_back();
      names_go_on = true;
      robots.groups_.back().tokens.push_back(ProductToken(line->value));
    } else if (is_allow || is_disallow || is_usage) {
      names_go_on = false;
      if (robots.groups_.empty() || line->value.empty()) continue;  // an empty path is no rule
      std::vector<Rule>& rules = robots.groups_.back().rules;
      if (is_usage) rules.push_back(UsageRule(line->value));
      else rules.push_back({is_allow ? Kind::kAllow : Kind::kDisallow, Canonical(line->value), ""});
    }
  }
  return robots;
}

std::vector<const RobotsTxt::Group*> RobotsTxt::GroupsFor(std::string_view token) const {
  const std::string wanted = Lowered(token);
  std::vector<const Group*> found;
  for (const std::string_view name : {std::string_view(wanted), std::string_view("*")}) {
    for (const Group& group : groups_) {
      if (std::ranges::find(group.tokens, name) != group.tokens.end()) found.push_back(&group);
    }
    if (!found.empty()) break;
  }
  return found;
}

bool RobotsTxt::Allows(std::string_view token, std::string_view path) const {
  const std::string canonical = Canonical(path);
  size_t longest = 0;
  bool allows = true;
  for (const Group* group : GroupsFor(token)) {
    for (const Rule& rule : group->rules) {
      if (rule.kind == Kind::kUsage || rule.pattern.size() < longest || !Matches(rule.pattern, canonical)) continue;
      const bool is_allow = rule.kind == Kind::kAllow;
      allows = rule.pattern.size() > longest ? is_allow : allows || is_allow;
      longest = rule.pattern.size();
    }
  }
  return allows;
}

std::string RobotsTxt::UsageOf(std::string_view path) const {
  const std::string canonical = Canonical(path);
  const Rule* found = nullptr;
  for (const Group* group : GroupsFor("*")) {
    for (const Rule& rule : group->rules) {
      if (rule.kind != Kind::kUsage || !Matches(rule.pattern, canonical)) continue;
      const bool is_stricter = found && rule.pattern.size() == found->pattern.size() && rule.usage.find("=n") != std::string::npos;
      if (!found || rule.pattern.size() > found->pattern.size() || is_stricter) found = &rule;
    }
  }
  return found ? found->usage : "";
}

}  // namespace walchen::data
