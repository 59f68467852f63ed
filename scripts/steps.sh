# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the scripts beside it: how they speak, how many jobs they run, where the home is.
# After this the working folder is the root of the repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '== %s\n' "$*"; }

fail() {
  printf 'walchen: %s\n' "$*" >&2
  exit 1
}

# As many jobs as there are CPUs for us, but one for each 1.5 GB of free memory: a compiler that is killed helps nobody.
jobs() {
  local cpus by_memory
  cpus=$(nproc)
  by_memory=$(awk '/^MemAvailable:/ { n = int($2 / 1500000); print n < 1 ? 1 : n }' /proc/meminfo)
  echo $((cpus < by_memory ? cpus : by_memory))
}

# The home, as src/cli/home.h has it.
home_folder() { echo "${WALCHEN_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/walchen}"; }

# The build's own Node.js where the machine's is missing or too old (scripts/setup.sh puts it there).
PATH="$PWD/build/tools/node/bin:$PATH"
