// SPDX-License-Identifier: Apache-2.0
#include "formats/chat_tokens.h"

#include <nlohmann/json.hpp>

namespace walchen::formats {

Result<std::vector<TokenId>> ChatTokens(const ChatTemplate& chat_template, const Tokenizer& tokenizer,
                                        const nlohmann::ordered_json& messages, const nlohmann::ordered_json& tools,
                                        bool answer_follows) {
  nlohmann::ordered_json variables = {{"messages", messages}, {"add_generation_prompt", answer_follows}};
  if (!tools.is_null()) variables["tools"] = tools;
  const auto spelling = [&](std::optional<TokenId> token) {
    return token ? std::string(tokenizer.Bytes(*token)) : std::string();
  };
  variables["bos_token"] = spelling(tokenizer.bos());
  variables["eos_token"] = spelling(tokenizer.eos());
  TRY_ASSIGN(const std::vector<TextPart> parts, chat_template.Render(variables));
  std::vector<TokenId> tokens = tokenizer.Encode(parts);
  const std::optional<TokenId> bos = tokenizer.bos();
  if (tokenizer.adds_bos() && bos && (tokens.empty() || tokens.front() != *bos)) tokens.insert(tokens.begin(), *bos);
  return tokens;
}

}  // namespace walchen::formats
