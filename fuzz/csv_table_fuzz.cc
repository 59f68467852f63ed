// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as separated text: an error, or a table with one value per row in each column, none of them infinite, that is
// the same when it is written and read again.
#include "data/csv_table.h"

#include <cmath>

#include "base/status.h"

using namespace walchen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto table = data::ReadCsvTable({reinterpret_cast<const char*>(data), size});
  if (!table) return 0;
  for (const data::NumberColumn& column : table->columns) {
    CHECK(column.values.size() == table->rows, "{} of {} rows", column.values.size(), table->rows);
    for (const double value : column.values) CHECK(!std::isinf(value));
  }
  if (table->time) {
    const data::TimeAxis& time = *table->time;
    CHECK(time.stamps_ms.empty() ? time.step_ms > 0 || table->rows <= 1 : time.stamps_ms.size() == table->rows);
    CHECK(std::isfinite(time.start_ms) && std::isfinite(time.step_ms) && time.step_ms >= 0, "{}", time.step_ms);
  }
  const auto back = data::ParseTables(data::SerialiseTables({&*table, 1}));
  CHECK(back.has_value(), "{}", back.error().ToString());
  CHECK(back->size() == 1 && back->front().rows == table->rows);
  // Names may be no UTF-8 and are repaired when they are written; the numbers are the same to the last bit.
  CHECK(data::SerialiseTables(*back) == data::SerialiseTables({&*table, 1}));
  return 0;
}
