#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/golden/accuracy/*.json from the texts beside them: what the default model really says.

Run with the Python of build/peers (`make peers`): llama.cpp computes the model's weights as 32-bit floats, with nothing
rounded on the way. Of every 4th position the 32 most likely next tokens and their log-probabilities are kept.
"""
import json
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
import accuracy  # noqa: E402
import model_files  # noqa: E402

EVERY, KEPT = 4, 32


def main():
    accuracy.EVERY = EVERY
    floats = model_files.floats_of(ROOT / "build" / "walchen", model_files.default_model())
    model = accuracy.LlamaCpp(floats, len(os.sched_getaffinity(0)), floats=True)
    for path in sorted((ROOT / "tests" / "golden" / "accuracy").glob("*.txt")):
        ids = model.tokens(path.read_text())
        positions = []
        for row in model.rows(ids):
            log_p = accuracy.log_probabilities(row)
            best = log_p.argsort()[::-1][:KEPT]
            positions.append({"tokens": best.tolist(), "log_p": [round(float(log_p[i]), 5) for i in best]})
        path.with_suffix(".json").write_text(json.dumps({"ids": ids, "every": EVERY, "positions": positions}) + "\n")
    model.close()
    floats.unlink()


if __name__ == "__main__":
    main()
