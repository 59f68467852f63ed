// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a frame between a worker and its starter: an error, or what is the same when it is written and read
// again.
#include "base/status.h"
#include "data/extract_wire.h"

using namespace walchen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view frame(reinterpret_cast<const char*>(data), size);
  if (const auto part = data::ReadPart(frame)) {
    CHECK(data::WritePart(*part) == frame);
    for (const data::Span& span : part->spans) CHECK(span.begin <= span.end && span.end <= part->text.size());
  }
  if (const auto request = data::ReadRequest(frame)) {
    CHECK(data::ReadRequest(data::WriteRequest(*request)).value() == *request);
  }
  if (const auto path = data::ReadEntered(frame)) CHECK(data::WriteEntered(*path) == frame);
  return 0;
}
