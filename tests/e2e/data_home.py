# SPDX-License-Identifier: Apache-2.0
"""A home of its own with raw files beside it, and what the tests of `walchen data` have in common."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

BINARY = os.environ["WALCHEN_BINARY"]
RECIPE = """
name = "workshop"
[text]
layers = 2
d_model = 64
heads = 2
d_ff = 96
vocabulary = 400
tokenizer = "{tokenizer}"
context_tokens = 64
[[data]]
name = "manuals"
template = "text"
source = "shards:{shards}"
sequences = {sequences}
tiers = [{tiers}]
options = {{ tokens = {tokens} }}
[budget]
steps = {steps}
"""


class DataCase(unittest.TestCase):
    """Has an empty folder, in it a home and a folder of raw files."""
    environment = {}

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.home = self.folder / "home"
        self.raw = self.folder / "raw"
        self.raw.mkdir()

    def run_walchen(self, *arguments, exit_code=0, environment=None):
        ran = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                             env={**os.environ, "WALCHEN_HOME": str(self.home), **self.environment, **(environment or {})})
        self.assertEqual(ran.returncode, exit_code, f"{arguments}\n{ran.stdout}\n{ran.stderr}")
        return ran

    def json(self, *arguments):
        return json.loads(self.run_walchen(*arguments, "--json").stdout)

    def put(self, name, text):
        path = self.raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def documents(self, **wanted):
        return [document for document in self.json("data", "ls") if all(document[key] == value for key, value in wanted.items())]

    def build(self, shards, *more):
        """Learns a tokenizer, once, and packs all documents with it."""
        tokenizer = self.home / "own.gguf"
        if not tokenizer.exists():
            self.run_walchen("data", "tokenizer", "--vocab", 400, "--output", tokenizer)
        return self.json("data", "build", shards, "--tokenizer", tokenizer, *more)

    def train(self, shards, tiers='"O"', exit_code=0, sequences=2, tokens=32, steps=4):
        recipe = self.folder / "recipe.toml"
        recipe.write_text(RECIPE.format(tokenizer=self.home / "own.gguf", shards=shards, tiers=tiers, sequences=sequences, tokens=tokens,
                                        steps=steps))
        return self.run_walchen("train", recipe, "--run", self.folder / "run", "--threads", 1, "--quiet", exit_code=exit_code)

    def assert_gone(self, secrets):
        """No file of the home holds one of these."""
        for path in self.home.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                for secret in secrets:
                    self.assertNotIn(secret if isinstance(secret, bytes) else secret.encode(), content, path)
