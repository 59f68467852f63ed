#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# down.sh: stops the server that up.sh started. Running answers get 30 s to finish.
source "$(dirname "$0")/steps.sh"
source scripts/server.sh

if server_is_running; then
  say "stopping the server"
  stop_server
  say "stopped"
else
  rm -f "$server_pid"
  say "no server is running"
fi
