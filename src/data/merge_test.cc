// SPDX-License-Identifier: Apache-2.0
#include "data/merge.h"

#include "data/forget.h"
#include "data/intake.h"
#include "data/kept_text.h"
#include "data/test_corpus.h"
#include "data/test_extract.h"
#include "ledger/verify.h"

namespace walchen::data {
namespace {

const std::string kValve =
    "Open the bypass slowly before you touch the main valve, because trapped steam burns badly. Wait until both gauges agree, note "
    "their values in the logbook, and only then loosen the eight nuts crosswise, half a turn each, starting at the top.\n";

// Beside the home that everything comes to, one of another machine.
class MergeTest : public TestCorpus {
 protected:
  void SetUp() override {
    TestCorpus::SetUp();
    other_.emplace(ledger::Ledger::Open(folder_ / "other.db").value());
  }

  static ledger::Source Manuals(ledger::Basis basis = ledger::Basis::kOwnData) {
    ledger::Source source;
    source.name = "manuals";
    source.source_class = ledger::SourceClass::kUser;
    source.basis = basis;
    return source;
  }
  Result<void> Add(ledger::Ledger& ledger, const std::string& folder, const ledger::Source& source = Manuals()) {
    IntakeOptions options;
    options.make_extract = InProcessReader;
    const std::vector<Intake> intakes = {{.source = source, .paths = {raw() / folder}}};
    TRY(TakeIn(ledger, files_, *subjects_, intakes, options));
    return {};
  }
  void PutIn(const std::string& folder, const std::string& name, const std::string& text) {
    ASSERT_TRUE(files_.MakeFolders(raw() / folder));
    Put(folder + "/" + name, text);
  }

  std::optional<ledger::Ledger> other_;
};

TEST_F(MergeTest, TakesDocumentsOverWithAllThatIsSaidOfThem) {
  PutIn("a", "pump.txt", kEnglish);
  PutIn("b", "valve.txt", kValve + "Questions to erika.muster@beispiel.de or to the workshop.\n");
  ASSERT_TRUE(Add(*ledger_, "a"));
  ASSERT_TRUE(Add(*other_, "b"));
  const MergeCount count = Merge(*ledger_, *subjects_, *other_).value();
  EXPECT_EQ(count.documents, 1u);
  EXPECT_EQ(count.duplicates, 0u);
  const auto kept = Documents();
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[1].document.path, (raw() / "b/valve.txt").native());
  EXPECT_EQ(TextOf(*ledger_, kept[1].id).value(), TextOf(*other_, kept[1].id).value());
  EXPECT_EQ(ledger_->AboutSubject(subjects_->TokenOf("erika.muster@beispiel.de").value()).value(), std::vector<std::string>{kept[1].id});
  EXPECT_EQ(ledger_->AboutContent(kept[1].document.content).value(), std::vector<std::string>{kept[1].id});
  EXPECT_TRUE(ledger::Verify(*ledger_, {}).value().faults.empty());
  const auto merged = ledger_->Read({.kind = std::string(ledger::Merged::kKind)}).Next().value();
  ASSERT_TRUE(merged);
  EXPECT_EQ(ledger::FromEvent<ledger::Merged>(*merged)->head_digest, ledger::HexOf(other_->LastHead()->digest));
}

TEST_F(MergeTest, WhatIsKeptHereIsLeftOutThere) {
  PutIn("a", "pump.txt", kEnglish);
  PutIn("b", "same.txt", kEnglish);
  PutIn("b", "nearly.txt", kEnglish + "\nEnd of the page.\n" + kValve);
  PutIn("c", "nearly.txt", kEnglish + "\nEnd of page.\n" + kValve);
  ASSERT_TRUE(Add(*ledger_, "a"));
  ASSERT_TRUE(Add(*other_, "b"));
  EXPECT_EQ(Merge(*ledger_, *subjects_, *other_)->duplicates, 1u);
  EXPECT_EQ(Documents().size(), 2u);
  ledger::Ledger third = ledger::Ledger::Open(folder_ / "third.db").value();
  ASSERT_TRUE(Add(third, "c"));
  EXPECT_EQ(Merge(*ledger_, *subjects_, third)->duplicates, 1u);
  EXPECT_EQ(Documents().size(), 2u);
}

TEST_F(MergeTest, ASecondTimeOnlyWhatIsNew) {
  PutIn("b", "pump.txt", kEnglish);
  ASSERT_TRUE(Add(*other_, "b"));
  ASSERT_EQ(Merge(*ledger_, *subjects_, *other_)->documents, 1u);
  PutIn("b", "valve.txt", kValve);
  ASSERT_TRUE(Add(*other_, "b"));
  const MergeCount again = Merge(*ledger_, *subjects_, *other_).value();
  EXPECT_EQ(again.known, 1u);
  EXPECT_EQ(again.documents, 1u);
  EXPECT_EQ(Documents().size(), 2u);
}

TEST_F(MergeTest, WhatHasVanishedThereSinceVanishesHere) {
  PutIn("b", "page.txt", kEnglish);
  ASSERT_TRUE(Add(*other_, "b"));
  ASSERT_TRUE(Merge(*ledger_, *subjects_, *other_));
  Put("b/page.txt", kValve);
  ASSERT_TRUE(Add(*other_, "b"));
  ASSERT_TRUE(Merge(*ledger_, *subjects_, *other_));
  const auto kept = Documents();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(TextOf(*ledger_, kept[0].id).value(), kValve);
  EXPECT_EQ(Documents(ledger::DocumentState::kVanished).size(), 1u);
}

TEST_F(MergeTest, GoesOnWhereItWasStopped) {
  for (int i = 0; i < 4; ++i) {
    std::string text;
    for (int word = 0; word < 80; ++word) text += fmt::format("wort{}x{} ", i, word);
    PutIn("b", fmt::format("{}.txt", i), text);
  }
  ASSERT_TRUE(Add(*other_, "b"));
  const size_t all = [&] {
    size_t count = 0;
    ledger::DocumentReader reader(*other_, {});
    while (reader.Next().value()) ++count;
    return count;
  }();
  int asked = 0;
  const auto stopped = Merge(*ledger_, *subjects_, *other_, {.stop_asked = [&] { return ++asked > 2; }});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), ErrorCode::kCancelled);
  const MergeCount rest = Merge(*ledger_, *subjects_, *other_).value();
  EXPECT_EQ(rest.known, 2u);
  EXPECT_EQ(rest.known + rest.documents, all);
}

