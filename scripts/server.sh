# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by up.sh and down.sh: the server that runs in the background. Wants steps.sh.
server_runs=$(home_folder)/runs
server_log=$server_runs/serve.log  # what it prints; its address is on one line of it
server_pid=$server_runs/serve.pid

# Whether the process in the pid file lives and is a walchen: pids are used again.
server_is_running() {
  local pid
  pid=$(cat "$server_pid" 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = walchen ]
}

# http://127.0.0.1:1924/..., with its token.
server_address() { grep -o -m 1 'http://[^ ]*' "$server_log" 2>/dev/null || true; }

start_server() {
  mkdir -p "$server_runs"
  (umask 077 && : >"$server_log")  # the address in it holds the token
  # A session of its own: Ctrl-C in this terminal, or closing it, does not reach the server.
  setsid build/walchen serve --home "$(home_folder)" --port "${WALCHEN_PORT:-1924}" \
    ${WALCHEN_MODEL:+--model "$WALCHEN_MODEL"} </dev/null >>"$server_log" 2>&1 &
  echo $! >"$server_pid"
  local waited
  for ((waited = 0; waited < 1200; waited++)); do
    [ -z "$(server_address)" ] || return 0
    server_is_running || [ "$waited" -lt 5 ] || break  # the first moments it is still setsid
    sleep 0.1
  done
  tail -n 20 "$server_log" >&2
  stop_server
  fail "the server did not start; its log: $server_log"
}

# SIGTERM, so that running answers can finish; SIGKILL when it takes longer than the drain time and a little.
stop_server() {
  local pid waited
  pid=$(cat "$server_pid" 2>/dev/null) || return 0
  if server_is_running; then
    kill -TERM "$pid"
    for ((waited = 0; waited < 350; waited++)); do
      server_is_running || break
      sleep 0.1
    done
    if server_is_running; then
      say "it did not stop in 35 s; ending it"
      kill -KILL "$pid"
    fi
  fi
  rm -f "$server_pid"
}
