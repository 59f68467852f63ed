// SPDX-License-Identifier: Apache-2.0
#include "cli/conversation.h"

#include "base/limits.h"

namespace walchen::cli {
namespace {

using nlohmann::ordered_json;

Result<ordered_json> ParseMessage(const ordered_json& item, size_t number) {
  const auto text_of = [&](const char* key) {
    const auto found = item.is_object() ? item.find(key) : item.end();
    return found != item.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const std::string role = text_of("role");
  const bool known = (role == "system" && number == 0) || role == "user" || role == "assistant";
  if (!known || !item.contains("content") || !item["content"].is_string()) {
    return Fail(ErrorCode::kCorrupt,
                R"(message {}: expected {{"role": "user" or "assistant" ("system" only first), "content": text}})", number);
  }
  return ordered_json{{"role", role}, {"content", text_of("content")}};
}

}  // namespace

void Conversation::SetSystem(std::string_view text) {
  if (has_system()) messages_.erase(0);
  if (!text.empty()) messages_.insert(messages_.begin(), ordered_json{{"role", "system"}, {"content", text}});
}

std::string Conversation::system() const {
  return has_system() ? messages_.front()["content"].get<std::string>() : std::string();
}

void Conversation::Add(std::string_view role, std::string_view text) {
  messages_.push_back(ordered_json{{"role", role}, {"content", text}});
}

void Conversation::DropLast() {
  if (!messages_.empty()) messages_.erase(messages_.size() - 1);
}

void Conversation::Reset() {
  const std::string text = system();
  messages_ = ordered_json::array();
  SetSystem(text);
}

Result<void> Conversation::Save(base::Files& files, const base::Path& path) const {
  return base::ReplaceFile(files, path, messages_.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n",
                           0600);  // a conversation is nobody else's business
}

Result<void> Conversation::Load(base::Files& files, const base::Path& path) {
  TRY_ASSIGN(const std::string text, files.Read(path, base::kPromptMaxBytes));
  const ordered_json json = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) {
    return Fail(ErrorCode::kCorrupt, "{}: expected a JSON array of messages, as /save writes it", path.native());
  }
  if (json.size() > static_cast<size_t>(base::kChatMaxMessages)) {
    return Fail(ErrorCode::kTooLarge, "{}: expected at most {} messages, found {}", path.native(),
                base::kChatMaxMessages, json.size());
  }
  ordered_json messages = ordered_json::array();
  for (const ordered_json& item : json) {
    auto message = ParseMessage(item, messages.size());
    if (!message) return Forward(message, path.native());
    messages.push_back(std::move(*message));
  }
  messages_ = std::move(messages);
  return {};
}

}  // namespace walchen::cli
