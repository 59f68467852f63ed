#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`walchen serve` as a person or a supervisor uses it: start, key, address, second server, stop."""

import json
import pathlib
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from running_server import BINARY, MODEL, SECONDS_MAX, RunningServer

LONG = {"stream": True, "temperature": 1, "max_tokens": 400, "messages": [{"role": "user", "content": "Tell me a long story."}]}


def request(server, path, body=None, token=None):
    headers = {"Authorization": f"Bearer {token or server.token}"}
    data = None if body is None else json.dumps(body).encode()
    return urllib.request.urlopen(urllib.request.Request(server.base + path, data=data, headers=headers), timeout=SECONDS_MAX)


@unittest.skipUnless(MODEL.is_file(), "wants the default model")
class ServeCommand(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.home = pathlib.Path(self.folder.name) / "home"

    def refused(self, *arguments):
        ran = subprocess.run([BINARY, "serve", "--model", MODEL, *arguments], capture_output=True, text=True,
                             timeout=SECONDS_MAX)
        self.assertEqual(ran.stdout, "")
        self.assertNotEqual(ran.returncode, 0)
        return ran

    def test_makes_a_key_of_its_own_and_keeps_it(self):
        with RunningServer(home=self.home) as server:
            self.assertRegex(server.url, r"^http://127\.0\.0\.1:\d+/\?token=[0-9a-f]{32}$")
            self.assertEqual(server.announced["model"], MODEL.stem)
            token = server.token
            self.assertEqual(request(server, "/v1/models").status, 200)
        file = self.home / "token"
        self.assertEqual(file.read_text().strip(), token)
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        with RunningServer(home=self.home) as server:
            self.assertEqual(server.token, token)

    def test_takes_a_key_from_a_file_and_does_not_print_it(self):
        file = pathlib.Path(self.folder.name) / "key"
        file.write_text("sk-my-own-key\n")
        with RunningServer("--api-key-file", file, home=self.home) as server:
            self.assertNotIn("token", server.url)
            self.assertEqual(request(server, "/v1/models", token="sk-my-own-key").status, 200)
            with self.assertRaisesRegex(urllib.error.HTTPError, "401"):
                request(server, "/v1/models", token="other")
        self.assertNotIn("sk-my-own-key", server.log)
        file.write_text("two words\n")
        self.assertIn("openssl rand", self.refused("--home", self.home, "--api-key-file", file).stderr)

    def test_a_second_server_on_one_home_names_the_first(self):
        with RunningServer(home=self.home) as server:
            ran = self.refused("--home", self.home, "--port", "0")
            self.assertEqual(ran.returncode, 1)
            self.assertIn(f"http://127.0.0.1:{server.port}/", ran.stderr)
            ls = subprocess.run([BINARY, "model", "ls", "--home", self.home], capture_output=True, timeout=SECONDS_MAX)
            self.assertEqual(ls.returncode, 0, "other commands work beside it")

    def test_a_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            ran = self.refused("--home", self.home, "--port", str(taken.getsockname()[1]))
        self.assertEqual(ran.returncode, 1)
        self.assertIn("in use", ran.stderr)
        self.assertIn("--port", ran.stderr)

    def test_wrong_usage(self):
        for arguments in (["--port", "70000"], ["--port", "x"], ["--prot", "1"]):
            self.assertEqual(self.refused("--home", self.home, *arguments).returncode, 2)
        self.assertIn("IP address", self.refused("--home", self.home, "--host", "nowhere.example").stderr)

    def test_shows_the_training_runs_of_the_home_or_of_another_folder(self):
        runs = pathlib.Path(self.folder.name) / "other"
        recipe = '[text]\nbase = "a-model"\n[[data]]\nname = "d"\ntemplate = "{text}"\nsource = "jsonl:a"\nsequences = 1\n[budget]\nsteps = 9\n'
        for folder, name in ((self.home / "runs", "at-home"), (runs, "elsewhere")):
            (folder / name).mkdir(parents=True)
            (folder / name / "recipe.toml").write_text(f'name = "test"\n{recipe}')
        for flags, name in (([], "at-home"), (["--runs", runs], "elsewhere")):
            with RunningServer(*flags, home=self.home) as server:
                data = json.load(request(server, "/walchen/runs"))["data"]
                self.assertEqual([(run["name"], run["recipe"], run["last_step"]) for run in data], [(name, "test", 9)])

    def test_a_folder_of_training_runs_that_is_none(self):
        missing = self.refused("--home", self.home, "--runs", self.home / "nowhere")
        self.assertIn("--runs: expected a folder of training runs", missing.stderr)
        self.assertIn("expected a folder", self.refused("--home", self.home, "--runs", MODEL).stderr)

    def test_signals_end_it_well(self):
        for signum in (signal.SIGTERM, signal.SIGINT):
            self.assertEqual(RunningServer(home=self.home).stop(signum), 0)

    def test_sigterm_lets_running_answers_finish(self):
        server = RunningServer(home=self.home)
        done = []

        def read():
            with request(server, "/v1/chat/completions", LONG) as response:
                started.set()
                done.append(response.read().decode())

        started = threading.Event()
        readers = [threading.Thread(target=read) for _ in range(8)]
        for reader in readers:
            reader.start()
        started.wait(SECONDS_MAX)
        time.sleep(0.2)
        self.assertEqual(server.stop(), 0, "exit code")
        for reader in readers:
            reader.join()
        self.assertEqual(len(done), 8)
        for text in done:
            self.assertTrue(text.endswith("data: [DONE]\n\n") or "the server is stopping" in text, text[-200:])

    def test_a_second_signal_ends_it_at_once(self):
        server = RunningServer(home=self.home)
        with request(server, "/v1/chat/completions", {**LONG, "max_tokens": 4000}) as response:
            response.readline()
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            begun = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - begun, 10)
            self.assertIn("the server is stopping", response.read().decode())


if __name__ == "__main__":
    unittest.main()
