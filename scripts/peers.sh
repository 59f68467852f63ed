#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# peers.sh: installs, into build/peers, what a user would pick instead of Walchen, for `make bench`; then lets the chat
# templates that come with llama.cpp run through ours.
#   openvino-genai      a wheel; reads GGUF, uses AMX where there is any
#   llama-cpp-python    its source package, built for this CPU, so that llama.cpp has every instruction it can use
source "$(dirname "$0")/steps.sh"

openvino=2026.4.1.0
llama=0.3.36
peers=$PWD/build/peers
scripts/setup.sh peers
[ -x "$peers/bin/python" ] || python3 -m venv "$peers"

if [ ! -f "$peers/openvino.installed" ]; then
  say "installing openvino-genai $openvino"
  "$peers/bin/pip" install --quiet --disable-pip-version-check "openvino-genai==$openvino"
  echo "openvino-genai $openvino" >"$peers/openvino.installed"
fi

# Builds llama-cpp-python with the given CMake flags; fails where it cannot even compute one step.
try_llama() {
  say "building llama-cpp-python $llama for this CPU (about 10 minutes on 2 cores): $*"
  CMAKE_ARGS="$*" CMAKE_BUILD_PARALLEL_LEVEL=$(jobs) "$peers/bin/pip" install --quiet --disable-pip-version-check \
    --force-reinstall --no-cache-dir --no-binary llama-cpp-python "llama-cpp-python==$llama" || return 1
  "$peers/bin/python" bench/peer_llama_cpp.py "$(home_folder)/models/SmolLM2-135M-Instruct.Q4_1.gguf" \
    --prompt 32 --decode 2 --repeats 0 --batches >/dev/null
}

if [ ! -f "$peers/llama_cpp.installed" ]; then
  scripts/fetch_model.sh
  if try_llama -DGGML_NATIVE=ON; then
    echo "llama-cpp-python $llama (native build)" >"$peers/llama_cpp.installed"
  elif try_llama -DGGML_NATIVE=ON -DGGML_AMX_TILE=OFF -DGGML_AMX_INT8=OFF -DGGML_AMX_BF16=OFF \
    -DCMAKE_C_FLAGS='-mno-amx-tile -mno-amx-int8 -mno-amx-bf16' -DCMAKE_CXX_FLAGS='-mno-amx-tile -mno-amx-int8 -mno-amx-bf16'; then
    echo "llama-cpp-python $llama (native build, AMX off: with AMX it ends in an illegal instruction here)" \
      >"$peers/llama_cpp.installed"
  else
    fail "llama-cpp-python $llama can neither be built with nor without AMX here"
  fi
fi

cmake --preset release -DWALCHEN_TESTS=ON >build/configure.log || { cat build/configure.log >&2; exit 1; }
cmake --build build -j "$(jobs)" --target render_template
build/tools/python/bin/python tests/parity/peer_templates.py | tail -n 1
