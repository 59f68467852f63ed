// SPDX-License-Identifier: Apache-2.0
#include "data/filter_chain.h"

#include <thread>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace walchen::data {
namespace {

constexpr std::string_view kReport =
    "\xEF\xBB\xBFServicebericht\r\n\r\n\r\n\r\nTechniker: Andreas Pfleiderer, Tel. 0711 4528119.\r\nDas Lager der Pum-\r\npe wurde "
    "getauscht, die Rechnung geht von DE89 3704 0044 0532 0130 00 ab. FÃ¼r Fragen: a.pfleiderer@werk.example\r\n";

FilteredDocument Filtered(std::string_view text, const FilterOptions& options = {}, const ContaminationIndex* index = nullptr) {
  const auto document = FilterDocument(text, options, index);
  EXPECT_TRUE(document.has_value());
  return *document;
}

TEST(FilterChain, RepairsMasksAndTellsEverything) {
  const FilteredDocument document = Filtered(kReport);
  EXPECT_TRUE(document.kept) << document.reason;
  EXPECT_EQ(document.text, "Servicebericht\n\nTechniker: <NAME>, Tel. <PHONE>.\nDas Lager der Pumpe wurde getauscht, die Rechnung geht "
                           "von <IBAN> ab. Für Fragen: <MAIL>\n");
  EXPECT_EQ(document.language.language, "de");
  ASSERT_EQ(document.findings.size(), 4);
  EXPECT_EQ(document.findings[2].kind, FindingKind::kIban);
  EXPECT_TRUE(document.findings[2].checked);
  for (const std::string_view word : {"Techniker", "getauscht", "Fragen"}) {
    EXPECT_EQ(document.places.ToSource(document.text.find(word)), kReport.find(word)) << word;
  }
  EXPECT_EQ(document.places.ToSource(document.text.find("<IBAN>")), kReport.find("DE89"));
  std::vector<std::string> applied;
  for (const AppliedFilter& filter : document.applied) {
    applied.push_back(filter.name);
    EXPECT_GE(filter.version, 1);
  }
  EXPECT_EQ(applied, (std::vector<std::string>{"text_repair", "language", "quality", "secrets", "personal_data", "toxicity", "signature"}));
  EXPECT_TRUE(document.applied[0].changed && document.applied[4].changed);
  EXPECT_FALSE(document.applied[3].changed);
  EXPECT_NE(document.applied[4].parameters.find("iban=mask"), std::string::npos) << document.applied[4].parameters;
}

TEST(FilterChain, FollowsThePolicies) {
  FilterOptions options;
  options.policies[static_cast<size_t>(FindingKind::kName)] = FindingPolicy::kKeep;
  options.policies[static_cast<size_t>(FindingKind::kIban)] = FindingPolicy::kDrop;
  const FilteredDocument document = Filtered(kReport, options);
  EXPECT_FALSE(document.kept);
  EXPECT_EQ(document.filter, "personal_data");
  EXPECT_TRUE(document.reason.starts_with("personal_data: iban at byte ")) << document.reason;
  EXPECT_NE(document.text.find("Andreas Pfleiderer"), std::string::npos);
  EXPECT_EQ(document.findings.size(), 4);
}

TEST(FilterChain, DropsWhatItIsToldTo) {
  FilterOptions english;
  english.languages = {"en"};
  EXPECT_EQ(Filtered(kReport, english).reason, "language: de is none of en");
  EXPECT_EQ(Filtered("Ja.").reason, "quality: words 1 < 3");
  const EvaluationText items[] = {{"prüfung", "Wie viele Schrauben halten den Deckel der Pumpe, wenn das Lager getauscht werden soll?"}};
  const ContaminationIndex index(items);
  const FilteredDocument contaminated =
      Filtered("Frage: Wie viele Schrauben halten den Deckel der Pumpe, wenn das Lager getauscht werden soll? Antwort: zwei.", {}, &index);
  EXPECT_EQ(contaminated.filter, "contamination");
  EXPECT_EQ(contaminated.reason, "contamination: 82.4 % of the words stand in prüfung");
}

TEST(FilterChain, RemovesBoilerplateWhenAsked) {
  FilterOptions web;
  web.remove_boilerplate = true;
  const std::string_view page = "Zum Inhalt springen\nDie Pumpe läuft seit gestern wieder ohne Störung.\n";
  EXPECT_EQ(Filtered(page, web).text, "Die Pumpe läuft seit gestern wieder ohne Störung.\n");
  EXPECT_EQ(Filtered(page).text, page);
}

TEST(FilterChain, TakesAnyBytes) {
  EXPECT_FALSE(Filtered("").kept);
  EXPECT_FALSE(Filtered(std::string("\0\xFF\xFE", 3)).kept);
  EXPECT_EQ(FilterDocument(std::string(base::kCleanTextMaxBytes + 1, 'a'), {}).error().code(), ErrorCode::kTooLarge);
}

TEST(FilterChain, SignsTheMaskedText) {
  const std::string_view one = "Bitte rufen Sie Frau Hoffstedt an, sie hat die Unterlagen für den Umbau der alten Halle.";
  const std::string_view other = "Bitte rufen Sie Frau Quast an, sie hat die Unterlagen für den Umbau der alten Halle.";
  EXPECT_EQ(Filtered(one).signature, Filtered(other).signature);
}

TEST(FilterChain, IsTheSameOnEveryThread) {
  const FilteredDocument expected = Filtered(kReport);
  std::vector<FilteredDocument> results(4);
  std::vector<std::thread> threads;
  for (FilteredDocument& result : results) threads.emplace_back([&result] { result = Filtered(kReport); });
  for (std::thread& thread : threads) thread.join();
  for (const FilteredDocument& result : results) {
    EXPECT_EQ(result.text, expected.text);
    EXPECT_EQ(result.findings, expected.findings);
    EXPECT_EQ(result.signature, expected.signature);
  }
}

}  // namespace
}  // namespace walchen::data
