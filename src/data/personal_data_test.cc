// SPDX-License-Identifier: Apache-2.0
#include "data/personal_data.h"

#include <cmath>
#include <map>
#include <string>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/rng.h"
#include "data/check_digits.h"

namespace walchen::data {
namespace {

std::vector<Finding> Find(std::string_view text) { return FindPersonalData(text, SplitWords(text)); }

std::string Masked(std::string_view text) { return MaskFindings(text, Find(text)).text; }

struct Sentence {
  std::string text;
  std::vector<Finding> labels;
};

FindingKind KindNamed(std::string_view name) {
  for (size_t i = 0; i < kFindingKinds; ++i) {
    if (FindingName(static_cast<FindingKind>(i)) == name) return static_cast<FindingKind>(i);
  }
  ADD_FAILURE() << "no kind " << name;
  return FindingKind::kName;
}

// "Frau [[name:Hoffstedt]], ..."
Sentence ReadSentence(std::string_view line) {
  Sentence sentence;
  while (true) {
    const size_t open = line.find("[[");
    sentence.text += line.substr(0, open);
    if (open == line.npos) return sentence;
    const size_t colon = line.find(':', open), close = line.find("]]", open);
    Finding label{.kind = KindNamed(line.substr(open + 2, colon - open - 2)), .begin = sentence.text.size()};
    sentence.text += line.substr(colon + 1, close - colon - 1);
    label.end = sentence.text.size();
    sentence.labels.push_back(label);
    line = line.substr(close + 2);
  }
}

std::vector<Sentence> ReadSentences(const std::string& language) {
  const std::string path = std::string(WALCHEN_SOURCE_DIR) + "/tests/golden/personal_data/" + language + ".txt";
  const auto text = base::Files::Os().Read(path, 1 << 20);
  EXPECT_TRUE(text.has_value()) << text.error().ToString();
  std::vector<Sentence> sentences;
  for (size_t begin = 0; begin < text->size();) {
    const size_t end = text->find('\n', begin);
    const std::string line = text->substr(begin, end - begin);
    if (!line.starts_with("## ")) sentences.push_back(ReadSentence(line));
    begin = end + 1;
  }
  return sentences;
}

struct Score {
  int labels = 0, found = 0;    // labels, and those that are covered
  int findings = 0, right = 0;  // findings that a label of the same kind overlaps by at least half
};

// Every letter and digit of the label is in a finding of some kind.
bool Covered(std::string_view text, const Finding& label, const std::vector<Finding>& findings) {
  for (size_t at = label.begin; at < label.end; ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80 && std::isalnum(byte) == 0) continue;
    const auto covers = [&](const Finding& finding) { return finding.begin <= at && at < finding.end; };
    if (std::none_of(findings.begin(), findings.end(), covers)) return false;
  }
  return true;
}

bool Right(const Finding& finding, const std::vector<Finding>& labels) {
  return std::any_of(labels.begin(), labels.end(), [&](const Finding& label) {
    const size_t begin = std::max(finding.begin, label.begin), end = std::min(finding.end, label.end);
    return label.kind == finding.kind && end > begin && 2 * (end - begin) >= finding.size();
  });
}

// Wilson's interval at 95 % (1927).
std::string Interval(int hits, int of) {
  if (of == 0) return "-";
  const double n = of, share = hits / n, z = 1.96;
  const double middle = (share + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  return fmt::format("{:.3f} ({}/{}, {:.3f} to {:.3f})", share, hits, of, std::max(0.0, middle - half), std::min(1.0, middle + half));
}

std::map<FindingKind, Score> ScoreOf(const std::string& language, bool print_misses) {
  std::map<FindingKind, Score> scores;
  for (const Sentence& sentence : ReadSentences(language)) {
    const std::vector<Finding> findings = Find(sentence.text);
    for (const Finding& label : sentence.labels) {
      ++scores[label.kind].labels;
      const bool covered = Covered(sentence.text, label, findings);
      scores[label.kind].found += covered;
      if (!covered && print_misses) {
        fmt::print("missed {} '{}' in: {}\n", FindingName(label.kind), sentence.text.substr(label.begin, label.size()), sentence.text);
      }
    }
    for (const Finding& finding : findings) {
      ++scores[finding.kind].findings;
      const bool right = Right(finding, sentence.labels);
      scores[finding.kind].right += right;
      if (!right && print_misses) {
        fmt::print("wrong {} '{}' in: {}\n", FindingName(finding.kind), sentence.text.substr(finding.begin, finding.size()), sentence.text);
      }
    }
  }
  return scores;
}

TEST(PersonalData, IsFoundInTheLabelledSentences) {
  std::map<FindingKind, Score> both;
  const bool print_misses = std::getenv("WALCHEN_PRINT_MISSES") != nullptr;
  for (const std::string language : {"german", "english"}) {
    const std::map<FindingKind, Score> scores = ScoreOf(language, print_misses);
    const Score& names = scores.at(FindingKind::kName);
    fmt::print("{}: names: recall {}, precision {}\n", language, Interval(names.found, names.labels), Interval(names.right, names.findings));
    EXPECT_GE(names.found, 0.85 * names.labels) << language;
    for (const auto& [kind, score] : scores) {
      both[kind].labels += score.labels, both[kind].found += score.found;
      both[kind].findings += score.findings, both[kind].right += score.right;
    }
  }
  for (const auto& [kind, score] : both) {
    fmt::print("{:<16} recall {}, precision {}\n", FindingName(kind), Interval(score.found, score.labels), Interval(score.right, score.findings));
  }
  for (const FindingKind kind : {FindingKind::kIban, FindingKind::kCard, FindingKind::kTaxId, FindingKind::kSocialSecurity, FindingKind::kVatId}) {
    EXPECT_EQ(both[kind].found, both[kind].labels) << FindingName(kind);
    EXPECT_GE(both[kind].labels, 4) << FindingName(kind);
  }
  EXPECT_GE(both[FindingKind::kName].right, 0.85 * both[FindingKind::kName].findings);
}

// Another reading of "no number with a valid check digit remains": every run of digits and separators of what is left, cut
// in every way that a number can be written.
void ExpectNoCheckedNumber(const std::string& text) {
  for (size_t begin = 0; begin < text.size(); ++begin) {
    if (begin > 0 && std::isalnum(static_cast<unsigned char>(text[begin - 1]))) continue;
    std::string compact;
    for (size_t end = begin; end < text.size() && compact.size() <= 34; ++end) {
      const char c = text[end];
      if (std::isalnum(static_cast<unsigned char>(c))) {
        compact += c;
      } else if ((c != ' ' && c != '-') || end == begin) {
        break;
      }
      if (end + 1 < text.size() && std::isalnum(static_cast<unsigned char>(text[end + 1]))) continue;
      EXPECT_FALSE(IsIban(compact) || IsCardNumber(compact) || IsTaxId(compact) || IsSocialSecurityNumber(compact)) << text;
    }
  }
}

TEST(PersonalData, LeavesNoNumberWithAValidCheckDigit) {
  for (const std::string language : {"german", "english"}) {
    for (const Sentence& sentence : ReadSentences(language)) ExpectNoCheckedNumber(Masked(sentence.text));
  }
}

// Draws a number, and its check digit by trying all.
template <class IsValid>
std::string Draw(base::Rng& rng, const std::string& pattern, IsValid is_valid) {
  while (true) {
    std::string number;
    for (const char c : pattern) {
      number += c == '#' ? static_cast<char>('0' + rng.Below(10)) : c == '@' ? static_cast<char>('A' + rng.Below(26)) : c;
    }
    if (is_valid(number)) return number;
  }
}

std::string InGroups(const std::string& number, const std::vector<size_t>& sizes, char separator) {
  std::string out;
  size_t at = 0;
  for (size_t i = 0; at < number.size(); ++i) {
    const size_t size = sizes[std::min(i, sizes.size() - 1)];
    out += (at > 0 ? std::string(1, separator) : "") + number.substr(at, size);
    at += size;
  }
  return out;
}

TEST(PersonalData, FindsEveryDrawnNumberInEveryFrame) {
  base::Rng rng(41);
  const std::string_view frames[] = {"{}", "IBAN: {}.", "Nr. {} liegt vor", "({})", "bitte auf {}, danke", "a\n{}\nb", "number={};", "\t{}\t", "„{}“", "12 {} 09/27"};
  for (int round = 0; round < 300; ++round) {
    const std::string iban = Draw(rng, "DE####################", IsIban);
    const std::string british = Draw(rng, "GB##@@@@##############", IsIban);
    const std::string card = Draw(rng, "4###############", IsCardNumber);
    const std::string express = Draw(rng, "37#############", IsCardNumber);
    const std::string tax = Draw(rng, "###########", IsTaxId);
    const std::string social = Draw(rng, "########@###", IsSocialSecurityNumber);
    for (const std::string& written :
         {iban, InGroups(iban, {4}, ' '), InGroups(british, {4}, ' '), british, card, InGroups(card, {4}, ' '), InGroups(card, {4}, '-'),
          InGroups(express, {4, 6, 5}, ' '), tax, InGroups(tax, {2, 3, 3, 3}, ' '), social, InGroups(social, {2, 6, 1, 3}, ' ')}) {
      const std::string text = fmt::format(fmt::runtime(frames[rng.Below(std::size(frames))]), written);
      const std::vector<Finding> findings = Find(text);
      const bool found = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.checked; });
      EXPECT_TRUE(found) << text;
      ExpectNoCheckedNumber(MaskFindings(text, findings).text);
    }
  }
}

