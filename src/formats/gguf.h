// SPDX-License-Identifier: Apache-2.0
//
// A model file that may be hostile: GGUF version 2 or 3, mapped read-only.
//
// Every length in the file is compared with the bytes that are left before anything is allocated, so opening costs
// O(number of keys and tensors) time and memory, whatever the file claims. Tensor bytes are not touched until read.
// Format: ggml's docs/gguf.md. Limits: base/limits.h (kGguf...).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "tensor/dtype.h"

namespace walchen::formats {

// One value of the metadata. Integers of every width are int64 or uint64, both float widths are double.
// Arrays of numbers and texts are flat vectors; an array of arrays is kept as its raw bytes and has no accessor.
using GgufArray = std::variant<std::vector<int64_t>, std::vector<double>, std::vector<bool>, std::vector<std::string>>;
struct GgufNestedArray {
  std::string bytes;  // as in the file, from the outer array's item type on
  bool operator==(const GgufNestedArray&) const = default;
};
struct GgufValue : std::variant<int64_t, uint64_t, double, bool, std::string, GgufArray, GgufNestedArray> {
  using variant::variant;
};

struct TensorEntry {
  std::string name;
  tensor::DType type = tensor::DType::kF32;
  std::vector<uint64_t> shape;  // slowest first: [rows, columns]; the reverse of the order in the file
  uint64_t offset = 0;          // of its bytes in the file
  uint64_t size = 0;            // in bytes

  uint64_t columns() const { return shape.empty() ? 1 : shape.back(); }
  uint64_t values() const;      // product of shape, known not to overflow
};

class GgufFile {
 public:
  // Errors: kNotFound, kTruncated, kCorrupt (with byte offset and what was expected there), kUnsupported, kTooLarge.
  static Result<std::unique_ptr<GgufFile>> Open(base::Files& files, const base::Path& path);
  // From memory, for tests and fuzzing; `bytes` must outlive the object.
  static Result<std::unique_ptr<GgufFile>> FromBytes(base::Bytes bytes);
  virtual ~GgufFile() = default;

  // Metadata in file order; keys are unique.
  virtual std::span<const std::pair<std::string, GgufValue>> metadata() const = 0;
  // Null if there is none.
  virtual const GgufValue* Find(std::string_view key) const = 0;

  // Typed look-ups. A missing key is kNotFound, another type or a number that does not fit is kCorrupt; both name the key.
  Result<int64_t> Int(std::string_view key) const;
  Result<double> Float(std::string_view key) const;
  Result<bool> Bool(std::string_view key) const;
  Result<std::string_view> Text(std::string_view key) const;
  Result<std::span<const std::string>> Texts(std::string_view key) const;
  Result<std::span<const double>> Floats(std::string_view key) const;
  Result<std::span<const int64_t>> Ints(std::string_view key) const;

  // In file order; names are unique, bytes do not overlap and lie inside the file.
  virtual std::span<const TensorEntry> tensors() const = 0;
  // Null if there is none.
  virtual const TensorEntry* FindTensor(std::string_view name) const = 0;
  // The bytes of one tensor; they live as long as this object. Thread-safe.
  virtual base::Bytes Data(const TensorEntry& tensor) const = 0;
  // See base::MappedFile::DropResident; `data` is what Data gave, or a part of it.
  virtual void DropResident(base::Bytes data) const = 0;
};

// Writes a GGUF version 3 file, durably (old or new, never half). Keys and tensors keep their order.
// Numbers are written in 32 bits where they fit, because that is the width other readers ask for: a double becomes the
// nearest float. Tensors are aligned to general.alignment if that key was added, else to 32 bytes.
class GgufWriter {
 public:
  void Add(std::string key, GgufValue value);
  // Declares a tensor; its bytes are asked for when the file is written, one tensor at a time.
  using Produce = std::function<Result<std::string>()>;
  void AddTensor(std::string name, tensor::DType type, std::vector<uint64_t> shape, Produce bytes);
  // Errors: those of base::Files and of the producers; kInvalidArgument when a producer gives another length than the
  // shape says, or when GgufFile would refuse the file.
  Result<void> Write(base::Files& files, const base::Path& path) const;
  // Into a file that somebody else makes durable. The same errors.
  Result<void> Write(base::WritableFile& file) const;

 private:
  struct Tensor {
    TensorEntry entry;
    Produce bytes;
  };
  std::vector<std::pair<std::string, GgufValue>> metadata_;
  std::vector<Tensor> tensors_;
};

}  // namespace walchen::formats
