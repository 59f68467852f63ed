// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as RTF: an error, or paragraphs in the order of the text and of the source.
#include "data/extract_rtf.h"

#include "base/status.h"

using namespace walchen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto part = data::RtfPart({reinterpret_cast<const char*>(data), size});
  if (!part) return 0;
  uint64_t text = 0, source = 0;
  for (const data::Span& span : part->spans) {
    CHECK(text <= span.begin && span.begin < span.end && span.end <= part->text.size(), "[{}, {})", span.begin,
          span.end);
    CHECK(source <= span.place.first && span.place.first <= span.place.last && span.place.last <= size, "{}",
          span.place.first);
    text = span.end;
    source = span.place.first;
  }
  CHECK(text == part->text.size(), "{} of {} bytes have a place", text, part->text.size());
  return 0;
}