TEST(PersonalData, MasksByKind) {
  EXPECT_EQ(Masked("Frau Hoffstedt, Lindenstraße 14, 80331 München, Tel. 089 1234567, h@x.example"),
            "Frau <NAME>, <ADDRESS>, Tel. <PHONE>, <MAIL>");
  EXPECT_EQ(Masked("DE89 3704 0044 0532 0130 00"), "<IBAN>");
  EXPECT_EQ(Masked("bitte auf DE89 3704 0044\n0532 0130 00 und DE89.3704.0044.0532.0130.00."), "bitte auf <IBAN> und <IBAN>.");
  EXPECT_EQ(Masked("fe80::1ff:fe23:4567:890a und 10.0.12.7"), "<IP> und <IP>");
}

TEST(PersonalData, LeavesTechnicalTextAlone) {
  for (const std::string_view text :
       {"std::vector<int> v; a::b(c); 12:30:45 Uhr", "Version 10.4.2.1, Build 1.2.3.4", "DIN EN ISO 9001:2015, M8x30, 3.14159",
        "4111 111 11 111 1111", "86 09 57 42 71 9", "O-Ring 40 x 3, Dichtring 12, Steckplatz 4, Fertigungsstraße 2", "2024-02-11 03:22:07", "Das Werk 3 hat 12 Tore und 1500 Mitarbeiter.",
        "Robert Bosch GmbH, der Otto-Motor, die Carl-Benz-Straße", "user@host without dot, @decorator, a @ b"}) {
    EXPECT_EQ(Masked(text), text);
  }
}

