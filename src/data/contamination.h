// SPDX-License-Identifier: Apache-2.0
//
// Do texts to train on hold what a model will be examined with? Runs of 13 words are compared, as in Brown et al., "Language
// Models are Few-Shot Learners" (GPT-3), 2020, appendix C. An item of 8 to 12 words counts as one run, a shorter one is left
// out: it says nothing. There runs that occur in more than ten training documents are forgiven; that is a question to the
// whole corpus, which the caller can ask with what is found here.
//
// Memory: 16 bytes per run. Immutable after construction; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/words.h"

namespace walchen::data {

inline constexpr int kContaminationVersion = 1;

struct EvaluationText {
  std::string_view set;   // "piqa-test"
  std::string_view text;  // one item, valid UTF-8
};

struct ContaminationReport {
  size_t runs = 0;             // runs of the text that an evaluation set has
  double word_share = 0;       // of the text's words, those in such runs
  std::vector<std::string> sets;  // in the order in which they were found, each once
  struct Span {
    size_t begin = 0;  // bytes of the text
    size_t end = 0;
  };
  std::vector<Span> spans;     // merged, ascending
};

class ContaminationIndex {
 public:
  static constexpr size_t kRunWords = 13;
  static constexpr size_t kRunWordsMin = 8;

  explicit ContaminationIndex(std::span<const EvaluationText> items);

  // `words` are SplitWords of a text.
  ContaminationReport Check(std::span<const Word> words) const;

  size_t run_count() const { return runs_.size(); }

 private:
  struct Run {
    uint64_t hash = 0;
    uint32_t set = 0;
    uint32_t words = 0;
  };
  void AddRuns(std::span<const Word> words, size_t length, uint32_t set);
  const Run* FindRun(uint64_t hash, size_t length) const;

  std::vector<std::string> sets_;
  std::vector<Run> runs_;       // ascending by hash
  std::vector<bool> may_have_;  // by the first bits of the hash, so that most runs need no search
  std::vector<size_t> lengths_;
};

}  // namespace walchen::data
