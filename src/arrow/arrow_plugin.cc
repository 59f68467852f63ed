// SPDX-License-Identifier: Apache-2.0
//
// Parquet, and Arrow's IPC format (Feather 2), by the Arrow C++ libraries. data/arrow_columns.h is the contract.
#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/memory_pool.h>
#include <arrow/table.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <cmath>
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

double MsPer(::arrow::TimeUnit::type unit) {
  switch (unit) {
    case ::arrow::TimeUnit::SECOND: return 1e3;
    case ::arrow::TimeUnit::MILLI: return 1;
    case ::arrow::TimeUnit::MICRO: return 1e-3;
    case ::arrow::TimeUnit::NANO: return 1e-6;
  }
  return 1;
}

template <class Array>
void AddNumbers(const ::arrow::Array& chunk, double scale, ArrowColumn& column) {
  const auto& numbers = static_cast<const Array&>(chunk);
  for (int64_t i = 0; i < numbers.length(); ++i) {
    column.values.push_back(numbers.IsNull(i) ? kNan : static_cast<double>(numbers.Value(i)) * scale);
  }
}

template <class Array, class Decimal>
void AddDecimals(const ::arrow::Array& chunk, ArrowColumn& column) {
  const auto& numbers = static_cast<const Array&>(chunk);
  const auto& type = static_cast<const ::arrow::DecimalType&>(*chunk.type());
  for (int64_t i = 0; i < numbers.length(); ++i) {
    column.values.push_back(numbers.IsNull(i) ? kNan : Decimal(numbers.GetValue(i)).ToDouble(type.scale()));
  }
}

template <class Array>
void AddTexts(const ::arrow::Array& chunk, ArrowColumn& column) {
  const auto& texts = static_cast<const Array&>(chunk);
  for (int64_t i = 0; i < texts.length(); ++i) {
    column.texts.emplace_back(texts.IsNull(i) ? std::string_view() : std::string_view(texts.GetView(i)));
  }
}

// Whether the column is of a kind that is kept, and of which.
bool FindKind(const ::arrow::DataType& type, CellKind& kind) {
  switch (type.id()) {
    case ::arrow::Type::STRING:
    case ::arrow::Type::LARGE_STRING: kind = CellKind::kText; return true;
    case ::arrow::Type::DATE32:
    case ::arrow::Type::DATE64: kind = CellKind::kTime; return true;
    case ::arrow::Type::TIMESTAMP:
      kind = static_cast<const ::arrow::TimestampType&>(type).timezone().empty() ? CellKind::kTime : CellKind::kUtcTime;
      return true;
    case ::arrow::Type::TIME32:
    case ::arrow::Type::TIME64:
    case ::arrow::Type::DURATION: kind = CellKind::kDuration; return true;
    default:
      kind = CellKind::kNumber;
      return ::arrow::is_integer(type.id()) || ::arrow::is_floating(type.id()) || type.id() == ::arrow::Type::BOOL ||
             type.id() == ::arrow::Type::DECIMAL128 || type.id() == ::arrow::Type::DECIMAL256;
  }
}

void AddHalves(const ::arrow::Array& chunk, ArrowColumn& column) {
  const auto& numbers = static_cast<const ::arrow::HalfFloatArray&>(chunk);
  for (int64_t i = 0; i < numbers.length(); ++i) {
    column.values.push_back(numbers.IsNull(i) ? kNan : ::arrow::util::Float16::FromBits(numbers.Value(i)).ToDouble());
  }
}

void AddChunk(const ::arrow::Array& chunk, ArrowColumn& column) {
  const ::arrow::DataType& type = *chunk.type();
  switch (type.id()) {
    case ::arrow::Type::INT8: return AddNumbers<::arrow::Int8Array>(chunk, 1, column);
    case ::arrow::Type::UINT8: return AddNumbers<::arrow::UInt8Array>(chunk, 1, column);
    case ::arrow::Type::INT16: return AddNumbers<::arrow::Int16Array>(chunk, 1, column);
    case ::arrow::Type::UINT16: return AddNumbers<::arrow::UInt16Array>(chunk, 1, column);
    case ::arrow::Type::INT32: return AddNumbers<::arrow::Int32Array>(chunk, 1, column);
    case ::arrow::Type::UINT32: return AddNumbers<::arrow::UInt32Array>(chunk, 1, column);
    case ::arrow::Type::INT64: return AddNumbers<::arrow::Int64Array>(chunk, 1, column);
    case ::arrow::Type::UINT64: return AddNumbers<::arrow::UInt64Array>(chunk, 1, column);
    case ::arrow::Type::HALF_FLOAT: return AddHalves(chunk, column);
    case ::arrow::Type::FLOAT: return AddNumbers<::arrow::FloatArray>(chunk, 1, column);
    case ::arrow::Type::DOUBLE: return AddNumbers<::arrow::DoubleArray>(chunk, 1, column);
    case ::arrow::Type::BOOL: return AddNumbers<::arrow::BooleanArray>(chunk, 1, column);
    case ::arrow::Type::DATE32: return AddNumbers<::arrow::Date32Array>(chunk, 86'400'000, column);
    case ::arrow::Type::DATE64: return AddNumbers<::arrow::Date64Array>(chunk, 1, column);
    case ::arrow::Type::TIMESTAMP:
      return AddNumbers<::arrow::TimestampArray>(chunk, MsPer(static_cast<const ::arrow::TimestampType&>(type).unit()), column);
    case ::arrow::Type::TIME32:
      return AddNumbers<::arrow::Time32Array>(chunk, MsPer(static_cast<const ::arrow::Time32Type&>(type).unit()), column);
    case ::arrow::Type::TIME64:
      return AddNumbers<::arrow::Time64Array>(chunk, MsPer(static_cast<const ::arrow::Time64Type&>(type).unit()), column);
    case ::arrow::Type::DURATION:
      return AddNumbers<::arrow::DurationArray>(chunk, MsPer(static_cast<const ::arrow::DurationType&>(type).unit()), column);
    case ::arrow::Type::DECIMAL128: return AddDecimals<::arrow::Decimal128Array, ::arrow::Decimal128>(chunk, column);
    case ::arrow::Type::DECIMAL256: return AddDecimals<::arrow::Decimal256Array, ::arrow::Decimal256>(chunk, column);
    case ::arrow::Type::STRING: return AddTexts<::arrow::StringArray>(chunk, column);
    case ::arrow::Type::LARGE_STRING: return AddTexts<::arrow::LargeStringArray>(chunk, column);
    default: return;
  }
}

