# SPDX-License-Identifier: Apache-2.0
"""How far Walchen's and llama.cpp's answers are from what a quantised model file really says, on the same files.

    accuracy.py [--types Q4_0 ...]        (needs `make peers`; make bench calls it; writes bench/ACCURACY.md)

The truth is the file's weights as 32-bit floats, computed by llama.cpp in floats with an unrounded cache: a second
implementation, not ours. On each text every 8th position of up to 4,096 tokens counts: the Kullback-Leibler divergence from
the truth (nats; mean and 99th percentile), how often the most likely token is the same, and the perplexity of the text
relative to the truth's.
"""
import argparse
import ctypes
import datetime
import os
import pathlib
import subprocess
import sysconfig

import llama_cpp
import numpy

import model_files

HERE = pathlib.Path(__file__).resolve().parent
EVERY = 8
TOKENS = 4096


def sections(text):
    """The numbered sections of a licence: what a chat can ask for and get."""
    parts = text.split("\n\n")
    return [(part.strip().splitlines()[0], part.strip()) for part in parts if len(part) > 200]


def texts():
    licences = pathlib.Path("/usr/share/common-licenses")
    chat = "".join(f"<|im_start|>user\nWhat follows on “{title}”?<|im_end|>\n<|im_start|>assistant\n{body}<|im_end|>\n"
                   for title, body in sections((licences / "Apache-2.0").read_text() + (licences / "MPL-2.0").read_text()))
    return {
        "English": (licences / "GPL-3").read_text(),
        "German": pathlib.Path("/usr/share/games/fortunes/de/hauptgericht").read_text(),
        "code": (pathlib.Path(sysconfig.get_path("stdlib")) / "argparse.py").read_text(),
        "chat": chat,
    }


@llama_cpp.llama_log_callback
def quiet(level, text, data):
    pass


class LlamaCpp:
    """Logits of llama.cpp; `floats`: nothing rounded, no fused attention."""

    def __init__(self, path, threads, floats=False):
        llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self.model = llama_cpp.llama_model_load_from_file(str(path).encode(), llama_cpp.llama_model_default_params())
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = TOKENS, 512, 512
        params.n_threads = params.n_threads_batch = threads
        if floats:
            params.type_k = params.type_v = 0  # GGML_TYPE_F32
            params.flash_attn_type = 0  # LLAMA_FLASH_ATTN_TYPE_DISABLED
        self.context = llama_cpp.llama_init_from_model(self.model, params)
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.model)
        self.size = llama_cpp.llama_vocab_n_tokens(self.vocabulary)

    def tokens(self, text):
        data = text.encode()
        ids = (llama_cpp.llama_token * len(data))()
        count = llama_cpp.llama_tokenize(self.vocabulary, data, len(data), ids, len(data), False, True)
        return list(ids[:min(count, TOKENS)])

    def rows(self, ids):
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)
        for first in range(0, len(ids), 512):
            chunk = ids[first:first + 512]
            batch = llama_cpp.llama_batch_init(len(chunk), 0, 1)
            batch.n_tokens = len(chunk)
            for i, token in enumerate(chunk):
                batch.token[i], batch.pos[i], batch.n_seq_id[i] = token, first + i, 1
                batch.seq_id[i][0] = 0
                batch.logits[i] = (first + i) % EVERY == EVERY - 1
            if llama_cpp.llama_decode(self.context, batch) != 0:
                raise SystemExit("llama.cpp could not compute a chunk")
            for i in range(len(chunk)):
                if batch.logits[i]:
                    row = llama_cpp.llama_get_logits_ith(self.context, i)
                    yield numpy.ctypeslib.as_array(row, (self.size,)).astype(numpy.float32)
            llama_cpp.llama_batch_free(batch)

    def close(self):
        llama_cpp.llama_free(self.context)
        llama_cpp.llama_model_free(self.model)


