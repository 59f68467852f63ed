// SPDX-License-Identifier: Apache-2.0
//
// What the folders of files from the web say of mining them: a copy of a site keeps its robots.txt (RFC 9309, AIPREF) and
// tdmrep.json (TDMRep, W3C Community Group report of 10 May 2024) at its root, as `wget --mirror` leaves them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "data/extract.h"
#include "data/robots_txt.h"

namespace walchen::data {

// Crawlers that fetch what models learn from, by their makers' pages (2026-11). Who shuts one of them out, or all ("*"),
// reserves; the strictest word counts.
inline constexpr std::string_view kTrainingCrawlers[] = {"walchen", "CCBot", "GPTBot", "Google-Extended", "ClaudeBot", "Applebot-Extended",
                                                         "Bytespider", "Meta-ExternalAgent", "AI2Bot"};

// A publisher with a rule for each of its titles has some thousands.
inline constexpr size_t kTdmRepMaxEntries = 100'000;
inline constexpr uint64_t kTdmRepMaxBytes = 16 << 20;

// The rules of one site.
struct SiteRules {
  std::optional<RobotsTxt> robots;  // empty: there is no robots.txt
  struct Declaration {
    std::string location;  // a pattern as in robots.txt
    int reservation = 0;
  };
  std::vector<Declaration> declarations;
};

// Declarations of a tdmrep.json in their order. Errors: kCorrupt (no JSON array, too many entries).
Result<std::vector<SiteRules::Declaration>> ParseTdmRep(std::string_view json);

// `path` on the site, from '/' on. A mark for each protocol that speaks of it; without robots.txt one with the value "unknown".
std::vector<OptOutMark> MarksOf(const SiteRules& rules, std::string_view path);

// Finds the site of a file: the nearest folder above it that has robots.txt, tdmrep.json or .well-known/tdmrep.json; also above what is
// taken in, for that may be a part of a mirror. Remembers what it read. Not thread-safe.
class SiteFolders {
 public:
  explicit SiteFolders(base::Files& files) : files_(files) {}
  // Errors: those of reading; a tdmrep.json that cannot be read, because nobody knows what it says.
  Result<std::vector<OptOutMark>> MarksOf(const base::Path& file);

 private:
  Result<const SiteRules*> RulesIn(const base::Path& folder);  // null: the folder has none

  base::Files& files_;
  std::map<base::Path, std::optional<SiteRules>> known_;
};

}  // namespace walchen::data
