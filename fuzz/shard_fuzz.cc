// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a shard.
#include "shards/shard_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto shard = walchen::shards::Shard::FromBytes(std::as_bytes(std::span(data, size)));
  if (!shard) {
    CHECK(!shard.error().message().empty());
    return 0;
  }
  std::vector<int32_t> tokens((*shard)->tokens());
  (*shard)->Read(0, tokens);
  for (const int32_t token : tokens) CHECK(token >= 0 && token < (*shard)->facts().vocabulary);
  uint64_t sum = 0;
  for (const auto& document : (*shard)->documents()) {
    CHECK(&(*shard)->DocumentOf(document.first_token) == &document);
    sum += document.tokens;
  }
  CHECK(sum == tokens.size());
  const auto verified = (*shard)->Verify();
  CHECK(verified || verified.error().offset().has_value());
  return 0;
}
