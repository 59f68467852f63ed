// SPDX-License-Identifier: Apache-2.0
//
// Databases, recordings and scientific data as numbers.
#include <hdf5.h>
#include <hdf5_hl.h>
#include <sqlite3.h>

#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "data/part_tables.h"
#include "data/test_extract.h"

namespace walchen::data {
namespace {

std::vector<NumberTable> Tables(const Part& part) {
  EXPECT_EQ(part.quarantine, "");
  auto tables = TablesOf(part);
  EXPECT_TRUE(tables) << tables.error().ToString();
  return tables ? std::move(*tables) : std::vector<NumberTable>();
}

std::string Sqlite(const char* sql) {
  sqlite3* database = nullptr;
  EXPECT_EQ(sqlite3_open(":memory:", &database), SQLITE_OK);
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, &error), SQLITE_OK) << (error ? error : "");
  sqlite3_int64 size = 0;
  unsigned char* bytes = sqlite3_serialize(database, "main", &size, 0);
  std::string copy(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  sqlite3_free(bytes);
  sqlite3_close(database);
  return copy;
}

TEST(ReadSqlite, TablesAndViewsHaveTextAndNumbers) {
  const std::string bytes =
      Sqlite("CREATE TABLE messung(zeit TEXT, wert REAL, name TEXT, n INTEGER);"
             "INSERT INTO messung VALUES('2026-01-01 00:00:00', 1.5, 'Pumpe', 7), ('2026-01-01 00:00:01', NULL, 'Ventil', 8);"
             "CREATE VIEW doppelt AS SELECT 2 * n AS m FROM messung; CREATE TABLE leer(a, b);");
  const Part part = PartOf("a.sqlite", bytes);
  EXPECT_EQ(part.text, "messung\nzeit\twert\tname\tn\n2026-01-01 00:00:00\t1.5\tPumpe\t7\n2026-01-01 00:00:01\t\tVentil\t8\n\n"
                       "doppelt\nm\n\nleer\na\tb\n\n");
  EXPECT_EQ(TextAt(part, "doppelt"), "doppelt\nm\n");
  ExpectWellFormed(part);
  EXPECT_EQ(part.kind, PartKind::kSignal);
  const auto tables = Tables(part);
  ASSERT_EQ(tables.size(), 2u);
  ASSERT_TRUE(tables[0].time);
  EXPECT_EQ(tables[0].time->step_ms, 1'000);
  ASSERT_EQ(tables[0].columns.size(), 2u);
  EXPECT_EQ(tables[0].columns[0].values[0], 1.5);
  EXPECT_TRUE(std::isnan(tables[0].columns[0].values[1]));
  EXPECT_EQ(tables[1].columns[0].values, (std::vector<double>{14, 16}));
}

TEST(ReadSqlite, AFileWithALogBesideItIsReadAsItStands) {
  std::string bytes = Sqlite("CREATE TABLE t(x); INSERT INTO t VALUES(1), (2);");
  bytes[18] = bytes[19] = 2;
  const Part part = PartOf("a.db", bytes);
  ASSERT_FALSE(part.notes.empty());
  EXPECT_EQ(part.notes[0], "changes that stand in its -wal file are not read");
  EXPECT_EQ(Tables(part)[0].columns[0].values, (std::vector<double>{1, 2}));
}

TEST(ReadSqlite, ADamagedOneIsAReasonAndNoCrash) {
  const std::string bytes = Sqlite("CREATE TABLE t(x, y); INSERT INTO t VALUES(1, 'abc'), (2, zeroblob(9000));");
  for (size_t at = 0; at < bytes.size(); at += 97) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    for (const Part& part : PartsOf("a.db", changed)) ExpectWellFormed(part);
    for (const Part& part : PartsOf("a.sqlite", bytes.substr(0, at))) ExpectWellFormed(part);
  }
  EXPECT_NE(PartOf("a.db", bytes.substr(0, 100)).quarantine, "");
}

TEST(ReadSqlite, WhatIsLeftOutHasANote) {
  const Part part = PartOf("a.db", Sqlite("CREATE TABLE t(x, y, z); INSERT INTO t VALUES(1, x'00', x'01'), (2, NULL, 3);"));
  EXPECT_EQ(part.notes, (std::vector<std::string>{"t: bytes in 2 columns are left out"}));
  std::string views = "CREATE TABLE t(x); INSERT INTO t VALUES(7);";
  for (int i = 0; i < base::kTablesMaxCount + 1; ++i) views += fmt::format("CREATE VIEW v{} AS SELECT 1 AS x;", i);
  const Part many = PartOf("a.db", Sqlite(views.c_str()));
  ASSERT_FALSE(many.notes.empty());
  EXPECT_EQ(many.notes[0], "2 tables are left out, as a file has at most 4096");
  EXPECT_EQ(Tables(many).size(), static_cast<size_t>(base::kTablesMaxCount));
}

TEST(ReadSqlite, AnEndlessViewIsLeftOut) {
  const Part part = PartOf("a.db", Sqlite("CREATE TABLE t(x); INSERT INTO t VALUES(1);"
                                          "CREATE VIEW v AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n FROM c) SELECT n FROM c WHERE n > 1;"));
  ASSERT_EQ(part.notes.size(), 1u);
  EXPECT_EQ(part.notes[0], "v: interrupted");
}

void AppendNumber(std::string& bytes, uint32_t number, int size) {
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(number >> (8 * i));
}

std::string Wav(uint32_t channels, uint32_t hertz, const std::vector<int16_t>& samples) {
  std::string bytes = "RIFF";
  const auto size = static_cast<uint32_t>(samples.size() * 2);
  AppendNumber(bytes, 36 + size, 4);
  bytes += "WAVEfmt ";
  AppendNumber(bytes, 16, 4);
  AppendNumber(bytes, 1, 2);
  AppendNumber(bytes, channels, 2);
  AppendNumber(bytes, hertz, 4);
  AppendNumber(bytes, hertz * channels * 2, 4);
  AppendNumber(bytes, channels * 2, 2);
  AppendNumber(bytes, 16, 2);
  bytes += "data";
  AppendNumber(bytes, size, 4);
  for (const int16_t sample : samples) AppendNumber(bytes, static_cast<uint16_t>(sample), 2);
  return bytes;
}

TEST(ReadWav, ChannelsAreColumnsAndTheRateIsKept) {
  const Part part = PartOf("a.wav", Wav(2, 8'000, {0, 16'384, -32'768, 32'767, 1, -1}));
  EXPECT_EQ(part.kind, PartKind::kSignal);
  EXPECT_EQ(part.text, "");
  const auto tables = Tables(part);
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables[0].time->SamplingHz(), 8'000);
  EXPECT_FALSE(tables[0].time->absolute);
  ASSERT_EQ(tables[0].columns.size(), 2u);
  EXPECT_EQ(tables[0].columns[0].values, (std::vector<double>{0, -1, 1.0 / 32'768}));
  EXPECT_EQ(tables[0].columns[1].values, (std::vector<double>{0.5, 32'767.0 / 32'768, -1.0 / 32'768}));
}

TEST(ReadWav, ACutOneHasWhatIsThere) {
  const std::string bytes = Wav(1, 100, std::vector<int16_t>(50, 3));
  const Part part = PartOf("a.wav", bytes.substr(0, 44 + 20));
  EXPECT_EQ(Tables(part)[0].rows, 10u);
  EXPECT_NE(PartOf("a.wav", bytes.substr(0, 30)).quarantine, "");
  EXPECT_NE(PartOf("a.wav", bytes.substr(0, 44)).quarantine, "");
}

// A file in memory with what `fill` puts into it.
template <class Fill>
std::string Hdf5(const Fill& fill) {
  const hid_t how = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_fapl_core(how, 65'536, 0);
  const hid_t file = H5Fcreate("in memory", H5F_ACC_TRUNC, H5P_DEFAULT, how);
  fill(file);
  H5Fflush(file, H5F_SCOPE_GLOBAL);
  std::string bytes(static_cast<size_t>(H5Fget_file_image(file, nullptr, 0)), '\0');
  H5Fget_file_image(file, bytes.data(), bytes.size());
  H5Fclose(file);
  H5Pclose(how);
  return bytes;
}

std::string MeasuredHdf5() {
  return Hdf5([](hid_t file) {
    const hid_t group = H5Gcreate2(file, "lauf", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const std::vector<double> time = {0, 0.5, 1}, temperature = {20.5, NAN, 22};
    const std::vector<int> grid = {1, 2, 3, 4, 5, 6};
    const hsize_t three = 3, two_by_three[] = {2, 3};
    H5LTmake_dataset_double(group, "time", 1, &three, time.data());
    H5LTmake_dataset_double(group, "T", 1, &three, temperature.data());
    H5LTset_attribute_string(group, "T", "units", "°C");
    H5LTmake_dataset_int(file, "bild", 2, two_by_three, grid.data());
    const double rate = 50;
    H5LTset_attribute_double(file, "bild", "sampling_rate", &rate, 1);
    H5LTmake_dataset_string(file, "text", "nur Text");
    H5Gclose(group);
  });
}

TEST(ReadHdf5, SetsOfOneLengthAreColumnsOfOneTable) {
  const Part part = PartOf("a.h5", MeasuredHdf5());
  const auto tables = Tables(part);
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].name, "bild");
  EXPECT_EQ(tables[0].columns[2].values, (std::vector<double>{3, 6}));
  ASSERT_TRUE(tables[0].time);
  EXPECT_EQ(tables[0].time->SamplingHz(), 50);
  EXPECT_EQ(tables[1].name, "lauf");
  ASSERT_TRUE(tables[1].time);
  EXPECT_EQ(tables[1].time->step_ms, 500);
  ASSERT_EQ(tables[1].columns.size(), 1u);
  EXPECT_EQ(tables[1].columns[0].name, "T");
  EXPECT_EQ(tables[1].columns[0].unit, "°C");
  EXPECT_EQ(tables[1].columns[0].values[2], 22);
  EXPECT_TRUE(std::isnan(tables[1].columns[0].values[1]));
}

TEST(ReadHdf5, NothingOutsideIsFollowed) {
  const Part part = PartOf("a.h5", Hdf5([](hid_t file) {
    const hsize_t three = 3;
    const hid_t space = H5Screate_simple(1, &three, nullptr), how = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(how, "/etc/hostname", 0, 24);
    H5Dclose(H5Dcreate2(file, "aussen", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, how, H5P_DEFAULT));
    H5Lcreate_external("other.h5", "/x", file, "link", H5P_DEFAULT, H5P_DEFAULT);
    H5Pclose(how);
    H5Sclose(space);
  }));
  EXPECT_NE(part.quarantine.find("aussen: its numbers stand in other files"), std::string::npos) << part.quarantine;
}

TEST(ReadHdf5, NumbersOfNetcdfAreUnpacked) {
  const auto fill = [](const char* calendar) {
    return Hdf5([&](hid_t file) {
      const std::vector<int> packed = {-999, 10, 20, -1}, hours = {0, 1, 2, 3};
      const hsize_t four = 4;
      H5LTmake_dataset_int(file, "T", 1, &four, packed.data());
      H5LTmake_dataset_int(file, "time", 1, &four, hours.data());
      const int none = -999, missing = -1;
      const double scale = 0.5, offset = 100;
      H5LTset_attribute_int(file, "T", "_FillValue", &none, 1);
      H5LTset_attribute_int(file, "T", "missing_value", &missing, 1);
      H5LTset_attribute_double(file, "T", "scale_factor", &scale, 1);
      H5LTset_attribute_double(file, "T", "add_offset", &offset, 1);
      H5LTset_attribute_string(file, "time", "units", "hours since 2000-01-01 00:00:00");
      H5LTset_attribute_string(file, "time", "calendar", calendar);
    });
  };
  const auto tables = Tables(PartOf("a.nc", fill("standard")));
  ASSERT_EQ(tables.size(), 1u);
  ASSERT_EQ(tables[0].columns.size(), 1u);
  const std::vector<double>& values = tables[0].columns[0].values;
  EXPECT_TRUE(std::isnan(values[0]));
  EXPECT_EQ(values[1], 105);
  EXPECT_EQ(values[2], 110);
  EXPECT_TRUE(std::isnan(values[3]));
  ASSERT_TRUE(tables[0].time);
  EXPECT_EQ(tables[0].time->start_ms, 946'684'800'000);
  EXPECT_EQ(tables[0].time->step_ms, 3'600'000);
  const auto others = Tables(PartOf("a.nc", fill("noleap")));
  EXPECT_FALSE(others.at(0).time);
  EXPECT_EQ(others.at(0).columns.at(1).unit, "hours since 2000-01-01 00:00:00 (noleap)");
}

// How often a filter that changes nothing had something to unpack.
int& Unpackings() {
  static int count = 0;
  return count;
}
size_t CountUnpacking(unsigned flags, size_t, const unsigned*, size_t bytes, size_t*, void**) {
  Unpackings() += (flags & H5Z_FLAG_REVERSE) != 0;
  return bytes;
}

TEST(ReadHdf5, AChunkIsUnpackedOnce) {
  constexpr H5Z_filter_t kFilter = 300;  // of the numbers for tests
  const H5Z_class2_t filter = {H5Z_CLASS_T_VERS, kFilter, 1, 1, "count", nullptr, nullptr, CountUnpacking};
  ASSERT_GE(H5Zregister(&filter), 0);
  const hsize_t rows = 600'000, chunk = 300'000;
  const std::string bytes = Hdf5([&](hid_t file) {
    const hid_t space = H5Screate_simple(1, &rows, nullptr), how = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(how, 1, &chunk);
    H5Pset_filter(how, kFilter, 0, 0, nullptr);
    const hid_t set = H5Dcreate2(file, "x", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, how, H5P_DEFAULT);
    const std::vector<double> values(rows, 7);
    H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Dclose(set);
    H5Pclose(how);
    H5Sclose(space);
  });
  Unpackings() = 0;
  EXPECT_EQ(Tables(PartOf("a.h5", bytes)).at(0).columns.at(0).values, std::vector<double>(rows, 7));
  EXPECT_EQ(Unpackings(), 2);
  H5Zunregister(kFilter);
}

TEST(ReadHdf5, AVirtualSetIsNotMeasured) {
  const Part part = PartOf("a.h5", Hdf5([](hid_t file) {
    const std::array<hsize_t, 3> size = {2, 2, 2};
    const hid_t space = H5Screate_simple(3, size.data(), nullptr), how = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_virtual(how, space, "other.h5", "/x", space);
    H5Dclose(H5Dcreate2(file, "x", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, how, H5P_DEFAULT));
    H5Pclose(how);
    H5Sclose(space);
  }));
  EXPECT_NE(part.quarantine.find("x: its numbers stand in other files"), std::string::npos) << part.quarantine;
}

TEST(ReadHdf5, ARateWithoutAFiniteStepIsNone) {
  const auto tables = Tables(PartOf("a.h5", Hdf5([](hid_t file) {
    const hsize_t two = 2;
    const double rate = 1e-310, values[] = {1, 2};
    H5LTmake_dataset_double(file, "x", 1, &two, values);
    H5LTset_attribute_double(file, "x", "sampling_rate", &rate, 1);
  })));
  EXPECT_FALSE(tables.at(0).time);
}

TEST(ReadHdf5, TooManySetsAreLeftOutWithANote) {
  const auto most = static_cast<size_t>(base::kTableMaxColumns);
  const Part part = PartOf("a.h5", Hdf5([&](hid_t file) {
    const hid_t space = H5Screate(H5S_SCALAR);
    for (size_t i = 0; i < most + 2; ++i) {
      H5Dclose(H5Dcreate2(file, fmt::format("{}", i).c_str(), H5T_NATIVE_CHAR, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    }
    const int value = 7;
    const hsize_t one = 1;
    H5LTmake_dataset_int(file, "!", 1, &one, &value);
    H5Sclose(space);
  }));
  ASSERT_FALSE(part.notes.empty());
  EXPECT_EQ(part.notes[0], "sets behind the first 65536 are left out");
  // All but the first are of no dimension, and each has a note.
  EXPECT_EQ(part.notes.size(), most);
  EXPECT_EQ(Tables(part).at(0).columns.at(0).values, (std::vector<double>{7}));
}

TEST(ReadHdf5, ADamagedOneIsAReasonAndNoCrash) {
  const std::string bytes = MeasuredHdf5();
  EXPECT_NE(PartOf("a.h5", bytes.substr(0, 100)).quarantine, "");
  for (size_t at = 8; at < bytes.size(); at += 211) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    for (const Part& part : PartsOf("a.h5", changed)) ExpectWellFormed(part);
  }
}

}  // namespace
}  // namespace walchen::data
