// SPDX-License-Identifier: Apache-2.0
//
// walchen-train: alone among the programs it carries libtorch.
#include "train/command.h"

int main(int argc, char** argv) { return walchen::train::RunCommand(argc, argv); }
