// SPDX-License-Identifier: Apache-2.0
//
// For accuracy.py: score_tokens MODEL EVERY [kv-8bit] < token ids. Writes the logits of every EVERY-th position to standard
// output, as they are (32-bit floats in this machine's order, one row after the other).
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string_view>

#include "infer/scoring.h"

namespace {

int Refuse(const walchen::Error& error) {
  std::fprintf(stderr, "%s\n", error.ToString().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace walchen;
  if (argc < 3) {
    std::fputs("expected: score_tokens MODEL EVERY [kv-8bit], and token ids on standard input\n", stderr);
    return 2;
  }
  const std::vector<formats::TokenId> tokens{std::istream_iterator<formats::TokenId>(std::cin), {}};
  const int64_t every = std::max(1L, std::strtol(argv[2], nullptr, 10));
  const auto model = infer::ModelFile::Load(base::Files::Os(), argv[1], {});
  if (!model) return Refuse(model.error());
  const bool kv_8bit = argc > 3 && std::string_view(argv[3]) == "kv-8bit";
  const infer::ScoringOptions options{.kv_type = kv_8bit ? tensor::KvType::kInt8 : tensor::KvType::kF16};
  const auto scored = infer::Score(**model, tokens, options, [&](int64_t position, std::span<const float> logits) {
    return position % every != every - 1 || std::fwrite(logits.data(), logits.size_bytes(), 1, stdout) == 1;
  });
  return scored ? 0 : Refuse(scored.error());
}
