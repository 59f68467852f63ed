// SPDX-License-Identifier: Apache-2.0
#include "data/debian_copyright.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/glob.h"
#include "ledger/licence_tier.h"

namespace walchen::data {
namespace {

constexpr std::string_view kHeader =
    "Format: https://www.example.org/copyright-format/1.0/\n"
    "Upstream-Name: pump\n"
    "\n";

DebianCopyright Parsed(std::string_view stanzas) {
  auto copyright = ParseDebianCopyright(std::string(kHeader) + std::string(stanzas));
  EXPECT_TRUE(copyright);
  return copyright.value_or(DebianCopyright());
}

std::vector<std::string> LicencesFor(const DebianCopyright& copyright, std::string_view installed) {
  std::vector<std::string> licences;
  for (const CopyrightStanza* stanza : StanzasOfInstalled(copyright, installed)) licences.push_back(stanza->licence);
  return licences;
}

using Names = std::vector<std::string>;

TEST(Glob, StarsTakeSlashesAndTheWholePathCounts) {
  EXPECT_TRUE(GlobFits("*", "a/b/c"));
  EXPECT_TRUE(GlobFits("a/*.c", "a/b/c.c"));
  EXPECT_FALSE(GlobFits("a/*.c", "x/a/b.c"));
  EXPECT_TRUE(GlobFits("?b*", "ab"));
  EXPECT_FALSE(GlobFits("?b", "b"));
  EXPECT_TRUE(GlobFits("a\\*b", "a*b"));
  EXPECT_FALSE(GlobFits("a\\*b", "axb"));
  EXPECT_FALSE(GlobFits("a\\?", "ab"));
  EXPECT_TRUE(GlobFits("", ""));
  EXPECT_FALSE(GlobFits("", "a"));
  EXPECT_TRUE(GlobFits("**a**", "xxa"));
  EXPECT_TRUE(GlobFits("a*b*c", "abbc"));
  EXPECT_FALSE(GlobFits("a*b*c", "acb"));
}

TEST(Glob, ManyStarsEndInTime) {
  EXPECT_FALSE(GlobFits("a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(5'000, 'a')));
}

TEST(DebianCopyright, ReadsStanzasOverSeveralLines) {
  const DebianCopyright copyright = Parsed(
      "# a comment\n"
      "files: *\n"
      "Copyright: 2020 somebody\n"
      "License: GPL-2+\n"
      " This program is free software\n"
      " .\n"
      " License: MIT\n"
      "\n \n"
      "Files:\n"
      " doc/*\n"
      "# in between\n"
      "\tman/*.1\n"
      "License: GFDL-NIV-1.3+\r\n"
      "\n"
      "License: GPL-2+\n"
      " the text\n");
  ASSERT_EQ(copyright.stanzas.size(), 2u);
  EXPECT_EQ(copyright.stanzas[0], (CopyrightStanza{{"*"}, "GPL-2+", 5}));
  EXPECT_EQ(copyright.stanzas[1].patterns, (Names{"doc/*", "man/*.1"}));
  EXPECT_EQ(copyright.stanzas[1].licence, "GFDL-NIV-1.3+");
}

TEST(DebianCopyright, OtherFormsAreNone) {
  EXPECT_FALSE(ParseDebianCopyright(""));
  EXPECT_FALSE(ParseDebianCopyright("This package was debianized by hand.\n\nFiles: *\nLicense: MIT\n"));
  EXPECT_FALSE(ParseDebianCopyright("Format: http://dep.debian.net/deps/dep5\n\nFiles: a, b\nLicense: MIT\n"));
  EXPECT_FALSE(ParseDebianCopyright(std::string(kHeader) + "License: MIT\n text\n"));
}

TEST(DebianCopyright, PatternsAreBounded) {
  const auto reads = [](const std::string& patterns) {
    return ParseDebianCopyright(fmt::format("{}Files: {}\nLicense: MIT\n", kHeader, patterns)).has_value();
  };
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += "a ";
  EXPECT_TRUE(reads(many));
  EXPECT_FALSE(reads(many + "a"));
  EXPECT_TRUE(reads(std::string(4'096, 'a')));
  EXPECT_FALSE(reads(std::string(4'097, 'a')));
  std::string long_ones;
  for (int i = 0; i < 256; ++i) long_ones += std::string(4'096, 'a') + ' ';
  EXPECT_TRUE(reads(long_ones));
  EXPECT_FALSE(reads(long_ones + "a"));
}

TEST(DebianCopyright, OfSourceFilesTheLastStanzaThatFitsCounts) {
  const DebianCopyright copyright = Parsed(
      "Files: *\nLicense: GPL-2+\n\nFiles: lib/*\nLicense: MIT\n\nFiles: lib/old/*\nLicense: Artistic\n");
  EXPECT_EQ(StanzaOf(copyright, "lib/old/a.c")->licence, "Artistic");
  EXPECT_EQ(StanzaOf(copyright, "lib/a.c")->licence, "MIT");
  EXPECT_EQ(StanzaOf(copyright, "a.c")->licence, "GPL-2+");
  EXPECT_EQ(StanzaOf(Parsed("Files: a\nLicense: MIT\n"), "b"), nullptr);
}

TEST(DebianCopyright, AnInstalledFileHasEveryStanzaThatMayBeAboutIt) {
  const DebianCopyright copyright = Parsed(
      "Files: *\nLicense: GPL-2+\n\n"
      "Files: src/doc/html/*\nLicense: GFDL-1.3+\n\n"
      "Files: contrib/strange.txt\nLicense: Strange\n\n"
      "Files: debian/*\nLicense: MIT\n\n"
      "Files: po/de.po\nLicense: CC-BY-3.0\n");
  EXPECT_EQ(LicencesFor(copyright, "usr/share/doc/pump/manual.txt"), (Names{"GPL-2+"}));
  EXPECT_EQ(LicencesFor(copyright, "usr/share/doc/pump/html/a/index.html"), (Names{"GPL-2+", "GFDL-1.3+"}));
  EXPECT_EQ(LicencesFor(copyright, "usr/share/doc/pump/strange.txt.gz"), (Names{"GPL-2+", "Strange"}));
  EXPECT_EQ(LicencesFor(copyright, "usr/share/man/man1/pump.1.gz"), (Names{"GPL-2+", "MIT"}));
  EXPECT_EQ(LicencesFor(copyright, "usr/share/doc/pump/changelog.Debian.gz"), (Names{"GPL-2+", "MIT"}));
  EXPECT_EQ(LicencesFor(copyright, "usr/share/locale/de/LC_MESSAGES/pump.mo"), (Names{"GPL-2+", "CC-BY-3.0"}));
  EXPECT_EQ(LicencesFor(copyright, "usr/share/locale/fr/LC_MESSAGES/pump.mo"), (Names{"GPL-2+"}));
}

TEST(DebianCopyright, WhereNoStanzaFitsAllMay) {
  const DebianCopyright copyright = Parsed("Files: src/*\nLicense: MIT\n\nFiles: data/*\nLicense: Strange\n");
  EXPECT_EQ(LicencesFor(copyright, "usr/bin/pump"), (Names{"MIT", "Strange"}));
  EXPECT_EQ(LicencesFor(copyright, ""), (Names{"MIT", "Strange"}));
}

TEST(SpdxOfDebian, NamesFamiliesWithTheirVersions) {
  for (const auto& [debian, spdx] : std::vector<std::pair<const char*, const char*>>{
           {"GPL-2+", "GPL-2.0-or-later"},
           {"GPL-2", "GPL-2.0-only"},
           {"GPL-2.0+", "GPL-2.0-or-later"},
           {"GPL-3.0-only", "GPL-3.0-only"},
           {"gpl-2.0-or-later", "GPL-2.0-or-later"},
           {"GPL", "GPL-1.0-only"},
           {"LGPL-2.1+", "LGPL-2.1-or-later"},
           {"LGPL-2", "LGPL-2.0-only"},
           {"AGPL-3", "AGPL-3.0-only"},
           {"GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"},
           {"GFDL-1.2", "GFDL-1.2-only"},
           {"Expat", "MIT"},
           {"BSD-3-clause", "BSD-3-Clause"},
           {"Artistic", "Artistic-1.0"},
           {"CC-BY-SA-3.0", "CC-BY-SA-3.0"},
           {"public-domain", "LicenseRef-public-domain"},
           {"PSF-2", "PSF-2.0"},
           {"Zlib", "Zlib"},
           {"MPL-1.1+", "MPL-1.1+"},
           {"LPPL-1.3c+", "LPPL-1.3c+"}}) {
    EXPECT_EQ(SpdxOfDebian(debian), spdx) << debian;
    EXPECT_NE(ledger::TierOf(SpdxOfDebian(debian)).value(), ledger::Tier::kNone) << debian;
  }
}

TEST(SpdxOfDebian, WhatIsNotInTheTableMayNotBeUsed) {
  for (const char* name : {"", "custom", "BSD-3-clause-google", "GPL-4", "GPL-2.x", "permissive", "CC-BY-NC-3.0", "public-domain-like",
                           "Expat with restrictions", "GPL-2+ with"}) {
    EXPECT_EQ(ledger::TierOf(SpdxOfDebian(name)).value(), ledger::Tier::kNone) << name;
  }
}

TEST(SpdxOfDebian, CommasDivideMoreWeaklyThanWords) {
  EXPECT_EQ(SpdxOfDebian("GPL-1+ or Artistic"), "GPL-1.0-or-later OR Artistic-1.0");
  EXPECT_EQ(SpdxOfDebian("GPL-1+ or Artistic, and Expat"), "(GPL-1.0-or-later OR Artistic-1.0) AND MIT");
  EXPECT_EQ(SpdxOfDebian("Expat, ISC, and Zlib"), "(MIT AND ISC) AND Zlib");
  EXPECT_EQ(SpdxOfDebian("Expat and ISC, or GPL-2"), "(MIT AND ISC) OR GPL-2.0-only");
  EXPECT_EQ(SpdxOfDebian("Expat and strange"), "MIT AND LicenseRef-unrecognised");
  EXPECT_EQ(SpdxOfDebian("GPL-2+ with OpenSSL exception"), "GPL-2.0-or-later WITH AdditionRef-debian");
  EXPECT_EQ(SpdxOfDebian("GPL-2 with Classpath exception or Expat"), "GPL-2.0-only WITH Classpath-exception-2.0 OR MIT");
}

TEST(SpdxOfDebian, LongListsStayShort) {
  std::string list = "Expat";
  for (int i = 0; i < 10'000; ++i) list += ", Expat";
  EXPECT_EQ(SpdxOfDebian(list), "LicenseRef-unrecognised");
}

}  // namespace
}  // namespace walchen::data
