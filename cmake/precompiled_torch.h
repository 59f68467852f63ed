// SPDX-License-Identifier: Apache-2.0
// For train/ only: libtorch takes 17 s to parse.
#include "precompiled.h"

#include <torch/torch.h>

#undef CHECK  // ours is in base/status.h
