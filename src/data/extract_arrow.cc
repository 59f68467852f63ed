// SPDX-License-Identifier: Apache-2.0
//
// Parquet and Arrow, by the plug-in of src/arrow.
#include <dlfcn.h>

#include <cmath>
#include <system_error>

#include "base/files.h"
#include "base/limits.h"
#include "data/arrow_columns.h"
#include "data/cell_table.h"
#include "data/extract_readers.h"
#include "data/part_tables.h"
#include "data/table_text.h"

namespace walchen::data {
namespace {

// Stays loaded: a worker reads many files.
Result<ReadArrowFunction> LoadPlugin() {
  static void* plugin = nullptr;
  std::error_code error;
  const base::Path path = std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / kArrowPlugin;
  if (!std::filesystem::exists(path, error)) {
    return Fail(ErrorCode::kUnavailable,
                "Parquet and Arrow are read with libraries that were not here when Walchen was built: run `make tables`; a "
                "file that was taken in before is read again under another name or --source");
  }
  if (!plugin) plugin = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* found = plugin ? ::dlsym(plugin, kReadArrowName) : nullptr;
  if (found) return reinterpret_cast<ReadArrowFunction>(found);
  const char* reason = ::dlerror();
  return Fail(ErrorCode::kUnavailable, "expected to load {}: {}; run `make tables` again", kArrowPlugin, reason ? reason : "");
}

Result<CellGrid> GridOf(std::vector<ArrowColumn>& columns) {
  CellGrid grid;
  uint64_t rows = 0;
  for (uint64_t column = 0; column < columns.size(); ++column) {
    const ArrowColumn& found = columns[column];
    const std::string head = found.unit.empty() ? found.name : fmt::format("{} [{}]", found.name, found.unit);
    TRY(grid.Add(0, column, {grid.Keep(head)}));
    rows = std::max<uint64_t>(rows, std::max(found.values.size(), found.texts.size()));
  }
  for (uint64_t row = 0; row < rows; ++row) {
    for (uint64_t column = 0; column < columns.size(); ++column) {
      ArrowColumn& found = columns[column];
      Cell cell;
      if (found.kind == CellKind::kText) cell.text = grid.Keep(std::move(found.texts[row]));
      else if (!std::isnan(found.values[row])) cell = {{}, found.values[row], found.kind};
      TRY(grid.Add(row + 1, column, cell));
    }
  }
  return grid;
}

}  // namespace

Result<void> ReadArrow(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(const ReadArrowFunction read, LoadPlugin());
  std::vector<ArrowColumn> columns;
  uint64_t left_out = 0;
  std::string error;
  if (!read(source.bytes.data(), source.bytes.size(), base::kTableMaxCells, &columns, &left_out, &error)) {
    return Fail(ErrorCode::kCorrupt, "{}", error);
  }
  TRY_ASSIGN(const CellGrid grid, GridOf(columns));
  if (columns.empty()) {
    return Fail(ErrorCode::kUnsupported, "expected columns of numbers, times or texts, found {} of lists, records or bytes", left_out);
  }
  Part part;
  if (left_out > 0) part.notes.push_back(fmt::format("{} columns of lists, records or bytes are not read", left_out));
  TRY(AddTableText(grid, "", part));
  std::vector<NumberTable> tables;
  tables.push_back(TableOf(grid, "", Heads::kFirstRow));
  AddTables(std::move(tables), part);
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
