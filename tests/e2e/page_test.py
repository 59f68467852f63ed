#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The web page in a real browser (Debian's Chromium, driven by page.mjs) against a real server and the default model."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import unittest

from running_server import MODEL, RunningServer

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ["WALCHEN_BUILD"]).resolve()
CHROMIUM = shutil.which("chromium")
SECONDS_MAX = 600


def install_driver(folder, environment):
    """npm packages beside the script, in the build folder; again only when the lock file changed."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_bytes()
    stamp = folder / ".installed"
    key = hashlib.sha256(lock).hexdigest()
    for name in ("package.json", "package-lock.json", "page.mjs"):
        shutil.copy(HERE / name, folder)
    if not stamp.is_file() or stamp.read_text() != key:
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, env=environment, check=True, timeout=SECONDS_MAX)
        stamp.write_text(key)


@unittest.skipUnless(MODEL.is_file(), "wants the default model")
@unittest.skipUnless(CHROMIUM, "wants chromium")
class Page(unittest.TestCase):
    def test_page(self):
        # The same Node.js that builds the page: cmake/build_web_page.cmake.
        node = HERE.parent.parent / "build" / "tools" / "node" / "bin"
        environment = {**os.environ, "PATH": f"{node}:{os.environ['PATH']}"}
        folder = BUILD / "e2e"
        install_driver(folder, environment)
        with RunningServer() as server:
            ran = subprocess.run(["node", "page.mjs", server.url, CHROMIUM, BUILD / "screenshots"], cwd=folder,
                                 env=environment, timeout=SECONDS_MAX, capture_output=True, text=True)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        print(ran.stdout)


if __name__ == "__main__":
    unittest.main()
