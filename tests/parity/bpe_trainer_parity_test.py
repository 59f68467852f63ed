# SPDX-License-Identifier: Apache-2.0
"""`walchen data tokenizer` learns the merges that the Python package `tokenizers` learns from the same text."""
import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

import gguf
import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

BINARY = os.environ["WALCHEN_BINARY"]
SOURCE = pathlib.Path(__file__).resolve().parents[2]
VOCABULARY = 2000
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


class BpeTrainer(unittest.TestCase):
    def run_walchen(self, *arguments):
        ran = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                             env={**os.environ, "WALCHEN_HOME": str(self.home)})
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout

    def test_merges_are_those_of_tokenizers(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            self.home, raw = folder / "home", folder / "raw"
            raw.mkdir()
            for number, document in enumerate(sorted(SOURCE.glob("docs/*.md")) + [SOURCE / "README.md", SOURCE / "ARCHITECTURE.md"]):
                (raw / f"{number:03}.md").write_text(document.read_text())
            words = ["Ölstand", "Prüfstand", "größer", "naïve", "東京", "😀", "12.345,67", "don't", "\tTab", "Straße"]
            (raw / "words.txt").write_text(" ".join(random.Random(5).choices(words, k=400)) + "\n")
            self.run_walchen("data", "add", raw, "--source", "docs", "--rights", "own-data", "--quiet")
            output = folder / "own.gguf"
            self.run_walchen("data", "tokenizer", "--vocab", VOCABULARY, "--output", output)
            kept = [d for d in json.loads(self.run_walchen("data", "ls", "--state", "kept", "--json")) if d["modality"] == "text"]
            self.assertGreater(len(kept), 5)
            texts = [self.run_walchen("data", "show", document["id"], "--text")[:-1] for document in kept]

            fields = gguf.GGUFReader(output).fields
            mine = fields["tokenizer.ggml.merges"].contents()
            tokens = fields["tokenizer.ggml.tokens"].contents()

        other = tokenizers.Tokenizer(models.BPE())
        other.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                                       pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
        other.decoder = decoders.ByteLevel()
        other.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=VOCABULARY, min_frequency=2, special_tokens=SPECIAL, show_progress=False,
                                                             initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
        model = json.loads(other.to_str())["model"]
        theirs = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
        self.assertGreater(len(theirs), 1000)
        self.assertEqual(mine, theirs)
        self.assertEqual({token: number for number, token in enumerate(tokens)}, model["vocab"])


if __name__ == "__main__":
    unittest.main()
