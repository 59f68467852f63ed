#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`walchen chat` at a (pseudo) terminal: editing, slash commands, Ctrl-C that stops an answer and nothing else."""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
import unittest

BINARY = os.environ["WALCHEN_BINARY"]
MODEL = pathlib.Path(os.environ.get("WALCHEN_HOME", "")) / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
SECONDS_MAX = 120
CTRL_C, CTRL_D, UP = b"\x03", b"\x04", b"\x1b[A"


class Terminal:
    """A person at a terminal."""

    def __init__(self, home, *arguments):
        self.master, slave = pty.openpty()
        environment = {**os.environ, "WALCHEN_HOME": str(home), "TERM": "xterm"}
        self.process = subprocess.Popen([BINARY, "chat", "--model", MODEL, *arguments], stdin=slave, stdout=slave,
                                        stderr=slave, env=environment, start_new_session=True,
                                        preexec_fn=self.take_terminal)
        os.close(slave)
        self.seen = ""

    @staticmethod
    def take_terminal():
        """Makes the terminal the controlling one, so that Ctrl-C becomes a signal."""
        import fcntl
        import termios
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def type(self, keys):
        os.write(self.master, keys if isinstance(keys, bytes) else keys.encode())

    def read(self, seconds):
        """More output, or "" after so long or at the end."""
        if not select.select([self.master], [], [], seconds)[0]:
            return ""
        try:
            return os.read(self.master, 65536).decode(errors="replace")
        except OSError:  # the other side is closed
            return ""

    def wait_for(self, pattern):
        """What came up to and with the pattern; the rest stays for later."""
        deadline = time.monotonic() + SECONDS_MAX
        while not (found := re.search(pattern, self.seen, re.DOTALL)):
            if time.monotonic() > deadline or (self.process.poll() is not None and not self.read(0.1)):
                raise AssertionError(f"expected {pattern!r}, found {self.seen!r}; exit code {self.process.poll()}")
            self.seen += self.read(1)
        before, self.seen = self.seen[: found.end()], self.seen[found.end():]
        return before

    def leave(self):
        self.type(CTRL_D)
        code = self.process.wait(SECONDS_MAX)
        os.close(self.master)
        return code


@unittest.skipUnless(MODEL.is_file(), "wants the default model")
class ChatAtATerminal(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.home)

    def start(self, *arguments):
        terminal = Terminal(self.home, "--temperature", "0", *arguments)
        self.addCleanup(terminal.process.wait)
        self.addCleanup(terminal.process.kill)
        terminal.wait_for("/help lists the commands.*?\n> ")
        return terminal

    def test_a_conversation_is_saved_reset_and_loaded(self):
        file = self.home / "talk.json"
        terminal = self.start("--max-tokens", "8")
        terminal.type("/system Be brief.\r")
        terminal.type("Say hello.\r")
        terminal.wait_for(r"Say hello\..*?\n> ")
        terminal.type(f"/save {file}\r")
        terminal.wait_for("3 messages in")
        terminal.type("/reset\r")
        terminal.wait_for("Forgotten")
        terminal.type(f"/load {file}\r")
        terminal.wait_for(r"\n> Say hello\.")
        self.assertEqual(terminal.leave(), 0)
        messages = json.loads(file.read_text())
        self.assertEqual([message["role"] for message in messages], ["system", "user", "assistant"])
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)

    def test_ctrl_c_stops_an_answer_and_the_chat_goes_on(self):
        terminal = self.start()
        terminal.type("Count from one to five hundred in words.\r")
        terminal.wait_for(r"words\.\s+\S+ \S+ ")
        terminal.type(CTRL_C)
        terminal.wait_for(r"\(stopped\)")
        self.assertIsNone(terminal.process.poll())
        terminal.type("/help\r")
        terminal.wait_for("/reset")
        self.assertEqual(terminal.leave(), 0)

    def test_what_is_typed_during_an_answer_comes_after_it(self):
        terminal = self.start("--max-tokens", "60")
        terminal.type("Count from one to five hundred in words.\r")
        terminal.wait_for(r"words\.\s+\S+ ")
        terminal.type(b"/nonsense\r\x04")
        terminal.wait_for("No command /nonsense")
        self.assertEqual(terminal.process.wait(SECONDS_MAX), 0)

    def test_ctrl_c_throws_a_line_away(self):
        terminal = self.start()
        terminal.type(b"/nonsense" + CTRL_C)
        terminal.wait_for(r"\^C")
        terminal.type("/system\r")
        terminal.wait_for("No system message")
        self.assertEqual(terminal.leave(), 0)

    def test_history_outlives_the_chat(self):
        terminal = self.start()
        terminal.type("/system Grüße aus Kochel\r")
        self.assertEqual(terminal.leave(), 0)
        history = self.home / "chat_history"
        self.assertEqual(history.read_text(), "/system Grüße aus Kochel\n")
        self.assertEqual(history.stat().st_mode & 0o777, 0o600)
        terminal = self.start()
        terminal.type(UP + b"\r/system\r")
        terminal.wait_for(r"/system\r?\n.*?Grüße aus Kochel")
        self.assertEqual(terminal.leave(), 0)

    def test_wrong_commands_say_so(self):
        terminal = self.start()
        for typed, answer in (("/nonsense", "No command /nonsense"), ("/save", "expected a file name"),
                              ("/load /nowhere/x.json", "cannot")):
            terminal.type(typed + "\r")
            terminal.wait_for(answer)
        self.assertEqual(terminal.leave(), 0)


if __name__ == "__main__":
    unittest.main()
