# SPDX-License-Identifier: Apache-2.0
"""Speed of llama.cpp (package llama-cpp-python) on one GGUF file, through its own C interface: no Python in the loop.

Prints one JSON object: prefill and decode in tokens/s, decode of several sequences at once, decode at a depth.
Each figure is the best of the repeats, on random tokens, without sampling.
"""
import argparse
import ctypes
import json
import random
import time

import llama_cpp


class Session:
    def __init__(self, path, threads, context, sequences):
        llama_cpp.llama_log_set(QUIET, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self.model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = context * sequences
        params.n_batch = params.n_ubatch = 512
        params.n_seq_max = sequences
        params.n_threads = params.n_threads_batch = threads
        self.context = llama_cpp.llama_init_from_model(self.model, params)
        if not self.context:
            raise SystemExit("llama.cpp could not make a context")
        vocabulary = llama_cpp.llama_model_get_vocab(self.model)
        self.tokens = llama_cpp.llama_vocab_n_tokens(vocabulary)
        self.random = random.Random(1924)

    def clear(self):
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)

    def step(self, rows):
        """Computes rows of (position, sequence); logits for the last row of each sequence."""
        batch = llama_cpp.llama_batch_init(len(rows), 0, 1)
        last = {sequence: i for i, (_, sequence) in enumerate(rows)}
        batch.n_tokens = len(rows)
        for i, (position, sequence) in enumerate(rows):
            batch.token[i] = self.random.randrange(self.tokens)
            batch.pos[i] = position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = sequence
            batch.logits[i] = last[sequence] == i
        if llama_cpp.llama_decode(self.context, batch) != 0:
            raise SystemExit("llama.cpp could not compute a step")
        llama_cpp.llama_synchronize(self.context)
        llama_cpp.llama_batch_free(batch)

    def prefill(self, tokens, sequence=0):
        for first in range(0, tokens, 512):
            self.step([(p, sequence) for p in range(first, min(first + 512, tokens))])

    def decode(self, depth, steps, sequences):
        for step in range(steps):
            self.step([(depth + step, s) for s in range(sequences)])


@llama_cpp.llama_log_callback
def QUIET(level, text, data):
    pass


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--decode", type=int, default=64)
    parser.add_argument("--batches", type=int, nargs="*", default=[8])
    parser.add_argument("--depth", type=int, default=0)
    options = parser.parse_args()

    sequences = max([1, *options.batches])
    context = max(options.prompt, options.decode + 1) + 64
    session = Session(options.model, options.threads, context, sequences)
    out = {"prefill_tokens_per_s": 0.0, "decode_tokens_per_s": 0.0, "batch": {}}
    for _ in range(options.repeats + 1):  # the first round warms up, but may count
        session.clear()
        out["prefill_tokens_per_s"] = max(out["prefill_tokens_per_s"],
                                          options.prompt / timed(lambda: session.prefill(options.prompt)))
        for count in [1, *options.batches]:
            session.clear()
            for s in range(count):
                session.step([(0, s)])
            rate = count * options.decode / timed(lambda: session.decode(1, options.decode, count))
            if count == 1:
                out["decode_tokens_per_s"] = max(out["decode_tokens_per_s"], rate)
            else:
                out["batch"][str(count)] = max(out["batch"].get(str(count), 0.0), rate)
    if options.depth:
        session = Session(options.model, options.threads, options.depth + options.decode + 64, 1)
        session.prefill(options.depth)
        out["depth_decode_tokens_per_s"] = options.decode / timed(lambda: session.decode(options.depth, options.decode, 1))
    print(json.dumps(out))


if __name__ == "__main__":
    main()
