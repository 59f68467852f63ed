// SPDX-License-Identifier: Apache-2.0
//
// The command line of walchen-train, which `walchen train` and `walchen tune` start.
#pragma once

namespace walchen::train {

// Reads the arguments, trains, and returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted (and saved).
int RunCommand(int argc, char** argv);

}  // namespace walchen::train