// A column of codes with the list of what they stand for, as it would be without.
::arrow::Result<std::shared_ptr<::arrow::Array>> WithoutCodes(const std::shared_ptr<::arrow::Array>& chunk) {
  if (chunk->type_id() != ::arrow::Type::DICTIONARY) return chunk;
  const auto& coded = static_cast<const ::arrow::DictionaryArray&>(*chunk);
  std::unique_ptr<::arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(::arrow::MakeBuilder(::arrow::system_memory_pool(), coded.dictionary()->type(), &builder));
  for (int64_t i = 0; i < coded.length(); ++i) {
    if (coded.IsNull(i)) {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
    } else {
      ARROW_RETURN_NOT_OK(builder->AppendArraySlice(*coded.dictionary()->data(), coded.GetValueIndex(i), 1));
    }
  }
  return builder->Finish();
}

std::string UnitOf(const ::arrow::Field& field) {
  if (!field.HasMetadata()) return "";
  for (const char* key : {"unit", "units", "Unit", "Einheit"}) {
    if (const auto found = field.metadata()->Get(key); found.ok()) return *found;
  }
  return "";
}

::arrow::Status TooLarge(uint64_t rows, uint64_t columns, uint64_t cells_max) {
  return ::arrow::Status::CapacityError("expected at most ", cells_max, " cells, found ", rows, " rows of ", columns, " columns");
}

::arrow::Result<std::shared_ptr<::arrow::Table>> ReadParquet(const std::shared_ptr<::arrow::io::BufferReader>& file,
                                                             uint64_t cells_max) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, parquet::arrow::OpenFile(file, ::arrow::system_memory_pool()));
  reader->set_use_threads(false);
  const auto metadata = reader->parquet_reader()->metadata();
  const auto rows = static_cast<uint64_t>(metadata->num_rows()), columns = static_cast<uint64_t>(metadata->num_columns());
  if (columns == 0 || rows > cells_max / columns) return TooLarge(rows, columns, cells_max);
  return reader->ReadTable();
}

::arrow::Result<std::shared_ptr<::arrow::Table>> ReadIpc(const std::shared_ptr<::arrow::io::BufferReader>& file,
                                                         bool is_file) {
  ::arrow::ipc::IpcReadOptions options = ::arrow::ipc::IpcReadOptions::Defaults();
  options.use_threads = false;
  options.memory_pool = ::arrow::system_memory_pool();
  if (!is_file) {
    ARROW_ASSIGN_OR_RAISE(const auto reader, ::arrow::ipc::RecordBatchStreamReader::Open(file, options));
    return reader->ToTable();
  }
  ARROW_ASSIGN_OR_RAISE(const auto reader, ::arrow::ipc::RecordBatchFileReader::Open(file, options));
  return reader->ToTable();
}

::arrow::Status Read(std::string_view bytes, uint64_t cells_max, std::vector<ArrowColumn>& columns, uint64_t& left_out) {
  const auto buffer = std::make_shared<::arrow::Buffer>(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                        static_cast<int64_t>(bytes.size()));
  const auto file = std::make_shared<::arrow::io::BufferReader>(buffer);
  ARROW_ASSIGN_OR_RAISE(const auto table, bytes.starts_with("PAR1") ? ReadParquet(file, cells_max)
                                                                    : ReadIpc(file, bytes.starts_with("ARROW1")));
  // Arrow's own arrays are trusted from here on: offsets and lengths have to be in order first.
  ARROW_RETURN_NOT_OK(table->ValidateFull());
  const auto rows = static_cast<uint64_t>(table->num_rows()), width = static_cast<uint64_t>(table->num_columns());
  if (width == 0 || rows > cells_max / width) return TooLarge(rows, width, cells_max);
  for (int i = 0; i < table->num_columns(); ++i) {
    const ::arrow::Field& field = *table->field(i);
    const bool is_coded = field.type()->id() == ::arrow::Type::DICTIONARY;
    const ::arrow::DataType& type =
        is_coded ? *static_cast<const ::arrow::DictionaryType&>(*field.type()).value_type() : *field.type();
    ArrowColumn column{field.name(), UnitOf(field), {}, {}, {}};
    if (!FindKind(type, column.kind)) {
      ++left_out;
      continue;
    }
    for (const auto& chunk : table->column(i)->chunks()) {
      ARROW_ASSIGN_OR_RAISE(const auto plain, WithoutCodes(chunk));
      AddChunk(*plain, column);
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
  try {
    columns->clear();
    const auto status = walchen::arrow_plugin::Read({bytes, size}, cells_max, *columns, *left_out);
    if (!status.ok()) *error = status.ToString();
    return status.ok();
  } catch (const std::exception& trouble) {
    *error = trouble.what();
    return false;
  }
}