TEST(Findings, WordsOfMaskedTextAreThoseOfTheTextMasked) {
  for (const std::string language : {"german", "english"}) {
    std::string all;
    for (const Sentence& sentence : ReadSentences(language)) {
      all += sentence.text + "\n";
      for (const std::string& text : {sentence.text, all}) {
        if (text.size() > 4000) continue;
        const std::vector<Word> words = SplitWords(text);
        const std::vector<Finding> findings = FindPersonalData(text, words);
        const MaskedText masked = MaskFindings(text, findings);
        const std::vector<Word> expected = SplitWords(masked.text);
        const std::vector<Word> found = MaskWords(words, findings, masked);
        ASSERT_EQ(found.size(), expected.size()) << text;
        for (size_t i = 0; i < found.size(); ++i) {
          ASSERT_TRUE(found[i].hash == expected[i].hash && found[i].begin == expected[i].begin && found[i].size == expected[i].size) << text;
        }
      }
    }
  }
}

TEST(Findings, OfTwoThatOverlapTheOneFurtherUpWins) {
  const std::vector<Finding> kept = WithoutOverlaps({{FindingKind::kName, 5, 20, false}, {FindingKind::kIban, 10, 15, true},
                                                     {FindingKind::kPhone, 0, 4, false}, {FindingKind::kPhone, 2, 9, false},
                                                     {FindingKind::kName, 30, 40, false}});
  const std::vector<Finding> expected = {{FindingKind::kPhone, 2, 9, false}, {FindingKind::kIban, 10, 15, true}, {FindingKind::kName, 30, 40, false}};
  EXPECT_EQ(kept, expected);
  EXPECT_TRUE(WithoutOverlaps({}).empty());
}

}  // namespace
}  // namespace walchen::data
