// SPDX-License-Identifier: Apache-2.0
//
// Raw files through the ledger into shards and papers, and out again.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "data/corpus_export.h"
#include "data/forget.h"
#include "data/intake.h"
#include "data/kept_content.h"
#include "data/kept_text.h"
#include "data/page_captions.h"
#include "data/shard_builder.h"
#include "data/shard_check.h"
#include "data/test_corpus.h"
#include "data/test_extract.h"
#include "ledger/rights.h"
#include "shards/shard_file.h"

namespace walchen::data {
namespace {

const std::string kGerman =
    "Die Pumpe läuft seit Montag unruhig. Das Lager wird heiß, und der Schlosser prüft den Ölstand im Gehäuse. Danach zieht er die "
    "Schrauben am Flansch nach und notiert die Temperatur in der Liste, die neben der Tür hängt.\n";

// So different that no two are near-duplicates.
std::string Repeated(int number) {
  std::string text;
  for (int word = 0; word < 40 * number; ++word) text += fmt::format("wort{}x{} ", number, word);
  return text;
}

class Corpus : public TestCorpus {
 protected:
  static ledger::Source OwnData(const std::string& name = "manuals") {
    ledger::Source source;
    source.name = name;
    source.source_class = ledger::SourceClass::kUser;
    source.basis = ledger::Basis::kOwnData;
    return source;
  }
  static ledger::Source Licensed(const std::string& name, const std::string& licence) {
    ledger::Source source = OwnData(name);
    source.source_class = ledger::SourceClass::kPublicDataset;
    source.basis = ledger::Basis::kLicence;
    source.licence = licence;
    return source;
  }
  Result<IntakeCount> Add(ledger::Source source = OwnData()) { return AddWith({.source = std::move(source), .paths = {raw()}}, InProcessReader()); }
  // On several threads, so that every test is one of their order too.
  Result<IntakeCount> AddWith(const Intake& intake, const ExtractFile& extract) {
    IntakeOptions options;
    options.make_extract = [&] { return extract; };
    options.threads = 3;
    TRY_ASSIGN(const std::vector<IntakeCount> counts, TakeIn(*ledger_, files_, *subjects_, std::vector{intake}, options));
    return counts.front();
  }
  Result<BuiltShards> Build(const std::string& tiers = std::string(ledger::kAllTiers)) {
    const auto tokenizer = Learned(kGerman + kEnglish);
    return BuildShards(*ledger_, files_, *tokenizer, {.name = "all", .sources = {}, .tiers = tiers}, shards() / "all", base::Clock::Os());
  }
};

TEST_F(Corpus, KeepsTextWithItsPlacesAndFindsCopies) {
  Put("a.txt", kGerman + "\n" + kGerman);
  Put("b.txt", kEnglish);
  Put("copy.txt", kEnglish);
  Put("nearly.txt", kEnglish + "\nEnd.");
  const IntakeCount count = Add().value();
  EXPECT_EQ(count.files, 4u);
  EXPECT_EQ(count.kept, 2u);
  EXPECT_EQ(count.duplicates, 2u);
  const auto kept = Documents();
  ASSERT_EQ(kept.size(), 2u);
  const std::string text = TextOf(*ledger_, kept[0].id).value();
  EXPECT_NE(text.find("Schlosser"), std::string::npos);
  const std::vector<TextPlace> places = PlacesOf(*ledger_, kept[0].id).value();
  ASSERT_FALSE(places.empty());
  EXPECT_EQ(places.front().begin, 0u);
  EXPECT_LE(places.back().end, text.size());
  EXPECT_TRUE(places.front().place.starts_with("bytes ")) << places.front().place;
}

TEST_F(Corpus, NumbersAndPicturesStayBesideTheirTextAndGoWithIt) {
  Put("pump.png", "of no interest");
  std::string content;
  for (int i = 0; i < 700'000; ++i) content += static_cast<char>(i * 7);  // of several events
  const auto extract = [&](const base::Path&, const std::vector<std::string>&, const TakePart& take) {
    Part part;
    part.kind = PartKind::kPicture;
    part.text = "Pumpe\n";
    part.content = content;
    return take(std::move(part));
  };
  ASSERT_EQ(AddWith({.source = OwnData(), .paths = {raw()}}, extract).value().kept, 1u);
  const auto kept = Documents();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].document.modality, "picture");
  EXPECT_EQ(ContentOf(*ledger_, kept[0].id).value(), content);
  EXPECT_EQ(TextOf(*ledger_, kept[0].id).value(), "Pumpe\n");
  ASSERT_TRUE(Forget(*ledger_, files_, *subjects_, shards(), std::vector{kept[0].id}, "test"));
  EXPECT_EQ(ContentOf(*ledger_, kept[0].id).value(), "");
}

TEST_F(Corpus, PagesSayWhatTheirPicturesShow) {
  const auto extract = [&](const base::Path& file, const std::vector<std::string>&, const TakePart& take) {
    Part part;
    if (file.extension() == ".png") {
      part.kind = PartKind::kPicture;
      part.text = "ventil\n";
      part.content = file.native();
    } else {
      part.text = kGerman;
      part.captions = {{"img/v.png", "Das Ventil von Frau Erika Mustermann"}, {"img/v.png", "Das Ventil von Frau Erika Mustermann"},
                       {"https://example.org/v.png", "anderswo"}};
    }
    return take(std::move(part));
  };
  ASSERT_TRUE(files_.MakeFolders(raw() / "img"));
  Put("a.html", "the page comes before its picture");
  Put("img/v.png", "of no interest");
  ASSERT_EQ(AddWith({.source = OwnData(), .paths = {raw()}}, extract).value().kept, 2u);
  const auto kept = Documents();
  const auto captions = [&] { return PageCaptions::Read(*ledger_).value().Of(kept[1].document); };
  ASSERT_EQ(captions().size(), 1u);
  EXPECT_TRUE(captions()[0].starts_with("Das Ventil von Frau ")) << captions()[0];
  EXPECT_EQ(captions()[0].find("Mustermann"), std::string::npos) << captions()[0];
  ASSERT_TRUE(Forget(*ledger_, files_, *subjects_, shards(), std::vector{kept[0].id}, "test"));
  EXPECT_TRUE(captions().empty());
}

// JSON wants two bytes for each of these, so that all captions together are longer than a private value may be.
TEST_F(Corpus, APageMayHaveManyLongCaptions) {
  Put("a.html", "of no interest");
  const auto extract = [](const base::Path&, const std::vector<std::string>&, const TakePart& take) {
    Part part;
    part.text = kGerman;
    for (int i = 0; i < 400; ++i) part.captions.push_back({std::to_string(i) + ".png", std::string(2'000, '"')});
    return take(std::move(part));
  };
  ASSERT_EQ(AddWith({.source = OwnData(), .paths = {raw()}}, extract).value().kept, 1u);
  const PageCaptions captions = PageCaptions::Read(*ledger_).value();
  ledger::Document picture;
  picture.path = raw() / "399.png";
  EXPECT_EQ(captions.Of(picture).size(), 1u);
}

TEST_F(Corpus, MasksPersonalDataAndKnowsWhoseItIs) {
  Put("mail.txt", kGerman + "Fragen an erika.muster@beispiel.de oder an die Werkstatt.\n" + kGerman);
  ASSERT_TRUE(Add());
  const auto kept = Documents();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(TextOf(*ledger_, kept[0].id).value().find("erika.muster"), std::string::npos);
  const auto token = subjects_->TokenOf("Erika.Muster@beispiel.de").value();
  EXPECT_EQ(ledger_->AboutSubject(token).value(), std::vector<std::string>{kept[0].id});
}

TEST_F(Corpus, PersonalDataAreDroppedOrKeptWhereTheUserSaysSo) {
  Put("mail.txt", kGerman + "Fragen an erika.muster@beispiel.de oder an die Werkstatt.\n" + kGerman);
  Intake intake = {.source = OwnData("dropped"), .paths = {raw()}, .personal_data = FindingPolicy::kDrop};
  EXPECT_EQ(AddWith(intake, InProcessReader()).value().filtered, 1u);
  intake = {.source = OwnData("kept"), .paths = {raw()}, .personal_data = FindingPolicy::kKeep};
  EXPECT_EQ(AddWith(intake, InProcessReader()).error().code(), ErrorCode::kInvalidArgument);  // without a reason
  intake.personal_data_reason = "the addressees agreed";
  ASSERT_EQ(AddWith(intake, InProcessReader()).value().kept, 1u);
  const auto kept = Documents();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_NE(TextOf(*ledger_, kept[0].id).value().find("erika.muster@beispiel.de"), std::string::npos);
  const auto event = ledger_->Read({.about = kept[0].id, .kind = std::string(ledger::PersonalData::kKind)}).Next().value();
  const auto record = ledger::FromEvent<ledger::PersonalData>(event.value()).value();
  EXPECT_EQ(record.action, ledger::PersonalDataAction::kKept);
  EXPECT_EQ(record.reason, "the addressees agreed");
}

TEST_F(Corpus, ManyFilesOnManyThreadsAreTakenInTheirOrder) {
  for (int i = 0; i < 60; ++i) Put(fmt::format("{:02}.txt", i), fmt::format("Blatt {}. ", i) + (i % 2 == 0 ? kGerman : kEnglish) + Repeated(i));
  ASSERT_EQ(Add().value().files, 60u);
  std::vector<std::string> names;
  ledger::DocumentReader reader(*ledger_, {});
  while (const auto next = reader.Next().value()) names.push_back(base::Path(next->document.path).filename().native());
  EXPECT_EQ(names.size(), 60u);
  EXPECT_TRUE(std::ranges::is_sorted(names));
  EXPECT_EQ(Add().value().unchanged, 60u);
}

TEST_F(Corpus, UnchangedFilesAreSkippedChangedOnesReplaced) {
  Put("a.txt", kGerman);
  Put("b.txt", kEnglish);
  ASSERT_TRUE(Add());
  EXPECT_EQ(Add()->unchanged, 2u);
  Put("a.txt", kGerman + "Am Abend läuft sie wieder ruhig, und alle gehen zufrieden nach Hause, denn die Arbeit ist getan.\n");
  ASSERT_TRUE(files_.Remove(raw() / "b.txt"));
  const IntakeCount count = Add().value();
  EXPECT_EQ(count.vanished, 2u);
  EXPECT_EQ(count.kept, 1u);
  EXPECT_EQ(Documents().size(), 1u);
  EXPECT_EQ(Documents(ledger::DocumentState::kVanished).size(), 2u);
  EXPECT_EQ(Add(Licensed("manuals", "MIT")).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(Corpus, ARenamedFileIsNoCopyOfItself) {
  Put("old.txt", kGerman);
  ASSERT_TRUE(Add());
  ASSERT_TRUE(files_.Rename(raw() / "old.txt", raw() / "new.txt"));
  const IntakeCount count = Add().value();
  EXPECT_EQ(count.vanished, 1u);
  EXPECT_EQ(count.kept, 1u);
  EXPECT_EQ(Documents().size(), 1u);
}

TEST_F(Corpus, ACopyIsTakenInAnewWhenItsOriginalIsGone) {
  Put("a.txt", kGerman);
  Put("b.txt", kGerman);
  ASSERT_TRUE(Add());
  ASSERT_TRUE(files_.Remove(raw() / "a.txt"));
  const IntakeCount count = Add().value();
  EXPECT_EQ(count.kept, 1u);
  ASSERT_EQ(Documents().size(), 1u);
  EXPECT_TRUE(Documents().front().document.path.ends_with("b.txt"));
  EXPECT_EQ(Add()->unchanged, 1u);
}

TEST_F(Corpus, AnArchiveIsTakenInAnewWhenTheOriginalOfWhatItHoldsIsGone) {
  Put("a.txt", kGerman);
  Put("b.zip", ArchiveOf({{"copy.txt", kGerman}, {"other.txt", kEnglish}}));
  ASSERT_EQ(Add().value().duplicates, 1u);
  ASSERT_TRUE(files_.Remove(raw() / "a.txt"));
  ASSERT_TRUE(Add());
  std::vector<std::string> kept;
  for (const auto& listed : Documents()) kept.push_back(listed.document.path);
  EXPECT_NE(std::ranges::find(kept, "copy.txt"), kept.end());
  EXPECT_NE(std::ranges::find(kept, "other.txt"), kept.end());
  EXPECT_EQ(Add()->vanished, 0u);
}

TEST_F(Corpus, WhatCannotBeReadIsSaidOnce) {
  Put("a.txt", kGerman);
  std::filesystem::create_symlink(raw() / "a.txt", raw() / "link.txt");
  ASSERT_EQ(Add().value().quarantined, 1u);
  const auto before = ledger_->LastHead()->sequence;
  const IntakeCount again = Add().value();
  EXPECT_EQ(again.unchanged, 2u);
  EXPECT_EQ(again.vanished, 0u);
  EXPECT_EQ(ledger_->LastHead()->sequence, before);
  ASSERT_TRUE(files_.Remove(raw() / "link.txt"));
  Put("link.txt", kEnglish);
  EXPECT_EQ(Add().value().kept, 1u);
}

TEST_F(Corpus, WhatNobodyMayUseKeepsNothingOut) {
  Put("a.txt", kGerman);
  ASSERT_TRUE(Add(Licensed("found", "")));
  EXPECT_EQ(Add(OwnData("bought"))->kept, 1u);
  EXPECT_EQ(Add(OwnData("again"))->duplicates, 1u);
}

TEST_F(Corpus, ALicenceThatIsNoExpressionIsRefusedBeforeAnythingIsTaken) {
  Put("a.txt", kGerman);
  EXPECT_EQ(Add(Licensed("web", "MIT License")).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ledger_->LastHead()->sequence, 0u);
}

TEST_F(Corpus, AFilesOwnLicenceGoesBeforeItsSources) {
  Put("free.txt", "SPDX-License-Identifier: GPL-3.0-only\n\n" + kEnglish);
  Put("plain.txt", kGerman);
  ASSERT_TRUE(Add(Licensed("web", "MIT")));
  std::string tiers;
  for (const auto& listed : Documents()) tiers += ledger::RightsOf(*ledger_, listed.id, kToday)->tier;
  EXPECT_EQ(tiers, "DA");
}

TEST_F(Corpus, RightsEndWithTheirDayAndWithoutALicence) {
  Put("a.txt", kGerman);
  ledger::Source until = OwnData("until");
  until.keep_until = "2026-11-22";
  ASSERT_TRUE(Add(until));
  const std::string id = Documents().front().id;
  EXPECT_EQ(ledger::RightsOf(*ledger_, id, "2026-11-22")->tier, 'O');
  EXPECT_EQ(ledger::RightsOf(*ledger_, id, "2026-11-23")->tier, '-');
  Put("b.txt", kEnglish);
  ASSERT_TRUE(Add(Licensed("none", "")));
  const ledger::Rights rights = ledger::RightsOf(*ledger_, Documents().back().id, kToday).value();
  EXPECT_EQ(rights.tier, '-');
  EXPECT_EQ(rights.why, "no licence is known");
}

TEST_F(Corpus, ShardsHoldWhatIsAllowedAndTheLedgerKnowsThem) {
  Put("a.txt", kGerman);
  Put("gpl.txt", "SPDX-License-Identifier: GPL-3.0-only\n\n" + kEnglish);
  ASSERT_TRUE(Add());
  const BuiltShards built = Build("O").value();
  EXPECT_EQ(built.documents, 1u);
  EXPECT_EQ(built.left_out.size(), 1u);
  const ShardCheck check = CheckShards(*ledger_, files_, shards()).value();
  EXPECT_EQ(check.shards, 1u);
  EXPECT_EQ(check.faults, std::vector<std::string>{});
  ASSERT_EQ(check.known_heads.size(), 1u);
  EXPECT_TRUE(ledger::Verify(*ledger_, {.known_heads = check.known_heads, .signer = {}})->clean());
  EXPECT_EQ(Build().error().code(), ErrorCode::kAlreadyExists);
}

TEST_F(Corpus, WhatIsLikeTextsForEvaluationIsNotPacked) {
  Put("exam.txt", kGerman);
  ledger::Source exam = OwnData("exam");
  exam.use = ledger::kEvaluationUse;
  ASSERT_TRUE(Add(exam));
  ASSERT_TRUE(files_.Remove(raw() / "exam.txt"));
  Put("leak.txt", kGerman + Repeated(2));
  Put("clean.txt", kEnglish);
  ASSERT_EQ(Add().value().kept, 2u);
  const BuiltShards built = Build().value();
  EXPECT_EQ(built.documents, 1u);
  EXPECT_EQ(built.left_out, (std::map<std::string, uint64_t>{{"it holds what is kept for evaluation (exam)", 1},
                                                             {"kept for evaluation only (own data)", 1}}));
}

TEST_F(Corpus, MarksInPicturesAreJudgedByTheirProtocols) {
  std::string mark, value;
  const auto extract = [&](const base::Path& file, const std::vector<std::string>&, const TakePart& take) {
    Part part;
    part.kind = PartKind::kPicture;
    part.text = "Pumpe\n";
    part.content = file.native();
    part.opt_outs = {{"c2pa", mark, value}};
    return take(std::move(part));
  };
  ledger::Source mined = OwnData();
  mined.basis = ledger::Basis::kTdm;
  const auto tier_with = [&](const std::string& name, const std::string& field, const std::string& word) {
    mark = field, value = word;
    Put(name, name);
    EXPECT_TRUE(AddWith({.source = mined, .paths = {raw()}}, extract));
    return ledger::RightsOf(*ledger_, Documents().back().id, kToday)->tier;
  };
  EXPECT_EQ(tier_with("b.png", "cawg.ai_training", "notAllowed"), '-');
  EXPECT_EQ(tier_with("c.png", "cawg.ai_training", "constrained"), '-');
  EXPECT_EQ(tier_with("d.png", "cawg.ai_training", "allowed"), 'T');
  EXPECT_EQ(tier_with("e.png", "cawg.ai_inference", "notAllowed"), 'T');
}

TEST_F(Corpus, ASiteMayReserveItsFilesAlsoLater) {
  ASSERT_TRUE(files_.MakeFolders(raw() / "example.org"));
  Put("example.org/robots.txt", "User-Agent: CCBot\nDisallow: /news/\n");
  ASSERT_TRUE(files_.MakeFolders(raw() / "example.org/news"));
  Put("example.org/news/a.txt", kGerman);
  Put("example.org/b.txt", kEnglish);
  ledger::Source mined = OwnData();
  mined.basis = ledger::Basis::kTdm;
  ASSERT_TRUE(Add(mined));
  const auto tier_of = [&](const std::string& name) {
    for (const auto& document : Documents()) {
      if (document.document.path.ends_with(name)) return ledger::RightsOf(*ledger_, document.id, kToday)->tier;
    }
    return '?';
  };
  EXPECT_EQ(tier_of("news/a.txt"), '-');
  EXPECT_EQ(tier_of("b.txt"), 'T');
  Put("example.org/robots.txt", "User-Agent: *\nContent-Usage: train-ai=n\n");
  ASSERT_GT(Add(mined)->unchanged, 0u);
  EXPECT_EQ(tier_of("b.txt"), '-');
  const auto events = [&] { return ledger_->LastHead()->sequence; };
  const auto before = events();
  ASSERT_TRUE(Add(mined));
  EXPECT_EQ(events(), before) << "said once";
}

TEST_F(Corpus, ForgettingTakesTextTokensAndCopies) {
  Put("a.txt", kGerman);
  Put("copy.txt", kGerman);
  Put("b.txt", kEnglish);
  ASSERT_TRUE(Add());
  ASSERT_TRUE(Build());
  const std::string id = Documents().front().id;
  const std::vector<std::string> ids = {id};
  const Forgotten forgotten = Forget(*ledger_, files_, *subjects_, shards(), ids, "on request").value();
  EXPECT_EQ(forgotten.ids.size(), 2u) << "the copy goes too";
  EXPECT_EQ(forgotten.shards.size(), 1u);
  EXPECT_EQ(TextOf(*ledger_, id).value(), "");
  const auto shard = shards::Shard::Open(files_, shards() / "all" / "00000.shard").value();
  EXPECT_TRUE(shard->documents()[0].erased);
  EXPECT_FALSE(shard->documents()[1].erased);
  const ShardCheck check = CheckShards(*ledger_, files_, shards()).value();
  EXPECT_EQ(check.faults, std::vector<std::string>{});
  EXPECT_TRUE(ledger::Verify(*ledger_, {.known_heads = check.known_heads, .signer = {}})->clean());
  EXPECT_EQ(FinishForgetting(*ledger_, files_, shards()).value(), std::vector<std::string>{});
  EXPECT_EQ(Add()->kept, 0u) << "what was forgotten is not taken in again";
}

TEST_F(Corpus, PapersSayWhatTheLedgerHas) {
  Put("a.txt", kGerman);
  Put("cc.txt", "SPDX-License-Identifier: CC-BY-4.0\n\n" + kEnglish);
  ledger::Source source = OwnData();
  source.purpose = "=cmd, \"help\"";
  ASSERT_TRUE(Add(source));
  const CorpusFacts facts = FactsOf(*ledger_, kToday).value();
  ASSERT_EQ(facts.sources.size(), 1u);
  EXPECT_EQ(facts.sources[0].tiers, (Counts{{"B", 1}, {"O", 1}}));
  EXPECT_EQ(facts.sources[0].languages, (Counts{{"de", 1}, {"en", 1}}));
  const std::string csv = SourcesCsv(facts);
  EXPECT_NE(csv.find("\"'=cmd, \"\"help\"\"\""), std::string::npos) << csv;
  EXPECT_NE(AttributionText(facts).find("CC-BY-4.0"), std::string::npos);
  EXPECT_NE(DatasetCard(facts, "mine").find("| manuals | user | own-data | 2 | 2 |"), std::string::npos) << DatasetCard(facts, "mine");
  const nlohmann::json croissant = nlohmann::json::parse(CroissantJson(facts, {.name = "mine"}));
  EXPECT_EQ(croissant["conformsTo"][0], "http://mlcommons.org/croissant/1.1");
  EXPECT_EQ(croissant["prov:wasDerivedFrom"].size(), 1u);
  EXPECT_EQ(CroissantJson(facts, {.name = "mine"}), CroissantJson(FactsOf(*ledger_, kToday).value(), {.name = "mine"}));
}

}  // namespace
}  // namespace walchen::data
