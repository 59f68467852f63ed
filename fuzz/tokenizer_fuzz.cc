// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as text: tokens of the vocabulary, no special token where none is allowed, and the same text back where the
// tokenizer loses nothing. The first byte picks the tokenizer, the second where the text is cut into two parts.
#include <memory>
#include <vector>

#include "base/files.h"
#include "formats/tokenizer.h"
#include "formats/utf8.h"

using namespace walchen;
using formats::TextPart;
using formats::TokenId;
using formats::Tokenizer;

namespace {

struct Subject {
  std::unique_ptr<Tokenizer> tokenizer;
  bool lossless;
};

std::vector<Subject> Load() {
  const base::Path folder = base::Path(WALCHEN_SOURCE_DIR) / "tests/golden/tokenizer";
  std::vector<Subject> subjects;
  for (const char* name : {"gpt2", "llama3", "deepseek-llm", "deepseek-coder", "deepseek-v3", "smollm", "qwen2", "llama2",
                           "mistral", "gemma", "unigram-bytes", "bert", "bert-cased", "added-tokens", "whitespace"}) {
    auto text = base::Files::Os().Read(folder / (std::string(name) + ".json"), 1 << 20);
    CHECK(text.has_value(), "{}", name);
    auto tokenizer = Tokenizer::FromJson(*text);
    CHECK(tokenizer.has_value(), "{}", name);
    subjects.push_back({*std::move(tokenizer), subjects.size() < 5});
  }
  return subjects;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<Subject> subjects = Load();
  if (size < 2) return 0;
  const Subject& subject = subjects[data[0] % subjects.size()];
  const std::string_view text(reinterpret_cast<const char*>(data + 2), size - 2);
  const size_t cut = text.size() * data[1] / 256;

  const std::vector<TokenId> plain = subject.tokenizer->Encode(text);
  for (const TokenId token : plain) {
    CHECK(token >= 0 && token < subject.tokenizer->vocabulary_size());
    // The unknown token is special too, and text may become it.
    const std::string_view name = subject.tokenizer->Bytes(token);
    CHECK(!subject.tokenizer->IsSpecial(token) || name.find("unk") < 3 || name.find("UNK") < 3);
  }
  if (subject.lossless) CHECK(subject.tokenizer->Decode(plain) == formats::ReplaceInvalidUtf8(text));

  const std::vector<TextPart> parts = {{std::string(text.substr(0, cut)), false}, {std::string(text.substr(cut)), true}};
  const std::vector<TokenId> mixed = subject.tokenizer->Encode(parts);
  CHECK(subject.tokenizer->Decode(mixed, true).size() <= 8 * text.size() + 8);
  return 0;
}
