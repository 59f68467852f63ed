#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares Walchen's tokenizers with the Python package `tokenizers` 0.23.3: identical ids on every line.

    tests/parity/tokenizer_parity_test.py [--build build] [--gguf MODEL] [--lines 200000] [--only NAME] [--all-lines]

The tokenizers of MAIN see all lines, the others (kinds of the same) a twentieth of them. Needs tokenize_lines in the build
folder; with --gguf, the package gguf. Exit code 1, and the first lines that differ, on a mismatch.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

import tokenizer_corpus
import tokenizer_recipes
import tokenizers

VERSION = "0.23.3"  # the tables of src/formats were made with it
MAIN = ("smollm2", "llama3", "qwen2", "deepseek-v3", "llama2", "bert")


def encode_ours(tool, path, payload, special):
    command = [tool, str(path)] + (["--special"] if special else [])
    started = time.monotonic()
    answer = subprocess.run(command, input=payload, stdout=subprocess.PIPE, check=True).stdout
    return answer.splitlines(), time.monotonic() - started


def compare(name, tokenizer, path, tool, lines, special):
    texts = [line if isinstance(line, str) else line.decode("utf-8", "replace") for line in lines]
    payload = "\n".join(json.dumps(line if isinstance(line, str) else list(line)) for line in lines).encode()
    started = time.monotonic()
    theirs = tokenizer_recipes.encode(tokenizer, texts, special)
    their_seconds = time.monotonic() - started
    ours, our_seconds = encode_ours(tool, path, payload, special)
    wrong = [i for i, (a, b) in enumerate(zip(ours, theirs)) if a != json.dumps(b, separators=(",", ":")).encode()]
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    print(f"{name:15} {'special' if special else 'text':8} {len(lines):7} lines {megabytes:6.1f} MB  "
          f"tokenizers {their_seconds:5.1f} s  walchen {our_seconds:5.1f} s  {len(wrong)} differ", flush=True)
    for i in wrong[:5]:
        print(f"  {lines[i]!r}\n    ours   {ours[i].decode()}\n    theirs {theirs[i]}\n    pieces "
              f"{[tokenizer.id_to_token(t) for t in theirs[i]]}")
    if len(ours) != len(theirs):
        print(f"  {len(ours)} answers for {len(theirs)} lines")
    return not wrong and len(ours) == len(theirs)


def subjects(args, work):
    """Name, the package's tokenizer and the file that Walchen reads."""
    if args.gguf and args.only in (None, "smollm2"):
        yield "smollm2", tokenizer_recipes.from_gguf(args.gguf), args.gguf
    training = tokenizer_corpus.training_lines()
    for name, recipe in tokenizer_recipes.RECIPES.items():
        if args.only in (None, name):
            path = work / f"{name}.json"
            recipe(training, 2500).save(str(path))
            yield name, tokenizers.Tokenizer.from_file(str(path)), path


def arguments():
    build = os.environ.get("WALCHEN_BUILD", "build")
    home = pathlib.Path(os.environ.get("WALCHEN_HOME", pathlib.Path.home() / ".local/share/walchen"))
    model = home / "models/SmolLM2-135M-Instruct.Q4_1.gguf"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path(build))
    parser.add_argument("--gguf", type=pathlib.Path, default=model if model.exists() else None)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--all-lines", action="store_true", help="all lines for every tokenizer")
    parser.add_argument("--only", help="one tokenizer")
    return parser.parse_args()


def main():
    args = arguments()
    if tokenizers.__version__ != VERSION:
        sys.exit(f"expected the package tokenizers {VERSION}, found {tokenizers.__version__}")
    work = args.build / "parity"
    work.mkdir(parents=True, exist_ok=True)
    lines = tokenizer_corpus.corpus(args.lines)
    few = lines[::20]
    tool = str((args.build / "tokenize_lines").absolute())
    good = True
    for name, tokenizer, path in subjects(args, work):
        seen = lines if args.all_lines or name in MAIN or (name == "smollm" and not args.gguf) else few
        good &= compare(name, tokenizer, path, tool, tokenizer_recipes.comparable(name, seen), special=False)
        good &= compare(name, tokenizer, path, tool, few, special=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
