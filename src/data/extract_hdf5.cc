// SPDX-License-Identifier: Apache-2.0
//
// HDF5, opened from memory. Nothing outside the file is followed: no external links or storage, no virtual data sets, no
// filter plug-ins. Numbers of one length in a group are the columns of a table; one of two dimensions, or of records, is a
// table of its own.
#include <hdf5.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/limits.h"
#include "data/extract_readers.h"
#include "data/missing_number.h"
#include "data/part_tables.h"
#include "data/time_column.h"

namespace walchen::data {
namespace {

constexpr uint64_t kBlockNumbers = 65'536;
// So many are read at once where that is whole chunks: 128 MiB of a worker's 4 GiB. A set of larger chunks is unpacked once
// for each such block: at most eight times, as a file has no more numbers.
constexpr uint64_t kChunksMaxNumbers = 16'777'216;
constexpr size_t kAttributeMaxBytes = 4'096;

// An identifier of the library, given back at the end.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  hid_t id() const { return id_; }
  bool ok() const { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

// The sets of a file, by name.
struct FoundSets {
  std::vector<std::string> names;
  bool are_more = false;
};

herr_t CollectSet(hid_t, const char* name, const H5O_info_t* info, void* user) {
  auto& found = *static_cast<FoundSets*>(user);
  if (info->type != H5O_TYPE_DATASET) return 0;
  found.are_more = found.names.size() >= static_cast<size_t>(base::kTableMaxColumns);
  if (!found.are_more) found.names.emplace_back(name);
  return found.are_more ? 1 : 0;
}

bool IsNumber(hid_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  return kind == H5T_INTEGER || kind == H5T_FLOAT;
}

// A text of one piece; empty where there is none.
std::string TextAttribute(hid_t object, const char* name) {
  if (H5Aexists(object, name) <= 0) return "";
  const Handle attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose);
  const Handle type(H5Aget_type(attribute.id()), H5Tclose), space(H5Aget_space(attribute.id()), H5Sclose);
  if (!type.ok() || H5Tget_class(type.id()) != H5T_STRING || H5Sget_simple_extent_npoints(space.id()) != 1) return "";
  const Handle memory(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_cset(memory.id(), H5Tget_cset(type.id()));
  if (H5Tis_variable_str(type.id()) > 0) {
    H5Tset_size(memory.id(), H5T_VARIABLE);
    char* text = nullptr;
    if (H5Aread(attribute.id(), memory.id(), static_cast<void*>(&text)) < 0 || !text) return "";
    std::string copy(text);
    H5free_memory(text);
    return copy;
  }
  std::array<char, kAttributeMaxBytes + 1> text = {};
  H5Tset_size(memory.id(), kAttributeMaxBytes);
  const bool fits = H5Tget_size(type.id()) <= kAttributeMaxBytes;
  return fits && H5Aread(attribute.id(), memory.id(), text.data()) >= 0 ? std::string(text.data()) : "";
}

double NumberAttribute(hid_t object, const char* name) {
  if (H5Aexists(object, name) <= 0) return kNan;
  const Handle attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose);
  const Handle type(H5Aget_type(attribute.id()), H5Tclose), space(H5Aget_space(attribute.id()), H5Sclose);
  double value = kNan;
  if (!type.ok() || !IsNumber(type.id()) || H5Sget_simple_extent_npoints(space.id()) != 1) return kNan;
  return H5Aread(attribute.id(), H5T_NATIVE_DOUBLE, &value) < 0 ? kNan : value;
}

std::string UnitOf(hid_t set) {
  for (const char* name : {"units", "unit", "Units", "Unit", "Einheit"}) {
    if (std::string unit = TextAttribute(set, name); !unit.empty()) return unit;
  }
  return "";
}

double RateOf(hid_t object) {
  for (const char* name : {"sampling_rate", "sample_rate", "samplerate", "sampling_frequency", "fs", "Fs", "rate_hz"}) {
    const double rate = NumberAttribute(object, name);
    if (rate > 0 && std::isfinite(rate) && std::isfinite(1'000.0 / rate)) return rate;
  }
  return 0;
}

struct Shape {
  uint64_t rows = 0, columns = 1;
  uint64_t chunk_rows = 1;  // that are packed together
};

// What netCDF packs numbers with (CF conventions 1.11, section 8.1): what stands in the file times `scale`, plus `offset`.
// Numbers that mean "none" are those in the file.
class SetPacking {
 public:
  explicit SetPacking(hid_t set) : fill_(NumberAttribute(set, "_FillValue")), missing_(NumberAttribute(set, "missing_value")) {
    const double scale = NumberAttribute(set, "scale_factor"), offset = NumberAttribute(set, "add_offset");
    if (std::isfinite(scale) && scale != 0) scale_ = scale;
    if (std::isfinite(offset)) offset_ = offset;
  }

  double Unpacked(double packed) const {
    const double value = packed * scale_ + offset_;
    return packed == fill_ || packed == missing_ || !std::isfinite(value) ? kNan : value;
  }

 private:
  double fill_, missing_;
  double scale_ = 1, offset_ = 0;
};

// In calendars other than the usual one the days behind "days since 2000-01-01" are others.
std::string UnitOfSet(hid_t set) {
  std::string unit = UnitOf(set);
  const std::string calendar = TextAttribute(set, "calendar");
  const bool is_usual = calendar.empty() || calendar == "standard" || calendar == "gregorian" || calendar == "proleptic_gregorian";
  return unit.empty() || is_usual ? unit : fmt::format("{} ({})", unit, calendar);
}

// Reads the sets of one file.
class Hdf5File {
 public:
  explicit Hdf5File(hid_t file) : file_(file) {}

  std::vector<NumberTable> Read() {
    FoundSets found;
    H5Ovisit2(file_, H5_INDEX_NAME, H5_ITER_INC, CollectSet, &found, H5O_INFO_BASIC);
    if (found.are_more) notes_.push_back(fmt::format("sets behind the first {} are left out", found.names.size()));
    for (const std::string& name : found.names) {
      if (const auto read = ReadSet(name); !read) notes_.push_back(fmt::format("{}: {}", name, read.error().message()));
    }
    std::vector<NumberTable> tables;
    for (auto& [place, table] : tables_) {
      FindNumberAxis(table.numbers);
      if (!table.numbers.time && table.rate > 0) {
        table.numbers.time = TimeAxis{"", false, "", 0, 1'000.0 / table.rate, {}, {}};
      }
      tables.push_back(std::move(table.numbers));
    }
    return tables;
  }
  std::vector<std::string>& notes() { return notes_; }

 private:
  struct RatedTable {
    NumberTable numbers;
    double rate = 0;
  };

  Result<Shape> ShapeOf(hid_t set) const {
    // The extent of a virtual set comes from the files behind it: not before it is known to have none.
    const Handle how(H5Dget_create_plist(set), H5Pclose);
    const H5D_layout_t layout = H5Pget_layout(how.id());
    if (layout == H5D_VIRTUAL || H5Pget_external_count(how.id()) != 0) {
      return Fail(ErrorCode::kUnsupported, "its numbers stand in other files, which are not opened");
    }
    if (H5Pall_filters_avail(how.id()) <= 0) return Fail(ErrorCode::kUnsupported, "it is packed with a filter of a plug-in");
    const Handle space(H5Dget_space(set), H5Sclose);
    const int rank = H5Sget_simple_extent_ndims(space.id());
    if (rank != 1 && rank != 2) return Fail(ErrorCode::kUnsupported, "expected one or two dimensions, found {}", rank);
    std::array<hsize_t, 2> dimensions = {1, 1}, chunk = {1, 1};
    H5Sget_simple_extent_dims(space.id(), dimensions.data(), nullptr);
    if (layout == H5D_CHUNKED) H5Pget_chunk(how.id(), 2, chunk.data());
    return Shape{dimensions[0], rank == 2 ? dimensions[1] : 1, std::max<uint64_t>(1, chunk[0])};
  }

  Result<void> Charge(const Shape& shape) {
    const auto left = static_cast<uint64_t>(base::kTableMaxNumbers) - numbers_;
    if (shape.columns > static_cast<uint64_t>(base::kTableMaxColumns) || (shape.columns > 0 && shape.rows > left / shape.columns)) {
      return Fail(ErrorCode::kTooLarge, "expected at most {} numbers, found {} x {} more", base::kTableMaxNumbers, shape.rows,
                  shape.columns);
    }
    numbers_ += shape.rows * shape.columns;
    return {};
  }

  RatedTable& TableAt(const std::string& name, uint64_t rows) {
    RatedTable& table = tables_[{name, rows}];
    table.numbers.name = name;
    table.numbers.rows = rows;
    return table;
  }

  Result<void> ReadSet(const std::string& name) {
    const Handle set(H5Dopen2(file_, name.c_str(), H5P_DEFAULT), H5Dclose);
    if (!set.ok()) return Fail(ErrorCode::kCorrupt, "it does not open");
    const Handle type(H5Dget_type(set.id()), H5Tclose);
    TRY_ASSIGN(const Shape shape, ShapeOf(set.id()));
    if (shape.rows == 0 || shape.columns == 0) return {};
    const size_t slash = name.find_last_of('/');
    const std::string group = slash == std::string::npos ? "" : name.substr(0, slash);
    const std::string last = name.substr(slash == std::string::npos ? 0 : slash + 1);
    const bool is_record = H5Tget_class(type.id()) == H5T_COMPOUND && shape.columns == 1;
    if (!is_record && !IsNumber(type.id())) return Fail(ErrorCode::kUnsupported, "it holds no plain numbers");
    const bool stands_alone = is_record || shape.columns > 1;
    TRY_ASSIGN(std::vector<NumberColumn> columns,
               is_record ? ReadRecords(set.id(), type.id(), shape.rows) : ReadNumbers(set.id(), shape));
    if (!stands_alone) columns[0].name = last;
    RatedTable& table = TableAt(stands_alone ? name : group, shape.rows);
    for (NumberColumn& column : columns) table.numbers.columns.push_back(std::move(column));
    const Handle parent(H5Gopen2(file_, group.empty() ? "/" : group.c_str(), H5P_DEFAULT), H5Gclose);
    for (const hid_t object : {set.id(), parent.id()}) {
      if (table.rate == 0) table.rate = RateOf(object);
    }
    return {};
  }

  // Whole chunks, each of which is unpacked by every read that needs some of it.
  static uint64_t RowsAtOnce(const Shape& shape) {
    const uint64_t rows = std::max<uint64_t>(1, kBlockNumbers / shape.columns);
    const uint64_t whole = (rows + shape.chunk_rows - 1) / shape.chunk_rows * shape.chunk_rows;
    return std::min(whole, std::max(rows, kChunksMaxNumbers / shape.columns));
  }

  Result<std::vector<NumberColumn>> ReadNumbers(hid_t set, const Shape& shape) {
    TRY(Charge(shape));
    const SetPacking packing(set);
    const std::string unit = UnitOfSet(set);
    std::vector<NumberColumn> columns(shape.columns);
    for (uint64_t c = 0; c < shape.columns; ++c) {
      columns[c].name = fmt::format("{}", c + 1);
      columns[c].unit = unit;
      columns[c].values.reserve(shape.rows);
    }
    const Handle space(H5Dget_space(set), H5Sclose);
    const uint64_t at_once = RowsAtOnce(shape);
    std::vector<double> block(std::min(at_once, shape.rows) * shape.columns);
    for (uint64_t row = 0; row < shape.rows; row += at_once) {
      const std::array<hsize_t, 2> from = {row, 0}, count = {std::min(at_once, shape.rows - row), shape.columns};
      const hsize_t numbers = count[0] * count[1];
      const Handle memory(H5Screate_simple(1, &numbers, nullptr), H5Sclose);
      if (H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, from.data(), nullptr, count.data(), nullptr) < 0 ||
          H5Dread(set, H5T_NATIVE_DOUBLE, memory.id(), space.id(), H5P_DEFAULT, block.data()) < 0) {
        return Fail(ErrorCode::kCorrupt, "its numbers cannot be read");
      }
      for (uint64_t i = 0; i < numbers; ++i) columns[i % shape.columns].values.push_back(packing.Unpacked(block[i]));
    }
    return columns;
  }

  // The numbers of records, a column per field.
  Result<std::vector<NumberColumn>> ReadRecords(hid_t set, hid_t type, uint64_t rows) {
    std::vector<NumberColumn> columns;
    const int members = H5Tget_nmembers(type);
    for (int member = 0; member < members; ++member) {
      const Handle field(H5Tget_member_type(type, static_cast<unsigned>(member)), H5Tclose);
      char* name = H5Tget_member_name(type, static_cast<unsigned>(member));
      if (!name) continue;
      NumberColumn column{name, "", {}};
      H5free_memory(name);
      if (!IsNumber(field.id())) {
        notes_.push_back(fmt::format("{}: it holds no plain numbers", column.name));
        continue;
      }
      TRY(Charge({rows, 1}));
      const Handle memory(H5Tcreate(H5T_COMPOUND, sizeof(double)), H5Tclose);
      H5Tinsert(memory.id(), column.name.c_str(), 0, H5T_NATIVE_DOUBLE);
      column.values.resize(rows);
      if (H5Dread(set, memory.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, column.values.data()) < 0) {
        return Fail(ErrorCode::kCorrupt, "its records cannot be read");
      }
      std::ranges::replace_if(column.values, [](double v) { return !std::isfinite(v); }, kNan);
      columns.push_back(std::move(column));
    }
    if (columns.empty()) return Fail(ErrorCode::kUnsupported, "its records hold no plain numbers");
    return columns;
  }

  hid_t file_;
  std::map<std::pair<std::string, uint64_t>, RatedTable> tables_;
  std::vector<std::string> notes_;
  uint64_t numbers_ = 0;  // read so far
};

}  // namespace

Result<void> ReadHdf5(const Source& source, Extraction& extraction) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5PLset_loading_state(0);
  // The library's signature wants to write; opened for reading it does not, and the copy would cost as much as the file.
  constexpr unsigned kAsItIs = H5LT_FILE_IMAGE_DONT_COPY | H5LT_FILE_IMAGE_DONT_RELEASE;
  const Handle file(H5LTopen_file_image(const_cast<char*>(source.bytes.data()), source.bytes.size(), kAsItIs), H5Fclose);
  if (!file.ok()) return Fail(ErrorCode::kCorrupt, "expected an HDF5 file, found a damaged one");
  Part part;
  Hdf5File reader(file.id());
  std::vector<NumberTable> tables = reader.Read();
  part.notes = std::move(reader.notes());
  if (tables.empty()) return Fail(ErrorCode::kUnsupported, "it holds no numbers{}", part.notes.empty() ? "" : ": " + part.notes[0]);
  AddTables(std::move(tables), part);
  if (part.content.empty()) return Fail(ErrorCode::kTooLarge, "{}", part.notes.back());
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
