// SPDX-License-Identifier: Apache-2.0
//
// clean_speed MEGABYTES MODEL.gguf [THREADS] [SEED]: cleans, deduplicates and tokenises that much distinct text with one planted
// near-duplicate in ten documents, and prints the speed, how many were found, how many others were dropped, and the memory.
//
// Document n is a function of the seed and n, so nothing is kept but the index of duplicates, and 10 GB take no more room than
// 10 MB. Making the text is not timed. Every third document is English, the others German.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/threads.h"
#include "data/filter_chain.h"
#include "data/near_duplicates.h"
#include "data/test_documents.h"
#include "formats/gguf.h"
#include "formats/tokenizer.h"

namespace {

using namespace walchen;

constexpr int64_t kBatch = 512;
constexpr uint64_t kPlantEvery = 10;

constexpr std::string_view kGerman[] = {"der", "die", "und", "in", "das", "ist", "nicht", "mit", "ein", "zu", "den", "von", "auf", "für",
                                        "sich", "eine", "wird", "auch", "es", "an", "werden", "aus", "er", "hat", "dass", "sie", "nach", "bei",
                                        "einer", "um", "am", "sind", "noch", "wie", "über", "so", "zum", "kann", "nur", "wenn"};
constexpr std::string_view kEnglish[] = {"the", "of", "and", "to", "in", "a", "is", "that", "it", "was", "for", "on", "are", "with", "as",
                                         "be", "at", "one", "have", "this", "from", "by", "not", "but", "some", "what", "there", "we", "can",
                                         "out", "other", "were", "all", "your", "when", "up", "use", "word", "how", "said"};

// A spelling of its own for every word; German nouns have capitals and sometimes an umlaut.
std::string Spelling(uint32_t word, bool english) {
  const std::span<const std::string_view> frequent = english ? std::span<const std::string_view>(kEnglish) : std::span<const std::string_view>(kGerman);
  if (word <= frequent.size()) return std::string(frequent[word - 1]);
  static constexpr std::string_view kOnsets[] = {"b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "w", "st", "sch", "br", "tr"};
  static constexpr std::string_view kVowels[] = {"a", "e", "i", "o", "u", "ei", "au", "ie", "ä", "ü"};
  static constexpr std::string_view kEnds[] = {"n", "r", "t", "ng", "l", "", "s", "ck"};
  std::string spelling;
  for (uint32_t rest = word; rest > 0; rest /= 90) {
    spelling += kOnsets[rest % std::size(kOnsets)];
    spelling += kVowels[rest % (english ? 8 : 10)];
    spelling += kEnds[rest % std::size(kEnds)];
  }
  if (!english && word % 3 == 0) spelling[0] = static_cast<char>(spelling[0] - 32);
  return spelling;
}

std::string Render(const data::TestDocument& document, bool english) {
  std::string text;
  size_t line = 0;
  for (size_t i = 0; i < document.size(); ++i) {
    std::string word = Spelling(document[i], english);
    if (i % 14 == 0 && word[0] >= 'a' && word[0] <= 'z') word[0] = static_cast<char>(word[0] - 32);
    if (document[i] % 97 == 0) word = std::to_string(document[i]);
    text += word;
    if (i % 14 == 13) text += '.';
    if (i % 14 == 6) text += ',';
    line += word.size() + 1;
    const bool break_line = line > 80;
    text += i % 98 == 97 ? "\n\n" : break_line ? "\n" : " ";
    if (break_line || i % 98 == 97) line = 0;
    if (i % 400 == 399) text += english ? "Call Jonathan Whitfield at 020 7946 0123. " : "Rückfragen an Frau Karin Albrecht, Tel. 0711 4528119. ";
  }
  return text;
}

data::TestDocument Draw(uint64_t seed, uint64_t number) {
  base::Rng rng(seed, number);
  const uint32_t length = 100 + rng.Below(rng.Below(10) == 0 ? 6000 : 1000);
  return data::DrawDocument(rng, length);
}

// Nine of ten are drawn; the tenth is a near-duplicate of one of the nine before it that is not a duplicate itself.
struct Made {
  std::string text;
  bool planted = false;
};
Made Make(uint64_t seed, uint64_t number) {
  if (number % kPlantEvery != kPlantEvery - 1) return {Render(Draw(seed, number), number % 3 == 0), false};
  base::Rng rng(seed + 1, number);
  const uint64_t tens = number / kPlantEvery;
  const uint64_t original = rng.Below(static_cast<uint32_t>(tens) + 1) * kPlantEvery + rng.Below(kPlantEvery - 1);
  const data::TestDocument document = Draw(seed, original);
  return {Render(data::PlantDuplicate(document, rng), original % 3 == 0), true};
}

// Of /proc/self/status, in MB: "VmRSS:" or "VmHWM:".
double MemoryMb(std::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::strtod(line.c_str() + field.size(), nullptr) / 1024;
  }
  return 0;
}

// Of this thread: what the work costs on a machine that others use as well.
double CpuMs() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

struct Totals {
  uint64_t bytes = 0, documents = 0, planted = 0, found = 0, others_dropped = 0, filtered = 0, tokens = 0;
  double filter_ms = 0, index_ms = 0, token_ms = 0, cpu_ms = 0;
};

// Marks duplicates as not kept.
void Index(const std::vector<Made>& made, std::vector<data::FilteredDocument>& results, data::DuplicateIndex& index, Totals& totals) {
  for (size_t i = 0; i < made.size(); ++i) {
    data::FilteredDocument& document = results[i];
    totals.bytes += made[i].text.size();
    ++totals.documents;
    totals.planted += made[i].planted;
    if (!document.kept) {
      ++totals.filtered;
      continue;
    }
    const bool duplicate = index.Find(document.signature).has_value();
    (made[i].planted ? totals.found : totals.others_dropped) += duplicate;
    document.kept = !duplicate;
    if (!duplicate && !index.Add(document.signature)) std::abort();
  }
}

void Print(const Totals& totals, int threads, const data::DuplicateIndex& index) {
  const double mb = static_cast<double>(totals.bytes) * 1e-6;
  const double ms = totals.filter_ms + totals.index_ms + totals.token_ms;
  fmt::print("{:.0f} MB, {} documents, {} threads: {:.1f} MB/s (filters {:.1f} MB/s, duplicates {:.0f} MB/s, tokens {:.1f} MB/s); {:.1f} MB "
             "per CPU second; {} tokens\n",
             mb, totals.documents, threads, mb / ms * 1e3, mb / totals.filter_ms * 1e3, mb / totals.index_ms * 1e3, mb / totals.token_ms * 1e3,
             mb / totals.cpu_ms * 1e3, totals.tokens);
  fmt::print("planted near-duplicates found: {} of {} ({:.2f} %); others dropped as duplicates: {} of {} ({:.3f} %); by filters: {}\n",
             totals.found, totals.planted, 100.0 * static_cast<double>(totals.found) / static_cast<double>(totals.planted),
             totals.others_dropped, totals.documents - totals.planted,
             100.0 * static_cast<double>(totals.others_dropped) / static_cast<double>(totals.documents - totals.planted), totals.filtered);
  fmt::print("index: {} documents, {:.1f} MB, {:.0f} bytes each; resident {:.0f} MB, at most {:.0f} MB\n", index.size(),
             static_cast<double>(index.MemoryBytes()) * 1e-6,
             static_cast<double>(index.MemoryBytes()) / static_cast<double>(index.size()), MemoryMb("VmRSS:"), MemoryMb("VmHWM:"));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("expected: clean_speed MEGABYTES MODEL.gguf [THREADS] [SEED]\n", stderr);
    return 2;
  }
  const double bytes_max = std::strtod(argv[1], nullptr) * 1e6;
  const auto file = formats::GgufFile::Open(base::Files::Os(), argv[2]);
  CHECK(file.has_value(), "{}", file.error().message());
  const auto tokenizer = formats::Tokenizer::FromGguf(**file);
  CHECK(tokenizer.has_value(), "{}", tokenizer.error().message());
  const int threads = argc > 3 ? std::max(1, std::atoi(argv[3])) : base::AvailableCpus();
  const uint64_t seed = argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 1;
  base::ThreadPool pool(threads);
  data::DuplicateIndex index;
  Totals totals;
  std::vector<Made> made(kBatch);
  std::vector<data::FilteredDocument> results(kBatch);
  std::vector<double> cpu_ms(static_cast<size_t>(threads));
  std::vector<uint64_t> tokens(static_cast<size_t>(threads));
  const data::FilterOptions options;
  // Wall time of `work` on all documents of a batch; what the threads spend is added to cpu_ms.
  const auto each = [&](const std::function<void(size_t document, size_t worker)>& work) {
    const base::Stopwatch watch;
    pool.Each(kBatch, [&](int64_t i, int worker) {
      const double before = CpuMs();
      work(static_cast<size_t>(i), static_cast<size_t>(worker));
      cpu_ms[static_cast<size_t>(worker)] += CpuMs() - before;
    });
    return watch.Ms();
  };
  while (static_cast<double>(totals.bytes) < bytes_max) {
    pool.Each(kBatch, [&](int64_t i, int) { made[static_cast<size_t>(i)] = Make(seed, totals.documents + static_cast<uint64_t>(i)); });
    totals.filter_ms += each([&](size_t i, size_t) {
      auto document = data::FilterDocument(made[i].text, options);
      CHECK(document.has_value(), "{}", document.error().message());
      results[i] = *std::move(document);
    });
    const base::Stopwatch watch;
    const double before = CpuMs();
    Index(made, results, index, totals);
    totals.index_ms += watch.Ms();
    totals.cpu_ms += CpuMs() - before;
    totals.token_ms += each([&](size_t i, size_t worker) {
      if (results[i].kept) tokens[worker] += (*tokenizer)->Encode(results[i].text).size();
    });
  }
  for (const double ms : cpu_ms) totals.cpu_ms += ms;
  for (const uint64_t count : tokens) totals.tokens += count;
  Print(totals, threads, index);
  return 0;
}
