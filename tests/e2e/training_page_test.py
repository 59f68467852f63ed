#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page's training runs in a real browser: training.mjs writes logs as the trainer does, and sees what is shown."""

import pathlib
import sys
import tempfile
import unittest

from page_driver import CHROMIUM, run_script
from running_server import MODEL, RunningServer


@unittest.skipUnless(MODEL.is_file(), "wants the default model")
@unittest.skipUnless(CHROMIUM, "wants chromium")
class TrainingPage(unittest.TestCase):
    def test_page(self):
        with tempfile.TemporaryDirectory(prefix="walchen-runs-") as folder:
            runs = pathlib.Path(folder) / "runs"
            runs.mkdir()
            with RunningServer("--runs", runs) as server:
                ran = run_script("training.mjs", server.url, runs, sys.executable)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        print(ran.stdout)


if __name__ == "__main__":
    unittest.main()
