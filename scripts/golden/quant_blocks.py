#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/golden/quant: what the Python package `gguf` says about quantised blocks.

  <TYPE>.bin   u32 number of values, then blocks of random bits with finite scales, then their values as float32
  values.bin   4,096 float32 to quantise: half normal, half heavy-tailed, as weights are
  errors.txt   per type the package can quantise to: its sum of squared errors on values.bin

Needs: pip install gguf==0.19.0 numpy. Usage: quant_blocks.py FOLDER
"""
import struct
import sys
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, quants
from gguf.constants import GGML_QUANT_SIZES

# Where a block's half-precision scales lie: ggml-common.h.
HALVES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0],
}
CAN_QUANTIZE = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]


def random_blocks(rng, name, block_bytes, count):
    blocks = rng.integers(0, 256, (count, block_bytes), dtype=np.uint8)
    for offset in HALVES[name]:
        scales = (rng.standard_normal(count) * 10.0 ** rng.integers(-7, 3, count)).astype(np.float16)
        blocks[:, offset : offset + 2] = scales.view(np.uint8).reshape(count, 2)
    return blocks


def finite_numbers(rng, name, count):
    numbers = rng.integers(0, 65536, 4 * count, dtype=np.uint16)
    exponent = 0x7C00 if name == "F16" else 0x7F80
    return numbers[(numbers & exponent) != exponent][:count].view(np.uint8).reshape(-1, 2)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20261121)
    for name in [*HALVES, "F16", "BF16"]:
        type_ = GGMLQuantizationType[name]
        block_values, block_bytes = GGML_QUANT_SIZES[type_]
        if block_values == 1:
            blocks = finite_numbers(rng, name, 512)
        else:
            blocks = random_blocks(rng, name, block_bytes, 1024 // block_values)
        values = quants.dequantize(blocks, type_).astype("<f4").reshape(-1)
        content = struct.pack("<I", values.size) + blocks.tobytes() + values.tobytes()
        (folder / f"{name}.bin").write_bytes(content)

    values = np.concatenate([rng.standard_normal(2048) * 0.02, rng.standard_t(4, 2048) * 0.02]).astype("<f4")
    (folder / "values.bin").write_bytes(values.tobytes())
    lines = []
    for name in CAN_QUANTIZE:
        type_ = GGMLQuantizationType[name]
        back = quants.dequantize(quants.quantize(values.reshape(1, -1), type_), type_).reshape(-1)
        lines.append(f"{name} {np.sum((back.astype(np.float64) - values) ** 2):.9e}\n")
    (folder / "errors.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
