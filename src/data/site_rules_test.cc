// SPDX-License-Identifier: Apache-2.0
//
// Cases of RFC 9309 (2.2.1 to 2.2.4, 5.1, 5.2), of the drafts of AIPREF and of TDMRep, and folders as a mirror leaves them.
#include "data/site_rules.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace walchen::data {
namespace {

bool Allowed(std::string_view robots, std::string_view token, std::string_view path) { return RobotsTxt::Parse(robots).Allows(token, path); }

struct PathCase {
  std::string_view pattern, path;
  bool matches;
};

TEST(RobotsTxt, MatchesPathsFromTheFrontWithStarsAndAnEnd) {
  // The last eight are the table of RFC 9309, 2.2.2, and what follows from it.
  constexpr PathCase kCases[] = {
      {"/", "/", true}, {"/", "/a", true}, {"/fish", "/fish", true}, {"/fish", "/fish.html", true}, {"/fish", "/fishheads/y.html", true},
      {"/fish", "/Fish.asp", false}, {"/fish", "/catfish", false}, {"/fish/", "/fish", false}, {"/fish/", "/fish/salmon", true},
      {"/*.php", "/index.php", true}, {"/*.php", "/folder/any.php.file.html", true}, {"/*.php", "/", false}, {"/*.php", "/windows.PHP", false},
      {"/*.php$", "/filename.php", true}, {"/*.php$", "/filename.php?parameters", false}, {"/*.php$", "/filename.php/", false},
      {"/*.php$", "/a.php.php", true}, {"/fish*.php", "/fishheads/catfish.php?id=1", true}, {"/fish*.php", "/Fish.PHP", false},
      {"/*$", "/anything", true}, {"/$", "/", true}, {"/$", "/a", false}, {"*", "/x", true}, {"/a*b*c", "/aXbbYc", true},
      {"/a*b*c$", "/aXbbYcZ", false}, {"/foo/bar?baz=quz", "/foo/bar?baz=quz", true},
      {"/foo/bar/\xE3\x83\x84", "/foo/bar/%E3%83%84", true}, {"/foo/bar/%E3%83%84", "/foo/bar/\xE3\x83\x84", true},
      {"/foo/bar/%62%61%7A", "/foo/bar/baz", true}, {"/a%3cd.html", "/a%3Cd.html", true}, {"/%7Ejoe/", "/~joe/x", true},
      {"/a%2Fb", "/a/b", false}, {"/100%", "/100%", true},
  };
  for (const PathCase& test : kCases) EXPECT_EQ(MatchesPath(test.pattern, test.path), test.matches) << test.pattern << " " << test.path;
}

TEST(RobotsTxt, ReadsGroupsAsTheStandardSays) {
  constexpr std::string_view kExample =
      "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n"
      "User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif\n\n"
      "User-Agent: barbot\nUser-Agent: bazbot\nDisallow: /example/page.html\n\nUser-Agent: quxbot\n\nEOF";
  EXPECT_TRUE(Allowed(kExample, "foobot", "/example/page.html"));
  EXPECT_FALSE(Allowed(kExample, "FooBot", "/other"));
  EXPECT_FALSE(Allowed(kExample, "bazbot", "/example/page.html"));
  EXPECT_TRUE(Allowed(kExample, "barbot", "/a.gif"));
  EXPECT_TRUE(Allowed(kExample, "quxbot", "/example/page.html"));
  EXPECT_FALSE(Allowed(kExample, "otherbot", "/x/y.gif"));
  EXPECT_TRUE(Allowed(kExample, "otherbot", "/publications/a"));
}

TEST(RobotsTxt, TheLongestRuleDecidesAndAllowWinsATie) {
  EXPECT_TRUE(Allowed("user-agent: *\nallow: /p\ndisallow: /", "a", "/page"));
  EXPECT_TRUE(Allowed("user-agent: *\ndisallow: /folder\nallow: /folder", "a", "/folder/page"));
  EXPECT_FALSE(Allowed("user-agent: *\nallow: /page\ndisallow: /*.htm", "a", "/page.htm"));
  EXPECT_TRUE(Allowed("user-agent: *\nallow: /$\ndisallow: /", "a", "/"));
  EXPECT_FALSE(Allowed("user-agent: *\nallow: /$\ndisallow: /", "a", "/page.htm"));
}

TEST(RobotsTxt, PassesOverWhatIsNoRule) {
  EXPECT_TRUE(Allowed("", "a", "/"));
  EXPECT_TRUE(Allowed("disallow: /", "a", "/")) << "before any group";
  EXPECT_TRUE(Allowed("user-agent: *\ndisallow:", "a", "/"));
  EXPECT_FALSE(Allowed("\xEF\xBB\xBFUser-agent: *   # all\r\n\tDISALLOW :  /x # not here\r\n", "a", "/x"));
  EXPECT_FALSE(Allowed("user-agent: a\nsitemap: https://example.com/s.xml\nuser-agent: b\ndisallow: /", "a", "/")) << "a group goes on";
  EXPECT_FALSE(Allowed("user-agent: a/1.0 (x)\ndisallow: /p\nuser-agent: b\ndisallow: /q\nuser-agent: A\ndisallow: /r", "a", "/r"));
  EXPECT_TRUE(Allowed("nonsense\n:\n\0x", "a", "/"));
}

TEST(RobotsTxt, SaysWhatFilesMayBeUsedFor) {
  const RobotsTxt robots = RobotsTxt::Parse(
      "User-Agent: *\nAllow: /\nContent-Usage: train-ai=n\nContent-Usage: /free/ train-ai=y\nContent-Usage: /both/ train-ai=y\n"
      "Content-Usage: /both/ train-ai=n, search=y\n\nUser-Agent: other\nContent-Usage: train-ai=y\n");
  EXPECT_EQ(robots.UsageOf("/a.html"), "train-ai=n");
  EXPECT_EQ(robots.UsageOf("/free/a.html"), "train-ai=y");
  EXPECT_EQ(robots.UsageOf("/both/a.html"), "train-ai=n, search=y");
  EXPECT_TRUE(robots.Allows("CCBot", "/a.html"));
  EXPECT_EQ(RobotsTxt::Parse("User-Agent: *\nDisallow: /x").UsageOf("/x"), "");
}

TEST(SiteRules, TheStrictestWordCounts) {
  SiteRules rules;
  EXPECT_EQ(MarksOf(rules, "/a"), (std::vector<OptOutMark>{{"robots", "robots.txt", "unknown"}}));
  rules.robots = RobotsTxt::Parse("User-Agent: *\nAllow: /\n\nUser-Agent: GPTBot\nDisallow: /news/\n");
  EXPECT_EQ(MarksOf(rules, "/a"), (std::vector<OptOutMark>{{"robots", "robots.txt", "allow"}}));
  EXPECT_EQ(MarksOf(rules, "/news/a"), (std::vector<OptOutMark>{{"robots", "robots.txt", "disallow GPTBot"}}));
  rules.declarations = ParseTdmRep(R"([{"location": "/news/*", "tdm-reservation": 0}, {"location": "/news/b*", "tdm-reservation": 1,
      "tdm-policy": "https://example.com"}, {"location": 1}, 7])").value();
  EXPECT_EQ(rules.declarations.size(), 2u);
  EXPECT_EQ(MarksOf(rules, "/news/a").back(), (OptOutMark{"tdmrep", "tdmrep.json", "0"}));
  EXPECT_EQ(MarksOf(rules, "/news/b").back(), (OptOutMark{"tdmrep", "tdmrep.json", "1"}));
  EXPECT_FALSE(ParseTdmRep("{}"));
  EXPECT_FALSE(ParseTdmRep("[1"));
}

TEST(SiteFolders, FindsTheNearestSiteAboveAFile) {
  base::Files& files = base::Files::Os();
  const base::TestFolder folder;
  const base::Path site = folder / "mirror/www.example.org";
  ASSERT_TRUE(files.MakeFolders(site / "news/2026"));
  ASSERT_TRUE(files.MakeFolders(site / ".well-known"));
  ASSERT_TRUE(files.MakeFolders(folder / "mirror/other.org"));
  ASSERT_TRUE(base::ReplaceFile(files, site / "robots.txt", "User-Agent: *\nDisallow: /news/\n"));
  SiteFolders sites(files);
  EXPECT_EQ(sites.MarksOf(site / "news/2026/a.html")->front().value, "disallow walchen");
  EXPECT_EQ(sites.MarksOf(site / "index.html")->front().value, "allow");
  EXPECT_EQ(sites.MarksOf(folder / "mirror/other.org/a.html")->front().value, "unknown");
  ASSERT_TRUE(base::ReplaceFile(files, site / ".well-known/tdmrep.json", "[not JSON"));
  EXPECT_FALSE(SiteFolders(files).MarksOf(site / "index.html")) << "nobody knows what it says";
}

}  // namespace
}  // namespace walchen::data