TEST_F(MergeTest, WhatWasForgottenHereStaysOut) {
  PutIn("a", "pump.txt", kEnglish);
  PutIn("b", "pump.txt", kEnglish);
  ASSERT_TRUE(Add(*ledger_, "a"));
  ASSERT_TRUE(Add(*other_, "b"));
  ASSERT_TRUE(Forget(*ledger_, files_, *subjects_, shards(), std::vector{Documents()[0].id}, "test"));
  ASSERT_TRUE(Merge(*ledger_, *subjects_, *other_));
  EXPECT_TRUE(Documents().empty());
  EXPECT_EQ(Documents(ledger::DocumentState::kQuarantined).size(), 1u);
}

TEST_F(MergeTest, RefusesWhatCannotBeTakenOver) {
  PutIn("a", "pump.txt", kEnglish);
  PutIn("b", "valve.txt", kValve);
  ASSERT_TRUE(Add(*ledger_, "a"));
  ASSERT_TRUE(Add(*other_, "b", Manuals(ledger::Basis::kConsent)));
  EXPECT_EQ(Merge(*ledger_, *subjects_, *other_).error().code(), ErrorCode::kInvalidArgument);  // two rights of one source

  ledger::Ledger third = ledger::Ledger::Open(folder_ / "third.db").value();
  ASSERT_TRUE(Add(third, "b"));
  ledger::DocumentReader reader(third, {});
  ASSERT_TRUE(Forget(third, files_, *subjects_, shards(), std::vector{reader.Next().value()->id}, "test"));
  EXPECT_EQ(Merge(*ledger_, *subjects_, third).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Documents().size(), 1u);
}

}  // namespace
}  // namespace walchen::data
