// SPDX-License-Identifier: Apache-2.0
#include "data/site_rules.h"

#include <algorithm>

#include <nlohmann/json.hpp>


namespace walchen::data {

Result<std::vector<SiteRules::Declaration>> ParseTdmRep(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) return Fail(ErrorCode::kCorrupt, "tdmrep.json: expected a JSON array");
  if (json.size() > kTdmRepMaxEntries) {
    return Fail(ErrorCode::kTooLarge, "tdmrep.json: expected at most {} entries, found {}", kTdmRepMaxEntries, json.size());
  }
  std::vector<SiteRules::Declaration> declarations;
  for (const auto& entry : json) {
    const auto field = [&](const char* name) { return entry.is_object() && entry.contains(name) ? entry[name] : nlohmann::json(); };
    const auto location = field("location"), reservation = field("tdm-reservation");
    if (!location.is_string() || !reservation.is_number_integer()) continue;
    declarations.push_back({location.get<std::string>(), reservation.get<int>()});
  }
  return declarations;
}

std::vector<OptOutMark> MarksOf(const SiteRules& rules, std::string_view path) {
  std::vector<OptOutMark> marks;
  if (!rules.robots) {
    marks.push_back({"robots", "robots.txt", "unknown"});
  } else {
    const auto shut_out = std::ranges::find_if(kTrainingCrawlers, [&](std::string_view token) { return !rules.robots->Allows(token, path); });
    const bool is_reserved = shut_out != std::ranges::end(kTrainingCrawlers);
    marks.push_back({"robots", "robots.txt", is_reserved ? "disallow " + std::string(*shut_out) : "allow"});
    if (std::string usage = rules.robots->UsageOf(path); !usage.empty()) marks.push_back({"aipref", "robots.txt Content-Usage", std::move(usage)});
  }
  std::optional<int> reservation;
  for (const SiteRules::Declaration& declaration : rules.declarations) {
    if (!MatchesPath(declaration.location, path)) continue;
    reservation = reservation ? std::max(*reservation, declaration.reservation) : declaration.reservation;
  }
  if (reservation) marks.push_back({"tdmrep", "tdmrep.json", std::to_string(*reservation)});
  return marks;
}

Result<const SiteRules*> SiteFolders::RulesIn(const base::Path& folder) {
  const auto known = known_.find(folder);
  if (known != known_.end()) return known->second ? &*known->second : nullptr;
  std::optional<SiteRules> rules;
  if (files_.Exists(folder / "robots.txt")) {
    TRY_ASSIGN(const std::string text, files_.ReadAt(folder / "robots.txt", 0, kRobotsMaxBytes));
    rules.emplace().robots = RobotsTxt::Parse(text);
  }
  for (const base::Path& path : {folder / "tdmrep.json", folder / ".well-known/tdmrep.json"}) {
    if (!files_.Exists(path)) continue;
    TRY_ASSIGN(const std::string text, files_.Read(path, kTdmRepMaxBytes));
    auto declarations = ParseTdmRep(text);
    if (!declarations) return Forward(declarations, path.native());
    if (!rules) rules.emplace();
    rules->declarations.insert(rules->declarations.end(), declarations->begin(), declarations->end());
  }
  const auto added = known_.emplace(folder, std::move(rules)).first;
  return added->second ? &*added->second : nullptr;
}

Result<std::vector<OptOutMark>> SiteFolders::MarksOf(const base::Path& file) {
  for (base::Path folder = file.parent_path(); !folder.empty(); folder = folder.parent_path()) {
    TRY_ASSIGN(const SiteRules* rules, RulesIn(folder));
    if (rules) return data::MarksOf(*rules, "/" + file.lexically_relative(folder).native());
    if (folder == folder.root_path()) break;
  }
  return data::MarksOf(SiteRules(), "/" + file.filename().native());
}

}  // namespace walchen::data
