#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line from outside: exit codes, what goes to which stream, and messages that say what to do."""

import fcntl
import hashlib
import json
import os
import pathlib
import shutil
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
            for command in ("chat", "serve", "model", "train", "tune", "doctor"):
                self.assertIn(f"  {command} ", ran.stdout.decode())

    def test_every_command_has_help(self):
        commands = [["chat"], ["serve"], ["doctor"], ["model"]]
        commands += [["train"], ["train", "watch"], ["train", "digest"], ["tune"]]
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


class Train(CommandLine):
    RECIPE = """name = "listener"
[text]
base = "a-model"
[[data]]
name = "speech"
template = "{audio}"
source = "generator:tones"
sequences = 4
[budget]
steps = 300
"""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.run_folder = self.folder / "run"

    def write_run(self, steps=300):
        self.run_folder.mkdir()
        (self.run_folder / "recipe.toml").write_text(self.RECIPE)
        lines = [json.dumps({"step": step, "loss": {"speech": 2 + 6 / step, "text": 1 + 1 / step}, "tokens": step * 4000,
                             "seconds": step * 2.0, "tokens_per_s": 2000, "flop_per_s": 4e10, "grad_norm": 1.0,
                             "rate": 1.0, "skipped": step == 7}) for step in range(1, steps + 1)]
        (self.run_folder / "log.jsonl").write_text("\n".join(lines) + '\n{"step": 301, "lo')

    def write_checkpoint(self, step, content):
        """A checkpoint as the format is described, written by other hands. Returns its digest."""
        folder = self.run_folder / f"step-{step}"
        folder.mkdir(parents=True)
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
        lines = "".join(f"{digests[name]}  {name}\n" for name in sorted(content))
        digest = hashlib.sha256(lines.encode()).hexdigest()
        for name, data in content.items():
            (folder / name).write_bytes(data)
        files = [{"name": name, "size": len(content[name]), "sha256": digests[name]} for name in sorted(content)]
        (folder / "manifest.json").write_text(json.dumps(
            {"format": "walchen checkpoint", "version": 1, "step": step, "digest": digest, "files": files}))
        return digest

    def program_with_trainer(self, script):
        """A copy of the program with something called walchen-train beside it."""
        binary = self.folder / "walchen"
        shutil.copy(BINARY, binary)
        (self.folder / "walchen-train").write_text(script)
        (self.folder / "walchen-train").chmod(0o755)
        return binary

    def test_hands_over_to_the_trainer_beside_it(self):
        binary = self.program_with_trainer('#!/bin/sh\nprintf "%s\\n" "$@"\nexit 7\n')
        for arguments in (["train", "a b.toml", "--run", "dir", "--steps", "3"], ["train", "--resume", "dir"],
                          ["tune", "--help"], ["tune", ""]):
            with self.subTest(arguments):
                ran = subprocess.run([binary, *arguments], capture_output=True, timeout=SECONDS_MAX)
                self.assertEqual((ran.returncode, ran.stdout.decode()), (7, "\n".join(arguments) + "\n"), ran.stderr)

    def test_without_a_trainer_names_what_builds_it(self):
        binary = self.program_with_trainer("")
        (self.folder / "walchen-train").unlink()
        for arguments in (["train", "recipe.toml", "--run", "dir"], ["train", "--resume", "dir"], ["tune", "x"]):
            with self.subTest(arguments):
                ran = subprocess.run([binary, *arguments], capture_output=True, timeout=SECONDS_MAX)
                self.expect(ran, 1, "walchen-train", "make train")

    def test_wrong_usage(self):
        self.expect(walchen("train"), 2, "expected a recipe", "walchen train --help")
        self.expect(walchen("train", "watch"), 2, "dir", "walchen train watch --help")
        self.expect(walchen("train", "watch", "x", "--onec"), 2, "did you mean --once?")
        self.expect(walchen("train", "digest"), 2, "dir")

    def test_watch_without_a_terminal_prints_the_curves_once(self):
        self.write_run()
        ran = walchen("train", "watch", str(self.run_folder))
        self.expect(ran, 0)
        lines = ran.stdout.decode().splitlines()
        self.assertEqual(lines[0], "listener: not running, step 300, 10 min, 1200000 tokens, 2000 tokens/s, 40 GFLOP/s, "
                                   "1 skipped"[:80])
        self.assertTrue(lines[1].startswith("speech") and lines[1].endswith("8 at step 1, 2.02 at step 300"), lines[1])
        self.assertTrue(any(line.startswith("text") for line in lines), lines)
        self.assertLessEqual(len(lines), 24)
        self.assertTrue(all(len(line) <= 80 for line in lines), lines)
        self.assertNotIn("\x1b", ran.stdout.decode())

    def test_watch_sees_whether_somebody_trains(self):
        self.write_run(steps=3)
        with open(self.run_folder / "lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            ran = walchen("train", "watch", "--once", str(self.run_folder))
            self.assertIn("listener: running, step 3", ran.stdout.decode())

    def test_watch_of_what_is_no_run(self):
        self.expect(walchen("train", "watch", str(self.folder)), 1, "expected a run", "walchen train RECIPE --run DIR")
        self.write_run(steps=0)
        (self.run_folder / "log.jsonl").unlink()
        self.assertIn("no step yet", walchen("train", "watch", str(self.run_folder)).stdout.decode())

    def test_digest_is_that_of_the_newest_good_checkpoint(self):
        first = self.write_checkpoint(90, {"weights.safetensors": b"w" * 5000, "optimiser.bin": b""})
        second = self.write_checkpoint(200, {"weights.safetensors": b"v" * 5000})
        ran = walchen("train", "digest", str(self.run_folder))
        self.expect(ran, 0)
        self.assertEqual(ran.stdout.decode(), f"{second}  {self.run_folder}/step-200\n")
        (self.run_folder / "step-200/weights.safetensors").write_bytes(b"v" * 4999 + b"w")
        ran = walchen("train", "digest", str(self.run_folder))
        self.expect(ran, 0, "skipped:", "step-200", "expected SHA-256")
        self.assertEqual(ran.stdout.decode(), f"{first}  {self.run_folder}/step-90\n")
        told = json.loads(walchen("train", "digest", "--json", str(self.run_folder)).stdout)
        self.assertEqual((told["digest"], told["step"], len(told["skipped"])), (first, 90, 1))
        self.assertEqual(walchen("train", "digest", f"{self.run_folder}/step-90").stdout.decode()[:64], first)
        self.expect(walchen("train", "digest", f"{self.run_folder}/step-200"), 1, "expected SHA-256")

    def test_digest_of_nothing_and_of_lies(self):
        self.expect(walchen("train", "digest", str(self.folder)), 1, "expected a checkpoint", "found none")
        self.expect(walchen("train", "digest", str(self.folder / "missing")), 1, "missing")
        self.write_checkpoint(1, {"weights": b"w"})
        manifest = self.run_folder / "step-1/manifest.json"
        manifest.write_text(manifest.read_text().replace('"weights"', '"../../recipe"'))
        self.expect(walchen("train", "digest", str(self.run_folder)), 1, "none of 1 checkpoints is good", "backup")


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
