#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/tokenizer: small tokenizers and the ids that the Python package gives for nasty lines.

    pip install tokenizers==0.23.3
    scripts/golden/tokenizer_vectors.py

Training WordPiece depends on the order of a hash table, so that a second run writes other tokenizers, equally good.

lines.json holds the lines (a text, or a list of bytes where it is not UTF-8); NAME.json the tokenizer; NAME.ids.json the
ids of each line, first without and then with special tokens in the text; there, null means the same ids.
"""
import json
import pathlib
import random
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "parity"))

import tokenizer_corpus as corpus  # noqa: E402
import tokenizer_recipes as recipes  # noqa: E402

BY_HAND = [
    "", " ", "  ", "\n", "\r\n\r\n", "a", " a", "a ", "  a  b", "\ta", "\t\t a", "a\n\n  b", "don't DON'T don\u2019t he'll WE'RE 'S '\u017f",
    "3.14159 12345678 1a2b3c \u0663\u06f4 \u00bd \u2163 \U00011de3", "snake_case camelCase ALL_CAPS __x__ a-b a.b a/b",
    "if (x != y) { return x->z[0]; }  // ok\n", "Gr\u00f6\u00dfe \u00c4nderung Stra\u00dfe STRASSE \u1e9e", "e\u0301 \u00e9 o\u0308\u0323 \u1e9b\u0323 \u212b \u03a9 \u2126",
    "\uac00\ub098\ub2e4 \u1100\u1161\u11a8 \u65e5\u672c\u8a9e\u30c6\u30b9\u30c8\u3002 \u4e2d\u6587\uff0c\u6807\u70b9", "\u0130stanbul \u03a3\u03a3\u03a3 \u01c5 \ufb01",
    "\u2581a\u2581\u2581b \u2581", "<|im_start|>user\nhi<|im_end|>", "<s>[INST] x </s> <unk> [UNK] [CLS] [MASK]", "<0x0A> <0x41>",
    "[x] [y]  [y]   abcab abcabab the other the.", "\u00a0\u2003\u3000x\u3000\u3000y \u2028 \u0085 \x0b", "\u200d\ufeff\x00\x1b\ufffd\U0010ffff",
    "\U0001f44d\U0001f3fd\U0001f1e9\U0001f1ea\u2764\ufe0f", "x" * 120, " " * 40 + "x", "!" * 33 + "a", "'" * 9, ". , ? ! ' n't it 's do not",
]


def lines():
    rng = random.Random(1924)
    makers = (corpus.german, corpus.mixed, corpus.unicode_noise, corpus.runs, corpus.broken)
    return BY_HAND + [makers[i % len(makers)](rng) for i in range(120)]


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True) + "\n"


def small_training_set():
    """Generated text only, so that the same files come out on every machine."""
    rng = random.Random(7)
    pool = corpus.WORDS + corpus.EMOJI + corpus.SPACES + corpus.CONTRACTIONS
    return [corpus.german(rng) for _ in range(500)] + ["".join(rng.choice(pool) for _ in range(8)) for _ in range(300)]


def main():
    folder = ROOT / "tests" / "golden" / "tokenizer"
    folder.mkdir(parents=True, exist_ok=True)
    raw = lines()
    (folder / "lines.json").write_text(compact([x if isinstance(x, str) else list(x) for x in raw]))
    texts = [x if isinstance(x, str) else x.decode("utf-8", "replace") for x in raw]
    training = small_training_set()
    for name, recipe in recipes.RECIPES.items():
        tokenizer = recipe(training, 420)
        ids = [recipes.encode(tokenizer, texts, special) for special in (False, True)]
        if not recipes.comparable(name, ["<s>"]):  # null: not compared
            ids[0] = [one if recipes.comparable(name, [text]) else None for one, text in zip(ids[0], texts)]
        ids[1] = [None if a == b else b for a, b in zip(*ids)]
        (folder / f"{name}.json").write_text(compact(json.loads(tokenizer.to_str())))
        (folder / f"{name}.ids.json").write_text(compact(ids))


if __name__ == "__main__":
    main()
