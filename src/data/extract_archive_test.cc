// SPDX-License-Identifier: Apache-2.0
#include <map>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "data/test_extract.h"

namespace walchen::data {
namespace {

std::map<std::string, Part> ByPath(std::vector<Part> parts) {
  std::map<std::string, Part> found;
  for (Part& part : parts) {
    ExpectWellFormed(part);
    const std::string path = part.inner_path;
    EXPECT_TRUE(found.emplace(path, std::move(part)).second) << path;
  }
  return found;
}

TEST(ReadArchive, EveryFormatKeepsTheInnerPath) {
  const std::vector<TestEntry> entries = {{"a.txt", "eins"}, {"sub/b.md", "# zwei"}};
  for (const auto& [name, format, filter] : std::vector<std::array<const char*, 3>>{{"x.zip", "zip", "none"},
                                                                                    {"x.tar", "ustar", "none"},
                                                                                    {"x.tar.gz", "ustar", "gzip"},
                                                                                    {"x.tgz", "gnutar", "gzip"},
                                                                                    {"x.tar.xz", "ustar", "xz"},
                                                                                    {"x.tar.bz2", "ustar", "bzip2"},
                                                                                    {"x.tar.zst", "ustar", "zstd"},
                                                                                    {"x.7z", "7zip", "none"},
                                                                                    {"download", "zip", "none"}}) {
    const auto parts = ByPath(PartsOf(name, ArchiveOf(entries, format, filter)));
    ASSERT_EQ(parts.size(), 2u) << name;
    EXPECT_EQ(parts.at("a.txt").text, "eins") << name;
    EXPECT_EQ(parts.at("sub/b.md").title, "zwei") << name;
  }
}

TEST(ReadArchive, ASingleCompressedFileHasTheNameWithoutTheEnding) {
  const Part part = PartOf("notes.md.gz", ArchiveOf({{"data", "# Titel\n"}}, "raw", "gzip"));
  EXPECT_EQ(part.inner_path, "notes.md");
  EXPECT_EQ(part.title, "Titel");
}

TEST(ReadArchive, ArchivesInArchivesKeepTheWholePath) {
  const std::string inner = ArchiveOf({{"c.txt", "tief"}}, "ustar", "xz");
  const std::string middle = ArchiveOf({{"b.tar.xz", inner}, {"b.txt", "mitte"}});
  const auto parts = ByPath(PartsOf("a.zip", ArchiveOf({{"dir/m.zip", middle}})));
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts.at("dir/m.zip/b.tar.xz/c.txt").text, "tief");
  EXPECT_EQ(parts.at("dir/m.zip/b.txt").text, "mitte");
}

TEST(ReadArchive, ADebianPackageIsAnArchiveOfArchives) {
  const std::string data =
      ArchiveOf({{"./usr/share/doc/p/copyright",
                  "Format: https://example.org/\nUpstream-Name: p\n\nFiles: *\nCopyright: A\nLicense: MIT\n\n"
                  "Files: debian/*\nCopyright: B\nLicense: GPL-2+\n"}},
                "gnutar", "xz");
  const auto parts = ByPath(PartsOf("p.deb", ArchiveOf({{"debian-binary", "2.0\n"}, {"data.tar.xz", data}}, "arbsd")));
  const Part& copyright = parts.at("data.tar.xz/usr/share/doc/p/copyright");
  EXPECT_EQ(copyright.title, "p");
  EXPECT_EQ(copyright.licences,
            (std::vector<LicenceEvidence>{{"Files: *: License", "MIT"}, {"Files: debian/*: License", "GPL-2+"}}));
}

TEST(ReadArchive, PackagesStateTheirLicence) {
  const auto wheel = ByPath(
      PartsOf("p-1.whl", ArchiveOf({{"p-1.dist-info/METADATA",
                                     "Metadata-Version: 2.4\nName: p\nVersion: 1\nLicense-Expression: MIT\n"
                                     "Classifier: License :: OSI Approved :: MIT License\n\nLicense: not this\n"}})));
  const Part& metadata = wheel.at("p-1.dist-info/METADATA");
  EXPECT_EQ(metadata.title, "p 1");
  EXPECT_EQ(metadata.licences,
            (std::vector<LicenceEvidence>{{"License-Expression", "MIT"},
                                          {"Classifier", "License :: OSI Approved :: MIT License"}}));
  const Part npm = PartOf("package.json", R"({"name": "q", "version": "2.0.0", "license": "ISC", "licenses": [{"type": "MIT"}]})");
  EXPECT_EQ(npm.title, "q 2.0.0");
  EXPECT_EQ(npm.licences, (std::vector<LicenceEvidence>{{"license", "ISC"}, {"licenses", "MIT"}}));
}

TEST(ReadArchive, WhatLeavesTheArchiveIsQuarantinedAlone) {
  const auto parts = ByPath(PartsOf("x.tar", ArchiveOf({{"../up.txt", "no"},
                                                        {"/etc/absolute.txt", "no"},
                                                        {"a/../../b.txt", "no"},
                                                        {"link", "", "/etc/passwd"},
                                                        {"good.txt", "ja"}},
                                                       "ustar")));
  ASSERT_EQ(parts.size(), 5u);
  EXPECT_EQ(parts.at("good.txt").text, "ja");
  for (const char* path : {"../up.txt", "/etc/absolute.txt", "a/../../b.txt"}) {
    EXPECT_NE(parts.at(path).quarantine.find("leaves the archive"), std::string::npos) << parts.at(path).quarantine;
  }
  EXPECT_EQ(parts.at("link").quarantine, kIsLink);
}

TEST(ReadArchive, ABombIsQuarantinedAloneAndTheOthersAreTaken) {
  const std::string zeros(80'000'000, ' ');
  const std::string bomb = ArchiveOf({{"bomb.txt", zeros}, {"good.txt", "ja"}});
  ASSERT_LT(bomb.size(), 200'000u);
  const auto parts = ByPath(PartsOf("x.zip", bomb));
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_NE(parts.at("bomb.txt").quarantine.find("unpacks to more than"), std::string::npos)
      << parts.at("bomb.txt").quarantine;
  EXPECT_EQ(parts.at("good.txt").text, "ja");
}

TEST(ReadArchive, ArchivesHaveADepthAtWhichItEnds) {
  std::string nested = ArchiveOf({{"deep.txt", "tief"}});
  for (int64_t i = 1; i < base::kArchiveMaxDepth; ++i) nested = ArchiveOf({{"a.zip", nested}});
  EXPECT_EQ(PartOf("x.zip", nested).text, "tief");
  const Part part = PartOf("x.zip", ArchiveOf({{"a.zip", nested}}));
  EXPECT_NE(part.quarantine.find("archives inside each other"), std::string::npos) << part.quarantine;
}

TEST(ReadArchive, ABrokenArchiveGivesWhatItHadAndAReason) {
  std::string noise;  // does not pack, so that a cut hits the entry
  for (uint32_t i = 0, x = 1; i < 50'000; ++i) {
    noise += static_cast<char>('a' + ((x = x * 1'664'525 + 1'013'904'223) >> 24) % 26);
  }
  for (const auto& [format, filter] :
       std::vector<std::pair<const char*, const char*>>{{"ustar", "gzip"}, {"ustar", "none"}, {"zip", "none"}}) {
    const std::string whole = ArchiveOf({{"a.txt", "eins"}, {"b.txt", noise}}, format, filter);
    // A zip without its directory, which stands at the end, is whole to who reads it from the front.
    const size_t directory = whole.find("PK\1\2");
    for (size_t size = 0; size < std::min(whole.size(), directory); size += 997) {
      bool reason = false;
      for (const Part& part : PartsOf("x.archive", std::string_view(whole).substr(0, size))) {
        ExpectWellFormed(part);
        reason = reason || !part.quarantine.empty();
      }
      EXPECT_TRUE(reason) << format << " cut at " << size;
    }
  }
}

TEST(ReadArchive, WhatOnlyBeginsLikeAnArchiveSaysSo) {
  for (const std::string_view bytes :
       {"PK\3\4", "PK\5\6 and more", "\x1f\x8b", "BZh", "!<arch>\n", "070701", "7z\xbc\xaf\x27\x1c"}) {
    const Part part = PartOf("x.zip", bytes);
    EXPECT_EQ(part.inner_path, "");
    EXPECT_NE(part.quarantine, "") << bytes;
  }
  std::string tar(1'000, 'x');
  tar.replace(257, 5, "ustar");
  EXPECT_EQ(PartOf("x.tar", tar).quarantine, "expected an archive, found something else");
}

TEST(ReadArchive, AnEmptyArchiveSaysSo) { EXPECT_EQ(PartOf("x.zip", ArchiveOf({})).quarantine, "it holds no file"); }

TEST(Extraction, AnErrorOfTheOneWhoTakesStopsIt) {
  int taken = 0;
  const auto extracted = Extract(Formats(), "x.zip", ArchiveOf({{"a.txt", "a"}, {"b.txt", "b"}, {"c.txt", "c"}}),
                                 [&](Part) -> Result<void> {
                                   if (++taken == 2) return Fail(ErrorCode::kResourceExhausted, "the disk is full");
                                   return {};
                                 });
  ASSERT_FALSE(extracted);
  EXPECT_EQ(extracted.error().code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(taken, 2);
}

TEST(Extraction, TakesUpAFileWhereAWorkerEnded) {
  const std::string archive =
      ArchiveOf({{"a.txt", "a"}, {"m.zip", ArchiveOf({{"x.txt", "x"}, {"y.txt", "y"}})}, {"z.txt", "z"}});
  std::vector<std::string> paths, entered;
  Extraction extraction(Formats(), [&](Part part) -> Result<void> {
    paths.push_back(part.inner_path);
    return {};
  });
  extraction.set_entered([&](const std::string& path) -> Result<void> {
    entered.push_back(path);
    return {};
  });
  // a.txt and m.zip/x.txt were taken; m.zip itself ended the worker.
  extraction.set_resume({2, {{"m.zip", 1}}});
  Source source;
  source.name = "x.zip";
  source.bytes = archive;
  ASSERT_TRUE(extraction.Read(source));
  EXPECT_EQ(paths, (std::vector<std::string>{"z.txt"}));
  EXPECT_EQ(entered, (std::vector<std::string>{"", "a.txt", "", "z.txt", ""}));
}

}  // namespace
}  // namespace walchen::data
