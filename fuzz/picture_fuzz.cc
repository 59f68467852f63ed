// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a file of unknown name: where they become a picture, it is small, its PNG is read again, and its captions
// are lines.
#include "base/status.h"
#include "data/extract.h"
#include "data/picture.h"
#include "data/test_leaks.h"

using namespace walchen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto take = [](data::Part part) -> Result<void> {
    if (part.kind != data::PartKind::kPicture || !part.quarantine.empty()) return {};
    const auto decoded = data::DecodePicture(part.content);
    CHECK(decoded, "{}", part.content.size());
    const data::Picture& picture = decoded->picture;
    CHECK(picture.width >= 1 && picture.width <= data::kPictureSideMax, "{}", picture.width);
    CHECK(picture.height >= 1 && picture.height <= data::kPictureSideMax, "{}", picture.height);
    for (const data::Span& span : part.spans) {
      CHECK(span.begin < span.end && part.text.at(span.end) == '\n', "[{}, {})", span.begin, span.end);
    }
    return {};
  };
  CHECK(data::Extract(data::Formats(), "a", {reinterpret_cast<const char*>(data), size}, take));
  return 0;
}
