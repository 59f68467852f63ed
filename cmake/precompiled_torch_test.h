// SPDX-License-Identifier: Apache-2.0
#include "precompiled_torch.h"

#include <gtest/gtest.h>
