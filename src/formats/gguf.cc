// SPDX-License-Identifier: Apache-2.0
#include "formats/gguf.h"

#include <limits>
#include <unordered_map>

#include "formats/gguf_header.h"

namespace walchen::formats {
namespace {

class OpenGguf : public GgufFile {
 public:
  OpenGguf(std::unique_ptr<base::MappedFile> file, base::Bytes bytes, GgufHeader header)
      : file_(std::move(file)), bytes_(bytes), header_(std::move(header)) {
    for (const auto& [key, value] : header_.metadata) values_.emplace(key, &value);
    for (const TensorEntry& tensor : header_.tensors) tensors_.emplace(tensor.name, &tensor);
  }

  std::span<const std::pair<std::string, GgufValue>> metadata() const override { return header_.metadata; }
  std::span<const TensorEntry> tensors() const override { return header_.tensors; }

  const GgufValue* Find(std::string_view key) const override {
    const auto found = values_.find(key);
    return found == values_.end() ? nullptr : found->second;
  }

  const TensorEntry* FindTensor(std::string_view name) const override {
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? nullptr : found->second;
  }

  base::Bytes Data(const TensorEntry& tensor) const override {
    CHECK(tensor.size <= bytes_.size() && tensor.offset <= bytes_.size() - tensor.size, "tensor of another file");
    return bytes_.subspan(tensor.offset, tensor.size);
  }

  void DropResident(base::Bytes data) const override {
    if (file_ != nullptr) file_->DropResident(static_cast<uint64_t>(data.data() - bytes_.data()), data.size());
  }

 private:
  std::unique_ptr<base::MappedFile> file_;  // null: the bytes belong to somebody else
  base::Bytes bytes_;
  GgufHeader header_;
  // Views into header_, which does not change any more.
  std::unordered_map<std::string_view, const GgufValue*> values_;
  std::unordered_map<std::string_view, const TensorEntry*> tensors_;
};

Result<const GgufValue*> Get(const GgufFile& file, std::string_view key) {
  const GgufValue* value = file.Find(key);
  if (value == nullptr) return Fail(ErrorCode::kNotFound, "the file has no key {}", base::Quoted(key));
  return value;
}

tl::unexpected<Error> WrongType(std::string_view key, std::string_view expected) {
  return Fail(ErrorCode::kCorrupt, "key {}: expected {}, found another type", base::Quoted(key), expected);
}

template <class Item>
Result<std::span<const Item>> Items(const GgufFile& file, std::string_view key, std::string_view expected) {
  TRY_ASSIGN(const GgufValue* value, Get(file, key));
  const auto* array = std::get_if<GgufArray>(value);
  const auto* items = array != nullptr ? std::get_if<std::vector<Item>>(array) : nullptr;
  if (items == nullptr) return WrongType(key, expected);
  return std::span<const Item>(*items);
}

template <class T>
Result<const T*> Single(const GgufFile& file, std::string_view key, std::string_view expected) {
  TRY_ASSIGN(const GgufValue* value, Get(file, key));
  const auto* single = std::get_if<T>(value);
  if (single == nullptr) return WrongType(key, expected);
  return single;
}

}  // namespace

uint64_t TensorEntry::values() const {
  uint64_t product = 1;
  for (const uint64_t dimension : shape) product *= dimension;
  return product;
}

Result<std::unique_ptr<GgufFile>> GgufFile::Open(base::Files& files, const base::Path& path) {
  TRY_ASSIGN(auto file, files.Map(path));
  const base::Bytes bytes = file->bytes();
  auto header = ParseGgufHeader(bytes, bytes.size());
  if (!header) return Forward(header, path.native());
  return std::unique_ptr<GgufFile>(std::make_unique<OpenGguf>(std::move(file), bytes, std::move(*header)));
}

Result<std::unique_ptr<GgufFile>> GgufFile::FromBytes(base::Bytes bytes) {
  TRY_ASSIGN(GgufHeader header, ParseGgufHeader(bytes, bytes.size()));
  return std::unique_ptr<GgufFile>(std::make_unique<OpenGguf>(nullptr, bytes, std::move(header)));
}

Result<int64_t> GgufFile::Int(std::string_view key) const {
  TRY_ASSIGN(const GgufValue* value, Get(*this, key));
  if (const auto* number = std::get_if<int64_t>(value)) return *number;
  const auto* number = std::get_if<uint64_t>(value);
  if (number == nullptr) return WrongType(key, "an integer");
  if (*number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return Fail(ErrorCode::kCorrupt, "key {}: {} is too large", base::Quoted(key), *number);
  }
  return static_cast<int64_t>(*number);
}

Result<double> GgufFile::Float(std::string_view key) const {
  TRY_ASSIGN(const double* value, Single<double>(*this, key, "a float"));
  return *value;
}

Result<bool> GgufFile::Bool(std::string_view key) const {
  TRY_ASSIGN(const bool* value, Single<bool>(*this, key, "a bool"));
  return *value;
}

Result<std::string_view> GgufFile::Text(std::string_view key) const {
  TRY_ASSIGN(const std::string* value, Single<std::string>(*this, key, "a string"));
  return std::string_view(*value);
}

Result<std::span<const std::string>> GgufFile::Texts(std::string_view key) const {
  return Items<std::string>(*this, key, "an array of strings");
}

Result<std::span<const double>> GgufFile::Floats(std::string_view key) const {
  return Items<double>(*this, key, "an array of floats");
}

Result<std::span<const int64_t>> GgufFile::Ints(std::string_view key) const {
  return Items<int64_t>(*this, key, "an array of integers");
}

}  // namespace walchen::formats
