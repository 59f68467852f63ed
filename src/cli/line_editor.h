// SPDX-License-Identifier: Apache-2.0
//
// Lines that a person types at a terminal, with editing and a history (libedit, Emacs keys).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/files.h"

namespace walchen::cli {

// Not thread-safe; one per process. The history is kept in `history_file` (mode 0600, the last 1,000 lines); a history
// that cannot be read or written is no reason not to talk, so such errors are only logged.
class LineEditor {
 public:
  LineEditor(base::Files& files, base::Path history_file);
  ~LineEditor();

  // The next line without its end. Empty optional: end of input (Ctrl-D). Ctrl-C throws the line away and starts a new
  // one. A line that ends with a backslash goes on in the next.
  std::optional<std::string> Read(const std::string& prompt);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace walchen::cli
