// SPDX-License-Identifier: Apache-2.0
//
// Any bytes behind the beginning of a set of icons: each part is an icon with its own path, or says why there is none.
#include <set>
#include <string>

#include "base/status.h"
#include "data/extract.h"
#include "data/test_leaks.h"

using namespace walchen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // What makes it a set; the rest is the input's.
  const std::string json = R"({"prefix":"noto","icons":{"a":{"body":")" + std::string(reinterpret_cast<const char*>(data), size);
  std::set<std::string> paths;
  const auto take = [&](data::Part part) -> Result<void> {
    CHECK(paths.insert(part.inner_path).second, "{} came twice", part.inner_path);
    CHECK(part.content.empty() == !part.quarantine.empty(), "{}", part.quarantine);
    return {};
  };
  CHECK(data::Extract(data::Formats(), "a.json", json, take));
  return 0;
}
