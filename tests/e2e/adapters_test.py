#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adapters (LoRA) from the outside: in chat, in logits, and several of them in one server, chosen by the request's model."""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from running_server import BINARY, SECONDS_MAX, RunningServer

try:
    import gguf
    import numpy
except ImportError:
    gguf = None

QUESTIONS = ["Who may open the gearbox?", "A", "The pump is too hot. What do I do?"]
TOKENS = 24


def write_adapter(path, base, seed, rank=4, alpha=8):
    """Random factors for every matrix of the base's blocks, large enough to change every answer."""
    random = numpy.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for tensor in gguf.GGUFReader(base).tensors:
        columns, rows = (int(n) for n in tensor.shape) if len(tensor.shape) == 2 else (0, 0)
        if not rows or not tensor.name.startswith("blk."):
            continue
        a = random.normal(0, columns ** -0.5, (rank, columns)).astype(numpy.float32)
        b = random.normal(0, 0.25, (rows, rank)).astype(numpy.float32)
        writer.add_tensor(f"{tensor.name}.lora_a", a)
        writer.add_tensor(f"{tensor.name}.lora_b", b)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@unittest.skipUnless(gguf, "wants the packages gguf and numpy")
class Adapters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.model = cls.folder / "base.gguf"
        cls.walchen("model", "random", "--shape", "tiny", "--type", "F32", "--seed", 1, "--output", cls.model)
        cls.loras = {name: cls.folder / f"{name}.gguf" for name in ("cards", "verse")}
        for seed, path in enumerate(cls.loras.values()):
            write_adapter(path, cls.model, seed)

    @classmethod
    def start(cls, *arguments):
        return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, timeout=SECONDS_MAX,
                              env={**os.environ, "WALCHEN_HOME": str(cls.folder / "home")})

    @classmethod
    def walchen(cls, *arguments):
        ran = cls.start(*arguments)
        if ran.returncode != 0:
            raise AssertionError(ran.stderr.decode())
        return ran.stdout.decode()

    def refused(self, words, *arguments):
        ran = self.start(*arguments)
        message = ran.stderr.decode()
        self.assertEqual((ran.returncode, ran.stdout), (1, b""), message)
        for word in words:
            self.assertIn(word, message)

    def chat(self, question, *arguments, model=None):
        out = self.walchen("chat", "--model", model or self.model, "--prompt", question, "--temperature", 0, "--max-tokens",
                           TOKENS, "--json", *arguments)
        return json.loads(out)["text"]

    def logits(self, *arguments, model=None):
        return numpy.array(json.loads(self.walchen("model", "logits", "--model", model or self.model, "--ids", "1,2,3,70,80",
                                                   *arguments)))

    def test_an_adapter_says_what_the_model_says_that_it_was_merged_into(self):
        plain = self.logits()
        for name, lora in self.loras.items():
            merged = self.folder / f"merged-{name}.gguf"
            self.walchen("model", "export", "--model", self.model, "--lora", lora, "--output", merged)
            expected, found = self.logits(model=merged), self.logits("--lora", lora)
            # Keys and values are halves: what differs by a rounding of a float may differ by one of a half, 2^-11.
            self.assertLess(abs(found - expected).max(), 2e-3 * abs(expected).max())
            self.assertGreater(abs(found - plain).max(), 0.05 * abs(expected).max())
            for question in QUESTIONS:
                self.assertEqual(self.chat(question, "--lora", lora), self.chat(question, model=merged))
                self.assertNotEqual(self.chat(question, "--lora", lora), self.chat(question))

    def test_one_server_answers_with_two_adapters_and_with_none_at_once(self):
        expected = {("default", question): self.chat(question) for question in QUESTIONS}
        for name, lora in self.loras.items():
            expected.update({(name, question): self.chat(question, "--lora", lora) for question in QUESTIONS})
        arguments = [f"--lora={name}={path}" for name, path in self.loras.items()]
        with RunningServer(*arguments, model=self.model) as server:
            models = json.load(self.request(server, "/v1/models"))["data"]
            self.assertEqual([(model["id"], model["root"], model["parent"]) for model in models],
                             [("base", "base", None), ("cards", "base", "base"), ("verse", "base", "base")])
            self.assertEqual(json.load(self.request(server, "/v1/models/verse")), models[2])
            with concurrent.futures.ThreadPoolExecutor(max_workers=len(expected)) as pool:
                for _ in range(3):  # from the second round on the beginnings are in the cache
                    answers = dict(zip(expected, pool.map(lambda asked: self.ask(server, *asked), expected)))
                    self.assertEqual(answers, expected)
            with self.assertRaises(urllib.error.HTTPError) as unknown:
                self.ask(server, "prose", "A")
            self.assertEqual(unknown.exception.code, 404)
            self.assertIn("cards", unknown.exception.read().decode())

    def request(self, server, path, body=None):
        headers = {"Authorization": f"Bearer {server.token}"}
        data = None if body is None else json.dumps(body).encode()
        return urllib.request.urlopen(urllib.request.Request(server.base + path, data=data, headers=headers), timeout=SECONDS_MAX)

    def ask(self, server, model, question):
        answer = json.load(self.request(server, "/v1/chat/completions", {
            "model": model, "messages": [{"role": "user", "content": question}], "temperature": 0, "max_tokens": TOKENS}))
        self.assertEqual(answer["model"], "base" if model == "default" else model)
        return answer["choices"][0]["message"]["content"]

    def test_what_is_no_adapter_is_said_with_the_reason(self):
        cards = self.loras["cards"]
        serve = ["serve", "--model", self.model, "--home", self.folder / "home", "--port", 0]
        self.refused(["NAME=PATH"], *serve, "--lora", cards)
        self.refused(["NAME=PATH"], *serve, "--lora", "cards=")
        self.refused(["an adapter's name"], *serve, "--lora", f"a b={cards}")
        self.refused(["two adapters are named a"], *serve, "--lora", f"a={cards}", "--lora", f"a={cards}")
        self.refused(["default", "another one"], *serve, "--lora", f"default={cards}")
        self.refused(["nothing.gguf"], *serve, "--lora", "a=nothing.gguf")
        self.refused(["base.gguf", "expected an adapter file"], "chat", "--model", self.model, "--prompt", "A", "--lora", self.model)
        small = self.folder / "small.gguf"
        write_adapter(small, cards, 1)  # an adapter of an adapter: no base has such tensors
        self.refused(["small.gguf", "lora_a.lora_a"], "model", "logits", "--model", self.model, "--ids", "1", "--lora", small)


if __name__ == "__main__":
    unittest.main()
