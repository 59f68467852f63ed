// SPDX-License-Identifier: Apache-2.0
//
// All filters over one document, in one order, with everything that the ledger has to know about what they did:
//
//   1. text_repair      2. boilerplate (off by default)   3. language        4. quality
//   5. contamination    6. secrets and personal data      7. toxicity        8. signature
//
// Secrets and personal data are looked for in one pass and masked, dropped or kept by kind. The signature is of the text as it
// is handed on, so it holds nothing of what was masked. Duplicates are a question to an index that the caller owns
// (near_duplicates.h) and come after this.
//
// A pure function: the same text, options and evaluation sets give the same result, on any thread, whatever came before.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "data/boilerplate.h"
#include "data/contamination.h"
#include "data/finding.h"
#include "data/language.h"
#include "data/place_map.h"
#include "data/quality.h"
#include "data/signature.h"
#include "data/text_repair.h"
#include "data/toxicity.h"

namespace walchen::data {

// Changes when the order of the filters does, or what stands between them.
inline constexpr int kFilterChainVersion = 1;

enum class FindingPolicy : uint8_t {
  kMask,  // the mask stands in the finding's place
  kDrop,  // the whole document goes
  kKeep,  // recorded, not changed
};

struct FilterOptions {
  RepairOptions repair;
  bool remove_boilerplate = false;  // for web pages
  BoilerplateOptions boilerplate;
  LanguageOptions language;
  std::vector<std::string> languages;  // what is kept, for example {"de", "en"}; empty: all. "und" has to be named as well
  QualityOptions quality = DocumentQuality();
  // By kind, as FindingKind counts.
  std::array<FindingPolicy, kFindingKinds> policies{};
  // A document of which more of the words stand in evaluation sets is dropped.
  double contaminated_share_max = 0.05;
};

// What was done to a document: enough to do it again.
struct AppliedFilter {
  std::string name;
  int version = 0;
  std::string parameters;  // "bytes_min=3 profile=document", in a fixed order
  bool changed = false;    // the text
};

struct FilteredDocument {
  bool kept = true;
  std::string filter;  // that dropped it, "" if kept
  std::string reason;  // for a person: "quality: words 2 < 3"
  std::string text;    // repaired and masked; also of a dropped document
  PlaceMap places;     // from `text` to the bytes given
  LanguageVerdict language;
  QualityMeasures measures;
  ContaminationReport contamination;
  std::vector<Finding> findings;  // places in the repaired text, before masking
  std::vector<std::string> found;  // what stood there, in the same order
  ToxicityCounts toxicity;
  RepairCounts repairs;
  Signature signature;  // of `text`
  std::vector<AppliedFilter> applied;
};

// `bytes` are a document's text as extraction left it. kTooLarge over base::kCleanTextMaxBytes. `contamination` may be null.
// A document that is dropped early still has all that is cheap: language, measures, findings are there, whatever dropped it.
Result<FilteredDocument> FilterDocument(std::string_view bytes, const FilterOptions& options,
                                        const ContaminationIndex* contamination = nullptr);

}  // namespace walchen::data
