#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""toxic_word_tables.py PACKAGE: writes src/data/toxic_words.inc from the unpacked npm package naughty-words 1.2.0 (CC-BY-4.0,
the "List of Dirty, Naughty, Obscene, and Otherwise Bad Words" of Shutterstock; npm pack naughty-words@1.2.0)."""

import json
import pathlib
import re
import sys

from word_table import table

TARGET = pathlib.Path(__file__).resolve().parents[1] / "src/data/toxic_words.inc"


def phrases(entries):
    """Those that have a letter or digit: the others are no phrases of words."""
    return (entry for entry in entries if re.search(r"\w", entry))


def main():
    package = pathlib.Path(sys.argv[1])
    lists = {language: json.loads((package / f"{language}.json").read_text(encoding="utf-8")) for language in ("de", "en")}
    TARGET.write_text(
        "// Written by scripts/toxic_word_tables.py from npm's naughty-words 1.2.0, the \"List of Dirty, Naughty, Obscene, and\n"
        "// Otherwise Bad Words\", Copyright Shutterstock, CC-BY-4.0 (see THIRD_PARTY.md), sorted, otherwise unchanged.\n"
        + table("kToxicGerman", phrases(lists["de"])) + table("kToxicEnglish", phrases(lists["en"])), encoding="utf-8")


if __name__ == "__main__":
    main()
