# SPDX-License-Identifier: Apache-2.0
"""What a second process brings: one decoder trained by 1, 2, ... processes of one thread each on this machine, in turns.

    make train && python3 bench/train_scaling.py [--processes 1 2 4] [--threads 1]

All have the same global batch, and the best step counts. Efficiency is the tokens per second of N processes over N times
those of one; what it lacks is the sums of gradients, the spreading of weights, and what processes take from each other of
the memory and the clock of one machine.
"""
import argparse
import json
import os
import pathlib
import socket
import subprocess
import tempfile

from train_speed import RECIPE, ROOT, SHAPES


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def tokens_per_s(shape, processes, threads, steps):
    with tempfile.TemporaryDirectory() as folder:
        recipe, run = pathlib.Path(folder) / "scaling.toml", pathlib.Path(folder) / "run"
        recipe.write_text(RECIPE.format(threads=threads, steps=steps + 2, **shape))
        command = [ROOT / "build" / "walchen", "train", recipe, "--run", run, "--quiet"]
        meeting = dict(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(free_port()), WORLD_SIZE=str(processes))
        started = [subprocess.Popen(command, env=os.environ | meeting | {"RANK": str(rank)}) for rank in range(processes)]
        if any([process.wait() != 0 for process in started]):
            raise SystemExit("a process failed; it has said why")
        records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        return max(record["tokens_per_s"] for record in records[2:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2], help="the first one is what others are compared with")
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--shape", choices=SHAPES, default="10 M")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=4)
    options = parser.parse_args()
    best = {}
    for _ in range(options.rounds):
        for processes in options.processes:
            figure = tokens_per_s(SHAPES[options.shape], processes, options.threads, options.steps)
            best[processes] = max(best.get(processes, 0), figure)
    base = options.processes[0]
    for processes, figure in best.items():
        efficiency = figure / (best[base] * processes / base)
        print(f"{options.shape}, {processes} x {options.threads}: {figure:,.0f} tok/s, efficiency {efficiency:.0%}")


if __name__ == "__main__":
    main()
