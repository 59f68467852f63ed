// SPDX-License-Identifier: Apache-2.0
#include "cli/version.h"

#include <fmt/format.h>

#include "cli/build_version.h"
#include "tensor/kernels/kernels.h"

namespace walchen::cli {

std::string VersionLine() {
  const auto kernels = tensor::ChooseKernels();
  return fmt::format("walchen {} (commit {}, CPU path {})", WALCHEN_VERSION, WALCHEN_COMMIT,
                     kernels ? (*kernels)->name : "none: this CPU lacks SSE4.2");
}

}  // namespace walchen::cli
