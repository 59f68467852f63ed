// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a safetensors file and as an index of one.
#include "formats/safetensors.h"
#include "formats/safetensors_header.h"

using walchen::formats::ParseSafetensorsIndex;
using walchen::formats::SafetensorsEntry;
using walchen::formats::SafetensorsFile;

namespace {

void ReadFile(walchen::base::Bytes bytes) {
  const auto file = SafetensorsFile::FromBytes(bytes);
  if (!file) {
    CHECK(!file.error().message().empty());
    return;
  }
  uint64_t total = 0;
  for (const SafetensorsEntry& tensor : (*file)->tensors()) {
    CHECK((*file)->Find(tensor.name) == &tensor);
    const auto data = (*file)->Data(tensor);
    CHECK(data.has_value() == tensor.type.has_value());
    CHECK(tensor.offset + tensor.size <= bytes.size());
    total += tensor.size;
  }
  CHECK(total < bytes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  ReadFile(bytes);
  if (const auto index = ParseSafetensorsIndex(walchen::base::AsText(bytes))) {
    for (const auto& [tensor, file] : *index) {
      CHECK(!file.empty() && file.find('/') == file.npos && file.front() != '.');
    }
  }
  return 0;
}
