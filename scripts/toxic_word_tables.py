#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""toxic_word_tables.py PACKAGE: writes src/data/toxic_words.inc from the unpacked npm package naughty-words 1.2.0 (CC-BY-4.0,
the "List of Dirty, Naughty, Obscene, and Otherwise Bad Words" of Shutterstock; npm pack naughty-words@1.2.0)."""

import json
import pathlib
import re
import sys

TARGET = pathlib.Path(__file__).resolve().parents[1] / "src/data/toxic_words.inc"


def table(constant, phrases):
    lines, line = [], ""
    # What has no letter or digit is no phrase of words.
    for phrase in sorted(p for p in phrases if re.search(r"\w", p)):
        word = f'"{phrase}", '
        if len(line.encode()) + len(word.encode()) > 118:
            lines.append("    " + line.rstrip())
            line = ""
        line += word
    return f"constexpr std::string_view {constant}[] = {{\n" + "\n".join(lines + ["    " + line.rstrip()]) + "\n};\n"


def main():
    package = pathlib.Path(sys.argv[1])
    lists = {language: json.loads((package / f"{language}.json").read_text(encoding="utf-8")) for language in ("de", "en")}
    TARGET.write_text(
        "// Written by scripts/toxic_word_tables.py from npm's naughty-words 1.2.0, the \"List of Dirty, Naughty, Obscene, and\n"
        "// Otherwise Bad Words\", Copyright Shutterstock, CC-BY-4.0 (see THIRD_PARTY.md), sorted, otherwise unchanged.\n"
        + table("kToxicGerman", lists["de"]) + table("kToxicEnglish", lists["en"]), encoding="utf-8")


if __name__ == "__main__":
    main()
