// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a file of one of the formats that are read in this process: at least one part, and each well-formed. The
// first byte chooses the file's name.
#include <array>

#include "base/status.h"
#include "data/extract.h"
#include "data/test_leaks.h"
#include "formats/utf8.h"

using namespace walchen;

namespace {

constexpr std::array<std::string_view, 12> kNames = {"a.txt", "a.md", "copyright", "METADATA", "package.json", "a.json",
                                                     "a.jsonl", "a.xml", "a.svg", "de.po", "a.png", "a.c"};

void Judge(const data::Part& part) {
  CHECK((part.text.empty() && part.content.empty()) != part.quarantine.empty(), "{}", part.quarantine);
  CHECK(formats::ValidUtf8Prefix(part.text) == part.text.size());
  uint64_t before = 0;
  for (const data::Span& span : part.spans) {
    CHECK(before <= span.begin && span.begin <= span.end && span.end <= part.text.size(), "[{}, {})", span.begin,
          span.end);
    before = span.end;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  int parts = 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto extracted =
      data::Extract(data::Formats(), kNames[data[0] % kNames.size()], bytes, [&](data::Part part) -> Result<void> {
        Judge(part);
        ++parts;
        return {};
      });
  CHECK(extracted.has_value() && parts > 0);
  return 0;
}
