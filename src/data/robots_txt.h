// SPDX-License-Identifier: Apache-2.0
//
// robots.txt by RFC 9309, with the rule Content-Usage of AIPREF (draft-ietf-aipref-attach-04), which says what fetched files may
// be used for. Pure; any bytes are a robots.txt, what is no rule in it is passed over (RFC 9309, 2.2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace walchen::data {

// RFC 9309, 2.5: at least 500 KiB have to be read.
inline constexpr size_t kRobotsMaxBytes = 512'000;

class RobotsTxt {
 public:
  // What is behind kRobotsMaxBytes is not looked at.
  static RobotsTxt Parse(std::string_view bytes);

  // Whether the crawler with this product token ("CCBot") may fetch `path`, which begins with '/': by the groups of its token,
  // where there are none by those of "*". The longest rule decides, of equals Allow.
  bool Allows(std::string_view token, std::string_view path) const;

  // What Content-Usage says of `path` to everybody ("*"), "train-ai=n": the value of the longest rule; of rules of one length that
  // differ, the one with an "=n". Empty where none is about it.
  std::string UsageOf(std::string_view path) const;

 private:
  enum class Kind { kAllow, kDisallow, kUsage };
  struct Rule {
    Kind kind = Kind::kAllow;
    std::string pattern;  // canonical
    std::string usage;
  };
  struct Group {
    std::vector<std::string> tokens;  // lower case
    std::vector<Rule> rules;
  };
  std::vector<const Group*> GroupsFor(std::string_view token) const;
  static Rule UsageRule(std::string_view value);

  std::vector<Group> groups_;
};

// Whether a pattern of robots.txt or tdmrep.json is about a path: a prefix, with * for any bytes and $ for the end at its end.
// Percent signs stand for the same byte in both (RFC 9309, 2.2.2).
bool MatchesPath(std::string_view pattern, std::string_view path);

}  // namespace walchen::data
