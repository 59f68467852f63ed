// SPDX-License-Identifier: Apache-2.0
//
// What was said so far in a chat, as the messages that a model's template reads. On disk: a JSON array of
// {"role": "system" | "user" | "assistant", "content": TEXT}, the form that OpenAI's protocol has made common.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/status.h"

namespace walchen::cli {

// Not thread-safe.
class Conversation {
 public:
  explicit Conversation(std::string_view system) { SetSystem(system); }

  // Replaces the system message; an empty one is none.
  void SetSystem(std::string_view text);
  // Empty if there is none.
  std::string system() const;
  void Add(std::string_view role, std::string_view text);
  // Takes the last message back, for a question whose answer never came.
  void DropLast();
  // Forgets all but the system message.
  void Reset();

  const nlohmann::ordered_json& messages() const { return messages_; }

  // Durable; replaces a file that is there. Errors: those of base::Files.
  Result<void> Save(base::Files& files, const base::Path& path) const;
  // Replaces everything, or nothing after an error: kNotFound, kTooLarge, kCorrupt (says which message).
  Result<void> Load(base::Files& files, const base::Path& path);

 private:
  bool has_system() const { return !messages_.empty() && messages_.front()["role"] == "system"; }

  nlohmann::ordered_json messages_ = nlohmann::ordered_json::array();
};

}  // namespace walchen::cli
