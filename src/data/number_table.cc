// SPDX-License-Identifier: Apache-2.0
//
// The format, all little-endian: "WTAB", version (1), XXH3 of what follows (64 bits), the number of tables; of each its
// name, rows, time axis, columns and notes. A text is its length (32 bits) and UTF-8. A list of numbers is how it is packed
// (one byte), a scale (one byte) and the numbers: integer n with scale s is n / kScales[s], the least integer is NaN.
#include "data/number_table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "base/bytes.h"
#include "base/limits.h"
#include "data/missing_number.h"
#include "formats/utf8.h"

namespace walchen::data {
namespace {

using base::ByteReader;
using base::ByteWriter;

constexpr std::string_view kTableMagic = "WTAB";
constexpr uint32_t kVersion = 1;
// Texts have up to six decimals mostly, and n / 10^6 rounds once, as reading them does. Sound has 8, 16 or 24 bits.
constexpr std::array<double, 10> kScales = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 128, 32'768, 8'388'608};

enum class Packing : uint8_t { kEqual = 0, kInt8 = 1, kInt16 = 2, kInt32 = 3, kFloat = 4, kDouble = 5 };
constexpr std::array<uint64_t, 6> kPackedBytes = {0, 1, 2, 4, 4, 8};

bool SameBits(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

bool SameNumbers(std::span<const double> a, std::span<const double> b) {
  return std::ranges::equal(a, b, SameBits);
}

// As much of a text as the format holds, cut before a code point. Texts from libraries may be no UTF-8.
std::string KeptText(std::string_view text) {
  std::string kept = formats::ReplaceInvalidUtf8(text.substr(0, base::kTableNameMaxBytes));
  if (kept.size() <= base::kTableNameMaxBytes) return kept;
  kept.resize(base::kTableNameMaxBytes);
  kept.resize(formats::ValidUtf8Prefix(kept));
  return kept;
}

void WriteText(std::string_view text, ByteWriter& out) {
  const std::string kept = KeptText(text);
  out.Write(static_cast<uint32_t>(kept.size()));
  out.Raw(base::AsBytes(kept));
}

// The largest integer that these values become with a scale; nothing where one does not come back as it was.
std::optional<double> LargestInteger(std::span<const double> values, double scale) {
  double largest = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    const double integer = std::round(value * scale);
    if (!(std::abs(integer) <= std::numeric_limits<int32_t>::max())) return {};
    // Through an integer, which has no -0.
    if (!SameBits(static_cast<double>(static_cast<int64_t>(integer)) / scale, value)) return {};
    largest = std::max(largest, std::abs(integer));
  }
  return largest;
}

struct Plan {
  Packing packing = Packing::kDouble;
  uint8_t scale = 0;
};

Plan PlanOf(std::span<const double> values) {
  if (values.empty() || std::ranges::all_of(values, [&](double v) { return SameBits(v, values[0]); })) {
    return {Packing::kEqual, 0};
  }
  for (size_t scale = 0; scale < kScales.size(); ++scale) {
    const auto largest = LargestInteger(values, kScales[scale]);
    if (!largest) continue;
    const Packing packing = *largest <= 127 ? Packing::kInt8 : *largest <= 32'767 ? Packing::kInt16 : Packing::kInt32;
    return {packing, static_cast<uint8_t>(scale)};
  }
  const bool narrow = std::ranges::all_of(values, [](double v) { return std::isnan(v) || v == static_cast<float>(v); });
  return {narrow ? Packing::kFloat : Packing::kDouble, 0};
}

template <class T>
void WriteIntegers(std::span<const double> values, double scale, ByteWriter& out) {
  for (const double value : values) {
    out.Write(std::isnan(value) ? std::numeric_limits<T>::min() : static_cast<T>(std::round(value * scale)));
  }
}

void WriteNumbers(std::span<const double> values, ByteWriter& out) {
  const Plan plan = PlanOf(values);
  const double scale = kScales[plan.scale];
  out.Write(static_cast<uint8_t>(plan.packing));
  out.Write(plan.scale);
  switch (plan.packing) {
    case Packing::kEqual:
      if (!values.empty()) out.Write(std::isnan(values[0]) ? kNan : values[0]);
      break;
    case Packing::kInt8: WriteIntegers<int8_t>(values, scale, out); break;
    case Packing::kInt16: WriteIntegers<int16_t>(values, scale, out); break;
    case Packing::kInt32: WriteIntegers<int32_t>(values, scale, out); break;
    case Packing::kFloat:
      for (const double value : values) {
        out.Write(std::isnan(value) ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(value));
      }
      break;
    case Packing::kDouble:
      for (const double value : values) out.Write(std::isnan(value) ? kNan : value);
      break;
  }
}

void WriteAxis(const TimeAxis& axis, ByteWriter& out) {
  WriteText(axis.name, out);
  out.Write(static_cast<uint8_t>(axis.absolute));
  WriteText(axis.zone, out);
  out.Write(axis.start_ms);
  out.Write(axis.step_ms);
  out.Write(static_cast<uint8_t>(!axis.stamps_ms.empty()));
  if (!axis.stamps_ms.empty()) WriteNumbers(axis.stamps_ms, out);
  out.Write<uint64_t>(axis.gaps.size());
  for (const TimeGap& gap : axis.gaps) out.Write(gap.from_ms), out.Write(gap.to_ms);
}

void WriteTable(const NumberTable& table, ByteWriter& out) {
  WriteText(table.name, out);
  out.Write(table.rows);
  out.Write(static_cast<uint8_t>(table.time.has_value()));
  if (table.time) {
    CHECK(IsUsable(*table.time, table.rows), "the times of {} rows are not usable", table.rows);
    WriteAxis(*table.time, out);
  }
  CHECK(table.columns.size() <= static_cast<size_t>(base::kTableMaxColumns), "{} columns", table.columns.size());
  out.Write(static_cast<uint32_t>(table.columns.size()));
  for (const NumberColumn& column : table.columns) {
    CHECK(column.values.size() == table.rows, "{} values, {} rows", column.values.size(), table.rows);
    WriteText(column.name, out);
    WriteText(column.unit, out);
    WriteNumbers(column.values, out);
  }
  out.Write(static_cast<uint32_t>(table.notes.size()));
  for (const std::string& note : table.notes) WriteText(note, out);
}

// What was read so far, over all tables, so that short bytes cannot ask for long memory.
struct Budget {
  uint64_t numbers = 0;
};

Result<std::string> ReadText(ByteReader& in, std::string_view what) {
  TRY_ASSIGN(const auto size, in.Read<uint32_t>(what));
  if (size > base::kTableNameMaxBytes) {
    return FailAt(in.position(), ErrorCode::kTooLarge, "expected at most {} bytes for {}, found {}", base::kTableNameMaxBytes, what,
                  size);
  }
  TRY_ASSIGN(const base::Bytes bytes, in.Take(size, what));
  const std::string_view text = base::AsText(bytes);
  if (formats::ValidUtf8Prefix(text) != text.size()) {
    return FailAt(in.position(), ErrorCode::kCorrupt, "expected UTF-8 for {}", what);
  }
  return std::string(text);
}

Result<bool> ReadFlag(ByteReader& in, std::string_view what) {
  TRY_ASSIGN(const auto flag, in.Read<uint8_t>(what));
  if (flag > 1) return FailAt(in.position(), ErrorCode::kCorrupt, "expected 0 or 1 for {}, found {}", what, flag);
  return flag == 1;
}

Result<double> ReadFinite(ByteReader& in, std::string_view what) {
  TRY_ASSIGN(const auto value, in.Read<double>(what));
  if (!std::isfinite(value)) return FailAt(in.position(), ErrorCode::kCorrupt, "expected a number for {}", what);
  return value;
}

template <class T>
void Unpack(base::Bytes packed, double scale, std::vector<double>& values) {
  for (uint64_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, packed.data() + i * sizeof(T), sizeof(T));
    const bool missing = std::integral<T> && value == std::numeric_limits<T>::min();
    values[i] = missing ? kNan : static_cast<double>(value) / scale;
  }
}

Result<std::vector<double>> ReadNumbers(ByteReader& in, uint64_t rows, Budget& budget) {
  TRY_ASSIGN(const auto packing, in.Read<uint8_t>("a packing"));
  TRY_ASSIGN(const auto scale, in.Read<uint8_t>("a scale"));
  const bool is_integer = packing >= 1 && packing <= 3;
  if (packing >= kPackedBytes.size() || scale >= kScales.size() || (scale > 0 && !is_integer)) {
    return FailAt(in.position(), ErrorCode::kCorrupt, "expected a packing, found {} with scale {}", packing, scale);
  }
  budget.numbers += rows;
  if (budget.numbers > static_cast<uint64_t>(base::kTableMaxNumbers)) {
    return FailAt(in.position(), ErrorCode::kTooLarge, "expected at most {} numbers, found {}", base::kTableMaxNumbers,
                  budget.numbers);
  }
  const auto kind = static_cast<Packing>(packing);
  double equal = kNan;
  if (kind == Packing::kEqual && rows > 0) {
    TRY_ASSIGN(equal, in.Read<double>("a number"));
  }
  TRY_ASSIGN(const base::Bytes packed, in.Take(rows * kPackedBytes[packing], "numbers"));
  std::vector<double> values(rows, equal);
  if (kind == Packing::kInt8) Unpack<int8_t>(packed, kScales[scale], values);
  if (kind == Packing::kInt16) Unpack<int16_t>(packed, kScales[scale], values);
  if (kind == Packing::kInt32) Unpack<int32_t>(packed, kScales[scale], values);
  if (kind == Packing::kFloat) Unpack<float>(packed, 1, values);
  if (kind == Packing::kDouble) Unpack<double>(packed, 1, values);
  if (std::ranges::any_of(values, [](double v) { return std::isinf(v); })) {
    return FailAt(in.position(), ErrorCode::kCorrupt, "expected numbers, found an infinite one");
  }
  return values;
}

Result<TimeAxis> ReadAxis(ByteReader& in, uint64_t rows, Budget& budget) {
  TimeAxis axis;
  TRY_ASSIGN(axis.name, ReadText(in, "the time's name"));
  TRY_ASSIGN(axis.absolute, ReadFlag(in, "an absolute time"));
  TRY_ASSIGN(axis.zone, ReadText(in, "the time zone"));
  TRY_ASSIGN(axis.start_ms, ReadFinite(in, "the start"));
  TRY_ASSIGN(axis.step_ms, ReadFinite(in, "the step"));
  TRY_ASSIGN(const bool has_stamps, ReadFlag(in, "time stamps"));
  if (axis.step_ms < 0 || (!has_stamps && axis.step_ms == 0 && rows > 1) || (has_stamps && rows == 0)) {
    return FailAt(in.position(), ErrorCode::kCorrupt, "expected a step or time stamps, found step {} of {} rows",
                  axis.step_ms, rows);
  }
  if (has_stamps) {
    TRY_ASSIGN(axis.stamps_ms, ReadNumbers(in, rows, budget));
  }
  TRY_ASSIGN(const auto gaps, in.Read<uint64_t>("the gaps"));
  if (gaps > in.left() / 16) return FailAt(in.position(), ErrorCode::kTruncated, "expected {} gaps", gaps);
  for (uint64_t i = 0; i < gaps; ++i) {
    TimeGap& gap = axis.gaps.emplace_back();
    TRY_ASSIGN(gap.from_ms, ReadFinite(in, "a gap"));
    TRY_ASSIGN(gap.to_ms, ReadFinite(in, "a gap"));
  }
  if (!IsUsable(axis, rows)) return FailAt(in.position(), ErrorCode::kCorrupt, "expected finite times of {} rows", rows);
  return axis;
}

Result<NumberTable> ReadTable(ByteReader& in, Budget& budget) {
  NumberTable table;
  TRY_ASSIGN(table.name, ReadText(in, "a table's name"));
  TRY_ASSIGN(table.rows, in.Read<uint64_t>("the rows"));
  if (table.rows > static_cast<uint64_t>(base::kTableMaxNumbers)) {
    return FailAt(in.position(), ErrorCode::kTooLarge, "expected at most {} rows, found {}", base::kTableMaxNumbers,
                  table.rows);
  }
  TRY_ASSIGN(const bool has_time, ReadFlag(in, "a time axis"));
  if (has_time) {
    TRY_ASSIGN(table.time, ReadAxis(in, table.rows, budget));
  }
  TRY_ASSIGN(const auto columns, in.Read<uint32_t>("the columns"));
  if (columns > base::kTableMaxColumns) {
    return FailAt(in.position(), ErrorCode::kTooLarge, "expected at most {} columns, found {}", base::kTableMaxColumns,
                  columns);
  }
  for (uint32_t i = 0; i < columns; ++i) {
    NumberColumn column;
    TRY_ASSIGN(column.name, ReadText(in, "a column's name"));
    TRY_ASSIGN(column.unit, ReadText(in, "a column's unit"));
    TRY_ASSIGN(column.values, ReadNumbers(in, table.rows, budget));
    table.columns.push_back(std::move(column));
  }
  TRY_ASSIGN(const auto notes, in.Read<uint32_t>("the notes"));
  if (notes > base::kTableMaxNotes + 1) {
    return FailAt(in.position(), ErrorCode::kTooLarge, "expected at most {} notes, found {}", base::kTableMaxNotes + 1,
                  notes);
  }
  for (uint32_t i = 0; i < notes; ++i) {
    TRY_ASSIGN(std::string note, ReadText(in, "a note"));
    table.notes.push_back(std::move(note));
  }
  return table;
}

}  // namespace

