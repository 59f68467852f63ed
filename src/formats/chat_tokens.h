// SPDX-License-Identifier: Apache-2.0
//
// A conversation as the tokens that a model expects: its chat template, then its tokenizer. One place for answering and for
// training, so that a model is asked in the form in which it was taught.
#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/status.h"
#include "formats/chat_template.h"
#include "formats/tokenizer.h"

namespace walchen::formats {

// `messages` is an array of {"role", "content", ...}, `tools` an array or null. With answer_follows the beginning of the
// next answer stands at the end. BOS comes first where the model was trained with it.
// Errors: those of ChatTemplate::Render.
Result<std::vector<TokenId>> ChatTokens(const ChatTemplate& chat_template, const Tokenizer& tokenizer,
                                        const nlohmann::ordered_json& messages, const nlohmann::ordered_json& tools,
                                        bool answer_follows);

}  // namespace walchen::formats
