#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check.sh: installs what testing takes, builds, runs every test, and ends with one line "N passed, N failed".
# Three builds, and each test in the one where it says most:
#   release     g++, the product as it is shipped, with the trainer: suites in Python against the real binary, style; unit
#               tests of what computes, where the compiler's optimiser may do harm
#   asan-ubsan  clang, address and undefined-behaviour sanitizers: unit tests of all but the trainer, fuzz targets; clang-tidy
#               reads its commands
#   tsan        clang, thread sanitizer: only base, infer and serve, which are the ones with threads
# A failed build or test does not keep the others from running. WALCHEN_CHECK_STAGES="release asan-ubsan tsan" chooses.
source "$(dirname "$0")/steps.sh"

results=build/check  # one folder of JUnit files per stage, read by test_report.py
rm -rf "$results"
mkdir -p "$results"

# Tests must not meet the user's own models and chats.
export WALCHEN_HOME=$PWD/build/home
export PYTHONDONTWRITEBYTECODE=1
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=second_deadlock_stack=1
stages=${WALCHEN_CHECK_STAGES:-release asan-ubsan tsan}

# The warnings of g++ are errors in CI only, so that elsewhere `make up` and `make check` share one build.
werror=OFF
[ -z "${CI:-}" ] || werror=ON

# stage NAME FOLDER TARGETS CTEST-ARGUMENTS...: builds, then runs the tests with their results in $results/NAME.
stage() {
  local name=$1 folder=$2 targets=$3 begun=$SECONDS
  shift 3
  [[ " $stages " == *" $name "* ]] || return 0
  mkdir -p "$results/$name"
  say "$name: building with $(jobs) jobs"
  local configure=(cmake --preset "$name" -DWALCHEN_TESTS=ON)
  [ "$name" != release ] || configure+=("-DWALCHEN_WERROR=$werror" -DWALCHEN_TRAIN=ON "-DWALCHEN_UNIT_TESTS=base;tensor;model;infer;train")
  # shellcheck disable=SC2086  # several targets are several words
  if ! "${configure[@]}" >"$results/$name/configure.log" || ! cmake --build "$folder" -j "$(jobs)" ${targets:+--target $targets}; then
    tail -n 20 "$results/$name/configure.log"
    echo "$name: the build failed" >"$results/$name/build-failed"
    return 0
  fi
  say "$name: built in $((SECONDS - begun)) s; testing"
  begun=$SECONDS
  GTEST_OUTPUT=xml:$PWD/$results/$name/ ctest --test-dir "$folder" --no-tests=error --output-on-failure \
    -j "$(jobs)" --output-junit "$PWD/$results/$name.xml" --test-output-size-passed 100000 \
    --test-output-size-failed 100000 "$@" || true
  say "$name: tested in $((SECONDS - begun)) s"
}

scripts/setup.sh check
scripts/fetch_model.sh
begun=$SECONDS
stage release build ""
stage asan-ubsan build/asan-ubsan "" --label-exclude program
stage tsan build/tsan thread_tests --tests-regex '^(base|infer|serve)$'
say "all stages took $((SECONDS - begun)) s"
build/tools/python/bin/python scripts/test_report.py "$results"
