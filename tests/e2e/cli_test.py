#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line from outside: exit codes, what goes to which stream, and messages that say what to do."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

BINARY = os.environ["WALCHEN_BINARY"]
SECONDS_MAX = 120


def walchen(*arguments, stdin="", home=None, env=None):
    environment = {**os.environ, **(env or {})}
    if home is not None:
        environment["WALCHEN_HOME"] = str(home)
    return subprocess.run([BINARY, *arguments], input=stdin.encode() if isinstance(stdin, str) else stdin,
                          capture_output=True, timeout=SECONDS_MAX, env=environment)


class CommandLine(unittest.TestCase):
    def expect(self, ran, code, *words):
        """The exit code, nothing on standard output unless it is 0, and all words in the message."""
        message = ran.stderr.decode()
        self.assertEqual(ran.returncode, code, message)
        if code != 0:
            self.assertEqual(ran.stdout, b"")
            self.assertNotIn("terminate called", message)
        for word in words:
            self.assertIn(word, message)


class Usage(CommandLine):
    def test_version_names_version_commit_and_cpu_path(self):
        ran = walchen("--version")
        self.expect(ran, 0)
        self.assertRegex(ran.stdout.decode(), r"^walchen \d+\.\d+\.\d+ \(commit (?:[0-9a-f]+|unknown), CPU path \S+\)\n$")

    def test_help_lists_the_commands(self):
        for arguments in (["--help"], ["-h"], ["help"]):
            ran = walchen(*arguments)
            self.expect(ran, 0)
            for command in ("chat", "serve", "model", "doctor"):
                self.assertIn(f"  {command} ", ran.stdout.decode())

    def test_every_command_has_help(self):
        commands = [["chat"], ["serve"], ["doctor"], ["model"]]
        commands += [["model", name] for name in ("ls", "show", "verify", "rm", "tokenize", "detokenize")]
        for command in commands:
            with self.subTest(command):
                ran = walchen(*command, "--help")
                self.expect(ran, 0)
                self.assertIn("walchen " + " ".join(command), ran.stdout.decode())

    def test_no_command(self):
        self.expect(walchen(), 2, "expected a command", "walchen --help")
        self.expect(walchen("model"), 2, "expected a command", "walchen model --help")

    def test_unknown_words_get_a_hint(self):
        self.expect(walchen("caht"), 2, 'unknown command "caht"', 'did you mean "chat"?')
        self.expect(walchen("model", "verfy"), 2, 'did you mean "verify"?')
        self.expect(walchen("--verison"), 2, 'unknown flag "--verison"')
        self.expect(walchen("chat", "--temprature", "1"), 2, "unknown flag --temprature", "did you mean --temperature?")
        self.expect(walchen("doctor", "now"), 2, 'unexpected argument "now"')

    def test_values_out_of_range(self):
        for flag, value in (("--temperature", "-1"), ("--temperature", "warm"), ("--top-p", "1.5"), ("--top-p", "0"),
                            ("--max-tokens", "-3"), ("--threads", "100000"), ("--seed", "x"), ("--top-k", "1e9")):
            with self.subTest(flag=flag, value=value):
                self.expect(walchen("chat", "--prompt", "x", flag, value), 2, flag, "expected", "walchen chat --help")

    def test_a_question_is_missing(self):
        self.expect(walchen("chat"), 2, "--prompt", "found nothing")

    def test_result_that_cannot_be_written(self):
        with open("/dev/full", "wb") as full:
            ran = subprocess.run([BINARY, "--version"], stdout=full, stderr=subprocess.PIPE, timeout=SECONDS_MAX)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertIn(b"No space left", ran.stderr)


