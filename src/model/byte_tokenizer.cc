// SPDX-License-Identifier: Apache-2.0
#include "model/byte_tokenizer.h"

#include <string_view>

namespace walchen::model {
namespace {

using formats::GgufArray;

constexpr std::string_view kChatMl =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

}  // namespace

std::string SpellingOfByte(int byte) {
  const auto is_printable = [](int b) { return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xFF && b != 0xAD); };
  int code = byte;
  if (!is_printable(byte)) {
    code = 256;
    for (int b = 0; b < byte; ++b) code += is_printable(b) ? 0 : 1;
  }
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  return {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
}

GgufKeys ByteLevelKeys(std::string_view pretokenizer, std::vector<std::string> tokens, size_t special, std::vector<std::string> merges) {
  std::vector<int64_t> types(special, 3);  // control
  types.resize(tokens.size(), 1);          // normal
  return {{"tokenizer.ggml.model", "gpt2"},
          {"tokenizer.ggml.pre", std::string(pretokenizer)},
          {"tokenizer.ggml.tokens", GgufArray(std::move(tokens))},
          {"tokenizer.ggml.token_type", GgufArray(std::move(types))},
          {"tokenizer.ggml.merges", GgufArray(std::move(merges))},
          {"tokenizer.ggml.bos_token_id", uint64_t{1}},
          {"tokenizer.ggml.eos_token_id", uint64_t{2}},
          {"tokenizer.ggml.add_bos_token", false},
          {"tokenizer.chat_template", std::string(kChatMl)}};
}

GgufKeys ByteTokenizer(int vocabulary) {
  const auto size = static_cast<size_t>(vocabulary);
  std::vector<std::string> tokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
  const size_t special = tokens.size();
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(SpellingOfByte(byte));
  std::vector<std::string> merges;
  for (char left = 'a'; left <= 'z'; ++left) {
    for (char right = 'a'; right <= 'z' && tokens.size() < size; ++right) {
      merges.push_back({left, ' ', right});
      tokens.push_back({left, right});
    }
  }
  return ByteLevelKeys("gpt-2", std::move(tokens), special, std::move(merges));
}

}  // namespace walchen::model