std::vector<RowRange> GapsOf(std::span<const double> values) {
  std::vector<RowRange> gaps;
  for (uint64_t row = 0; row < values.size(); ++row) {
    if (!std::isnan(values[row])) continue;
    if (gaps.empty() || gaps.back().end != row) gaps.push_back({row, row});
    gaps.back().end = row + 1;
  }
  return gaps;
}

void AddNote(NumberTable& table, std::string note) {
  const auto most = static_cast<size_t>(base::kTableMaxNotes);
  if (table.notes.size() < most) table.notes.push_back(std::move(note));
  else if (table.notes.size() == most) table.notes.emplace_back("there is more to note");
}

bool IsUsable(const TimeAxis& axis, uint64_t rows) {
  const auto is_gap = [](const TimeGap& gap) { return std::isfinite(gap.from_ms) && std::isfinite(gap.to_ms); };
  if (!std::isfinite(axis.start_ms) || !std::isfinite(axis.step_ms) || axis.step_ms < 0) return false;
  if (!std::ranges::all_of(axis.gaps, is_gap)) return false;
  if (!axis.stamps_ms.empty()) {
    return axis.stamps_ms.size() == rows && std::ranges::none_of(axis.stamps_ms, [](double ms) { return std::isinf(ms); });
  }
  return rows <= 1 || (axis.step_ms > 0 && std::isfinite(axis.At(rows - 1)));
}

