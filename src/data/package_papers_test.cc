// SPDX-License-Identifier: Apache-2.0
#include "data/package_papers.h"

#include <gtest/gtest.h>

#include "data/test_extract.h"

namespace walchen::data {
namespace {

// The papers of an archive, read as intake reads them.
PackagePapers PapersOf(std::string_view name, const std::vector<TestEntry>& entries, const char* format = "ustar", const char* filter = "gzip") {
  PackagePapers papers(name);
  Extraction extraction(Formats(), [&](const Part& part) -> Result<void> {
    papers.Take(part);
    return {};
  });
  extraction.set_only(PackagePapers::Paths());
  const std::string bytes = ArchiveOf(entries, format, filter);
  Source source;
  source.bytes = bytes;
  source.name = std::string(name);
  EXPECT_TRUE(extraction.Read(std::move(source)));
  return papers;
}

PackagePapers DebianPapers(const std::vector<TestEntry>& data) {
  const std::string control = ArchiveOf({{"./control", "Package: pump-doc\nVersion: 1:2.0-3\nDescription: pumps\n"}}, "ustar", "xz");
  return PapersOf("pump-doc_2.0-3_all.deb", {{"debian-binary", "2.0\n"}, {"control.tar.xz", control}, {"data.tar.xz", ArchiveOf(data, "ustar", "xz")}},
                  "arbsd", "none");
}

constexpr std::string_view kCopyright =
    "Format: https://www.example.org/copyright-format/1.0/\n\n"
    "Files: *\nCopyright: x\nLicense: LGPL-2.1+\n\n"
    "Files: html/*\nCopyright: x\nLicense: GFDL-NIV-1.3+\n";

TEST(PackagePapers, DebianPackagesHaveTheStrictestStanzaThatMayApply) {
  const PackagePapers papers = DebianPapers({{"./usr/share/doc/pump-doc/html/a.html", "<p>a"},
                                             {"./usr/share/doc/pump-doc/copyright", std::string(kCopyright)},
                                             {"./usr/share/doc/other/copyright", "Strange."}});
  const PackageFacts html = papers.FactsOf("data.tar.xz/usr/share/doc/pump-doc/html/a.html");
  EXPECT_EQ(html.package, "pump-doc");
  EXPECT_EQ(html.version, "1:2.0-3");
  ASSERT_TRUE(html.licence);
  EXPECT_EQ(html.licence->expression, "GFDL-1.3-no-invariants-or-later");
  EXPECT_EQ(html.licence->evidence, "stanza");
  EXPECT_EQ(html.licence->place, "usr/share/doc/pump-doc/copyright: 7: License: GFDL-NIV-1.3+");
  EXPECT_EQ(html.licence->disagrees, std::vector<std::string>{"LGPL-2.1-or-later"});
  EXPECT_EQ(papers.FactsOf("data.tar.xz/usr/lib/pump.so#msgid").licence->expression, "LGPL-2.1-or-later");
}

TEST(PackagePapers, WithoutMachineReadablePapersALicenceIsUnclear) {
  const PackageFacts prose = DebianPapers({{"./usr/share/doc/pump-doc/copyright",
                                            "It is free. See `/usr/share/common-licenses/GPL-2'.\n"}}).FactsOf("data.tar.xz/usr/a.txt");
  EXPECT_FALSE(prose.licence);
  EXPECT_EQ(prose.unclear, "usr/share/doc/pump-doc/copyright (not machine-readable; points to: GPL-2)");
  const PackageFacts none = DebianPapers({{"./usr/a.txt", "a"}}).FactsOf("data.tar.xz/usr/a.txt");
  EXPECT_FALSE(none.licence);
  EXPECT_EQ(none.unclear, "the package has no copyright file");
}

TEST(PackagePapers, WheelsHaveTheLicenceOfTheirMetadata) {
  const PackagePapers papers = PapersOf(
      "pump-1.2-py3-none-any.whl",
      {{"pump/a.py", "a = 1"},
       {"pump-1.2.dist-info/METADATA",
        "Metadata-Version: 2.4\nName: pump\nVersion: 1.2\nLicense-Expression: MIT\n"
        "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)\nClassifier: License :: OSI Approved :: BSD License\n\ntext\n"},
       {"pump/vendor/valve-2.dist-info/METADATA", "Name: valve\nVersion: 2\nLicense: ISC\n"}},
      "zip", "none");
  const PackageFacts own = papers.FactsOf("pump/a.py");
  EXPECT_EQ(own.package, "pump");
  EXPECT_EQ(own.version, "1.2");
  ASSERT_TRUE(own.licence);
  EXPECT_EQ(own.licence->expression, "GPL-3.0-only");  // the strictest
  EXPECT_EQ(own.licence->disagrees, std::vector<std::string>{"MIT"});
  const PackageFacts vendored = papers.FactsOf("pump/vendor/valve/b.py");
  EXPECT_EQ(vendored.package, "valve");
  EXPECT_EQ(vendored.licence->expression, "ISC");
  EXPECT_EQ(papers.FactsOf("").package, "pump");
}

TEST(PackagePapers, NpmPackagesHaveTheLicenceOfTheirPackageJson) {
  const PackagePapers papers = PapersOf("scope-pump-1.2.3.tgz",
                                        {{"package/package.json", R"({"name": "@scope/pump", "version": "1.2.3", "license": "Apache-2.0"})"},
                                         {"package/data/a.csv", "1"},
                                         {"package/inner/package.json", R"({"name": "inner", "version": "1.0.0", "license": "SEE LICENSE IN x"})"}});
  const PackageFacts facts = papers.FactsOf("package/data/a.csv");
  EXPECT_EQ(facts.package, "@scope/pump");
  EXPECT_EQ(facts.version, "1.2.3");
  EXPECT_EQ(facts.licence->expression, "Apache-2.0");
  EXPECT_EQ(facts.licence->evidence, "package");
  EXPECT_EQ(papers.FactsOf("package/inner/b.txt").licence->expression, "LicenseRef-unrecognised");
}

TEST(PackagePapers, OtherArchivesAreNoPackages) {
  const PackagePapers papers("notes.zip");
  EXPECT_FALSE(papers.is_package());
  EXPECT_FALSE(papers.FactsOf("a.txt").licence);
  EXPECT_TRUE(papers.FactsOf("a.txt").unclear.empty());
}

TEST(SpdxOfField, KnowsNamesInUseAndClassifiers) {
  EXPECT_EQ(SpdxOfField("License", "MIT License"), "MIT");
  EXPECT_EQ(SpdxOfField("License", "Apache-2.0 OR MIT"), "Apache-2.0 OR MIT");
  EXPECT_EQ(SpdxOfField("License", "BSD"), "LicenseRef-unrecognised");
  EXPECT_EQ(SpdxOfField("License", "UNKNOWN"), "");
  EXPECT_EQ(SpdxOfField("license", "CC-BY-NC-4.0"), "LicenseRef-unrecognised");
  EXPECT_EQ(SpdxOfField("Classifier", "License :: OSI Approved :: Python Software Foundation License"), "PSF-2.0");
  EXPECT_EQ(SpdxOfField("Classifier", "License :: OSI Approved :: BSD License"), "");
  EXPECT_EQ(SpdxOfField("Classifier", "License :: Other/Proprietary License"), "LicenseRef-unrecognised");
  EXPECT_EQ(SpdxOfField("Classifier", "Programming Language :: Python"), "");
  EXPECT_EQ(SpdxOfField("License-File", "LICENSE"), "");
}

}  // namespace
}  // namespace walchen::data
