# SPDX-License-Identifier: Apache-2.0
"""A real `walchen serve` on a free port with a home of its own, for the tests beside this file."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import urllib.parse

BINARY = os.environ["WALCHEN_BINARY"]
MODEL = pathlib.Path(os.environ.get("WALCHEN_HOME", "")) / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
SECONDS_MAX = 120


class RunningServer:
    """Starts in the constructor; use with `with`, or call stop."""

    def __init__(self, *arguments, home=None, model=MODEL):
        self.own_home = home is None
        self.home = pathlib.Path(home or tempfile.mkdtemp(prefix="walchen-e2e-"))
        command = [BINARY, "serve", "--model", model, "--home", self.home, "--port", "0", "--json", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            message = self.process.communicate(timeout=SECONDS_MAX)[1]
            raise AssertionError(f"the server did not start: {message}")
        self.announced = json.loads(line)
        self.url = self.announced["url"]
        parts = urllib.parse.urlsplit(self.url)
        self.port = parts.port
        self.base = f"http://127.0.0.1:{self.port}"
        self.token = dict(urllib.parse.parse_qsl(parts.query)).get("token", "")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def resident_mib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise AssertionError("no VmRSS")

    def stop(self, signum=signal.SIGTERM):
        """Ends the server as a supervisor would; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signum)
        try:
            self.log = self.process.communicate(timeout=SECONDS_MAX)[1]
        finally:
            self.process.kill()
        if self.own_home:
            shutil.rmtree(self.home, ignore_errors=True)
        return self.process.returncode
