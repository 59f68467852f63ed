// SPDX-License-Identifier: Apache-2.0
//
// Hugging Face's format for weights, which may be hostile: one file, or several with an index that says which tensor is
// in which.
//
// A file is a 64-bit length, a JSON header of that length, and the tensor bytes. The header is read with bounds on its
// length, depth and number of tensors; its offsets must cover the rest of the file without holes or overlaps. Tensor
// bytes are not touched until read. Format: github.com/huggingface/safetensors, README.md. Limits: base/limits.h
// (kSafetensors...).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "tensor/dtype.h"

namespace walchen::formats {

struct SafetensorsEntry {
  std::string name;
  std::string type_name;              // as in the file: "BF16"
  std::optional<tensor::DType> type;  // empty for a type Walchen cannot compute with: U8, BOOL, F8_E4M3, ...
  std::vector<uint64_t> shape;        // slowest first; empty for a single number; a dimension may be 0
  uint32_t shard = 0;                 // which file; 0 where there is only one
  uint64_t offset = 0;                // of its bytes in that file; any number, not a multiple of the item's size
  uint64_t size = 0;                  // in bytes
};

class SafetensorsFile {
 public:
  // `path` is a .safetensors file, or an index (*.safetensors.index.json) whose shards lie beside it. Tensors of a
  // shard that the index does not mention are left out.
  // Errors: those of base::Files, kTruncated, kCorrupt, kTooLarge. A type Walchen does not know is no error until its
  // data are asked for.
  static Result<std::unique_ptr<SafetensorsFile>> Open(base::Files& files, const base::Path& path);
  // One file from memory, for tests and fuzzing; `bytes` must outlive the object.
  static Result<std::unique_ptr<SafetensorsFile>> FromBytes(base::Bytes bytes);
  virtual ~SafetensorsFile() = default;

  // Shard by shard, in the order of their headers; names are unique.
  virtual std::span<const SafetensorsEntry> tensors() const = 0;
  // Null if there is none.
  virtual const SafetensorsEntry* Find(std::string_view name) const = 0;
  // The texts under "__metadata__", those of all shards in a row.
  virtual std::span<const std::pair<std::string, std::string>> metadata() const = 0;

  // The bytes of one tensor; they live as long as this object. kUnsupported where entry.type is empty. Thread-safe.
  virtual Result<base::Bytes> Data(const SafetensorsEntry& tensor) const = 0;
  // See base::MappedFile::DropResident.
  virtual void DropResident(const SafetensorsEntry& tensor) const = 0;
};

// Writes one file, durably (old or new, never half). Tensors keep their order in the header; their bytes lie in order
// of falling item size, so that each is aligned to its items.
class SafetensorsWriter {
 public:
  void AddMetadata(std::string key, std::string value);
  // Declares a tensor of a plain type; its bytes are asked for when the file is written, one tensor at a time.
  using Produce = std::function<Result<std::string>()>;
  void AddTensor(std::string name, tensor::DType type, std::vector<uint64_t> shape, Produce bytes);
  // Errors: those of base::Files and of the producers; kInvalidArgument when a producer gives another length than the
  // shape says, or when SafetensorsFile would refuse the file.
  Result<void> Write(base::Files& files, const base::Path& path) const;
  // Into a file that somebody else makes durable. The same errors.
  Result<void> Write(base::WritableFile& file) const;

 private:
  struct Tensor {
    SafetensorsEntry entry;
    Produce bytes;
  };
  std::vector<std::pair<std::string, std::string>> metadata_;
  std::vector<Tensor> tensors_;
};

}  // namespace walchen::formats
