// SPDX-License-Identifier: Apache-2.0
#include "data/filter_chain.h"

#include <algorithm>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/limits.h"
#include "data/personal_data.h"
#include "data/secrets.h"

namespace walchen::data {
namespace {

class Chain {
 public:
  Chain(std::string_view bytes, const FilterOptions& options, const ContaminationIndex* contamination)
      : options_(options), contamination_(contamination) {
    Repair(bytes);
  }

  FilteredDocument Run() && {
    words_ = SplitWords(document_.text);
    if (options_.remove_boilerplate) RemovePageBoilerplate();
    DetectItsLanguage();
    JudgeItsQuality();
    CheckContamination();
    FindAndMask();
    CountToxicity();
    document_.signature = MakeSignature(document_.text, words_);
    Applied("signature", kSignatureVersion, fmt::format("words={}", kWordsVersion), false);
    return std::move(document_);
  }

 private:
  void Applied(std::string name, int version, std::string parameters, bool changed) {
    document_.applied.push_back({std::move(name), version, std::move(parameters), changed});
  }

  // The first reason stays.
  void Drop(std::string_view filter, std::string reason) {
    if (!document_.kept) return;
    document_.kept = false;
    document_.filter = filter;
    document_.reason = fmt::format("{}: {}", filter, reason);
  }

  void Repair(std::string_view bytes) {
    RepairedText repaired = RepairText(bytes, options_.repair);
    document_.text = std::move(repaired.text);
    document_.places = std::move(repaired.places);
    document_.repairs = repaired.counts;
    const RepairOptions& repair = options_.repair;
    Applied("text_repair", kTextRepairVersion,
            fmt::format("mojibake={} join_divided_words={} blank_lines_max={}", repair.mojibake, repair.join_divided_words,
                        repair.blank_lines_max),
            !document_.places.identity());
  }

  void RemovePageBoilerplate() {
    WithoutBoilerplate without = RemoveBoilerplate(document_.text, words_, options_.boilerplate);
    Applied("boilerplate", kBoilerplateVersion,
            fmt::format("words_max={} separators_min={}", options_.boilerplate.words_max, options_.boilerplate.separators_min),
            without.lines > 0);
    if (without.lines == 0) return;
    document_.text = std::move(without.text);
    document_.places.Append(std::move(without.changes));
    words_ = SplitWords(document_.text);
  }

  void DetectItsLanguage() {
    document_.language = DetectLanguage(document_.text, options_.language);
    Applied("language", kLanguageVersion,
            fmt::format("letters_min={} sample_bytes={} samples_max={} kept={}", options_.language.letters_min,
                        options_.language.sample_bytes, options_.language.samples_max, fmt::join(options_.languages, ",")),
            false);
    const std::string& found = document_.language.language;
    const bool wanted = options_.languages.empty() || std::find(options_.languages.begin(), options_.languages.end(), found) != options_.languages.end();
    if (!wanted) Drop("language", fmt::format("{} is none of {}", found, fmt::join(options_.languages, ", ")));
  }

  void JudgeItsQuality() {
    document_.measures = MeasureQuality(document_.text, words_, document_.language.language);
    const QualityVerdict verdict = JudgeQuality(document_.measures, options_.quality, document_.language.language);
    Applied("quality", kQualityVersion, fmt::format("profile={}", options_.quality.profile), false);
    if (!verdict.kept) Drop("quality", verdict.reason);
  }

  void CheckContamination() {
    if (contamination_ == nullptr) return;
    document_.contamination = contamination_->Check(words_);
    Applied("contamination", kContaminationVersion,
            fmt::format("run_words={} share_max={}", ContaminationIndex::kRunWords, options_.contaminated_share_max), false);
    if (document_.contamination.word_share <= options_.contaminated_share_max) return;
    Drop("contamination", fmt::format("{:.1f} % of the words stand in {}", 100 * document_.contamination.word_share,
                                      fmt::join(document_.contamination.sets, ", ")));
  }

  void FindAndMask() {
    std::vector<Finding> findings = FindPersonalData(document_.text, words_);
    FindSecrets(document_.text, words_, findings);
    document_.findings = WithoutOverlaps(std::move(findings));
    std::vector<Finding> masked;
    bool secret_masked = false, person_masked = false;
    for (const Finding& finding : document_.findings) {
      document_.found.push_back(document_.text.substr(finding.begin, finding.size()));
      const FindingPolicy policy = options_.policies[static_cast<size_t>(finding.kind)];
      if (policy == FindingPolicy::kMask) {
        masked.push_back(finding);
        (IsSecret(finding.kind) ? secret_masked : person_masked) = true;
      }
      if (policy == FindingPolicy::kDrop) Drop(IsSecret(finding.kind) ? "secrets" : "personal_data", fmt::format("{} at byte {}", FindingName(finding.kind), finding.begin));
    }
    Applied("secrets", kSecretsVersion, Policies(FindingKind::kPrivateKey), secret_masked);
    Applied("personal_data", kPersonalDataVersion, Policies(FindingKind::kIban), person_masked);
    if (masked.empty()) return;
    MaskedText result = MaskFindings(document_.text, masked);
    words_ = MaskWords(words_, masked, result);
    document_.text = std::move(result.text);
    document_.places.Append(std::move(result.changes));
  }

  // The policies of secrets or of personal data, of which `one` is one.
  std::string Policies(FindingKind one) const {
    std::string out;
    for (size_t i = 0; i < kFindingKinds; ++i) {
      const auto kind = static_cast<FindingKind>(i);
      if (IsSecret(kind) != IsSecret(one)) continue;
      static constexpr std::array<std::string_view, 3> kPolicyNames = {"mask", "drop", "keep"};
      out += fmt::format("{}{}={}", out.empty() ? "" : " ", FindingName(kind), kPolicyNames[static_cast<size_t>(options_.policies[i])]);
    }
    return out;
  }

  void CountToxicity() {
    document_.toxicity = CountToxicWords(words_);
    Applied("toxicity", kToxicityVersion, "", false);
  }

  const FilterOptions& options_;
  const ContaminationIndex* contamination_;
  FilteredDocument document_;
  std::vector<Word> words_;  // of document_.text
};

}  // namespace

Result<FilteredDocument> FilterDocument(std::string_view bytes, const FilterOptions& options, const ContaminationIndex* contamination) {
  if (static_cast<int64_t>(bytes.size()) > base::kCleanTextMaxBytes) {
    return Fail(ErrorCode::kTooLarge, "expected at most {} bytes of text in one document, found {}: split it",
                base::kCleanTextMaxBytes, bytes.size());
  }
  return Chain(bytes, options, contamination).Run();
}

}  // namespace walchen::data
