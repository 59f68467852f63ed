// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a chat template, rendered over one conversation: no crash, no hang, and what the conversation said never
// comes out as trusted, whatever the template does with it.
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/status.h"
#include "formats/chat_template.h"

namespace {

using Json = nlohmann::ordered_json;

// What the conversation says everywhere: letters that no function of the language makes up. (A template that may write
// them itself, in UTF-8 or as an escape, is not looked at.)
constexpr std::string_view kUntrusted = "\xE2\x9A\xA0\xE2\x9A\xA0";

Json Variables() {
  Json variables = Json::parse(R"({
    "messages": [
      {"role": "system", "content": "⚠⚠ be kind"},
      {"role": "user", "content": [{"type": "text", "text": "⚠⚠"}, {"type": "image"}]},
      {"role": "assistant", "content": null,
       "tool_calls": [{"id": "abcdef123", "function": {"name": "⚠⚠", "arguments": {"⚠⚠": 1.5}}}]},
      {"role": "tool", "content": "⚠⚠"}
    ],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": ["a", "⚠⚠"]}}}],
    "add_generation_prompt": true, "bos_token": "<s>", "n": -7, "x": "⚠⚠"
  })", nullptr, false);
  CHECK(variables.is_object());
  variables["broken"] = "a\xFFz";
  return variables;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const auto parsed = walchen::formats::ChatTemplate::Parse(source);
  if (!parsed) return 0;
  static const Json variables = Variables();
  const auto parts = (*parsed)->Render(variables);
  if (!parts) return 0;
  const bool may_write_them = source.find(kUntrusted[0]) != source.npos || source.find('\\') != source.npos;
  for (size_t i = 0; i < parts->size(); ++i) {
    const walchen::formats::TextPart& part = (*parts)[i];
    CHECK(!part.text.empty(), "an empty part");
    CHECK(i == 0 || (*parts)[i - 1].special_tokens != part.special_tokens, "two parts that should be one");
    CHECK(!part.special_tokens || may_write_them || part.text.find(kUntrusted) == std::string::npos,
          "the conversation's words are trusted");
  }
  return 0;
}
