// SPDX-License-Identifier: Apache-2.0
#include "model/convert_values.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "tensor/quant.h"

namespace walchen::model {
namespace {

using tensor::DType;
using tensor::DTypeInfo;

// Values that a thread converts at a time: 256 KiB as floats stay in the second cache, and every block divides it.
constexpr uint64_t kChunkValues = 65'536;

bool IsInteger(DType type) {
  return type == DType::kI8 || type == DType::kI16 || type == DType::kI32 || type == DType::kI64;
}

struct ChunkResult {
  double squared_error = 0;
  bool bad_source = false;
  bool does_not_fit = false;
};

ChunkResult ConvertChunk(const Conversion& conversion, base::Bytes data, std::span<std::byte> out, bool wants_error) {
  const DTypeInfo& info = tensor::Info(conversion.from);
  ChunkResult result;
  if (tensor::HasNonFinite(conversion.from, data)) {
    result.bad_source = true;
    return result;
  }
  std::vector<float> values(data.size() / info.block_bytes * info.block_values);
  tensor::Dequantize(conversion.from, data, values);
  tensor::Quantize(conversion.to, values, out);
  if (tensor::HasNonFinite(conversion.to, out)) {
    result.does_not_fit = true;
    return result;
  }
  if (!wants_error) return result;
  std::vector<float> after(values.size());
  tensor::Dequantize(conversion.to, out, after);
  for (size_t i = 0; i < values.size(); ++i) {
    const double difference = static_cast<double>(after[i]) - values[i];
    result.squared_error += difference * difference;
  }
  return result;
}

}  // namespace

uint64_t BytesOfBlocks(tensor::DType type, uint64_t values) {
  const tensor::DTypeInfo& info = tensor::Info(type);
  return values / info.block_values * info.block_bytes;
}

Result<std::string> Convert(base::ThreadPool& pool, const Conversion& conversion, ConversionError* error) {
  const DTypeInfo& info = tensor::Info(conversion.from);
  const uint64_t values = conversion.data.size() / info.block_bytes * info.block_values;
  if (error != nullptr) error->values += values;
  if (conversion.from == conversion.to) return std::string(base::AsText(conversion.data));
  if (IsInteger(conversion.from) || IsInteger(conversion.to)) {
    return Fail(ErrorCode::kUnsupported, "expected numbers with a fraction, found {}", info.name);
  }
  const uint64_t chunks = (values + kChunkValues - 1) / kChunkValues;
  std::string out(BytesOfBlocks(conversion.to, values), '\0');
  const std::span<std::byte> out_bytes = std::as_writable_bytes(std::span(out));
  std::vector<ChunkResult> results(chunks);
  pool.Each(static_cast<int64_t>(chunks), [&](int64_t chunk, int) {
    const uint64_t begin = static_cast<uint64_t>(chunk) * kChunkValues;
    const uint64_t count = std::min(kChunkValues, values - begin);
    results[static_cast<size_t>(chunk)] = ConvertChunk(
        conversion, conversion.data.subspan(BytesOfBlocks(conversion.from, begin), BytesOfBlocks(conversion.from, count)),
        out_bytes.subspan(BytesOfBlocks(conversion.to, begin), BytesOfBlocks(conversion.to, count)), error != nullptr);
  });
  for (const ChunkResult& result : results) {
    if (result.bad_source) return Fail(ErrorCode::kCorrupt, "expected finite numbers, found NaN or infinity");
    if (result.does_not_fit) {
      return Fail(ErrorCode::kUnsupported, "a number is too large for {}; use BF16 or F32",
                  tensor::Info(conversion.to).name);
    }
    if (error != nullptr) error->squared += result.squared_error;
  }
  return out;
}

}  // namespace walchen::model