class EmptyHome(CommandLine):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.home = pathlib.Path(self.folder.name)

    def put(self, name, content):
        models = self.home / "models"
        models.mkdir(exist_ok=True)
        (models / name).write_bytes(content)
        return models / name

    def test_missing_model_says_how_to_get_one(self):
        for command in (["chat", "--prompt", "x"], ["model", "show"], ["model", "verify", "nothing"], ["model", "tokenize"]):
            with self.subTest(command):
                self.expect(walchen(*command, home=self.home), 1, "make up", "walchen model import", str(self.home))

    def test_list_of_nothing(self):
        ran = walchen("model", "ls", home=self.home)
        self.expect(ran, 0)
        self.assertIn("make up", ran.stdout.decode())
        self.assertEqual(json.loads(walchen("model", "ls", "--json", home=self.home).stdout), [])

    def test_files_that_are_no_models(self):
        for name, content in (("empty", b""), ("text", b"hello\n" * 100), ("cut", b"GGUF\x03\0\0\0"),
                              ("lie", b"GGUF\x03\0\0\0" + b"\xff" * 16)):
            path = self.put(f"{name}.gguf", content)
            with self.subTest(name):
                self.expect(walchen("model", "verify", name, home=self.home), 1, str(path))
                self.expect(walchen("chat", "--prompt", "x", "--model", name, home=self.home), 1, str(path))
        rows = json.loads(walchen("model", "ls", "--json", home=self.home).stdout)
        self.assertEqual([row["name"] for row in rows], ["cut", "empty", "lie", "text"])
        self.assertTrue(all(row["error"] for row in rows))

    def test_folder_instead_of_a_file(self):
        (self.home / "models" / "folder.gguf").mkdir(parents=True)
        self.expect(walchen("model", "show", "folder", home=self.home), 1, "folder")
        self.expect(walchen("model", "show", str(self.home), home=self.home), 1, "folder")

    def test_remove_takes_whole_names_only(self):
        path = self.put("mine.gguf", b"x")
        self.expect(walchen("model", "rm", "min", home=self.home), 1, "whole name", "did you mean mine?")
        self.expect(walchen("model", "rm", str(path), home=self.home), 1, "whole name")
        self.assertTrue(path.exists())
        self.expect(walchen("model", "rm", home=self.home), 2, "name")
        self.expect(walchen("model", "rm", "mine", home=self.home), 0, "removed")
        self.assertFalse(path.exists())

    def test_doctor_says_what_is_missing(self):
        ran = walchen("doctor", "--json", home=self.home)
        self.assertEqual(ran.returncode, 1)
        findings = {finding["name"]: finding for finding in json.loads(ran.stdout)}
        self.assertEqual(findings["models"]["state"], "missing")
        self.assertIn("make up", findings["models"]["advice"])
        self.assertEqual(findings["cpu paths"]["state"], "ok")

    def test_no_home_at_all(self):
        without = {"HOME": "", "XDG_DATA_HOME": "", "WALCHEN_HOME": ""}
        self.expect(walchen("model", "ls", env=without), 1, "--home", "$WALCHEN_HOME")


