#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# up.sh: from a clean clone to a running server. Installs what is missing, builds build/walchen, fetches the default
# model, starts `walchen serve` in the background, asks it one question and prints its address.
# WALCHEN_HOME: the home; WALCHEN_PORT: the port (default 1924); WALCHEN_MODEL: another model than the default.
source "$(dirname "$0")/steps.sh"
source scripts/server.sh

if server_is_running; then
  say "Walchen is running already: $(server_address)"
  exit 0
fi

started=$SECONDS
scripts/setup.sh run
say "building build/walchen with $(jobs) jobs"
cmake --preset release -DWALCHEN_TESTS=OFF >build/configure.log || { cat build/configure.log >&2; exit 1; }
cmake --build build --target walchen -j "$(jobs)"
[ -n "${WALCHEN_MODEL:-}" ] || scripts/fetch_model.sh

say "starting the server"
start_server
say "asking it a first question"
build/tools/python/bin/python scripts/first_question.py "$(server_address)" || fail "the server did not answer; its log: $server_log"
say "ready after $((SECONDS - started)) s: $(server_address)"
echo "   In a terminal: build/walchen chat.   To stop the server: make down.   Its log: $server_log"
