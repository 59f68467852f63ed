#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tidy.py BUILD: clang-tidy over the sources of src/, with the checks of .clang-tidy as errors.

Takes the commands of a clang build (BUILD/compile_commands.json), runs one process per CPU, and remembers in BUILD/tidy
what was clean: a file is looked at again only when it, a source or header of ours below it, its command or .clang-tidy
changed. Where the build compiles several sources in one go (CMake's UNITY_BUILD), the file that includes them is looked at,
so that the headers below them are walked once.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLANG_TIDY = "clang-tidy-19"
OWN_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def with_own_headers(source, known):
    """The source and everything of ours that it includes, however far down. `known` maps a path to its includes."""
    waiting, found = [source], {source}
    while waiting:
        path = waiting.pop()
        if path not in known:
            targets = OWN_INCLUDE.findall(path.read_text(encoding="utf-8"))
            known[path] = [ROOT / "src" / target for target in targets if (ROOT / "src" / target).is_file()]
        waiting.extend(set(known[path]) - found)
        found.update(known[path])
    return sorted(found)


def fingerprint(paths, salt):
    digest = hashlib.sha256(salt.encode())
    for path in paths:
        digest.update(os.path.relpath(path, ROOT).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def is_looked_at(path):
    return path.is_relative_to(ROOT / "src") and not path.name.endswith("_test.cc")


def sources_of(commands):
    for entry in commands:
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        is_unity = path.parent.name == "Unity"
        held = map(pathlib.Path, OWN_INCLUDE.findall(path.read_text(encoding="utf-8"))) if is_unity else [path]
        if any(map(is_looked_at, held)):  # no target mixes tests with other sources
            yield path, entry.get("command") or " ".join(entry["arguments"])


def tidy(build, source):
    """What clang-tidy has to say; empty if nothing."""
    ran = subprocess.run([CLANG_TIDY, "-p", build, "--quiet", source], capture_output=True, text=True)
    if ran.returncode == 0:
        return ""
    return re.sub(r"^\d+ warnings? (generated|treated as errors).*\n?", "", ran.stdout + ran.stderr, flags=re.MULTILINE)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    commands = json.loads((build / "compile_commands.json").read_text())
    version = subprocess.run([CLANG_TIDY, "--version"], capture_output=True, text=True, check=True).stdout
    salt = version + (ROOT / ".clang-tidy").read_text()
    cache = build / "tidy"
    cache.mkdir(exist_ok=True)
    known = {}
    todo = []
    sources = sorted(set(sources_of(commands)))
    for source, command in sources:
        clean = cache / fingerprint(with_own_headers(source, known), salt + command)
        if not clean.exists():
            todo.append((source, clean))

    begun = time.monotonic()
    trouble = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for (source, clean), said in zip(todo, pool.map(lambda item: tidy(build, item[0]), todo)):
            if said:
                trouble += 1
                print(said.replace(f"{ROOT}/", ""), end="", flush=True)
            else:
                clean.touch()
    print(f"{len(sources)} files, {len(todo)} looked at in {time.monotonic() - begun:.0f} s, {trouble} with findings")
    sys.exit(1 if trouble or not sources else 0)


if __name__ == "__main__":
    main()
