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
import platform
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
HERE = pathlib.Path(__file__).resolve().parent
PEERS = ROOT / "build" / "peers"
FILES = ROOT / "build" / "bench"

# name -> how the file is made. The SmolLM2 files are requantised from the default model; speed does not depend on values.
MODELS = {
    "SmolLM2-135M Q4_1": None,
    "SmolLM2-135M Q4_0": ["quantize", "DEFAULT", "--type", "Q4_0"],
    "SmolLM2-135M Q4_K_M": ["quantize", "DEFAULT", "--type", "Q4_K_M"],
    "SmolLM2-135M Q8_0": ["quantize", "DEFAULT", "--type", "Q8_0"],
    "Llama-1B shape Q4_0": ["random", "--shape", "llama-1b", "--type", "Q4_0", "--seed", "1"],
    "Llama-1B shape Q8_0": ["random", "--shape", "llama-1b", "--type", "Q8_0", "--seed", "1"],
}
FIGURES = [("prefill_tokens_per_s", "prefill 512"), ("decode_tokens_per_s", "decode"), ("batch 8", "decode, 8 answers")]


def default_model():
    home = os.environ.get("WALCHEN_HOME") or pathlib.Path(
        os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local" / "share") / "walchen"
    return pathlib.Path(home) / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"


def model_file(walchen, name):
    recipe = MODELS[name]
    if recipe is None:
        return default_model()
    path = FILES / (name.replace(" ", "-") + ".gguf")
    if not path.exists():
        FILES.mkdir(parents=True, exist_ok=True)
        arguments = [str(default_model()) if word == "DEFAULT" else word for word in recipe]
        subprocess.run([walchen, "model", *arguments, "--output", path], check=True, stdout=subprocess.DEVNULL)
    return path


def run_json(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        return {"error": (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:200]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def engines(walchen, threads):
    python = PEERS / "bin" / "python"
    found = {"Walchen": lambda path: [walchen, "bench", "--model", path, "--threads", threads, "--json"]}
    if (PEERS / "llama_cpp.installed").exists():
        found["llama.cpp"] = lambda path: [python, HERE / "peer_llama_cpp.py", path, "--threads", threads, "--repeats", 1]
    if (PEERS / "openvino.installed").exists():
        found["OpenVINO GenAI"] = lambda path: [python, HERE / "peer_openvino.py", path, "--threads", threads, "--repeats", 1]
    return found


def figure(result, key):
    return result.get("batch", {}).get("8") if key == "batch 8" else result.get(key)


def better(old, new):
    if "error" in new:
        return old or new
    merged = dict(old or {})
    merged.pop("error", None)
    for key in ("prefill_tokens_per_s", "decode_tokens_per_s"):
        if new.get(key):
            merged[key] = max(merged.get(key, 0), new[key])
    merged["batch"] = {k: max(v, merged.get("batch", {}).get(k, 0)) for k, v in new.get("batch", {}).items()}
    if "machine" in new:
        old_machine = merged.get("machine", {})
        merged["machine"] = {k: max(v, old_machine.get(k, 0)) for k, v in new["machine"].items()}
    return merged


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def versions(walchen):
    out = [subprocess.run([walchen, "--version"], capture_output=True, text=True).stdout.strip()]
    for stamp in sorted(PEERS.glob("*.installed")):
        out.append(stamp.read_text().strip())
    return out


def table(results):
    lines = ["| model | figure | " + " | ".join(next(iter(results.values()))) + " | ratio to the best peer |"]
    lines.append("|" + "---|" * (len(lines[0].split("|")) - 2))
    for model, by_engine in results.items():
        for key, label in FIGURES:
            values = {engine: figure(result, key) for engine, result in by_engine.items()}
            cells = ["-" if v is None else f"{v:,.0f}" if v >= 100 else f"{v:.1f}" for v in values.values()]
            peers = [v for engine, v in values.items() if engine != "Walchen" and v]
            ratio = f"{values['Walchen'] / max(peers):.2f}x" if peers and values["Walchen"] else "-"
            lines.append(f"| {model} | {label} | " + " | ".join(cells) + f" | {ratio} |")
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--walchen", default=ROOT / "build" / "walchen")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    parser.add_argument("--output", default=HERE / "RESULTS.md")
    options = parser.parse_args()

    results = {}
    for name in options.models:
        path = model_file(options.walchen, name)
        results[name] = {engine: None for engine in engines(options.walchen, options.threads)}
        for _ in range(options.rounds):
            for engine, command in engines(options.walchen, options.threads).items():
                results[name][engine] = better(results[name][engine], run_json(command(path)))
        print("\n".join(table({name: results[name]})), flush=True)

    machine = next(iter(results.values()))["Walchen"].get("machine", {})
    errors = [f"* {engine} on {model}: {result['error']}" for model, by_engine in results.items()
              for engine, result in by_engine.items() if result and "error" in result]
    text = ["# Speed", "", f"Measured {datetime.date.today()} by `make bench` on {cpu_name()}, {options.threads} threads; "
            f"registers {machine.get('float_gflops', 0):,.0f} GFLOP/s float, {machine.get('int8_gops', 0):,.0f} GOP/s int8, "
            f"memory {machine.get('memory_gb_s', 0):.1f} GB/s. Tokens per second, best of {options.rounds} interleaved rounds.",
            "", *table(results), "", *errors, "" if errors else "", "Versions: " + "; ".join(versions(options.walchen)) + ".", ""]
    pathlib.Path(options.output).write_text("\n".join(text))


if __name__ == "__main__":
    main()