bool Same(const NumberTable& a, const NumberTable& b) {
  const auto same_axis = [](const TimeAxis& x, const TimeAxis& y) {
    return x.name == y.name && x.absolute == y.absolute && x.zone == y.zone && SameBits(x.start_ms, y.start_ms) &&
           SameBits(x.step_ms, y.step_ms) && SameNumbers(x.stamps_ms, y.stamps_ms) && x.gaps == y.gaps;
  };
  const auto same_column = [](const NumberColumn& x, const NumberColumn& y) {
    return x.name == y.name && x.unit == y.unit && SameNumbers(x.values, y.values);
  };
  if (a.time.has_value() != b.time.has_value() || (a.time && !same_axis(*a.time, *b.time))) return false;
  return a.name == b.name && a.rows == b.rows && a.notes == b.notes && std::ranges::equal(a.columns, b.columns, same_column);
}

std::string SerialiseTables(std::span<const NumberTable> tables) {
  ByteWriter body;
  body.Write(static_cast<uint32_t>(tables.size()));
  for (const NumberTable& table : tables) WriteTable(table, body);
  ByteWriter out;
  out.Raw(base::AsBytes(kTableMagic));
  out.Write(kVersion);
  out.Write<uint64_t>(XXH3_64bits(body.bytes().data(), body.size()));
  out.Raw(base::AsBytes(body.bytes()));
  return out.bytes();
}

