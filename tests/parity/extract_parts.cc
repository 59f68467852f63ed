// SPDX-License-Identifier: Apache-2.0
//
// extract_parts < PATHS: every part of the files named on standard input, one JSON object per line, for comparing with
// other readers.
#include <cstdio>
#include <iostream>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "data/extract_worker.h"
#include "data/part_tables.h"

namespace walchen::data {
namespace {

// NaN is null.
nlohmann::json JsonOf(const NumberTable& table) {
  nlohmann::json columns = nlohmann::json::array(), times = nullptr;
  for (const NumberColumn& column : table.columns) {
    columns.push_back({{"name", column.name}, {"unit", column.unit}, {"values", column.values}});
  }
  if (table.time) {
    std::vector<double> at;
    for (uint64_t row = 0; row < table.rows; ++row) at.push_back(table.time->At(row));
    times = {{"absolute", table.time->absolute}, {"zone", table.time->zone}, {"hz", table.time->SamplingHz()}, {"ms", at}};
  }
  return {{"name", table.name}, {"rows", table.rows}, {"time", times}, {"columns", columns}, {"notes", table.notes}};
}

nlohmann::json JsonOf(const std::string& path, const Part& part) {
  nlohmann::json spans = nlohmann::json::array();
  for (const Span& span : part.spans) {
    spans.push_back({{"name", span.place.name},
                     {"first", span.place.first},
                     {"text", part.text.substr(span.begin, span.end - span.begin)}});
  }
  nlohmann::json tables = nlohmann::json::array();
  const auto read = TablesOf(part);
  for (const NumberTable& table : read.value()) tables.push_back(JsonOf(table));
  return {{"path", path},
          {"inner_path", part.inner_path},
          {"text", part.text},
          {"title", part.title},
          {"quarantine", part.quarantine},
          {"spans", std::move(spans)},
          {"notes", part.notes},
          {"content", fmt::format("{:02x}", fmt::join(base::AsBytes(part.content), ""))},
          {"tables", std::move(tables)}};
}

int PrintParts() {
  ExtractWorker worker;
  std::string path;
  while (std::getline(std::cin, path)) {
    const auto extracted = worker.Extract(path, [&](Part part) -> Result<void> {
      fmt::print("{}\n", JsonOf(path, part).dump());
      return {};
    });
    if (!extracted) {
      fmt::print(stderr, "extract_parts: {}\n", extracted.error().ToString());
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace walchen::data

int main(int argc, char** argv) {
  if (argc == 2 && argv[1] == walchen::data::kExtractWorkerCommand) return walchen::data::RunExtractWorker();
  return walchen::data::PrintParts();
}
