// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a GGUF file: an error, or a file whose every key and tensor can be read.
#include "formats/gguf.h"
#include "tensor/quant.h"

using walchen::formats::GgufFile;
using walchen::formats::TensorEntry;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = GgufFile::FromBytes(std::as_bytes(std::span(data, size)));
  if (!file) {
    CHECK(!file.error().message().empty());
    return 0;
  }
  for (const auto& [key, value] : (*file)->metadata()) {
    CHECK((*file)->Find(key) == &value);
    (void)(*file)->Int(key);
    (void)(*file)->Texts(key);
  }
  uint64_t end = 0, bytes = 0;
  for (const TensorEntry& tensor : (*file)->tensors()) {
    CHECK((*file)->FindTensor(tensor.name) == &tensor);
    (void)walchen::tensor::HasNonFinite(tensor.type, (*file)->Data(tensor));
    end = std::max(end, tensor.offset + tensor.size);
    bytes += tensor.size;
  }
  CHECK(end <= size && bytes <= size);  // more would mean that tensors overlap
  return 0;
}
