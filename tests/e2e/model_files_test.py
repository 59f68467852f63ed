#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Model files from outside: random, import, export, quantize, logits, perplexity; and what is left when they fail."""

import hashlib
import json
import math
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

try:
    import torch
    import transformers
except ImportError:
    transformers = None

BINARY = os.environ["WALCHEN_BINARY"]
GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden/huggingface"
SECONDS_MAX = 300


class ModelFiles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.home = self.folder / "home"

    def start(self, *arguments, **options):
        return subprocess.Popen([BINARY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={**os.environ, "WALCHEN_HOME": str(self.home)}, **options)

    def run_walchen(self, *arguments, **options):
        process = self.start(*arguments, **options)
        out, message = process.communicate(timeout=SECONDS_MAX)
        return process.returncode, out.decode(), message.decode()

    def ok(self, *arguments):
        code, out, message = self.run_walchen(*arguments)
        self.assertEqual(code, 0, message)
        return out

    def fails(self, code, words, *arguments, **options):
        found, out, message = self.run_walchen(*arguments, **options)
        self.assertEqual((found, out), (code, ""), message)
        for word in words:
            self.assertIn(word, message)

    def random(self, name="random.gguf", shape="tiny", kind="Q8_0", seed=1):
        path = self.folder / name
        self.ok("model", "random", "--shape", shape, "--type", kind, "--seed", seed, "--output", path)
        return path

    def logits(self, model, ids):
        return json.loads(self.ok("model", "logits", "--model", model, "--ids", ",".join(map(str, ids))))

    def left(self):
        """What lies in the test's folder, the home's folders left out."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if not path.is_dir())


class Usage(ModelFiles):
    def test_what_must_be_given(self):
        self.fails(2, ["--shape", "llama-1b"], "model", "random")
        self.fails(2, ["--output"], "model", "random", "--shape", "tiny")
        self.fails(2, ["input"], "model", "quantize")
        self.fails(2, ["--type"], "model", "quantize", "x.gguf", "--output", "y.gguf")
        self.fails(2, ["path"], "model", "import")
        self.fails(2, ["--output"], "model", "export", "x")
        self.fails(2, ["--ids"], "model", "logits")
        self.fails(2, ["--ids"], "model", "logits", "--ids", "one")
        self.fails(2, ["--file"], "eval", "perplexity")
        self.fails(2, ["perplexity"], "eval", "perplexty")

    def test_names_that_are_not_known(self):
        output = self.folder / "x.gguf"
        self.fails(1, ["llama-9b", "llama-8b"], "model", "random", "--shape", "llama-9b", "--output", output)
        self.fails(1, ["Q9", "Q4_K_M"], "model", "random", "--shape", "tiny", "--type", "Q9", "--output", output)
        self.fails(1, ["make up"], "model", "quantize", "nothing", "--type", "Q4_0", "--output", output)
        self.assertEqual(self.left(), [])


class RandomModels(ModelFiles):
    def test_every_kind_can_be_run(self):
        for kind in ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q4_K_M", "Q6_K"):
            with self.subTest(kind):
                path = self.random(kind=kind)
                logits = self.logits(path, [5, 300, 7])
                self.assertEqual(len(logits), 1024)
                self.assertTrue(all(math.isfinite(x) for x in logits))
                self.assertGreater(max(logits) - min(logits), 1)
        self.assertTrue(json.loads(self.ok("model", "verify", path, "--json"))["ok"])

    def test_the_same_seed_gives_the_same_file(self):
        one, two, other = self.random("1.gguf"), self.random("2.gguf"), self.random("3.gguf", seed=2)
        self.assertEqual(one.read_bytes(), two.read_bytes())
        self.assertNotEqual(one.read_bytes(), other.read_bytes())

    def test_a_mixture_of_experts(self):
        self.assertEqual(len(self.logits(self.random(shape="tiny-moe", kind="Q4_K_M"), [1, 2])), 1024)

    def test_ids_outside_the_vocabulary(self):
        path = self.random()
        for ids in ("1024", "-1", "99999999999"):
            self.fails(1, [ids], "model", "logits", "--model", path, f"--ids={ids}")


class Quantize(ModelFiles):
    def test_prints_sizes_and_errors(self):
        path = self.random(kind="F32")
        output = self.folder / "q.gguf"
        report = json.loads(self.ok("model", "quantize", path, "--type", "Q4_K_M", "--output", output, "--json"))
        self.assertLess(report["output_bytes"], 0.25 * report["input_bytes"])
        self.assertEqual(sum(kind["bytes"] for kind in report["types"].values()), report["output_bytes"])
        self.assertGreater(report["types"]["Q4_K"]["mean_squared_error"], report["types"]["Q6_K"]["mean_squared_error"])
        self.assertEqual(report["types"]["F32"]["mean_squared_error"], 0)
        a, b = self.logits(path, [5, 300]), self.logits(output, [5, 300])
        self.assertLess(max(abs(x - y) for x, y in zip(a, b)), 1.0)
        self.assertIn("Q6_K", self.ok("model", "quantize", path, "--type", "q6_k", "--output", output))


class Import(ModelFiles):
    def test_a_file_gets_its_digest(self):
        path = self.random("small.gguf")
        imported = json.loads(self.ok("model", "import", path, "--json"))
        self.assertEqual(imported["name"], "small")
        self.assertEqual(imported["sha256"], hashlib.sha256(path.read_bytes()).hexdigest())
        verdict = json.loads(self.ok("model", "verify", "small", "--json"))
        self.assertTrue(verdict["digest_known"])
        self.assertEqual([row["name"] for row in json.loads(self.ok("model", "ls", "--json"))], ["small"])
        self.fails(1, ["model rm small", "--name"], "model", "import", path)
        self.ok("model", "import", path, "--name", "other")
        self.ok("model", "rm", "small")
        self.ok("model", "import", path)

    def test_files_that_are_no_models(self):
        path = self.random()
        content = path.read_bytes()
        for name, spoiled in (("cut", content[:-100]), ("text", b"hello"), ("empty", b"")):
            bad = self.folder / f"{name}.gguf"
            bad.write_bytes(spoiled)
            self.fails(1, [str(bad)], "model", "import", bad)
            bad.unlink()
        self.fails(1, ["nowhere.gguf"], "model", "import", self.folder / "nowhere.gguf")
        self.fails(1, ["config.json"], "model", "import", self.folder)
        for name in ("", "a/b", ".hidden", "line\nfeed"):
            self.fails(1, ["--name"], "model", "import", path, f"--name={name or '.'}")
        self.fails(1, ["walchen model quantize"], "model", "import", path, "--type", "Q8_0")
        self.assertEqual(self.left(), ["random.gguf"])

    def test_a_hugging_face_folder(self):
        for member in ("llama3", "qwen3", "mixtral", "qwen2moe"):
            with self.subTest(member):
                self.ok("model", "import", str(GOLDEN / member) + "/")
                golden = json.loads((GOLDEN / f"{member}.json").read_text())
                logits = self.logits(member, golden["ids"])
                largest = max(map(abs, golden["logits"]))
                # Activations are rounded to 16 bits here.
                self.assertLess(max(abs(a - b) for a, b in zip(logits, golden["logits"])), 0.02 * largest)
        self.ok("model", "import", GOLDEN / "llama3", "--type", "Q8_0")
        names = [row["name"] for row in json.loads(self.ok("model", "ls", "--json"))]
        self.assertEqual(names, ["llama3", "llama3.Q8_0", "mixtral", "qwen2moe", "qwen3"])

    def test_a_pickle_is_never_opened(self):
        folder = self.folder / "pickled"
        shutil.copytree(GOLDEN / "llama3", folder)
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
        self.fails(1, ["pickle", "save_pretrained"], "model", "import", folder)


class Export(ModelFiles):
    def test_a_file_is_copied(self):
        path = self.random()
        self.ok("model", "import", path)
        output = self.folder / "out.gguf"
        self.ok("model", "export", "random", "--output", output)
        self.assertEqual(output.read_bytes(), path.read_bytes())
        self.fails(1, ["out.gguf", "there already"], "model", "export", "random", "--output", output)

    def test_a_folder_comes_back_the_same(self):
        self.ok("model", "import", GOLDEN / "qwen2moe")
        output = self.folder / "out"
        self.ok("model", "export", "qwen2moe", "--output", output)
        self.assertEqual(json.loads((output / "config.json").read_text())["dtype"], "bfloat16")
        self.ok("model", "import", output, "--name", "again")
        self.assertEqual(self.logits("again", [1, 2, 3]), self.logits("qwen2moe", [1, 2, 3]))
        self.fails(1, ["there already"], "model", "export", "qwen2moe", "--output", output)
        self.fails(1, ["F32, F16 or BF16"], "model", "export", "qwen2moe", "--output", self.folder / "n", "--type", "Q8_0")

    @unittest.skipIf(transformers is None, "wants the Python packages torch and transformers")
    def test_transformers_answers_the_same(self):
        sources = [GOLDEN / member for member in ("llama3", "qwen3", "mixtral", "qwen2moe")]
        models = {source.name: source for source in sources} | {"tiny": self.random("tiny.gguf", kind="F32")}
        for name, source in models.items():
            with self.subTest(name):
                self.ok("model", "import", source)
                output = self.folder / f"{name}.exported"
                self.ok("model", "export", name, "--output", output, "--type", "F32")
                model = transformers.AutoModelForCausalLM.from_pretrained(output).eval()
                tokenizer = transformers.AutoTokenizer.from_pretrained(output)
                text = "The other, it's 12345 o'clock!\n\n  Gr\u00fc\u00dfe \U0001F600"
                ids = tokenizer(text, add_special_tokens=False)["input_ids"]
                process = self.start("model", "tokenize", "--model", name, stdin=subprocess.PIPE)
                lines, _ = process.communicate(text.replace("\n", " ").encode(), timeout=SECONDS_MAX)
                flat = tokenizer(text.replace("\n", " "), add_special_tokens=False)["input_ids"]
                self.assertEqual(json.loads(lines), flat)
                self.assertEqual(tokenizer.decode(ids), text)
                for _ in range(8):
                    with torch.no_grad():
                        expected = model(torch.tensor([ids])).logits[0, -1].tolist()
                    logits = self.logits(name, ids)
                    self.assertEqual(logits.index(max(logits)), expected.index(max(expected)))
                    ids.append(logits.index(max(logits)))


class Perplexity(ModelFiles):
    def test_of_a_model_that_knows_nothing(self):
        path = self.random()
        text = self.folder / "text.txt"
        text.write_text("To be or not to be, that is the question. " * 40)
        measured = json.loads(self.ok("eval", "perplexity", "--model", path, "--file", text, "--json", "--window", "128"))
        self.assertEqual(list(measured), ["perplexity", "tokens"])
        self.assertGreater(measured["perplexity"], 100)
        self.assertLess(measured["perplexity"], 1e5)
        self.assertGreater(measured["tokens"], 100)

    def test_texts_that_do_not_do(self):
        path = self.random()
        text = self.folder / "text.txt"
        text.write_text("")
        self.fails(1, ["text.txt", "at least 2"], "eval", "perplexity", "--model", path, "--file", text)
        self.fails(1, ["nowhere.txt"], "eval", "perplexity", "--model", path, "--file", self.folder / "nowhere.txt")
        text.write_text("a b c " * 500)
        self.fails(1, ["2048"], "eval", "perplexity", "--model", path, "--file", text, "--window", "2500")


class NothingHalfWritten(ModelFiles):
    def test_full_disk(self):
        path = self.random()
        before = self.left()

        def small_files_only():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then writing fails, as on a full disk
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        output = self.folder / "out"
        for arguments in (["random", "--shape", "tiny", "--output", f"{output}.gguf"],
                          ["quantize", path, "--type", "F16", "--output", f"{output}.gguf"],
                          ["import", path],
                          ["export", path, "--output", f"{output}.gguf"],
                          ["export", path, "--output", output]):
            with self.subTest(arguments[0]):
                self.fails(1, ["write"], "model", *arguments, preexec_fn=small_files_only)
                self.assertEqual(self.left(), before)

    def test_interrupted_and_killed(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
            output = self.folder / "out.gguf"
            process = self.start("model", "random", "--shape", "smollm2-360m", "--type", "F32", "--output", output)
            begin = time.monotonic()
            while not self.left() and time.monotonic() < begin + SECONDS_MAX:
                time.sleep(0.01)
            process.send_signal(number)
            _, message = process.communicate(timeout=SECONDS_MAX)
            self.assertEqual(process.returncode, code, message)
            self.assertFalse(output.exists())
            if number == signal.SIGINT:
                self.assertEqual(self.left(), [])


if __name__ == "__main__":
    unittest.main()
