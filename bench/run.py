# SPDX-License-Identifier: Apache-2.0
"""Walchen beside its peers on the same model files, in turns, on this machine. Writes bench/RESULTS.md.

    make peers    installs the peers into build/peers
    make bench    builds Walchen, makes the model files, runs this

Every engine gets the same number of threads. Rounds are interleaved, so that a machine whose speed drifts drifts for all
of them; of each figure the best round counts. Speed alone proves nothing: the accuracy table stands beside it.
"""
import argparse
import datetime
import json
import os
import pathlib
import subprocess

import model_files

HERE = pathlib.Path(__file__).resolve().parent

DEPTH = 4096
# What the engines call a figure, and how its row begins in `walchen bench`.
FIGURES = [("prefill_tokens_per_s", "prefill 512"), ("decode_tokens_per_s", "decode"), ("batch 8", "decode, 8 answers"),
           ("depth_decode_tokens_per_s", f"decode at depth {DEPTH}")]


def run_json(command):
    """What the command's last line of output says; an error is one figure among others."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        return {"error": (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:200]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def engines(walchen, threads):
    python = model_files.PEERS / "bin" / "python"
    found = {"Walchen": lambda path: [walchen, "bench", "--model", path, "--threads", threads, "--json"]}
    if (model_files.PEERS / "llama_cpp.installed").exists():
        found["llama.cpp"] = lambda path: [python, HERE / "peer_llama_cpp.py", path, "--threads", threads, "--repeats", 1,
                                      "--depth", DEPTH]
    if (model_files.PEERS / "openvino.installed").exists():
        found["OpenVINO GenAI"] = lambda path: [python, HERE / "peer_openvino.py", path, "--threads", threads, "--repeats", 1]
    return found


def figure(result, key):
    return result.get("batch", {}).get("8") if key == "batch 8" else result.get(key)


def better(old, new):
    if "error" in new:
        return old or new
    merged = dict(old or {})
    merged.pop("error", None)
    for key in ("prefill_tokens_per_s", "decode_tokens_per_s", "depth_decode_tokens_per_s"):
        if new.get(key):
            merged[key] = max(merged.get(key, 0), new[key])
    merged["batch"] = {k: max(v, merged.get("batch", {}).get(k, 0)) for k, v in new.get("batch", {}).items()}
    if new.get("rows"):  # a share of the limit belongs to the round in which both were measured
        shares = {row["name"]: row["tokens_per_s"] / row["limit"] for row in new["rows"]}
        merged["shares"] = {k: max(v, merged.get("shares", {}).get(k, 0)) for k, v in shares.items()}
    if "machine" in new:
        old_machine = merged.get("machine", {})
        merged["machine"] = {k: max(v, old_machine.get(k, 0)) for k, v in new["machine"].items()}
    return merged


def table(results):
    lines = ["| model | figure | " + " | ".join(next(iter(results.values()))) + " | ratio to the best peer | share of the limit |"]
    lines.append("|" + "---|" * (len(lines[0].split("|")) - 2))
    for model, by_engine in results.items():
        for key, label in FIGURES:
            values = {engine: figure(result, key) for engine, result in by_engine.items()}
            cells = ["-" if v is None else f"{v:,.0f}" if v >= 100 else f"{v:.1f}" for v in values.values()]
            peers = [v for engine, v in values.items() if engine != "Walchen" and v]
            ratio = f"{values['Walchen'] / max(peers):.2f}x" if peers and values["Walchen"] else "-"
            share = by_engine["Walchen"].get("shares", {}).get(label, 0)
            lines.append(f"| {model} | {label} | " + " | ".join(cells) + f" | {ratio} | {100 * share:.0f} % |")
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--walchen", default=model_files.ROOT / "build" / "walchen")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--models", nargs="*", default=list(model_files.MODELS))
    parser.add_argument("--output", default=HERE / "RESULTS.md")
    options = parser.parse_args()

    results = {}
    for name in options.models:
        path = model_files.path(options.walchen, name)
        results[name] = {engine: None for engine in engines(options.walchen, options.threads)}
        for _ in range(options.rounds):
            for engine, command in engines(options.walchen, options.threads).items():
                results[name][engine] = better(results[name][engine], run_json(command(path)))
        print("\n".join(table({name: results[name]})), flush=True)

    machine = next(iter(results.values()))["Walchen"].get("machine", {})
    errors = [f"* {engine} on {model}: {result['error']}" for model, by_engine in results.items()
              for engine, result in by_engine.items() if result and "error" in result]
    text = ["# Speed", "", f"Measured {datetime.date.today()} by `make bench` on {model_files.machine()}, {options.threads} threads; "
            f"registers {machine.get('float_gflops', 0):,.0f} GFLOP/s float, {machine.get('int8_gops', 0):,.0f} GOP/s int8, "
            f"memory {machine.get('memory_gb_s', 0):.1f} GB/s. Tokens per second, best of {options.rounds} interleaved rounds.",
            "", *table(results), "", *errors, "" if errors else "", "Versions: " + "; ".join(model_files.versions(options.walchen)) + ".", ""]
    pathlib.Path(options.output).write_text("\n".join(text))


if __name__ == "__main__":
    main()
