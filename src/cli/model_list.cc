// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "base/home.h"
#include "cli/model_summary.h"
#include "cli/shared_flags.h"
#include "cli/terminal.h"

namespace walchen::cli {
namespace {

struct Row {
  std::string name;
  uint64_t bytes = 0;
  ModelSummary summary;
  std::string trouble;  // why the file cannot be used; empty if it can
};

Result<std::vector<Row>> ReadRows(base::Files& files, const base::Home& home) {
  TRY_ASSIGN(const std::vector<std::string> names, ModelNames(files, home));
  std::vector<Row> rows;
  for (const std::string& name : names) {
    TRY_ASSIGN(const base::Path path, FindModel(files, home, name));
    TRY_ASSIGN(const base::FileInfo info, files.Stat(path));
    Row row{.name = name, .bytes = info.size, .summary = {}, .trouble = {}};
    // One broken file must not hide the others.
    if (const auto file = formats::GgufFile::Open(files, path)) {
      row.summary = Summarise(**file);
    } else {
      row.trouble = file.error().ToString();
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

void PrintJson(const std::vector<Row>& rows) {
  auto list = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    nlohmann::ordered_json item = {{"name", row.name}, {"bytes", row.bytes}};
    if (row.trouble.empty()) {
      item["architecture"] = row.summary.architecture;
      item["parameters"] = row.summary.parameters;
      item["weight_type"] = row.summary.weight_type;
    } else {
      item["error"] = row.trouble;
    }
    list.push_back(std::move(item));
  }
  fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

void PrintTable(const std::vector<Row>& rows, const base::Home& home) {
  if (rows.empty()) {
    fmt::print("No model in {} yet. Get the default model with `make up`.\n", home.models().native());
    return;
  }
  size_t width = 4;
  for (const Row& row : rows) width = std::max(width, row.name.size());
  fmt::print("{:<{}}  {:>9}  {:>10}  {:<8} {}\n", "NAME", width, "SIZE", "PARAMETERS", "WEIGHTS", "ARCHITECTURE");
  for (const Row& row : rows) {
    const std::string size = HumanBytes(row.bytes);
    if (!row.trouble.empty()) {
      fmt::print("{:<{}}  {:>9}  {}\n", Printable(row.name), width, size, Printable(row.trouble));
      continue;
    }
    fmt::print("{:<{}}  {:>9}  {:>10}  {:<8} {}\n", Printable(row.name), width, size,
               HumanCount(row.summary.parameters), row.summary.weight_type, Printable(row.summary.architecture));
  }
}

Result<void> List(const SharedFlags& flags) {
  TRY_ASSIGN(const base::Home home, base::Home::Find(flags.home));
  TRY_ASSIGN(const std::vector<Row> rows, ReadRows(base::Files::Os(), home));
  flags.json ? PrintJson(rows) : PrintTable(rows, home);
  return {};
}

}  // namespace

int RunModelList(int argc, char** argv) {
  SharedFlags flags;
  Arguments arguments("walchen model ls", "List the models in the home.");
  AddSharedFlags(arguments, flags);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  const Result<void> listed = List(flags);
  return listed ? kDone : Report("model ls", listed.error());
}

}  // namespace walchen::cli
