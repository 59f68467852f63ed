// SPDX-License-Identifier: Apache-2.0
//
// What the commands that write model files have in common: a line of progress on the screen, and Ctrl-C that leaves
// nothing behind.
#pragma once

#include "cli/answer.h"
#include "cli/shared_flags.h"
#include "model/quantize_model.h"

namespace walchen::cli {

// One at a time. Its OnTensor refers to this object.
class ModelWork {
 public:
  // `verb` names the work: "quantizing".
  ModelWork(const SharedFlags& flags, std::string_view verb);
  ModelWork(const ModelWork&) = delete;
  ModelWork& operator=(const ModelWork&) = delete;
  // Wipes the line of progress away.
  ~ModelWork();

  base::ThreadPool& pool() { return pool_; }
  // Fails with kCancelled after Ctrl-C.
  model::OnTensor on_tensor();

 private:
  InterruptGuard interrupts_;
  base::ThreadPool pool_;
  std::string verb_;
  bool shows_progress_;
};

}  // namespace walchen::cli
