// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "formats/safetensors.h"
#include "formats/safetensors_header.h"

namespace walchen::formats {
namespace {

using SafetensorsMetadata = std::vector<std::pair<std::string, std::string>>;

// Gives every tensor its size and its offset from the first tensor byte, in the order `order`; returns the end.
Result<uint64_t> Place(std::vector<SafetensorsEntry>& tensors, std::span<const size_t> order) {
  uint64_t end = 0;
  for (const size_t i : order) {
    SafetensorsEntry& tensor = tensors[i];
    tensor.size = SafetensorsItemBytes(tensor.type_name);
    for (const uint64_t dimension : tensor.shape) {
      TRY_ASSIGN(tensor.size, base::CheckedMul(tensor.size, dimension));
    }
    tensor.offset = end;
    TRY_ASSIGN(end, base::CheckedAdd(end, tensor.size));
  }
  return end;
}

// A JSON string. Text that is no UTF-8 is replaced here and noticed when the header is read back.
std::string Json(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Piece by piece, because a tree would hide a name that occurs twice.
std::string WriteHeader(const SafetensorsMetadata& metadata, std::span<const SafetensorsEntry> tensors) {
  constexpr size_t kAlignment = 8;  // the format wants the tensor bytes to begin at a multiple of 8
  std::vector<std::string> items, texts;
  for (const auto& [key, value] : metadata) texts.push_back(fmt::format("{}:{}", Json(key), Json(value)));
  if (!texts.empty()) items.push_back(fmt::format("\"__metadata__\":{{{}}}", fmt::join(texts, ",")));
  for (const SafetensorsEntry& tensor : tensors) {
    items.push_back(fmt::format(R"({}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})", Json(tensor.name),
                                tensor.type_name, fmt::join(tensor.shape, ","), tensor.offset,
                                tensor.offset + tensor.size));
  }
  std::string text = fmt::format("{{{}}}", fmt::join(items, ","));
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  base::ByteWriter out;
  out.Text64(text);
  return out.bytes();
}

// A reader takes the header and sees in it what was meant.
Result<void> CheckReadable(const std::string& header, uint64_t data_bytes, const SafetensorsMetadata& metadata,
                           std::span<const SafetensorsEntry> tensors) {
  TRY_ASSIGN(const SafetensorsHeader read_back,
             ParseSafetensorsHeader(base::AsBytes(header), header.size() + data_bytes));
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (read_back.tensors[i].name != tensors[i].name) {
      return Fail(ErrorCode::kInvalidArgument, "the name {} is no UTF-8", base::Quoted(tensors[i].name));
    }
  }
  if (read_back.metadata != metadata) return Fail(ErrorCode::kInvalidArgument, "a metadata text is no UTF-8");
  return {};
}

}  // namespace

void SafetensorsWriter::AddMetadata(std::string key, std::string value) {
  metadata_.emplace_back(std::move(key), std::move(value));
}

void SafetensorsWriter::AddTensor(std::string name, tensor::DType type, std::vector<uint64_t> shape, Produce bytes) {
  tensors_.push_back({{.name = std::move(name),
                       .type_name = std::string(tensor::Info(type).name),
                       .type = type,
                       .shape = std::move(shape)},
                      std::move(bytes)});
}

Result<void> SafetensorsWriter::Write(base::Files& files, const base::Path& path) const {
  return base::ReplaceFile(files, path, 0644, [&](base::WritableFile& file) { return Write(file); });
}

Result<void> SafetensorsWriter::Write(base::WritableFile& file) const {
  const auto refuse = [&](const Error& error) {
    return Fail(ErrorCode::kInvalidArgument, "this would be no valid safetensors file: {}", error.ToString());
  };
  std::vector<SafetensorsEntry> placed;
  std::vector<size_t> order;
  for (const Tensor& tensor : tensors_) {
    if (SafetensorsItemBytes(tensor.entry.type_name) == 0) {
      return Fail(ErrorCode::kInvalidArgument, "tensor {}: the format has no type {}", base::Quoted(tensor.entry.name),
                  tensor.entry.type_name);
    }
    order.push_back(placed.size());
    placed.push_back(tensor.entry);
  }
  std::ranges::stable_sort(order, std::greater(),
                           [&](size_t i) { return SafetensorsItemBytes(placed[i].type_name); });
  const auto data_size = Place(placed, order);
  if (!data_size) return refuse(data_size.error());
  const std::string header = WriteHeader(metadata_, placed);
  if (const auto readable = CheckReadable(header, *data_size, metadata_, placed); !readable) {
    return refuse(readable.error());
  }

  TRY(file.Append(base::AsBytes(header)));
  for (const size_t i : order) {
    TRY_ASSIGN(const std::string bytes, tensors_[i].bytes());
    if (bytes.size() != placed[i].size) {
      return Fail(ErrorCode::kInvalidArgument, "tensor {}: expected {} bytes, was given {}", base::Quoted(placed[i].name),
                  placed[i].size, bytes.size());
    }
    TRY(file.Append(base::AsBytes(bytes)));
  }
  return {};
}

}  // namespace walchen::formats
