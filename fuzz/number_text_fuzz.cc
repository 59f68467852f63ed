// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the text of a number, a cell with a unit and a column's head: what is told of the decimal sign is what
// reading with either sign gives.
#include "data/number_text.h"

#include <cmath>

#include "base/status.h"
#include "data/column_units.h"

using namespace walchen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto dot = data::ReadNumber(text, data::DecimalSign::kDot);
  const auto comma = data::ReadNumber(text, data::DecimalSign::kComma);
  for (const auto& number : {dot, comma}) CHECK(!number || std::isfinite(*number));
  const data::NumberForm form = data::FormOf(text);
  CHECK((form == data::NumberForm::kNone) == (!dot && !comma));
  CHECK((form == data::NumberForm::kPlain) == (dot && comma && *dot == *comma));
  CHECK((form == data::NumberForm::kBoth) == (dot && comma && *dot != *comma));
  if (data::LooksLikeIdentifier(text)) CHECK(dot.has_value() || size > 100);
  if (data::MeansMissing(text)) CHECK(!dot && !comma);
  const data::NumberWithUnit cell = data::SplitUnit(text);
  CHECK(cell.number.size() + cell.unit.size() <= size);
  const data::ColumnHead head = data::ReadColumnHead(text);
  CHECK(head.name.size() + head.unit.size() <= size);
  CHECK(data::LooksLikeUnit(text) || data::MillisecondsOf(text) == 0, "{} is a unit of time only", text);
  return 0;
}
