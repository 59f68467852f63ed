// SPDX-License-Identifier: Apache-2.0
#include "data/contamination.h"

#include <algorithm>
#include <tuple>

namespace walchen::data {
namespace {

constexpr int kFilterBits = 23;  // 1 MiB: of a million runs one in eight is searched for in vain

size_t FilterPlace(uint64_t hash) { return hash >> (64 - kFilterBits); }

}  // namespace

ContaminationIndex::ContaminationIndex(std::span<const EvaluationText> items) : may_have_(size_t{1} << kFilterBits) {
  for (const EvaluationText& item : items) {
    const std::vector<Word> words = SplitWords(item.text);
    const size_t length = std::min(words.size(), kRunWords);
    if (length < kRunWordsMin) continue;
    const auto set = std::find(sets_.begin(), sets_.end(), item.set);
    const auto number = static_cast<uint32_t>(set - sets_.begin());
    if (set == sets_.end()) sets_.emplace_back(item.set);
    AddRuns(words, length, number);
  }
  std::sort(runs_.begin(), runs_.end(), [](const Run& a, const Run& b) { return std::tie(a.hash, a.words, a.set) < std::tie(b.hash, b.words, b.set); });
  runs_.erase(std::unique(runs_.begin(), runs_.end(),
                          [](const Run& a, const Run& b) { return a.hash == b.hash && a.words == b.words; }),
              runs_.end());
  for (const Run& run : runs_) {
    may_have_[FilterPlace(run.hash)] = true;
    if (std::find(lengths_.begin(), lengths_.end(), run.words) == lengths_.end()) lengths_.push_back(run.words);
  }
}

void ContaminationIndex::AddRuns(std::span<const Word> words, size_t length, uint32_t set) {
  RollingRuns(words, length).ForEach([&](size_t, uint64_t hash) {
    runs_.push_back({.hash = hash, .set = set, .words = static_cast<uint32_t>(length)});
  });
}

const ContaminationIndex::Run* ContaminationIndex::FindRun(uint64_t hash, size_t length) const {
  if (!may_have_[FilterPlace(hash)]) return nullptr;
  auto run = std::lower_bound(runs_.begin(), runs_.end(), hash, [](const Run& a, uint64_t b) { return a.hash < b; });
  for (; run != runs_.end() && run->hash == hash; ++run) {
    if (run->words == length) return &*run;
  }
  return nullptr;
}

ContaminationReport ContaminationIndex::Check(std::span<const Word> words) const {
  ContaminationReport report;
  std::vector<std::pair<size_t, size_t>> found;  // first word, end word
  for (const size_t length : lengths_) {
    RollingRuns(words, length).ForEach([&](size_t start, uint64_t hash) {
      const Run* run = FindRun(hash, length);
      if (run == nullptr) return;
      ++report.runs;
      found.emplace_back(start, start + length);
      const std::string& set = sets_[run->set];
      if (std::find(report.sets.begin(), report.sets.end(), set) == report.sets.end()) report.sets.push_back(set);
    });
  }
  std::sort(found.begin(), found.end());
  size_t covered = 0, covered_until = 0;
  for (const auto& [first, end] : found) {
    const size_t from = std::max(first, covered_until);
    covered += end > from ? end - from : 0;
    const size_t begin_byte = words[first].begin;
    const size_t end_byte = words[end - 1].begin + words[end - 1].size;
    if (!report.spans.empty() && first <= covered_until) {
      report.spans.back().end = std::max(report.spans.back().end, end_byte);
    } else {
      report.spans.push_back({begin_byte, end_byte});
    }
    covered_until = std::max(covered_until, end);
  }
  if (!words.empty()) report.word_share = static_cast<double>(covered) / static_cast<double>(words.size());
  return report;
}

}  // namespace walchen::data
