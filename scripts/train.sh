#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# train.sh: installs libtorch and builds build/walchen and build/walchen-train, which `walchen train|tune` start.
source "$(dirname "$0")/steps.sh"

scripts/setup.sh train
cmake --preset release -DWALCHEN_TRAIN=ON -DWALCHEN_TESTS=OFF
cmake --build build -j "$(jobs)" --target walchen walchen-train
say "build/walchen-train is ready; try: build/walchen train recipes/nano-smoke.toml --run build/runs/nano-smoke"
