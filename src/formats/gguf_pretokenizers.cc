// SPDX-License-Identifier: Apache-2.0
#include "formats/gguf_pretokenizers.h"

namespace walchen::formats {

std::span<const GgufPretokenizer> GgufPretokenizers() {
  using Cuts = std::vector<PretokenizerStep>;
  static const std::vector<GgufPretokenizer> table = [] {
    const Cuts gpt2 = {CutPattern{Pattern::kGpt2}};
    const Cuts digits_gpt2 = {CutDigits{true}, CutPattern{Pattern::kGpt2}};
    const Cuts llama3 = {CutPattern{Pattern::kLlama3}};
    const Cuts qwen2 = {CutPattern{Pattern::kQwen2}};
    const Cuts deepseek = {CutPattern{Pattern::kLineBreak},      CutPattern{Pattern::kDeepSeekLetters},
                           CutPattern{Pattern::kDeepSeekSigns},  CutPattern{Pattern::kTrailingSpace},
                           CutPattern{Pattern::kEastAsian},      CutDigits{true}};
    const Cuts deepseek_coder = {CutPattern{Pattern::kLineBreak}, CutPattern{Pattern::kSpaceLetters},
                                 CutPattern{Pattern::kSpacePunctuation}, CutPattern{Pattern::kEastAsian},
                                 CutDigits{true}};
    const Cuts deepseek3 = {CutPattern{Pattern::kNumbersUpTo3}, CutPattern{Pattern::kChineseJapanese},
                            CutPattern{Pattern::kDeepSeek3}};
    return std::vector<GgufPretokenizer>{
        {.name = "gpt-2", .cuts = gpt2},
        {.name = "gpt2", .cuts = gpt2},
        {.name = "phi-2", .cuts = gpt2},
        {.name = "smollm", .cuts = digits_gpt2},
        {.name = "starcoder", .cuts = digits_gpt2},
        {.name = "refact", .cuts = digits_gpt2},
        {.name = "llama-bpe", .cuts = llama3, .ignore_merges = true, .adds_bos = true},
        {.name = "llama3", .cuts = llama3, .ignore_merges = true, .adds_bos = true},
        {.name = "llama-v3", .cuts = llama3, .ignore_merges = true, .adds_bos = true},
        {.name = "qwen2", .composes = true, .cuts = qwen2},
        {.name = "deepseek-r1-qwen", .cuts = qwen2},
        {.name = "stablelm2", .cuts = qwen2},
        {.name = "deepseek-llm", .cuts = deepseek},
        {.name = "deepseek-coder", .cuts = deepseek_coder},
        {.name = "deepseek-v3", .cuts = deepseek3},
    };
  }();
  return table;
}

}  // namespace walchen::formats
