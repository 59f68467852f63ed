#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""walchen bench --senses: every task is measured and its numbers are numbers. How large they are is no test."""

import json
import math
import os
import pathlib
import subprocess
import tempfile
import unittest

BINARY = os.environ["WALCHEN_BINARY"]
SECONDS_MAX = 300


class BenchSenses(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.home = pathlib.Path(cls.folder.name) / "home"
        cls.model = pathlib.Path(cls.folder.name) / "tiny.gguf"
        made = cls.walchen("model", "random", "--shape", "tiny", "--type", "Q8_0", "--seed", "1", "--output", cls.model)
        assert made.returncode == 0, made.stderr

    @classmethod
    def walchen(cls, *arguments):
        return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=SECONDS_MAX,
                              env={**os.environ, "WALCHEN_HOME": str(cls.home)})

    def test_every_task_has_finite_numbers(self):
        ran = self.walchen("bench", "--senses", "--model", self.model, "--json")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        report = json.loads(ran.stdout)
        self.assertEqual([row["sense"] for row in report["senses"]], ["signals", "vision", "vision", "motion"])
        self.assertEqual([(row["tokens"], row["passes"]) for row in report["senses"]], [(65, 1), (64, 49), (64, 98), (16, 10)])
        for row in report["senses"]:
            self.assertEqual(row["type"], "F32")
            for key in ("ms", "tokens_per_s", "gflops", "peak_gflops", "share"):
                self.assertTrue(math.isfinite(row[key]) and row[key] > 0, (row["task"], key, row[key]))
            self.assertAlmostEqual(row["tokens_per_s"] * row["ms"] / 1e3, row["tokens"] * row["passes"], delta=1e-3)
        self.assertIs(report["text"]["same_logits"], True)
        for key in ("tokens_per_s", "tokens_per_s_without_senses"):
            self.assertTrue(math.isfinite(report["text"][key]) and report["text"][key] > 0)
        self.assertEqual(list((self.home / "cache").iterdir()), [], "the senses that were made for this are gone")

    def test_the_table_names_every_task(self):
        ran = self.walchen("bench", "--senses", "--model", self.model, "--threads", "1")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        for words in ("1 threads", "forecast of 512 points", "picture of 64x64, 25 Heun steps", "16 actions, 10 Euler steps",
                      "the same bit for bit"):
            self.assertIn(words, ran.stdout)

    def test_says_what_it_cannot_measure(self):
        ran = self.walchen("bench", "--model", self.model, "--sense", "signals")
        self.assertEqual(ran.returncode, 2)
        self.assertIn("--sense goes with --senses", ran.stderr)
        ran = self.walchen("bench", "--senses", "--model", self.model, "--sense", self.model)
        self.assertEqual((ran.returncode, ran.stdout), (1, ""))
        self.assertIn("expected a model file with senses", ran.stderr)


if __name__ == "__main__":
    unittest.main()
