// SPDX-License-Identifier: Apache-2.0
//
// Tokenizers between Hugging Face's files (tokenizer.json, tokenizer_config.json, chat_template.jinja) and the
// tokenizer.* keys of a GGUF file.
//
// Byte-level BPE goes both ways, SentencePiece's BPE (byte fallback) from Hugging Face only. Either way the result is
// opened and compared with the source on texts that tell pre-tokenizers apart, so that a tokenizer which would give other
// ids is refused, never written.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/status.h"
#include "formats/gguf.h"
#include "model/huggingface_json.h"

namespace walchen::model {

using GgufKeys = std::vector<std::pair<std::string, formats::GgufValue>>;

// The keys, filled up to `vocabulary` tokens, which is how many rows the embedding has. `config` is config.json, for
// models without a tokenizer_config.json. Errors: kNotFound, kCorrupt, kTooLarge, kUnsupported (names the part).
Result<GgufKeys> ImportTokenizer(base::Files& files, const base::Path& folder, const JsonObject& config, int vocabulary);

// Tokens [PAD<id>] of the type "unused" up to `vocabulary`, in all lists that have one entry for each token.
// kUnsupported if there are more tokens already.
Result<void> PadTokens(GgufKeys& keys, int vocabulary);

// The texts of the files to write. Errors: kUnsupported (says what cannot be written), kNotFound, kCorrupt.
struct TokenizerFiles {
  std::string tokenizer_json;
  std::string tokenizer_config_json;
  std::string generation_config_json;
  int bos = -1;
  int eos = -1;
};
Result<TokenizerFiles> ExportTokenizer(const formats::GgufFile& file);

}  // namespace walchen::model