def walchen_rows(program, path, ids, size, cpu_path, kv):
    environment = {**os.environ, "WALCHEN_CPU_PATH": cpu_path}
    command = [program, path, str(EVERY), kv]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        process.stdin.write(" ".join(map(str, ids)).encode())
        process.stdin.close()
        while row := process.stdout.read(4 * size):
            yield numpy.frombuffer(row, numpy.float32)
    if process.returncode != 0:
        raise SystemExit(f"score_tokens failed on {path}")


def log_probabilities(logits):
    shifted = logits - logits.max()  # in 32 bits: what is measured is a thousand times larger than their rounding
    return shifted - numpy.log(numpy.exp(shifted).sum(dtype=numpy.float64)).astype(numpy.float32)


class Comparison:
    """One engine against the truth."""

    def __init__(self):
        self.divergence, self.same, self.loss, self.true_loss = [], [], [], []

    def add(self, truth, row, following):
        found = log_probabilities(row)
        self.divergence.append(float((numpy.exp(truth) * (truth - found)).sum(dtype=numpy.float64)))
        self.same.append(truth.argmax() == found.argmax())
        if following is not None:
            self.loss.append(-found[following])
            self.true_loss.append(-truth[following])

    def cells(self):
        drift = numpy.exp(numpy.mean(self.loss) - numpy.mean(self.true_loss)) - 1
        return (f"{numpy.mean(self.divergence):.2e} | {numpy.percentile(self.divergence, 99):.2e} | "
                f"{100 * numpy.mean(self.same):.1f} % | {numpy.exp(numpy.mean(self.loss)):.3f} | {100 * drift:+.2f} %")


def compare(truth, ids, engines):
    """Walks all engines' rows side by side, so that no text's logits are ever kept."""
    results = {name: Comparison() for name in engines}
    for i, rows in enumerate(zip(truth, *engines.values(), strict=True)):
        position = (i + 1) * EVERY - 1
        following = ids[position + 1] if position + 1 < len(ids) else None
        true_row = log_probabilities(rows[0])
        for name, row in zip(engines, rows[1:]):
            results[name].add(true_row, row, following)
    return results


def variants(walchen):
    """CPU path and cache. The paths with fused multiply-add agree bit for bit, so the best one and the one without do."""
    best = subprocess.run([walchen, "--version"], capture_output=True, text=True).stdout.split("CPU path ")[1].rstrip(")\n .")
    return [(best, "f16"), (best, "kv-8bit"), ("sse4", "f16")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--walchen", default=model_files.ROOT / "build" / "walchen", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--types", nargs="*", default=["Q4_0", "Q4_1", "Q4_K_M", "Q8_0"])
    parser.add_argument("--output", default=HERE / "ACCURACY.md")
    options = parser.parse_args()
    lines = ["| weights | text | engine | mean KL | 99 % KL | same top token | perplexity | against the truth |",
             "|---|---|---|---|---|---|---|---|"]
    for weight_type in options.types:
        path = model_files.path(options.walchen, f"SmolLM2-135M {weight_type}")
        floats = model_files.floats_of(options.walchen, path)
        truth, peer = LlamaCpp(floats, options.threads, floats=True), LlamaCpp(path, options.threads)
        for name, text in texts().items():
            ids = truth.tokens(text)
            engines = {f"Walchen, {cpu_path}, cache {kv}": walchen_rows(options.walchen.parent / "score_tokens", path, ids,
                                                                        truth.size, cpu_path, kv)
                       for cpu_path, kv in variants(options.walchen)}
            engines["llama.cpp, cache f16"] = peer.rows(ids)
            for engine, comparison in compare(truth.rows(ids), ids, engines).items():
                lines.append(f"| {weight_type} | {name}, {len(ids)} | {engine} | {comparison.cells()} |")
                print(lines[-1], flush=True)
        truth.close()
        peer.close()
        floats.unlink()
        write(options, lines)


def write(options, lines):
    text = ["# Accuracy", "", __doc__.split("\n\n")[2].replace("\n", " "), "",
            f"Measured {datetime.date.today()} by `make bench`: {model_files.machine()}; "
            + "; ".join(model_files.versions(options.walchen)) + ".", "", *lines, ""]
    pathlib.Path(options.output).write_text("\n".join(text))


if __name__ == "__main__":
    main()
