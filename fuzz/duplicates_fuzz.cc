// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a stored index of duplicates: an error, or an index that answers, takes documents and is the same when it is
// written and read again. The checksum is made right first, or nothing else would be reached.
#include <cstdint>
#include <cstring>
#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/status.h"
#include "data/near_duplicates.h"

using namespace walchen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (size >= 8) {
    const uint64_t checksum = XXH3_64bits(bytes.data(), size - 8);
    std::memcpy(bytes.data() + size - 8, &checksum, 8);
  }
  auto index = data::DuplicateIndex::Parse(base::AsBytes(bytes));
  if (!index) return 0;
  const std::string text = "ein Text mit so vielen Wörtern, dass daraus ein paar Schindeln werden, aber nicht mehr";
  const data::Signature signature = data::MakeSignature(text, data::SplitWords(text));
  const auto added = index->Add(signature);
  CHECK(added.has_value(), "{}", added.error().message());
  CHECK(index->Find(signature).has_value(), "what was added is not found");
  const std::string written = index->Serialise();
  const auto again = data::DuplicateIndex::Parse(base::AsBytes(written));
  CHECK(again.has_value() && again->Serialise() == written, "not the same after writing");
  return 0;
}
