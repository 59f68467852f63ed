// SPDX-License-Identifier: Apache-2.0
#include "cli/line_editor.h"

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <sstream>

#include <histedit.h>

#include "base/limits.h"
#include "base/log.h"

namespace walchen::cli {
namespace {

constexpr int kHistoryLines = 1000;

}  // namespace

struct LineEditor::State {
  base::Files& files;
  base::Path history_file;
  std::string prompt;
  bool interrupted = false;
  std::deque<std::string> lines;  // the history, oldest first
  EditLine* edit = nullptr;
  ::History* history = nullptr;

  static State& Of(EditLine* edit) {
    void* data = nullptr;
    el_get(edit, EL_CLIENTDATA, &data);
    return *static_cast<State*>(data);
  }
  static char* Prompt(EditLine* edit) { return Of(edit).prompt.data(); }
  static unsigned char OnInterrupt(EditLine* edit, int) {
    Of(edit).interrupted = true;
    return CC_NEWLINE;
  }

  void Remember(const std::string& line) {
    if (line.empty() || (!lines.empty() && lines.back() == line)) return;
    HistEvent event;
    ::history(history, &event, H_ENTER, line.c_str());
    lines.push_back(line);
    if (lines.size() > kHistoryLines) lines.pop_front();
  }

  void Load() {
    if (!files.Exists(history_file)) return;
    const auto text = files.Read(history_file, base::kChatHistoryMaxBytes);
    if (!text) return base::Log(base::LogLevel::kWarning, "history: {}", text.error().ToString());
    std::istringstream stream(*text);
    for (std::string line; std::getline(stream, line);) Remember(line);
  }

  void Save() {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    Result<void> saved = files.MakeFolders(history_file.parent_path());
    if (saved) saved = base::ReplaceFile(files, history_file, text, 0600);
    if (!saved) base::Log(base::LogLevel::kWarning, "history: {}", saved.error().ToString());
  }
};

LineEditor::LineEditor(base::Files& files, base::Path history_file)
    : state_(std::make_unique<State>(files, std::move(history_file))) {
  // libedit reads characters through the locale; a bare container has none, and would lose every umlaut.
  if (std::setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
  State& state = *state_;
  state.history = history_init();
  HistEvent event;
  ::history(state.history, &event, H_SETSIZE, kHistoryLines);
  state.edit = el_init("walchen", stdin, stdout, stderr);
  el_set(state.edit, EL_CLIENTDATA, state_.get());
  el_set(state.edit, EL_PROMPT, State::Prompt);
  el_set(state.edit, EL_EDITOR, "emacs");
  el_set(state.edit, EL_HIST, ::history, state.history);
  // Ctrl-C is a key while a line is being edited: a signal would leave the terminal in raw mode.
  el_set(state.edit, EL_SETTY, "-d", "-isig", nullptr);
  // Between two lines (libedit's "execute" mode) the terminal keeps what is typed as it is: in line mode it would turn a
  // Ctrl-D typed during an answer into a mark that is lost when the next line is read. Ctrl-C stays a signal there.
  el_set(state.edit, EL_SETTY, "-x", "-icanon", "-echo", nullptr);
  el_set(state.edit, EL_ADDFN, "walchen-interrupt", "Throw the line away", State::OnInterrupt);
  el_set(state.edit, EL_BIND, "^C", "walchen-interrupt", nullptr);
  state.Load();
}

LineEditor::~LineEditor() {
  state_->Save();
  el_end(state_->edit);
  history_end(state_->history);
}

std::optional<std::string> LineEditor::Read(const std::string& prompt) {
  State& state = *state_;
  state.prompt = prompt;
  std::string whole;
  while (true) {
    int count = 0;
    el_set(state.edit, EL_PREP_TERM, 1);  // before the prompt is seen: what it invites is typed as keys
    const char* typed = el_gets(state.edit, &count);
    if (state.interrupted) {
      state.interrupted = false;
      whole.clear();
      state.prompt = prompt;
      std::puts("^C");
      continue;
    }
    if (typed == nullptr || count <= 0) return std::nullopt;
    std::string line(typed, static_cast<size_t>(count));
    while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
    state.Remember(line);
    whole += line;
    if (!whole.ends_with('\\')) return whole;
    whole.back() = '\n';
    state.prompt = "... ";
  }
}

}  // namespace walchen::cli
