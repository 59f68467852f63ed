#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench.sh [ARGUMENTS OF bench/run.py]: builds the product, measures it against this machine's limits, then beside the
# peers that `make peers` installed, and writes bench/RESULTS.md and, with llama.cpp there, bench/ACCURACY.md.
source "$(dirname "$0")/steps.sh"

scripts/setup.sh run
cmake --preset release -DWALCHEN_TESTS=OFF
cmake --build build -j "$(jobs)" --target walchen score_tokens
scripts/fetch_model.sh
build/walchen bench
python3 bench/run.py "$@"
if [ -f build/peers/llama_cpp.installed ]; then build/peers/bin/python bench/accuracy.py; fi
