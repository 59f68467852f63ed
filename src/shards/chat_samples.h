// SPDX-License-Identifier: Apache-2.0
//
// Conversations as samples: a JSONL file in OpenAI's form, one {"messages": [{"role", "content"}, ...]} a line, written out
// with the model's chat template. What is learned are the answers; questions and the template's words are read only.
#pragma once

#include <memory>

#include "base/files.h"
#include "formats/chat_template.h"
#include "formats/tokenizer.h"
#include "runs/options.h"
#include "shards/sample.h"

namespace walchen::shards {

// Every tenth conversation is kept for evaluation, of fewer the last. Option `tokens` (256): how long all conversations are made; shorter ones are filled up. The tokenizer must outlive it.
// Errors: those of reading; kCorrupt (names the line and what was expected), kTooLarge (a conversation of more tokens).
Result<std::unique_ptr<SampleSource>> MakeChatSource(base::Files& files, const base::Path& path, runs::Options& options, uint64_t seed,
                                                     const formats::Tokenizer& tokenizer, const formats::ChatTemplate& chat_template,
                                                     Share share);

}  // namespace walchen::shards
