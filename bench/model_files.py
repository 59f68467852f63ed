# SPDX-License-Identifier: Apache-2.0
"""The model files that the measurements are made on, and what machine and versions they are made with."""
import os
import pathlib
import platform
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "build" / "peers"
FILES = ROOT / "build" / "bench"

# name -> how the file is made. The SmolLM2 files are requantised from the default model.
MODELS = {
    "SmolLM2-135M Q4_1": None,
    "SmolLM2-135M Q4_0": ["quantize", "DEFAULT", "--type", "Q4_0"],
    "SmolLM2-135M Q4_K_M": ["quantize", "DEFAULT", "--type", "Q4_K_M"],
    "SmolLM2-135M Q8_0": ["quantize", "DEFAULT", "--type", "Q8_0"],
    "Llama-1B shape Q4_0": ["random", "--shape", "llama-1b", "--type", "Q4_0", "--seed", "1"],
    "Llama-1B shape Q8_0": ["random", "--shape", "llama-1b", "--type", "Q8_0", "--seed", "1"],
}


def default_model():
    home = os.environ.get("WALCHEN_HOME") or pathlib.Path(
        os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local" / "share") / "walchen"
    return pathlib.Path(home) / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"


def make(walchen, path, *arguments):
    if not path.exists():
        FILES.mkdir(parents=True, exist_ok=True)
        subprocess.run([walchen, "model", *arguments, "--output", path], check=True, stdout=subprocess.DEVNULL)
    return path


def path(walchen, name):
    recipe = MODELS[name]
    if recipe is None:
        return default_model()
    arguments = [str(default_model()) if word == "DEFAULT" else word for word in recipe]
    return make(walchen, FILES / (name.replace(" ", "-") + ".gguf"), *arguments)


def floats_of(walchen, quantised):
    """The same weights as 32-bit floats."""
    return make(walchen, FILES / (quantised.stem + "-as-F32.gguf"), "quantize", str(quantised), "--type", "F32")


def machine():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def versions(walchen):
    out = [subprocess.run([walchen, "--version"], capture_output=True, text=True).stdout.strip()]
    for stamp in sorted(PEERS.glob("*.installed")):
        out.append(stamp.read_text().strip())
    return out
