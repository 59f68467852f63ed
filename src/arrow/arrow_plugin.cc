// SPDX-License-Identifier: Apache-2.0
//
// Parquet, and Arrow's IPC format (Feather 2), by the Arrow C++ libraries. data/arrow_columns.h is the contract.
#include <arrow/array.h>
#include <arrow/array/builder_base.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/memory_pool.h>
#include <arrow/table.h>
#include <arrow/util/float16.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <limits>
#include <memory>
#include <string_view>

#include "data/arrow_columns.h"

namespace walchen::arrow_plugin {
namespace {

using data::ArrowColumn;
using data::CellKind;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
// By arrow::TimeUnit.
constexpr std::array<int64_t, 4> kUnitsPerSecond = {1, 1'000, 1'000'000, 1'000'000'000};
constexpr double kDayMs = 86'400'000;

// Appends what `value` makes of each row, NaN where there is none.
template <class Array, class Value>
void AddEach(const ::arrow::Array& chunk, ArrowColumn& column, const Value& value) {
  const auto& array = static_cast<const Array&>(chunk);
  for (int64_t i = 0; i < array.length(); ++i) column.values.push_back(array.IsNull(i) ? kNan : value(array, i));
}

template <class Array>
void AddNumbers(const ::arrow::Array& chunk, ArrowColumn& column) {
  AddEach<Array>(chunk, column, [](const Array& array, int64_t i) { return static_cast<double>(array.Value(i)); });
}

void AddHalves(const ::arrow::Array& chunk, ArrowColumn& column) {
  AddEach<::arrow::HalfFloatArray>(chunk, column, [](const auto& array, int64_t i) {
    return ::arrow::util::Float16::FromBits(array.Value(i)).ToDouble();
  });
}

// By way of its text: the double nearest to the decimal number, which no product with a power of ten promises.
template <class Array>
void AddDecimals(const ::arrow::Array& chunk, ArrowColumn& column) {
  AddEach<Array>(chunk, column, [](const Array& array, int64_t i) {
    const std::string text = array.FormatValue(i);
    double value = kNan;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  });
}

// As ms. Seconds and the rest apart, because a double does not hold the nanoseconds since 1970.
template <class Array>
void AddTimes(const ::arrow::Array& chunk, ArrowColumn& column) {
  const auto unit = static_cast<const typename Array::TypeClass&>(*chunk.type()).unit();
  const int64_t per_second = kUnitsPerSecond.at(static_cast<size_t>(unit));
  AddEach<Array>(chunk, column, [&](const Array& array, int64_t i) {
    const int64_t value = array.Value(i);
    const auto rest_ms = static_cast<double>(value % per_second * 1'000) / static_cast<double>(per_second);
    return static_cast<double>(value / per_second) * 1'000 + rest_ms;
  });
}

void AddDays(const ::arrow::Array& chunk, ArrowColumn& column) {
  AddEach<::arrow::Date32Array>(chunk, column, [](const auto& array, int64_t i) { return array.Value(i) * kDayMs; });
}

template <class Array>
void AddTexts(const ::arrow::Array& chunk, ArrowColumn& column) {
  const auto& texts = static_cast<const Array&>(chunk);
  for (int64_t i = 0; i < texts.length(); ++i) {
    column.texts.emplace_back(texts.IsNull(i) ? std::string_view() : std::string_view(texts.GetView(i)));
  }
}

void AddNothing(const ::arrow::Array& chunk, ArrowColumn& column) {
  column.texts.resize(column.texts.size() + static_cast<size_t>(chunk.length()));
}

struct TypeReader {
  ::arrow::Type::type type;
  CellKind kind;
  void (*add)(const ::arrow::Array& chunk, ArrowColumn& column);
};

constexpr std::array kTypeReaders = {
    TypeReader{::arrow::Type::INT8, CellKind::kNumber, AddNumbers<::arrow::Int8Array>},
    TypeReader{::arrow::Type::UINT8, CellKind::kNumber, AddNumbers<::arrow::UInt8Array>},
    TypeReader{::arrow::Type::INT16, CellKind::kNumber, AddNumbers<::arrow::Int16Array>},
    TypeReader{::arrow::Type::UINT16, CellKind::kNumber, AddNumbers<::arrow::UInt16Array>},
    TypeReader{::arrow::Type::INT32, CellKind::kNumber, AddNumbers<::arrow::Int32Array>},
    TypeReader{::arrow::Type::UINT32, CellKind::kNumber, AddNumbers<::arrow::UInt32Array>},
    TypeReader{::arrow::Type::INT64, CellKind::kNumber, AddNumbers<::arrow::Int64Array>},
    TypeReader{::arrow::Type::UINT64, CellKind::kNumber, AddNumbers<::arrow::UInt64Array>},
    TypeReader{::arrow::Type::HALF_FLOAT, CellKind::kNumber, AddHalves},
    TypeReader{::arrow::Type::FLOAT, CellKind::kNumber, AddNumbers<::arrow::FloatArray>},
    TypeReader{::arrow::Type::DOUBLE, CellKind::kNumber, AddNumbers<::arrow::DoubleArray>},
    TypeReader{::arrow::Type::BOOL, CellKind::kNumber, AddNumbers<::arrow::BooleanArray>},
    TypeReader{::arrow::Type::DECIMAL32, CellKind::kNumber, AddDecimals<::arrow::Decimal32Array>},
    TypeReader{::arrow::Type::DECIMAL64, CellKind::kNumber, AddDecimals<::arrow::Decimal64Array>},
    TypeReader{::arrow::Type::DECIMAL128, CellKind::kNumber, AddDecimals<::arrow::Decimal128Array>},
    TypeReader{::arrow::Type::DECIMAL256, CellKind::kNumber, AddDecimals<::arrow::Decimal256Array>},
    TypeReader{::arrow::Type::DURATION, CellKind::kNumber, AddTimes<::arrow::DurationArray>},
    TypeReader{::arrow::Type::TIME32, CellKind::kDuration, AddTimes<::arrow::Time32Array>},
    TypeReader{::arrow::Type::TIME64, CellKind::kDuration, AddTimes<::arrow::Time64Array>},
    TypeReader{::arrow::Type::TIMESTAMP, CellKind::kTime, AddTimes<::arrow::TimestampArray>},
    TypeReader{::arrow::Type::DATE32, CellKind::kTime, AddDays},
    TypeReader{::arrow::Type::DATE64, CellKind::kTime, AddNumbers<::arrow::Date64Array>},
    TypeReader{::arrow::Type::STRING, CellKind::kText, AddTexts<::arrow::StringArray>},
    TypeReader{::arrow::Type::LARGE_STRING, CellKind::kText, AddTexts<::arrow::LargeStringArray>},
    TypeReader{::arrow::Type::STRING_VIEW, CellKind::kText, AddTexts<::arrow::StringViewArray>},
    TypeReader{::arrow::Type::NA, CellKind::kText, AddNothing},
};

// What a column's values are, whether they stand there themselves or as codes of a dictionary.
const ::arrow::DataType& ValueType(const ::arrow::Field& field) {
  const ::arrow::DataType& type = *field.type();
  if (type.id() != ::arrow::Type::DICTIONARY) return type;
  return *static_cast<const ::arrow::DictionaryType&>(type).value_type();
}

// Null where columns of that type are left out.
const TypeReader* ReaderOf(const ::arrow::Field& field) {
  const auto* found = std::ranges::find(kTypeReaders, ValueType(field).id(), &TypeReader::type);
  return found == kTypeReaders.end() ? nullptr : found;
}

CellKind KindOf(const ::arrow::Field& field, CellKind usual) {
  const ::arrow::DataType& type = ValueType(field);
  const bool has_zone = type.id() == ::arrow::Type::TIMESTAMP &&
                        !static_cast<const ::arrow::TimestampType&>(type).timezone().empty();
  return has_zone ? CellKind::kUtcTime : usual;
}

// A column of codes as it would be without.
::arrow::Result<std::shared_ptr<::arrow::Array>> WithoutCodes(const std::shared_ptr<::arrow::Array>& chunk) {
  if (chunk->type_id() != ::arrow::Type::DICTIONARY) return chunk;
  const auto& coded = static_cast<const ::arrow::DictionaryArray&>(*chunk);
  std::unique_ptr<::arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(::arrow::MakeBuilder(::arrow::system_memory_pool(), coded.dictionary()->type(), &builder));
  for (int64_t i = 0; i < coded.length(); ++i) {
    ARROW_RETURN_NOT_OK(coded.IsNull(i) ? builder->AppendNull()
                                        : builder->AppendArraySlice(*coded.dictionary()->data(), coded.GetValueIndex(i), 1));
  }
  return builder->Finish();
}

std::string UnitOf(const ::arrow::Field& field) {
  if (ValueType(field).id() == ::arrow::Type::DURATION) return "ms";
  if (!field.HasMetadata()) return "";
  for (const char* key : {"unit", "units", "Unit", "Einheit"}) {
    if (const auto found = field.metadata()->Get(key); found.ok()) return *found;
  }
  return "";
}

::arrow::Status CheckSize(int64_t rows, size_t columns, uint64_t cells_max) {
  if (columns == 0 || static_cast<uint64_t>(rows) <= cells_max / columns) return ::arrow::Status::OK();
  return ::arrow::Status::CapacityError("expected at most ", cells_max, " cells, found ", rows, " rows of ", columns,
                                        " columns");
}

using TableOrError = ::arrow::Result<std::shared_ptr<::arrow::Table>>;

TableOrError NoColumns() { return ::arrow::Table::MakeEmpty(::arrow::schema({})); }

// The columns that are kept, of the file `bytes`; the others are counted.
TableOrError ReadParquet(const std::shared_ptr<::arrow::Buffer>& bytes, uint64_t cells_max, uint64_t& left_out) {
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Open(std::make_shared<::arrow::io::BufferReader>(bytes)));
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_pre_buffer(false);  // by threads, for files that are far away
  ARROW_ASSIGN_OR_RAISE(const auto reader, builder.memory_pool(::arrow::system_memory_pool())->properties(properties)->Build());
  std::vector<int> kept;
  for (const parquet::arrow::SchemaField& column : reader->manifest().schema_fields) {
    if (column.is_leaf() && ReaderOf(*column.field)) kept.push_back(column.column_index);
    else ++left_out;
  }
  ARROW_RETURN_NOT_OK(CheckSize(reader->parquet_reader()->metadata()->num_rows(), kept.size(), cells_max));
  return kept.empty() ? NoColumns() : reader->ReadTable(kept);
}

// The same of a file or a stream of messages.
template <class Reader>
TableOrError ReadMessages(const std::shared_ptr<::arrow::Buffer>& bytes, uint64_t& left_out) {
  auto options = ::arrow::ipc::IpcReadOptions::Defaults();
  options.use_threads = false;
  options.memory_pool = ::arrow::system_memory_pool();
  ARROW_ASSIGN_OR_RAISE(const auto heads, Reader::Open(std::make_shared<::arrow::io::BufferReader>(bytes), options));
  for (int i = 0; i < heads->schema()->num_fields(); ++i) {
    if (ReaderOf(*heads->schema()->field(i))) options.included_fields.push_back(i);
    else ++left_out;
  }
  if (options.included_fields.empty()) return NoColumns();
  ARROW_ASSIGN_OR_RAISE(const auto reader, Reader::Open(std::make_shared<::arrow::io::BufferReader>(bytes), options));
  return reader->ToTable();
}

::arrow::Status Read(std::string_view bytes, uint64_t cells_max, std::vector<ArrowColumn>& columns, uint64_t& left_out) {
  const auto buffer = std::make_shared<::arrow::Buffer>(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                        static_cast<int64_t>(bytes.size()));
  ARROW_ASSIGN_OR_RAISE(const auto table,
                        bytes.starts_with("PAR1")     ? ReadParquet(buffer, cells_max, left_out)
                        : bytes.starts_with("ARROW1") ? ReadMessages<::arrow::ipc::RecordBatchFileReader>(buffer, left_out)
                                                      : ReadMessages<::arrow::ipc::RecordBatchStreamReader>(buffer, left_out));
  // Arrow's own arrays are trusted from here on: offsets and lengths have to be in order first.
  ARROW_RETURN_NOT_OK(table->ValidateFull());
  ARROW_RETURN_NOT_OK(CheckSize(table->num_rows(), static_cast<size_t>(table->num_columns()), cells_max));
  for (int i = 0; i < table->num_columns(); ++i) {
    const ::arrow::Field& field = *table->field(i);
    const TypeReader* reader = ReaderOf(field);
    if (!reader) return ::arrow::Status::Invalid("expected no column of type ", field.type()->ToString());
    ArrowColumn column{field.name(), UnitOf(field), KindOf(field, reader->kind), {}, {}};
    for (const auto& chunk : table->column(i)->chunks()) {
      ARROW_ASSIGN_OR_RAISE(const auto plain, WithoutCodes(chunk));
      reader->add(*plain, column);
    }
    columns.push_back(std::move(column));
  }
  return ::arrow::Status::OK();
}

}  // namespace
}  // namespace walchen::arrow_plugin

extern "C" __attribute__((visibility("default"))) bool WalchenReadArrow(
    const char* bytes, uint64_t size, uint64_t cells_max, std::vector<walchen::data::ArrowColumn>* columns,
    uint64_t* left_out, std::string* error) {
  columns->clear();
  *left_out = 0;
  try {
    const auto status = walchen::arrow_plugin::Read({bytes, size}, cells_max, *columns, *left_out);
    if (!status.ok()) *error = status.ToString();
    return status.ok();
  } catch (const std::exception& trouble) {
    *error = trouble.what();
    return false;
  }
}
