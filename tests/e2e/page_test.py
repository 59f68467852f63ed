#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The web page in a real browser (Debian's Chromium, driven by page.mjs) against a real server and the default model."""

import unittest

from page_driver import CHROMIUM, run_script
from running_server import MODEL, RunningServer


@unittest.skipUnless(MODEL.is_file(), "wants the default model")
@unittest.skipUnless(CHROMIUM, "wants chromium")
class Page(unittest.TestCase):
    def test_page(self):
        with RunningServer() as server:
            ran = run_script("page.mjs", server.url)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        print(ran.stdout)


if __name__ == "__main__":
    unittest.main()
