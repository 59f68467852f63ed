// SPDX-License-Identifier: Apache-2.0
//
// Chat templates: the Jinja program in a model file that turns a list of messages into the text the model was trained on.
//
// The subset of Jinja that published templates use, set up as Hugging Face sets it up (trim_blocks, lstrip_blocks, loop
// controls, tojson without HTML escapes, raise_exception, strftime_now). Programs come from model files and may be
// hostile: steps, depth and output are bounded (base/limits.h, kTemplate...), and there is nothing in the language that
// reaches outside.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/status.h"
#include "formats/tokenizer.h"

namespace walchen::formats {

// Immutable after Parse, thread-safe.
class ChatTemplate {
 public:
  // Errors: kCorrupt with line and column in the message, kUnsupported (names the construct), kTooLarge.
  // strftime_now reads `clock`, which must outlive the template, and shows local time.
  static Result<std::unique_ptr<ChatTemplate>> Parse(std::string_view source, base::Clock& clock = base::Clock::Os());
  virtual ~ChatTemplate() = default;

  // Runs the program. `variables` is an object: messages, tools, bos_token, eos_token, add_generation_prompt, date, ...
  // What the template wrote itself may hold special tokens; what came out of `variables` may not, through whatever
  // filters and concatenations it went (except bos_token, eos_token and the like, named in `trusted`).
  // Errors: kInvalidArgument (the template called raise_exception: its message), kCorrupt (it went wrong, with its line),
  // kResourceExhausted (over a bound).
  virtual Result<std::vector<TextPart>> Render(
      const nlohmann::ordered_json& variables,
      const std::vector<std::string>& trusted = {"bos_token", "eos_token", "pad_token", "unk_token"}) const = 0;

  // The parts joined.
  Result<std::string> RenderText(const nlohmann::ordered_json& variables) const;
};

}  // namespace walchen::formats