Result<std::vector<NumberTable>> ParseTables(std::string_view bytes) {
  ByteReader in(base::AsBytes(bytes));
  TRY_ASSIGN(const base::Bytes magic, in.Take(kTableMagic.size(), "a table's beginning"));
  if (base::AsText(magic) != kTableMagic) return FailAt(0, ErrorCode::kCorrupt, "expected {}, found none", kTableMagic);
  TRY_ASSIGN(const auto version, in.Read<uint32_t>("the version"));
  if (version != kVersion) {
    return FailAt(4, ErrorCode::kUnsupported, "expected version {} of a table, found {}: a later Walchen wrote it",
                  kVersion, version);
  }
  TRY_ASSIGN(const auto checksum, in.Read<uint64_t>("the checksum"));
  const std::string_view body = bytes.substr(in.position());
  if (XXH3_64bits(body.data(), body.size()) != checksum) {
    return FailAt(8, ErrorCode::kCorrupt, "expected the checksum of a table, found another one: its bytes changed");
  }
  TRY_ASSIGN(const auto count, in.Read<uint32_t>("the tables"));
  if (count > base::kTablesMaxCount) {
    return FailAt(in.position(), ErrorCode::kTooLarge, "expected at most {} tables, found {}", base::kTablesMaxCount, count);
  }
  std::vector<NumberTable> tables;
  Budget budget;
  for (uint32_t i = 0; i < count; ++i) {
    TRY_ASSIGN(NumberTable table, ReadTable(in, budget));
    tables.push_back(std::move(table));
  }
  if (in.left() > 0) {
    return FailAt(in.position(), ErrorCode::kCorrupt, "expected the end of the tables, found {} bytes more", in.left());
  }
  return tables;
}

}  // namespace walchen::data