@unittest.skipUnless((pathlib.Path(os.environ.get("WALCHEN_HOME", "")) / "models").is_dir(), "wants the default model")
class DefaultModel(CommandLine):
    def test_text_to_tokens_and_back(self):
        text = "Hello, world!\n\nGrüße <|im_end|> \U0001F600\n"
        tokens = walchen("model", "tokenize", stdin=text)
        self.expect(tokens, 0)
        lines = tokens.stdout.decode().splitlines()
        self.assertEqual(json.loads(lines[0]), [19556, 28, 905, 17])
        self.assertEqual(json.loads(lines[1]), [])
        back = walchen("model", "detokenize", stdin=tokens.stdout)
        self.expect(back, 0)
        self.assertEqual(back.stdout.decode(), text)

    def test_special_tokens_only_when_asked_for(self):
        plain = json.loads(walchen("model", "tokenize", stdin="<|im_end|>").stdout)
        special = json.loads(walchen("model", "tokenize", "--special", stdin="<|im_end|>").stdout)
        self.assertGreater(len(plain), 1)
        self.assertEqual(len(special), 1)

    def test_bad_token_ids(self):
        for line, words in (("hello", "JSON array"), ("{}", "JSON array"), ("[1, -1]", "item 1"), ("[49152]", "49151"),
                            ("[1.5]", "1.5"), ("[" * 100000, "JSON array"), ('["1"]', "string"), ("[[1]]", "array"),
                            ("[" + "[" * 10000 + "]" * 10000 + "]", "array")):
            with self.subTest(line[:20]):
                self.expect(walchen("model", "detokenize", stdin=line), 1, "line 1", words)

    def test_a_sound_model(self):
        ran = walchen("model", "verify", "--json")
        self.expect(ran, 0)
        verdict = json.loads(ran.stdout)
        self.assertTrue(verdict["ok"] and verdict["digest_known"], verdict)
        self.assertEqual(verdict["sha256"], "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53")

    def test_what_a_model_holds(self):
        shown = json.loads(walchen("model", "show", "smollm2", "--json").stdout)
        self.assertEqual((shown["architecture"], shown["parameters"], shown["weight_type"]), ("llama", 134515008, "Q4_1"))
        self.assertEqual(shown["metadata"]["llama.block_count"], 30)
        self.assertEqual(len(shown["tensors"]), 272)
        self.assertIn("134.5M", walchen("model", "show").stdout.decode())

    def test_one_flipped_byte_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            models = pathlib.Path(folder) / "models"
            models.mkdir()
            source = pathlib.Path(os.environ["WALCHEN_HOME"]) / "models"
            name = "SmolLM2-135M-Instruct.Q4_1.gguf"
            content = bytearray((source / name).read_bytes())
            content[len(content) // 2] ^= 0x10
            (models / name).write_bytes(content)
            (models / f"{name}.sha256").write_bytes((source / f"{name}.sha256").read_bytes())
            self.expect(walchen("model", "verify", home=folder), 1, "SHA-256", "get it again")


@unittest.skipUnless((pathlib.Path(os.environ.get("WALCHEN_HOME", "")) / "models").is_dir(), "wants the default model")
class Chat(CommandLine):
    QUESTION = "What is the capital of France? Answer in one word."

    def test_answers_on_standard_output(self):
        ran = walchen("chat", "--prompt", self.QUESTION, "--temperature", "0")
        self.expect(ran, 0)
        self.assertIn("Paris", ran.stdout.decode())

    def test_takes_the_question_from_standard_input(self):
        flags = ["--temperature", "0", "--max-tokens", "8"]
        asked = walchen("chat", "--prompt", self.QUESTION, *flags)
        piped = walchen("chat", *flags, stdin=self.QUESTION + "\n")
        self.expect(piped, 0)
        self.assertEqual(piped.stdout, asked.stdout)

    def test_json_is_one_object_with_these_fields(self):
        ran = walchen("chat", "--prompt", self.QUESTION, "--temperature", "0", "--json")
        self.expect(ran, 0)
        answer = json.loads(ran.stdout)
        self.assertEqual(list(answer), ["text", "finish_reason", "usage", "timings"])
        self.assertEqual(list(answer["usage"]), ["prompt_tokens", "completion_tokens"])
        self.assertEqual(list(answer["timings"]), ["load_ms", "prompt_ms", "decode_ms", "prompt_tokens_per_s",
                                                   "decode_tokens_per_s"])
        self.assertEqual(answer["finish_reason"], "stop")
        self.assertGreater(answer["timings"]["prompt_tokens_per_s"], 0)

    def test_same_seed_same_answer(self):
        def answer(seed):
            return walchen("chat", "--prompt", "Tell me a story.", "--max-tokens", "24", "--seed", seed).stdout

        self.assertEqual(answer("1"), answer("1"))
        self.assertNotEqual(answer("1"), answer("2"))

    def test_max_tokens_ends_an_answer(self):
        ran = walchen("chat", "--prompt", "Count to one hundred.", "--max-tokens", "5", "--temperature",
                       "0", "--json")
        answer = json.loads(ran.stdout)
        self.assertEqual((answer["finish_reason"], answer["usage"]["completion_tokens"]), ("length", 5))

    def test_prompt_that_does_not_fit_names_both_numbers(self):
        ran = walchen("chat", stdin="word " * 20000)
        self.expect(ran, 1, "token")
        self.assertRegex(ran.stderr.decode(), r"\d{4,}.*\d{4,}")

    def test_prompt_of_ten_megabytes_and_broken_text(self):
        self.expect(walchen("chat", stdin=b"\xff" * 10_000_000), 1, "token")
        self.expect(walchen("chat", "--max-tokens", "1", stdin=b"\x00\x1b[2J\xff\xfe"), 0)


if __name__ == "__main__":
    unittest.main()
