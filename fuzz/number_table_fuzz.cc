// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as kept tables: an error, or what is the same when it is written and read again. The checksum is made here, as
// no fuzzer finds one: the first byte is the number of rows, the others are the rest of one table.
#include "data/number_table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/status.h"

using namespace walchen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CHECK(!data::ParseTables(bytes) || bytes.starts_with("WTAB"));
  if (bytes.empty()) return 0;
  base::ByteWriter body;
  body.Write<uint32_t>(1);
  body.Write<uint32_t>(0);
  body.Write<uint64_t>(data[0]);
  body.Raw(base::AsBytes(bytes.substr(1)));
  base::ByteWriter whole;
  whole.Raw(base::AsBytes(std::string_view(data::SerialiseTables({})).substr(0, 8)));  // the mark and the version
  whole.Write<uint64_t>(XXH3_64bits(body.bytes().data(), body.bytes().size()));
  whole.Raw(base::AsBytes(body.bytes()));
  const auto tables = data::ParseTables(whole.bytes());
  if (!tables) return 0;
  const auto again = data::ParseTables(data::SerialiseTables(*tables));
  CHECK(again.has_value(), "{}", again.error().ToString());
  CHECK(tables->size() == 1 && again->size() == 1 && data::Same(tables->front(), again->front()));
  return 0;
}
