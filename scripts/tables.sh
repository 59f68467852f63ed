#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tables.sh: installs the C++ libraries for Parquet and Arrow (of the pyarrow wheel, 170 MB) and builds build/walchen with
# the plug-in that reads such files. Without it `walchen data add` quarantines them with the reason.
source "$(dirname "$0")/steps.sh"

scripts/setup.sh tables
cmake --preset release -DWALCHEN_TESTS=OFF
cmake --build build -j "$(jobs)" --target walchen
say "build/walchen data add reads Parquet and Arrow now"
