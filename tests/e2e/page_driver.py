# SPDX-License-Identifier: Apache-2.0
"""Runs the scripts beside this file that use the page in Debian's Chromium."""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ["WALCHEN_BUILD"]).resolve()
CHROMIUM = shutil.which("chromium")
SECONDS_MAX = 600


def _install(folder, environment):
    """npm packages beside the scripts, in the build folder; again only when the lock file changed."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = folder / ".installed"
    key = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    with open(folder / ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests may run beside each other
        for source in [HERE / "package.json", HERE / "package-lock.json", *HERE.glob("*.mjs")]:
            shutil.copy(source, folder)
        if not stamp.is_file() or stamp.read_text() != key:
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, env=environment, check=True, timeout=SECONDS_MAX)
            stamp.write_text(key)


def run_script(script, url, *arguments):
    """What `node SCRIPT URL CHROMIUM SCREENSHOTS ARGUMENTS...` gives: a CompletedProcess with its output as text."""
    # The same Node.js that builds the page: cmake/build_web_page.cmake.
    node = HERE.parent.parent / "build" / "tools" / "node" / "bin"
    environment = {**os.environ, "PATH": f"{node}:{os.environ['PATH']}"}
    folder = BUILD / "e2e"
    _install(folder, environment)
    command = ["node", script, url, CHROMIUM, BUILD / "screenshots", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, timeout=SECONDS_MAX, capture_output=True, text=True)
