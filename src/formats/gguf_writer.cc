// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/limits.h"
#include "formats/gguf.h"
#include "formats/gguf_header.h"

namespace walchen::formats {
namespace {

using base::ByteWriter;

template <class Narrow, class Wide>
bool AllFit(const std::vector<Wide>& items) {
  return std::ranges::all_of(items, [](Wide item) { return std::in_range<Narrow>(item); });
}

// One value as (type, bytes); an array's bytes begin with its item type and length.
struct ValueWriter {
  ByteWriter& out;

  void Type(GgufType type) const { out.Write(static_cast<uint32_t>(type)); }

  template <class Stored, class Item>
  void Array(GgufType type, const std::vector<Item>& items) const {
    Type(GgufType::kArray);
    Type(type);
    out.Write<uint64_t>(items.size());
    for (const Item item : items) out.Write(static_cast<Stored>(item));
  }

  template <class T>
  void Integer(T value, GgufType narrow_type, GgufType wide_type) const {
    using Narrow = std::conditional_t<std::unsigned_integral<T>, uint32_t, int32_t>;
    const bool narrow = std::in_range<Narrow>(value);
    Type(narrow ? narrow_type : wide_type);
    narrow ? out.Write(static_cast<Narrow>(value)) : out.Write(value);
  }

  void operator()(int64_t value) const { Integer(value, GgufType::kInt32, GgufType::kInt64); }
  void operator()(uint64_t value) const { Integer(value, GgufType::kUint32, GgufType::kUint64); }
  void operator()(double value) const {
    Type(GgufType::kFloat32);
    out.Write(static_cast<float>(value));
  }
  void operator()(bool value) const {
    Type(GgufType::kBool);
    out.Write<uint8_t>(value ? 1 : 0);
  }
  void operator()(const std::string& value) const {
    Type(GgufType::kString);
    out.Text64(value);
  }
  void operator()(const GgufArray& array) const { std::visit(*this, array); }
  void operator()(const std::vector<int64_t>& items) const {
    AllFit<int32_t>(items) ? Array<int32_t>(GgufType::kInt32, items) : Array<int64_t>(GgufType::kInt64, items);
  }
  void operator()(const std::vector<double>& items) const { Array<float>(GgufType::kFloat32, items); }
  void operator()(const std::vector<bool>& items) const { Array<uint8_t>(GgufType::kBool, items); }
  void operator()(const std::vector<std::string>& items) const {
    Type(GgufType::kArray);
    Type(GgufType::kString);
    out.Write<uint64_t>(items.size());
    for (const std::string& item : items) out.Text64(item);
  }
  void operator()(const GgufNestedArray& array) const {
    Type(GgufType::kArray);
    out.Raw(base::AsBytes(array.bytes));
  }
};

using GgufMetadata = std::vector<std::pair<std::string, GgufValue>>;

// What the caller asked for; a value that no reader would take is left to ParseGgufHeader to refuse.
uint64_t AlignmentOf(const GgufMetadata& metadata) {
  for (const auto& [key, value] : metadata) {
    const auto* number = std::get_if<uint64_t>(&value);
    if (key != kGgufAlignmentKey || number == nullptr) continue;
    if (*number > 0 && *number <= static_cast<uint64_t>(base::kGgufMaxAlignment)) return *number;
  }
  return kGgufDefaultAlignment;
}

// Gives every tensor its size and its offset from the first tensor byte; returns the end of the last with its padding.
Result<uint64_t> Place(std::vector<TensorEntry>& tensors, uint64_t alignment) {
  uint64_t end = 0;
  for (TensorEntry& tensor : tensors) {
    TRY_ASSIGN(tensor.size, tensor::RowBytes(tensor.type, tensor.columns()));
    for (size_t i = 0; i + 1 < tensor.shape.size(); ++i) {
      TRY_ASSIGN(tensor.size, base::CheckedMul(tensor.size, tensor.shape[i]));
    }
    tensor.offset = end;
    TRY_ASSIGN(end, base::CheckedAdd(end, tensor.size));
    TRY_ASSIGN(end, base::CheckedAdd(end, (alignment - end % alignment) % alignment));
  }
  return end;
}

ByteWriter WriteHeader(const GgufMetadata& metadata, std::span<const TensorEntry> tensors, uint64_t alignment) {
  ByteWriter out;
  out.Raw(base::AsBytes("GGUF"));
  out.Write(kGgufVersion);
  out.Write<uint64_t>(tensors.size());
  out.Write<uint64_t>(metadata.size());
  for (const auto& [key, value] : metadata) {
    out.Text64(key);
    std::visit(ValueWriter{out}, value);
  }
  for (const TensorEntry& tensor : tensors) {
    out.Text64(tensor.name);
    out.Write(static_cast<uint32_t>(tensor.shape.size()));
    for (size_t i = tensor.shape.size(); i-- > 0;) out.Write(tensor.shape[i]);
    out.Write(tensor::Info(tensor.type).gguf_id);
    out.Write(tensor.offset);
  }
  out.PadTo(alignment);
  return out;
}

}  // namespace

void GgufWriter::Add(std::string key, GgufValue value) { metadata_.emplace_back(std::move(key), std::move(value)); }

void GgufWriter::AddTensor(std::string name, tensor::DType type, std::vector<uint64_t> shape, Produce bytes) {
  tensors_.push_back({{.name = std::move(name), .type = type, .shape = std::move(shape)}, std::move(bytes)});
}

Result<void> GgufWriter::Write(base::Files& files, const base::Path& path) const {
  return base::ReplaceFile(files, path, 0644, [&](base::WritableFile& file) { return Write(file); });
}

Result<void> GgufWriter::Write(base::WritableFile& file) const {
  const auto refuse = [&](const Error& error) {
    return Fail(ErrorCode::kInvalidArgument, "this would be no valid GGUF file: {}", error.ToString());
  };
  const uint64_t alignment = AlignmentOf(metadata_);
  std::vector<TensorEntry> placed;
  for (const Tensor& tensor : tensors_) placed.push_back(tensor.entry);
  const auto data_size = Place(placed, alignment);
  if (!data_size) return refuse(data_size.error());
  const ByteWriter header = WriteHeader(metadata_, placed, alignment);
  const auto read_back = ParseGgufHeader(base::AsBytes(header.bytes()), header.size() + *data_size);
  if (!read_back) return refuse(read_back.error());

  TRY(file.Append(base::AsBytes(header.bytes())));
  for (size_t i = 0; i < placed.size(); ++i) {
    TRY_ASSIGN(std::string bytes, tensors_[i].bytes());
    if (bytes.size() != placed[i].size) {
      return Fail(ErrorCode::kInvalidArgument, "tensor {}: expected {} bytes, was given {}", base::Quoted(placed[i].name),
                  placed[i].size, bytes.size());
    }
    bytes.resize(bytes.size() + (alignment - bytes.size() % alignment) % alignment, '\0');
    TRY(file.Append(base::AsBytes(bytes)));
  }
  return {};
}

}  // namespace walchen::formats
