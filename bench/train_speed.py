# SPDX-License-Identifier: Apache-2.0
"""walchen-train beside a plain PyTorch script on decoders of one shape, in turns: tokens per second, and their ratio.

    make train && python3 bench/train_speed.py --python PYTHON-WITH-TORCH

Of each the best step counts. Walchen's step has Muon, an average of the weights, gradient clipping and the making of its
data in it; the script's has clipping and AdamW, or torch's own Muon.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
SHAPES = {"10 M": dict(layers=6, d_model=320, heads=5, d_ff=864, vocabulary=8192, lanes=16, tokens=256),
          "30 M": dict(layers=8, d_model=512, heads=8, d_ff=1376, vocabulary=16384, lanes=16, tokens=256)}
RECIPE = """
name = "speed"
precision = "float32"
threads = {threads}
[text]
layers = {layers}
d_model = {d_model}
heads = {heads}
head_size = 64
d_ff = {d_ff}
vocabulary = {vocabulary}
context_tokens = {tokens}
[[data]]
name = "sentences"
template = "text"
source = "generator:sentences"
sequences = {lanes}
options = {{ tokens = {tokens} }}
[budget]
steps = {steps}
[checkpoint]
every = 1000
"""


def walchen(shape, threads, steps):
    with tempfile.TemporaryDirectory() as folder:
        recipe, run = pathlib.Path(folder) / "speed.toml", pathlib.Path(folder) / "run"
        recipe.write_text(RECIPE.format(threads=threads, steps=steps + 2, **shape))
        subprocess.run([ROOT / "build" / "walchen", "train", recipe, "--run", run, "--quiet"], check=True)
        records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        return max(record["tokens_per_s"] for record in records[2:])


def peer(python, shape, threads, steps, flags):
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in shape.items()]
    ran = subprocess.run([python, ROOT / "bench" / "peer_torch.py", *arguments, f"--threads={threads}", f"--steps={steps}",
                          *flags], check=True, capture_output=True, text=True)
    return json.loads(ran.stdout.splitlines()[-1])["tokens_per_s"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default="python3", help="a Python with torch")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--compile", action="store_true", help="torch.compile too")
    options = parser.parse_args()
    peers = {"PyTorch eager, AdamW": [], "PyTorch eager, Muon": ["--muon"]}
    if options.compile:
        peers["torch.compile, AdamW"] = ["--compile"]
    for name, shape in SHAPES.items():
        best = {}
        for _ in range(options.rounds):
            best["Walchen"] = max(best.get("Walchen", 0), walchen(shape, options.threads, options.steps))
            for engine, flags in peers.items():
                figure = peer(options.python, shape, options.threads, options.steps, flags)
                best[engine] = max(best.get(engine, 0), figure)
        ratios = ", ".join(f"{engine} {figure:,.0f} tok/s ({best['Walchen'] / figure:.2f}x)" for engine, figure in best.items())
        print(f"{name}: {ratios}", flush=True)


if __name__ == "__main__":
    main()
