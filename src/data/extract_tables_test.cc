// SPDX-License-Identifier: Apache-2.0
//
// Databases, recordings and scientific data as numbers.
#include <hdf5.h>
#include <hdf5_hl.h>
#include <sqlite3.h>

#include <cmath>

#include <gtest/gtest.h>

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
