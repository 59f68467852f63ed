// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints to test with: two files whose content follows from the step, so that a torn or mixed one is seen. For tests
// only.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "runs/checkpoint.h"

namespace walchen::runs {

inline std::string TestContent(std::string_view name, int64_t step, size_t size) {
  std::string content;
  while (content.size() < size) content += fmt::format("{} of step {} at {}\n", name, step, content.size());
  content.resize(size);
  return content;
}

// Written in several pieces, as tensors are.
inline CheckpointPart TestPart(const std::string& name, int64_t step, size_t size) {
  return {.name = name, .write = [=](base::WritableFile& file) -> Result<void> {
            const std::string content = TestContent(name, step, size);
            const base::Bytes bytes = base::AsBytes(content);
            TRY(file.Append(bytes.first(size / 3)));
            return file.Append(bytes.subspan(size / 3));
          }};
}

inline std::vector<CheckpointPart> TestParts(int64_t step, size_t size = 3'000) {
  return {TestPart("weights.safetensors", step, size), TestPart("optimiser.bin", step, size / 2)};
}

}  // namespace walchen::runs
