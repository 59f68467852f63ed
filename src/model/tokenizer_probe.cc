// SPDX-License-Identifier: Apache-2.0
#include "model/tokenizer_probe.h"

#include <algorithm>
#include <string_view>

#include "base/bytes.h"

namespace walchen::model {
namespace {

// The keys of a file that is not written yet.
class KeysOnly : public formats::GgufFile {
 public:
  explicit KeysOnly(const GgufKeys& keys) : keys_(keys) {}

  std::span<const std::pair<std::string, formats::GgufValue>> metadata() const override { return keys_; }
  const formats::GgufValue* Find(std::string_view key) const override {
    const auto found = std::ranges::find(keys_, key, &GgufKeys::value_type::first);
    return found == keys_.end() ? nullptr : &found->second;
  }
  std::span<const formats::TensorEntry> tensors() const override { return {}; }
  const formats::TensorEntry* FindTensor(std::string_view) const override { return nullptr; }
  base::Bytes Data(const formats::TensorEntry&) const override { return {}; }
  void DropResident(base::Bytes) const override {}

 private:
  const GgufKeys& keys_;
};

constexpr std::string_view kProbes[] = {
    "Hello world, it's 12345 o'clock; they'LL say \"we've\" 3.14159 times.",
    "  leading, trailing  and   inner    spaces \t tabs\n\n\nlines\r\n  \n x ",
    "Gr\u00fc\u00dfe aus M\u00fcnchen: \u00c4\u00d6\u00dc, na\u00efve caf\u00e9, e\u0301 and \u212b",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002 \u3053\u3093\u306b\u3061\u306f \uc548\ub155 \u0645\u0631\u062d\u0628\u0627 \u0939\u093f\u0928\u094d\u0926\u0940",
    "\U0001F600\U0001F469\u200D\U0001F4BB \u2581 \u00bd \u00b2 \u0661\u0662\u0663 #!?-- (a)[b]{c} x=y+z; // end",
    "def f(x):\n    return x ** 2  # CamelCase snake_case\n\tif x<=10 and y!=0:\n",
    "<|im_start|>user <s></s> <unk> [PAD1] <0x41>",
    "",
    " ",
    "1",
};

Result<void> ExpectSame(const formats::Tokenizer& one, const formats::Tokenizer& other, std::string_view text) {
  for (const bool special : {false, true}) {
    if (one.Encode(text, special) != other.Encode(text, special)) {
      return Fail(ErrorCode::kUnsupported,
                  "this tokenizer cannot be converted: the text {} would get other token ids", base::Quoted(text));
    }
  }
  return {};
}

}  // namespace

Result<void> ExpectSameIds(const formats::Tokenizer& one, const formats::Tokenizer& other) {
  for (const std::string_view text : kProbes) TRY(ExpectSame(one, other, text));
  const int tokens = std::min(one.vocabulary_size(), other.vocabulary_size());
  for (formats::TokenId token = 0; token < tokens; ++token) {
    if (one.Bytes(token) != other.Bytes(token)) {
      // Tokens that only fill up the vocabulary may be missing on one side.
      const bool filler = one.Bytes(token).empty() || other.Bytes(token).empty();
      if (filler) continue;
      return Fail(ErrorCode::kUnsupported, "this tokenizer cannot be converted: token {} is {} and would become {}", token,
                  base::Quoted(one.Bytes(token)), base::Quoted(other.Bytes(token)));
    }
    TRY(ExpectSame(one, other, one.Bytes(token)));
  }
  return {};
}

Result<void> ExpectSameIds(const formats::Tokenizer& one, const GgufKeys& keys) {
  const KeysOnly file(keys);
  TRY_ASSIGN(const auto other, formats::Tokenizer::FromGguf(file));
  return ExpectSameIds(one, *other);
}

}  // namespace walchen::model
