// SPDX-License-Identifier: Apache-2.0
#include "cli/chat_session.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "cli/answer.h"
#include "base/home.h"
#include "cli/line_editor.h"
#include "cli/run_model.h"
#include "cli/terminal.h"

namespace walchen::cli {
namespace {

// A conversation at a terminal. Commands begin with a slash; everything else is said to the model.
class Session {
 public:
  Session(const ChatOptions& options, const LoadedModel& loaded)
      : options_(options), loaded_(loaded), conversation_(options.system) {}

  // What was typed. False: the person wants to leave.
  bool OnLine(const std::string& line) {
    if (line.empty()) return true;
    if (line.front() != '/') {
      Ask(line);
      return true;
    }
    const size_t blank = line.find(' ');
    const std::string name = line.substr(1, blank == std::string::npos ? blank : blank - 1);
    const std::string rest = blank == std::string::npos ? "" : line.substr(blank + 1);
    if (name == "quit" || name == "exit") return false;
    for (const auto& [known, act] : kActs) {
      if (known != name) continue;
      const Result<void> done = (this->*act)(rest);
      if (!done) fmt::print("{}\n", Printable(done.error().ToString()));
      return true;
    }
    fmt::print("No command /{}; /help lists them.\n", Printable(name));
    return true;
  }

 private:
  using Act = Result<void> (Session::*)(const std::string& rest);

  void Ask(const std::string& text) {
    conversation_.Add("user", text);
    const Result<infer::Answer> answer = Answer();
    fmt::print("\n");
    if (!answer) {
      conversation_.DropLast();  // so that the next question does not follow one without an answer
      fmt::print("{}\n", Printable(answer.error().ToString()));
      if (answer.error().code() == ErrorCode::kTooLarge) fmt::print("/reset forgets the conversation and begins anew.\n");
      return;
    }
    // A stopped answer stays: "go on" is a natural next question.
    conversation_.Add("assistant", answer->text);
    if (answer->end.reason == infer::FinishReason::kCancelled) fmt::print("(stopped)\n");
    if (answer->end.reason == infer::FinishReason::kLength) {
      fmt::print("(stopped after {} tokens: --max-tokens or the model's context ended)\n",
                 answer->end.completion_tokens);
    }
  }

  Result<infer::Answer> Answer() {
    TRY_ASSIGN(infer::GenerateRequest request, MakeRequest(loaded_, options_, conversation_));
    const InterruptGuard guard;
    return StreamAnswer(*loaded_.engine, std::move(request), [](std::string_view piece) {
      fmt::print("{}", Printable(piece));
      std::fflush(stdout);
    });
  }

  Result<void> System(const std::string& text) {
    if (text.empty()) {
      const std::string system = conversation_.system();
      fmt::print("{}\n", system.empty() ? "No system message." : Printable(system));
      return {};
    }
    conversation_.SetSystem(text);
    return {};
  }

  Result<void> Save(const std::string& path) {
    if (path.empty()) return Fail(ErrorCode::kInvalidArgument, "expected a file name: /save FILE");
    TRY(conversation_.Save(base::Files::Os(), path));
    fmt::print("{} messages in {}\n", conversation_.messages().size(), Printable(path));
    return {};
  }

  Result<void> Load(const std::string& path) {
    if (path.empty()) return Fail(ErrorCode::kInvalidArgument, "expected a file name: /load FILE");
    TRY(conversation_.Load(base::Files::Os(), path));
    for (const auto& message : conversation_.messages()) {
      const bool is_user = message["role"] == "user";
      fmt::print("{}{}\n", is_user ? "> " : "", Printable(message["content"].get<std::string>()));
    }
    return {};
  }

  Result<void> Reset(const std::string&) {
    conversation_.Reset();
    fmt::print("Forgotten.\n");
    return {};
  }

  Result<void> Help(const std::string&) {
    fmt::print(
        "/system TEXT  what the model is told before the conversation; without TEXT, shows it\n"
        "/save FILE    write the conversation to a file\n"
        "/load FILE    go on with a saved conversation\n"
        "/reset        forget the conversation, keep the system message\n"
        "/quit         leave (or Ctrl-D)\n"
        "Ctrl-C stops an answer. A line that ends with \\ goes on in the next.\n");
    return {};
  }

  static constexpr std::array<std::pair<std::string_view, Act>, 5> kActs = {{{"system", &Session::System},
                                                                            {"save", &Session::Save},
                                                                            {"load", &Session::Load},
                                                                            {"reset", &Session::Reset},
                                                                            {"help", &Session::Help}}};

  const ChatOptions& options_;
  const LoadedModel& loaded_;
  Conversation conversation_;
};

}  // namespace

Result<LoadedModel> LoadModel(const ChatOptions& options) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const base::Path path, ModelPath(files, options.shared));
  const base::Stopwatch watch;
  LoadedModel loaded;
  TRY_ASSIGN(loaded.file, LoadWithLora(files, path, options.shared, options.lora));
  infer::EngineOptions engine_options;
  engine_options.threads = options.shared.threads;
  engine_options.context_tokens = options.context_tokens;
  TRY_ASSIGN(loaded.engine, infer::Engine::Create(loaded.file, engine_options));
  loaded.load_ms = watch.Ms();
  return loaded;
}

Result<infer::GenerateRequest> MakeRequest(const LoadedModel& loaded, const ChatOptions& options,
                                           const Conversation& conversation) {
  infer::GenerateRequest request;
  TRY_ASSIGN(request.prompt, loaded.file->EncodeChat(conversation.messages(), nullptr));
  request.max_tokens = options.max_tokens;
  request.sampling = options.sampling;
  if (!loaded.file->adapters().empty()) request.adapter = loaded.file->adapters().front();
  return request;
}

Result<void> Talk(const ChatOptions& options) {
  TRY_ASSIGN(const base::Home home, base::Home::Find(options.shared.home));
  TRY_ASSIGN(const LoadedModel loaded, LoadModel(options));
  if (!options.shared.quiet) fmt::print("{}. /help lists the commands, Ctrl-D leaves.\n", loaded.file->name());
  // Ctrl-C stops an answer; one that comes a moment after the answer's end must not end the conversation.
  const InterruptGuard guard;
  Session session(options, loaded);
  LineEditor editor(base::Files::Os(), home.folder() / "chat_history");
  while (const auto line = editor.Read("> ")) {
    if (!session.OnLine(*line)) break;
  }
  return {};
}

}  // namespace walchen::cli
