// SPDX-License-Identifier: Apache-2.0
//
// Packages on their way into the ledger: the licences of the files in them, what is for evaluation only, and how they are counted.
#include <gtest/gtest.h>

#include "data/corpus_table.h"
#include "data/intake.h"
#include "data/shard_builder.h"
#include "data/test_corpus.h"
#include "data/test_extract.h"
#include "ledger/rights.h"

namespace walchen::data {
namespace {

const std::string kOther =
    "Open the bypass slowly before you touch the main valve, because trapped steam burns badly. Wait until both gauges agree, note "
    "their values in the logbook, and only then loosen the eight nuts crosswise, half a turn each, starting at the top.\n";
const std::string kCatalogue =
    "msgid \"\"\nmsgstr \"\"\n\"Language: de\\n\"\n\"Content-Type: text/plain; charset=UTF-8\\n\"\n\n"
    "msgid \"The pump is running and the bearing gets hot.\"\nmsgstr \"Die Pumpe läuft, und das Lager wird heiß.\"\n\n"
    "msgid \"Please check the oil level in the housing.\"\nmsgstr \"Bitte prüfen Sie den Ölstand im Gehäuse.\"\n";

class PackageIntake : public TestCorpus {
 protected:
  void PutNpm(const std::vector<TestEntry>& more) {
    std::vector<TestEntry> entries = {{"package/read.txt", kEnglish}};
    entries.insert(entries.end(), more.begin(), more.end());
    Put("pump-1.0.0.tgz", ArchiveOf(entries, "ustar", "gzip"));
  }
  void PutDebian(const std::string& copyright) {
    const std::string data = ArchiveOf({{"./usr/share/doc/pump/read.txt", kEnglish}, {"./usr/share/doc/pump/copyright", copyright}}, "ustar", "xz");
    const std::string control = ArchiveOf({{"./control", "Package: pump\nVersion: 2-1\n"}}, "ustar", "xz");
    Put("pump_2-1_all.deb", ArchiveOf({{"control.tar.xz", control}, {"data.tar.xz", data}}, "arbsd"));
  }
  static ledger::Source Packages(const std::string& licence = "") {
    ledger::Source source;
    source.name = "packages";
    source.source_class = ledger::SourceClass::kPublicDataset;
    source.basis = ledger::Basis::kLicence;
    source.licence = licence;
    return source;
  }
  Result<IntakeCount> Add(const ledger::Source& source, const std::vector<std::string>& only = {"*read.txt", "*.po"}) {
    IntakeOptions options;
    options.make_extract = InProcessReader;
    const std::vector<Intake> intakes = {{.source = source, .paths = {raw()}, .only = only}};
    TRY_ASSIGN(const std::vector<IntakeCount> counts, TakeIn(*ledger_, files_, *subjects_, intakes, options));
    return counts.front();
  }
  // The one kept document with text.
  ledger::ListedDocument Kept() {
    std::vector<ledger::ListedDocument> all = Documents();
    std::erase_if(all, [](const ledger::ListedDocument& listed) { return listed.document.modality == "archive"; });
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? ledger::ListedDocument() : all[0];
  }
  ledger::Rights RightsOfKept() { return ledger::RightsOf(*ledger_, Kept().id, kToday).value(); }
  Result<BuiltShards> Build() {
    const auto tokenizer = Learned(kEnglish);
    return BuildShards(*ledger_, files_, *tokenizer, {.name = "all", .sources = {}, .tiers = "ABCDOTE-"}, shards() / "all", base::Clock::Os());
  }
};

// The papers stand behind the files here, and are no documents where nobody asks for them.
TEST_F(PackageIntake, FilesHaveTheLicenceNameAndVersionOfTheirPackage) {
  PutNpm({{"package/package.json", R"({"name": "pump", "version": "1.0.0", "license": "Apache-2.0"})"}});
  ASSERT_TRUE(Add(Packages("MIT")));
  EXPECT_EQ(Kept().document.package, "pump");
  EXPECT_EQ(Kept().document.version, "1.0.0");
  const ledger::Rights rights = RightsOfKept();
  EXPECT_EQ(rights.tier, 'A');
  EXPECT_EQ(rights.why, "licence Apache-2.0 (stated by its package)");
  const auto life = ledger::LifeOf(*ledger_, Kept().id).value();
  const auto event = std::ranges::find(life, ledger::Licence::kKind, &ledger::Event::kind);
  ASSERT_NE(event, life.end());
  EXPECT_EQ(ledger::FromEvent<ledger::Licence>(*event)->disagrees, std::vector<std::string>{"MIT"});
}

TEST_F(PackageIntake, WhatAFileSaysItselfGoesBeforeItsPackage) {
  Put("pump-1.0.0.tgz", ArchiveOf({{"package/read.txt", "SPDX-License-Identifier: CC-BY-4.0\n\n" + kEnglish},
                                   {"package/package.json", R"({"name": "pump", "version": "1.0.0", "license": "MIT"})"}},
                                  "ustar", "gzip"));
  ASSERT_TRUE(Add(Packages()));
  EXPECT_EQ(RightsOfKept().tier, 'B');
}

TEST_F(PackageIntake, UnclearPapersKeepAPackageOutUnlessSomebodyReadThem) {
  PutDebian("It is free software.\n");
  ASSERT_TRUE(Add(Packages()));
  EXPECT_EQ(RightsOfKept().tier, '-');
  EXPECT_EQ(RightsOfKept().why, "licence LicenseRef-unclear (stated by its package)");
}

TEST_F(PackageIntake, AStatedLicenceCountsWherePapersAreUnclear) {
  PutDebian("It is free software.\n");
  ASSERT_TRUE(Add(Packages("PSF-2.0")));
  EXPECT_EQ(RightsOfKept().tier, 'A');
}

TEST_F(PackageIntake, OwnPackagesNeedNoPapers) {
  PutDebian("Ours.\n");
  ledger::Source source = Packages();
  source.basis = ledger::Basis::kOwnData;
  ASSERT_TRUE(Add(source));
  EXPECT_EQ(RightsOfKept().tier, 'O');
}

TEST_F(PackageIntake, WhatIsForEvaluationIsNeverPacked) {
  PutNpm({{"package/package.json", R"({"name": "pump", "version": "1.0.0", "license": "MIT"})"}});
  ledger::Source source = Packages();
  source.use = ledger::kEvaluationUse;
  ASSERT_TRUE(Add(source));
  EXPECT_EQ(RightsOfKept().tier, ledger::kEvaluationTier);
  const auto built = Build();
  ASSERT_FALSE(built);
  EXPECT_NE(built.error().message().find("kept for evaluation only (licence MIT"), std::string::npos) << built.error().ToString();
  source.use = "training";
  source.name = "other";
  EXPECT_EQ(Add(source).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(PackageIntake, TheUseOfASourceCannotChange) {
  PutNpm({});
  ASSERT_TRUE(Add(Packages()));
  ledger::Source source = Packages();
  source.use = ledger::kEvaluationUse;
  EXPECT_EQ(Add(source).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(PackageIntake, CountsTokensPairsAndWhatWasDropped) {
  PutNpm({{"package/package.json", R"({"name": "pump", "version": "1.0.0", "license": "MIT"})"},
          {"package/copy/read.txt", kEnglish},
          {"package/other.txt", kOther},
          {"package/de.po", kCatalogue}});
  ASSERT_TRUE(Add(Packages()));
  ASSERT_TRUE(Build());
  const CorpusTable table = CorpusTableOf(*ledger_, {"packages"}, "all", kToday).value();
  const CorpusAmounts& german = table.kept.at({"packages", "de", 'A'});
  EXPECT_EQ(german.documents, 1u);
  EXPECT_EQ(german.pairs, 2u);
  EXPECT_GT(german.tokens, 10u);
  const CorpusAmounts& english = table.kept.at({"packages", "en", 'A'});
  EXPECT_EQ(english.documents, 2u) << "the text and the catalogue's originals; other.txt was not asked for";
  EXPECT_GT(english.tokens, german.tokens);
  EXPECT_EQ(table.dropped.at("packages"), (std::map<std::string, uint64_t>{{"duplicate", 1}}));
  EXPECT_TRUE(CorpusTableOf(*ledger_, {"others"}, "all", kToday)->kept.empty());
  EXPECT_EQ(CorpusTableOf(*ledger_, {"packages"}, "al", kToday)->kept.at({"packages", "de", 'A'}).tokens, 0u);
}

}  // namespace
}  // namespace walchen::data
