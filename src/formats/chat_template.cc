// SPDX-License-Identifier: Apache-2.0
#include "formats/chat_template.h"

#include <nlohmann/json.hpp>

#include "formats/jinja_ast.h"
#include "formats/jinja_interpreter.h"
#include "formats/jinja_parser.h"

namespace walchen::formats {
namespace {

std::vector<TextPart> ToParts(jinja::MarkedText text) {
  std::vector<TextPart> parts;
  const auto add = [&](size_t begin, size_t end, bool special_tokens) {
    if (begin < end) parts.push_back({std::string(text.bytes.substr(begin, end - begin)), special_tokens});
  };
  size_t at = 0;
  for (const jinja::ByteRange& range : text.trusted) {
    add(at, range.begin, false);
    add(range.begin, range.end, true);
    at = range.end;
  }
  add(at, text.bytes.size(), false);
  return parts;
}

class JinjaTemplate : public ChatTemplate {
 public:
  JinjaTemplate(std::unique_ptr<const jinja::Program> program, base::Clock& clock)
      : program_(std::move(program)), clock_(clock) {}

  Result<std::vector<TextPart>> Render(const nlohmann::ordered_json& variables,
                                       const std::vector<std::string>& trusted) const override {
    if (!variables.is_object()) {
      return Fail(ErrorCode::kInvalidArgument, "a chat template expects an object of variables, got {}",
                  variables.type_name());
    }
    jinja::Interpreter interpreter(*program_, variables, trusted, clock_);
    TRY_ASSIGN(const jinja::TextBuilder out, interpreter.Run());
    return ToParts(out.view());
  }

 private:
  std::unique_ptr<const jinja::Program> program_;
  base::Clock& clock_;
};

}  // namespace

Result<std::unique_ptr<ChatTemplate>> ChatTemplate::Parse(std::string_view source, base::Clock& clock) {
  auto program = jinja::ParseProgram(source);
  if (!program) return Forward(program, "chat template");
  return std::make_unique<JinjaTemplate>(std::move(*program), clock);
}

Result<std::string> ChatTemplate::RenderText(const nlohmann::ordered_json& variables) const {
  TRY_ASSIGN(const std::vector<TextPart> parts, Render(variables));
  std::string text;
  for (const TextPart& part : parts) text += part.text;
  return text;
}

}  // namespace walchen::formats
