// SPDX-License-Identifier: Apache-2.0
#include "shards/chat_samples.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "base/rng.h"
#include "formats/chat_tokens.h"
#include "shards/held_out.h"

namespace walchen::shards {
namespace {

using nlohmann::ordered_json;

// Everything that turns a conversation into tokens.
struct Writer {
  const formats::Tokenizer& tokenizer;
  const formats::ChatTemplate& chat_template;

  Result<std::vector<int32_t>> Encode(const ordered_json& messages, bool answer_follows) const {
    return formats::ChatTokens(chat_template, tokenizer, messages, nullptr, answer_follows);
  }
};

// Each token's target is the next one where that belongs to an answer: what stands behind the beginning of an answer
// in the conversation up to and with it.
Result<Segment> ConversationSegment(const Writer& writer, const ordered_json& messages) {
  TRY_ASSIGN(std::vector<int32_t> tokens, writer.Encode(messages, false));
  std::vector<int32_t> targets(tokens.size(), -1);
  ordered_json so_far = ordered_json::array();
  for (const ordered_json& message : messages) {
    if (message["role"] == "assistant") {
      TRY_ASSIGN(const std::vector<int32_t> before, writer.Encode(so_far, true));
      so_far.push_back(message);
      TRY_ASSIGN(const std::vector<int32_t> with, writer.Encode(so_far, false));
      if (with.size() > tokens.size() || before.size() >= with.size() || !std::equal(with.begin(), with.end(), tokens.begin()) ||
          !std::equal(before.begin(), before.end(), tokens.begin())) {
        return Fail(ErrorCode::kUnsupported, "this model's chat template writes earlier messages in another way once later ones follow; "
                    "put each answer into a conversation of its own");
      }
      for (size_t i = std::max<size_t>(before.size(), 1); i < with.size(); ++i) targets[i - 1] = tokens[i];
    } else {
      so_far.push_back(message);
    }
  }
  Segment segment;
  segment.tokens = std::move(tokens);
  segment.targets = std::move(targets);
  return segment;
}

Result<ordered_json> ReadMessages(std::string_view line) {
  const ordered_json json = ordered_json::parse(line, nullptr, false);
  const auto messages = json.is_object() ? json.find("messages") : json.end();
  if (!json.is_object() || messages == json.end() || !messages->is_array() || messages->empty()) {
    return Fail(ErrorCode::kCorrupt, "expected {{\"messages\": [{{\"role\": ..., \"content\": ...}}, ...]}}");
  }
  bool has_answer = false;
  for (const ordered_json& message : *messages) {
    if (!message.is_object() || !message.contains("role") || !message["role"].is_string() || !message.contains("content") ||
        !message["content"].is_string()) {
      return Fail(ErrorCode::kCorrupt, "expected messages with a \"role\" and a \"content\" of text");
    }
    has_answer |= message["role"] == "assistant";
  }
  if (!has_answer) return Fail(ErrorCode::kCorrupt, "expected a message of the role \"assistant\", which is what is learned");
  return *messages;
}

class ChatSource : public SampleSource {
 public:
  ChatSource(uint64_t seed, std::vector<Segment> conversations) : seed_(seed), conversations_(std::move(conversations)) {}

  Result<Sample> At(uint64_t index) const override {
    base::Rng rng(seed_, index);
    return Sample{{conversations_[rng.Below(static_cast<uint32_t>(conversations_.size()))]}};
  }

 private:
  uint64_t seed_;
  std::vector<Segment> conversations_;
};

}  // namespace

Result<std::unique_ptr<SampleSource>> MakeChatSource(base::Files& files, const base::Path& path, runs::Options& options, uint64_t seed,
                                                     const formats::Tokenizer& tokenizer, const formats::ChatTemplate& chat_template,
                                                     Share share) {
  TRY_ASSIGN(const int64_t length, options.Int("tokens", 256, 8, 65'536));
  TRY_ASSIGN(const std::string text, files.Read(path, static_cast<uint64_t>(base::kChatFileMaxBytes)));
  const Writer writer = {tokenizer, chat_template};
  std::vector<Segment> all;
  size_t line_number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    ++line_number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = fmt::format("{}:{}", path.native(), line_number);
    auto messages = ReadMessages(line);
    if (!messages) return Forward(messages, where);
    auto segment = ConversationSegment(writer, *messages);
    if (!segment) return Forward(segment, where);
    if (segment->tokens.size() > static_cast<size_t>(length)) {
      return Fail(ErrorCode::kTooLarge, "{}: a conversation of {} tokens does not fit into {}; raise `tokens` in [data.options]",
                  where, segment->tokens.size(), length);
    }
    segment->tokens.resize(static_cast<size_t>(length), tokenizer.eos().value_or(0));
    segment->targets.resize(static_cast<size_t>(length), -1);
    all.push_back(std::move(*segment));
  }
  if (all.empty()) return Fail(ErrorCode::kCorrupt, "{}: expected a conversation on each line, found none", path.native());
  if (all.size() == 1) return std::make_unique<ChatSource>(seed, std::move(all));  // there is no other to compare with
  const size_t every = std::min(kHeldOutEvery, all.size());
  std::vector<Segment> taken;
  for (size_t i = 0; i < all.size(); ++i) {
    const bool held_out = i % every == every - 1;
    if (held_out == (share == Share::kHeldOut)) taken.push_back(std::move(all[i]));
  }
  return std::make_unique<ChatSource>(seed, std::move(taken));
}

}  // namespace walchen::shards
