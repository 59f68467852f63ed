// SPDX-License-Identifier: Apache-2.0
//
// `walchen chat`: one answer on standard output (--prompt, or text on standard input), or a conversation at a terminal.
#include "cli/chat_session.h"

#include <unistd.h>

#include <fmt/format.h>

#include "base/limits.h"
#include "cli/answer.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/terminal.h"

namespace walchen::cli {
namespace {

using nlohmann::ordered_json;

double PerSecond(int tokens, double ms) { return tokens > 0 && ms > 0 ? tokens * 1000.0 / ms : 0.0; }

ordered_json ToJson(const infer::Answer& answer, double load_ms) {
  const infer::EndEvent& end = answer.end;
  // The first token's time is the prompt's.
  const double decode_per_s = PerSecond(end.completion_tokens - 1, end.decode_ms);
  return {{"text", answer.text},
          {"finish_reason", infer::FinishReasonName(end.reason)},
          {"usage", {{"prompt_tokens", end.prompt_tokens}, {"completion_tokens", end.completion_tokens}}},
          {"timings",
           {{"load_ms", load_ms},
            {"prompt_ms", end.prompt_ms},
            {"decode_ms", end.decode_ms},
            {"prompt_tokens_per_s", PerSecond(end.prompt_tokens - end.cached_tokens, end.prompt_ms)},
            {"decode_tokens_per_s", decode_per_s}}}};
}

// One question from --prompt or standard input, its answer on standard output.
Result<int> AnswerOnce(const ChatOptions& options, const std::string& prompt) {
  TRY_ASSIGN(const LoadedModel loaded, LoadModel(options));
  const InterruptGuard guard;
  Conversation conversation(options.system);
  conversation.Add("user", prompt);
  TRY_ASSIGN(infer::GenerateRequest request, MakeRequest(loaded, options, conversation));
  const bool clean = IsTerminal(STDOUT_FILENO);
  auto answer = StreamAnswer(*loaded.engine, std::move(request), [&](std::string_view text) {
    if (options.shared.json) return;
    fmt::print("{}", clean ? Printable(text) : std::string(text));
    std::fflush(stdout);
  });
  if (!answer) return Forward(answer);
  if (options.shared.json) {
    fmt::print("{}\n", ToJson(*answer, loaded.load_ms).dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  } else {
    fmt::print("\n");
  }
  if (answer->end.reason == infer::FinishReason::kCancelled) return kInterrupted;
  if (answer->end.reason == infer::FinishReason::kLength && !options.shared.quiet && !options.shared.json) {
    fmt::print(stderr, "(stopped after {} tokens: --max-tokens or the model's context ended)\n",
               answer->end.completion_tokens);
  }
  return kDone;
}

void Declare(Arguments& arguments, ChatOptions& options) {
  constexpr double kAnyTokens = static_cast<double>(base::kContextMaxTokens);
  arguments.Option("--prompt", options.prompt, "Answer this and end; else standard input, if it is no terminal");
  arguments.Option("--system", options.system, "What the model is told before the conversation");
  arguments.Option("--max-tokens", options.max_tokens, "Longest answer; 0: as long as the context allows",
                   Range{0, kAnyTokens});
  arguments.Option("--context", options.context_tokens,
                   "Longest conversation in tokens; 0: what the model was trained for, at most 8192", Range{0, kAnyTokens});
  arguments.Option("--temperature", options.sampling.temperature,
                   "How freely words are chosen; 0: always the most likely", Range{0, 5});
  arguments.Option("--top-p", options.sampling.top_p, "Choose among the most likely words of this joint probability",
                   Range{0, 1});
  arguments.Option("--top-k", options.sampling.top_k, "Choose among so many most likely words; 0: all",
                   Range{0, static_cast<double>(base::kVocabularyMaxTokens)});
  arguments.Option("--lora", options.lora, "Answer with this adapter: a file, or a run of `walchen tune --lora`");
  AddSharedFlags(arguments, options.shared);
}

}  // namespace

int RunChat(int argc, char** argv) {
  ChatOptions options;
  Arguments arguments("walchen chat", "Talk to a model, or ask it one thing.");
  Declare(arguments, options);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  if (options.sampling.top_p <= 0) return arguments.WrongUsage("--top-p: expected a number above 0, at most 1");
  options.sampling.seed = options.shared.SeedOrClock();
  ApplyLogLevel(options.shared, base::LogLevel::kWarning);

  if (options.prompt.empty() && IsTerminal(STDIN_FILENO)) {
    if (options.shared.json) return arguments.WrongUsage("--json: expected --prompt or text on standard input");
    const Result<void> talked = Talk(options);
    return talked ? kDone : Report("chat", talked.error());
  }
  std::string prompt = options.prompt;
  if (prompt.empty()) {
    auto piped = ReadAll(stdin, base::kPromptMaxBytes);
    if (!piped) return Report("chat", piped.error());
    prompt = std::move(*piped);
    while (prompt.ends_with('\n')) prompt.pop_back();
  }
  if (prompt.empty()) return arguments.WrongUsage("expected a question in --prompt or on standard input, found nothing");
  if (prompt.size() > static_cast<size_t>(base::kPromptMaxBytes)) {
    return arguments.WrongUsage(fmt::format("--prompt: expected at most {} bytes", base::kPromptMaxBytes));
  }
  const Result<int> exit_code = AnswerOnce(options, prompt);
  return exit_code ? *exit_code : Report("chat", exit_code.error());
}

}  // namespace walchen::cli
