#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Renders LIMITS.md from the table in src/base/limits.h. With --check only says whether LIMITS.md is up to date."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src/base/limits.h"
TARGET = ROOT / "LIMITS.md"

HEADING = re.compile(r"^\s*/\* (?P<heading>[^*]+) \*/")
LIMIT = re.compile(r'^\s*LIMIT\((?P<name>k\w+), (?P<value>[\d\']+), "(?P<unit>[^"]*)", "(?P<why>[^"]*)"\)')

INTRODUCTION = """# Limits

Every bound that Walchen sets on what comes from outside. Beyond it there is a clear error, never a crash and never a
silent cut. Generated from `src/base/limits.h` by `scripts/limits_md.py`; a test fails when the two differ.
"""


def render(header):
    out = [INTRODUCTION]
    count = 0
    for line in header.split("\n"):
        if heading := HEADING.match(line):
            out.append(f"\n## {heading['heading']}\n\n| limit | value | unit | why |\n|---|---:|---|---|\n")
        elif limit := LIMIT.match(line):
            count += 1
            value = limit["value"].replace("'", ",")
            out.append(f"| `{limit['name']}` | {value} | {limit['unit']} | {limit['why']} |\n")
        elif line.lstrip().startswith("LIMIT("):
            sys.exit(f"{SOURCE.name}: expected LIMIT(kName, number, \"unit\", \"why\") on one line, found: {line.strip()}")
    if count == 0:
        sys.exit(f"{SOURCE.name}: expected LIMIT lines, found none")
    return "".join(out)


def main():
    page = render(SOURCE.read_text(encoding="utf-8"))
    if sys.argv[1:] != ["--check"]:
        TARGET.write_text(page, encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != page:
        sys.exit("LIMITS.md is not what src/base/limits.h says: run scripts/limits_md.py")


if __name__ == "__main__":
    main()
