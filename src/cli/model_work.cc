// SPDX-License-Identifier: Apache-2.0
#include "cli/model_work.h"

#include <unistd.h>

#include <fmt/format.h>

#include "cli/terminal.h"

namespace walchen::cli {

ModelWork::ModelWork(const SharedFlags& flags, std::string_view verb)
    : pool_(flags.threads > 0 ? flags.threads : base::AvailableCpus()),
      verb_(verb),
      shows_progress_(!flags.quiet && IsTerminal(STDERR_FILENO)) {}

ModelWork::~ModelWork() {
  if (shows_progress_) fmt::print(stderr, "\r\x1b[K");
}

model::OnTensor ModelWork::on_tensor() {
  return [this](std::string_view name, size_t done, size_t total) -> Result<void> {
    if (InterruptGuard::Interrupted()) return Fail(ErrorCode::kCancelled, "stopped; nothing was written");
    if (shows_progress_) fmt::print(stderr, "\r\x1b[K{} {}/{} {}", verb_, done + 1, total, Printable(name));
    return {};
  };
}

}  // namespace walchen::cli
