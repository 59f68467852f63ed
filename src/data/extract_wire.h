// SPDX-License-Identifier: Apache-2.0
//
// What a worker and the one who started it say to each other: frames of a 64-bit length and that many bytes, the first
// of which says what it is. The worker may have been taken over by the file that it read, so its bytes are read like a
// file's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "data/extract.h"

namespace walchen::data {

enum class FrameKind : uint8_t {
  kRequest = 1,   // to the worker: a file to read
  kEntered = 2,   // from the worker: the inner path that is read next
  kPart = 3,      // from the worker
  kFinished = 4,  // from the worker: the file has no more parts
};

struct ExtractRequest {
  std::string path;
  std::string name;  // what the file is called, where the path says something else
  uint64_t memory_max_bytes = 0;
  uint64_t cpu_max_seconds = 0;
  // Extraction::Resume.
  uint64_t skip_parts = 0;
  std::map<std::string, uint64_t> avoid;
  std::vector<std::string> only;  // Extraction::set_only

  bool operator==(const ExtractRequest&) const = default;
};

// The content of a frame without its length.
std::string WriteRequest(const ExtractRequest& request);
std::string WriteEntered(std::string_view inner_path);
std::string WritePart(const Part& part);
std::string WriteFinished();

// Errors: kTruncated, kCorrupt (also: a span outside of the text, text that is no UTF-8), kTooLarge.
Result<FrameKind> KindOfFrame(std::string_view frame);
Result<ExtractRequest> ReadRequest(std::string_view frame);
Result<std::string> ReadEntered(std::string_view frame);
Result<Part> ReadPart(std::string_view frame);

}  // namespace walchen::data
