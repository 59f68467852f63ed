# SPDX-License-Identifier: Apache-2.0
"""A model that trains in a second, and what tests of training have in common."""
import os
import pathlib
import subprocess
import tempfile
import unittest

WALCHEN = os.environ["WALCHEN_BINARY"]
HAS_TRAINER = (pathlib.Path(WALCHEN).parent / "walchen-train").exists()

TEXT = """
name = "tiny"
[text]
layers = 2
d_model = 64
heads = 2
kv_heads = 1
head_size = 32
d_ff = 96
vocabulary = 288
context_tokens = 256
"""
WAVES = """
[[sense]]
name = "signals"
d_model = 32
[[data]]
name = "waves"
template = "forecast"
source = "generator:waves"
sequences = 4
options = { patches = 4, horizon_patches = 1 }
"""


def sentences(sequences):
    return f"""
[[data]]
name = "sentences"
template = "text"
source = "generator:sentences"
sequences = {sequences}
options = {{ tokens = 32 }}
"""


@unittest.skipUnless(HAS_TRAINER, "walchen-train is not built (make train)")
class TrainingCase(unittest.TestCase):
    """Has a folder of its own, and runs walchen in it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def run_walchen(self, *arguments, exit_code=0, environment=None):
        ran = subprocess.run([WALCHEN, *map(str, arguments)], capture_output=True, text=True, timeout=300,
                             env={**os.environ, **(environment or {})})
        self.assertEqual(ran.returncode, exit_code, ran.stderr)
        return ran

    def digest(self, run):
        return self.run_walchen("train", "digest", run).stdout.split()[0]
