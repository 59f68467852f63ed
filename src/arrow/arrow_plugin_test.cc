// SPDX-License-Identifier: Apache-2.0
//
// Parquet and Arrow as parts, from files that Arrow's own writers make in memory.
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/json/from_string.h>
#include <arrow/table.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/writer.h>

#include <cmath>

#include <gtest/gtest.h>

#include "data/part_tables.h"
#include "data/test_extract.h"

namespace walchen::data {
namespace {

using ::arrow::field;

struct TestColumn {
  std::shared_ptr<::arrow::Field> field;
  std::string json;
};

std::shared_ptr<::arrow::Table> TableOf(const std::vector<TestColumn>& columns) {
  ::arrow::FieldVector fields;
  ::arrow::ArrayVector arrays;
  for (const TestColumn& column : columns) {
    fields.push_back(column.field);
    arrays.push_back(::arrow::json::ArrayFromJSONString(column.field->type(), column.json).ValueOrDie());
  }
  return ::arrow::Table::Make(::arrow::schema(fields), arrays);
}

std::string Parquet(const std::vector<TestColumn>& columns) {
  const auto out = ::arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto keep_types = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  EXPECT_TRUE(parquet::arrow::WriteTable(*TableOf(columns), ::arrow::default_memory_pool(), out, 2,
                                         parquet::default_writer_properties(), keep_types)
                  .ok());
  return out->Finish().ValueOrDie()->ToString();
}

std::string Arrow(const std::vector<TestColumn>& columns, bool as_stream = false) {
  const auto table = TableOf(columns);
  const auto out = ::arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto writer = (as_stream ? ::arrow::ipc::MakeStreamWriter(out, table->schema())
                                 : ::arrow::ipc::MakeFileWriter(out, table->schema()))
                          .ValueOrDie();
  EXPECT_TRUE(writer->WriteTable(*table).ok());
  EXPECT_TRUE(writer->Close().ok());
  return out->Finish().ValueOrDie()->ToString();
}

// The only table of a part, whatever it is.
NumberTable OnlyTable(const Part& part) {
  EXPECT_EQ(part.quarantine, "");
  ExpectWellFormed(part);
  const auto tables = TablesOf(part);
  if (!tables || tables->size() != 1) {
    ADD_FAILURE() << "expected one table";
    return {};
  }
  return tables->front();
}

// The values of the column with that name, NaN as -999 so that they compare.
std::vector<double> Values(const NumberTable& table, std::string_view name) {
  const auto found = std::ranges::find(table.columns, name, &NumberColumn::name);
  if (found == table.columns.end()) return {};
  std::vector<double> values = found->values;
  for (double& value : values) value = std::isnan(value) ? -999 : value;
  return values;
}

std::vector<TestColumn> Measured() {
  return {{field("zeit", ::arrow::timestamp(::arrow::TimeUnit::NANO)), R"(["2026-11-22 18:00:00", "2026-11-22 18:00:00.1", "2026-11-22 18:00:00.2"])"},
          {field("T", ::arrow::float64(), true, ::arrow::key_value_metadata({"unit"}, {"°C"})), "[20.5, null, 0.1]"},
          {field("n", ::arrow::int64()), "[1, -2, 9007199254740991]"}};
}

TEST(ReadArrow, ParquetFilesAndStreamsHaveOneTable) {
  for (const auto& [name, bytes] : {std::pair("a.parquet", Parquet(Measured())), std::pair("a.feather", Arrow(Measured())),
                                    std::pair("unnamed", Arrow(Measured())), std::pair("a.arrows", Arrow(Measured(), true))}) {
    const Part part = PartOf(name, bytes);
    EXPECT_EQ(part.kind, PartKind::kSignal) << name;
    const NumberTable table = OnlyTable(part);
    ASSERT_TRUE(table.time) << name;
    EXPECT_TRUE(table.time->absolute);
    EXPECT_EQ(table.time->zone, "");
    EXPECT_EQ(table.time->start_ms, 1'795'370'400'000);
    EXPECT_EQ(table.time->step_ms, 100);
    ASSERT_EQ(table.columns.size(), 2u);
    EXPECT_EQ(table.columns[0].unit, "°C");
    EXPECT_EQ(Values(table, "T"), (std::vector<double>{20.5, -999, 0.1}));
    EXPECT_EQ(Values(table, "n"), (std::vector<double>{1, -2, 9007199254740991}));
  }
}

TEST(ReadArrow, MomentsWithAZoneAreThoseOfUtc) {
  const NumberTable table = OnlyTable(PartOf(
      "a.parquet", Parquet({{field("zeit", ::arrow::timestamp(::arrow::TimeUnit::MICRO, "Europe/Berlin")),
                             R"(["2026-11-22 18:00:00", "2026-11-22 18:00:01"])"},
                            {field("v", ::arrow::float32()), "[1, 2]"}})));
  ASSERT_TRUE(table.time);
  EXPECT_EQ(table.time->zone, "UTC");
  EXPECT_EQ(table.time->start_ms, 1'795'370'400'000);
}

TEST(ReadArrow, DecimalsAreTheNearestDoubles) {
  const char* numbers = R"(["0.10", "-1234567.89", null])";
  const NumberTable table = OnlyTable(PartOf("a.arrow", Arrow({{field("d32", ::arrow::decimal32(9, 2)), numbers},
                                                               {field("d64", ::arrow::decimal64(18, 2)), numbers},
                                                               {field("d128", ::arrow::decimal128(20, 2)), numbers},
                                                               {field("d256", ::arrow::decimal256(50, 2)), numbers},
                                                               {field("text", ::arrow::utf8()), R"(["1.50", "2.25", null])"}})));
  for (const char* name : {"d32", "d64", "d128", "d256"}) {
    EXPECT_EQ(Values(table, name), (std::vector<double>{0.1, -1234567.89, -999})) << name;
  }
  EXPECT_EQ(Values(table, "text"), (std::vector<double>{1.5, 2.25, -999}));
}

TEST(ReadArrow, EverySmallTypeIsANumber) {
  const char* numbers = "[1, null, 0]";
  std::vector<TestColumn> columns = {{field("bool", ::arrow::boolean()), "[true, null, false]"},
                                     {field("half", ::arrow::float16()), numbers}};
  for (const auto& type : {::arrow::int8(), ::arrow::uint8(), ::arrow::int16(), ::arrow::uint16(), ::arrow::int32(),
                           ::arrow::uint32(), ::arrow::uint64(), ::arrow::float32()}) {
    columns.push_back({field(type->ToString(), type), numbers});
  }
  const NumberTable table = OnlyTable(PartOf("a.arrow", Arrow(columns)));
  ASSERT_EQ(table.columns.size(), columns.size());
  for (const NumberColumn& column : table.columns) {
    EXPECT_EQ(Values(table, column.name), (std::vector<double>{1, -999, 0})) << column.name;
  }
}

TEST(ReadArrow, DaysClocksAndDurationsAreMilliseconds) {
  const NumberTable table =
      OnlyTable(PartOf("a.arrow", Arrow({{field("tag", ::arrow::date32()), "[0, 1, null]"},
                                         {field("uhr", ::arrow::time64(::arrow::TimeUnit::MICRO)), "[1500, 86399000000, 0]"},
                                         {field("dauer", ::arrow::duration(::arrow::TimeUnit::SECOND)), "[2, null, -3]"}})));
  // A day and the time of day beside it are one moment.
  ASSERT_TRUE(table.time);
  EXPECT_EQ(table.time->name, "tag uhr");
  EXPECT_EQ(table.time->At(0), 1.5);
  EXPECT_EQ(table.time->At(1), 2 * 86'400'000.0 - 1'000);
  ASSERT_EQ(table.columns.size(), 1u);
  EXPECT_EQ(table.columns[0].unit, "ms");
  EXPECT_EQ(Values(table, "dauer"), (std::vector<double>{2'000, -999, -3'000}));
}

TEST(ReadArrow, CodesAreWhatTheyStandFor) {
  const auto codes = ::arrow::json::DictArrayFromJSONString(::arrow::dictionary(::arrow::int8(), ::arrow::utf8()),
                                                            "[0, 1, null, 0]", R"(["Pumpe", "Ventil"])").ValueOrDie();
  const auto numbers = ::arrow::json::DictArrayFromJSONString(::arrow::dictionary(::arrow::int8(), ::arrow::float64()),
                                                              "[1, 1, null, 0]", "[0.5, 1.5]").ValueOrDie();
  const auto table = ::arrow::Table::Make(
      ::arrow::schema({field("teil", codes->type()), field("wert", numbers->type())}), ::arrow::ArrayVector{codes, numbers});
  const auto out = ::arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto writer = ::arrow::ipc::MakeFileWriter(out, table->schema()).ValueOrDie();
  ASSERT_TRUE(writer->WriteTable(*table).ok() && writer->Close().ok());
  const Part part = PartOf("a.arrow", out->Finish().ValueOrDie()->ToString());
  EXPECT_EQ(part.text, "\nteil\twert\nPumpe\t1.5\nVentil\t1.5\n\t\nPumpe\t0.5\n\n");
  EXPECT_EQ(Values(OnlyTable(part), "wert"), (std::vector<double>{1.5, 1.5, -999, 0.5}));
}

TEST(ReadArrow, ListsRecordsAndBytesAreLeftOutWithANote) {
  const std::vector<TestColumn> others = {
      {field("liste", ::arrow::list(::arrow::int32())), "[[1], [2, 3]]"},
      {field("satz", ::arrow::struct_({field("a", ::arrow::int32()), field("b", ::arrow::int32())})), R"([{"a": 1, "b": 2}, null])"},
      {field("bytes", ::arrow::binary()), R"(["x", "y"])"}};
  std::vector<TestColumn> all = others;
  all.insert(all.begin() + 1, {field("v", ::arrow::float64()), "[1, 2]"});
  all.push_back({field("leer", ::arrow::null()), "[null, null]"});
  for (const auto& [name, bytes] : {std::pair("a.parquet", Parquet(all)), std::pair("a.arrow", Arrow(all))}) {
    const Part part = PartOf(name, bytes);
    ASSERT_FALSE(part.notes.empty());
    EXPECT_EQ(part.notes[0], "3 columns of lists, records or bytes are not read") << name;
    const NumberTable table = OnlyTable(part);
    ASSERT_EQ(table.columns.size(), 1u);
    EXPECT_EQ(Values(table, "v"), (std::vector<double>{1, 2}));
  }
  const Part nothing = PartOf("a.parquet", Parquet(others));
  EXPECT_NE(nothing.quarantine.find("found 3 of lists, records or bytes"), std::string::npos) << nothing.quarantine;
}

TEST(ReadArrow, ARowWithoutValuesStaysARow) {
  const NumberTable table = OnlyTable(PartOf("a.parquet", Parquet({{field("v", ::arrow::float64()), "[null, 1, null, 2, null]"}})));
  EXPECT_EQ(table.rows, 5u);
  EXPECT_EQ(Values(table, "v"), (std::vector<double>{-999, 1, -999, 2, -999}));
}

TEST(ReadArrow, ADamagedOneIsAReasonAndNoCrash) {
  for (const auto& [name, bytes] : {std::pair("a.parquet", Parquet(Measured())), std::pair("a.arrow", Arrow(Measured())),
                                    std::pair("a.arrows", Arrow(Measured(), true))}) {
    EXPECT_NE(PartOf(name, bytes.substr(0, 40)).quarantine, "");
    for (size_t at = 6; at < bytes.size(); at += 13) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ 0x55);
      for (const Part& part : PartsOf(name, changed)) ExpectWellFormed(part);
    }
  }
}

}  // namespace
}  // namespace walchen::data
