# SPDX-License-Identifier: Apache-2.0
# The few commands a person needs; each is a script that says what it does. Options: see the scripts' first lines.
.PHONY: up down tables train train-kit check bench peers fuzz clean

up:     ## install what is needed, build, fetch the default model, start the server, print its address and a first answer
	@scripts/up.sh

down:   ## stop that server
	@scripts/down.sh

tables: ## install the libraries for Parquet and Arrow, build build/walchen with them
	@scripts/tables.sh

train:  ## install libtorch, build the trainer that `walchen train` and `walchen tune` start
	@scripts/train.sh

train-kit:  ## the trainer as one archive, for a machine with torch, CMake and a compiler
	@scripts/train_kit.sh

check:  ## install what is needed, build, run every test
	@scripts/check.sh

bench:  ## speed against this machine's limits and against the peers that `make peers` installed
	@scripts/bench.sh

peers:  ## install what a user would pick instead of Walchen, for `make bench`
	@scripts/peers.sh

fuzz:   ## fuzz every parser for FUZZ_SECONDS each (default 3600)
	@scripts/fuzz.sh

clean:  ## remove everything that was built; models and chats in the home stay
	rm -rf build
