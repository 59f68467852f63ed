#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fuzz.sh [TARGET...]: fuzzes every parser, or the ones named, for FUZZ_SECONDS each (default 3600), and adds what it
# finds new to build/fuzz/corpus/. A crash is written to build/fuzz/crashes/ and ends the run with 1.
source "$(dirname "$0")/steps.sh"

scripts/setup.sh check
cmake --preset fuzz
cmake --build build/fuzz -j "$(jobs)"
mkdir -p build/fuzz/crashes
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(find fuzz -maxdepth 1 -name '*_fuzz.cc' -printf '%f\n' | sed 's/_fuzz.cc//' | sort)
for target in "${targets[@]}"; do
  say "$target: ${FUZZ_SECONDS:-3600} s"
  folders=("build/fuzz/corpus/$target")  # the first one grows
  mkdir -p "${folders[@]}"
  options=(-max_total_time="${FUZZ_SECONDS:-3600}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
    -artifact_prefix="build/fuzz/crashes/$target-")
  [ ! -f "fuzz/dict/$target.dict" ] || options+=(-dict="fuzz/dict/$target.dict")
  [ ! -d "fuzz/corpus/$target" ] || folders+=("fuzz/corpus/$target")
  "build/fuzz/fuzz/${target}_fuzz" "${options[@]}" "${folders[@]}"
done
