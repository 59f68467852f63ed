// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a tokenizer.json: an error, or a tokenizer that takes any text.
#include "formats/tokenizer.h"

using namespace walchen;
using formats::TokenId;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto tokenizer = formats::Tokenizer::FromJson({reinterpret_cast<const char*>(data), size});
  if (!tokenizer) {
    CHECK(!tokenizer.error().message().empty());
    return 0;
  }
  const formats::Tokenizer& t = **tokenizer;
  for (const bool special : {false, true}) {
    const std::vector<TokenId> ids = t.Encode("ab  a\xC3\xA4\xFF 12<s>\n\xE2\x96\x81 B\xCC\x88'll", special);
    for (const TokenId id : ids) CHECK(id >= 0 && id < t.vocabulary_size());
    CHECK(t.Decode(ids, special).size() < 10'000'000);
  }
  for (const TokenId end : t.end_of_generation()) CHECK(t.EndsGeneration(end));
  return 0;
}
