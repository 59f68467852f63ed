#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cldr_names.py FOLDER: writes src/data/cldr_names.inc, the German and English short names of emoji and symbols.

FOLDER holds the unpacked npm packages cldr-annotations-full and cldr-annotations-derived-full, both 48.2.0 (Unicode-3.0), as
FOLDER/NAME/package. They are not needed to build.

Names with a skin tone are not in the table: they are the name without it, a colon and the tone, as CLDR derives them.
"""

import json
import pathlib
import sys

TARGET = pathlib.Path(__file__).resolve().parents[1] / "src/data/cldr_names.inc"
PACKAGES = {"cldr-annotations-full": "annotations", "cldr-annotations-derived-full": "annotationsDerived"}
TONES = range(0x1F3FB, 0x1F400)
HEADER = """// Written by scripts/cldr_names.py from the npm packages cldr-annotations-full and cldr-annotations-derived-full 48.2.0,
// Copyright 1991-2025 Unicode, Inc., Unicode-3.0 (see THIRD_PARTY.md).
"""


def names_of(folder, language):
    names = {}
    for package, key in PACKAGES.items():
        path = folder / package / "package" / key / language / "annotations.json"
        for characters, entry in json.loads(path.read_text(encoding="utf-8"))[key]["annotations"].items():
            if entry.get("tts"):
                names[characters] = entry["tts"][0]
    return names


def main():
    folder = pathlib.Path(sys.argv[1])
    german, english = (names_of(folder, language) for language in ("de", "en"))
    rows = {}
    for characters in german.keys() & english.keys():
        points = [ord(character) for character in characters if character != "\ufe0f"]
        # Below U+2000 there are letters and punctuation, which no picture is called after; keycaps begin with a digit.
        is_toned = len(points) > 1 and any(point in TONES for point in points)
        if is_toned or (points[0] < 0x2000 and 0x20E3 not in points):
            continue
        rows["-".join(f"{point:x}" for point in points)] = (german[characters], english[characters])
    lines = ["    {" + ", ".join(json.dumps(text, ensure_ascii=False) for text in (key, *names)) + "},"
             for key, names in sorted(rows.items())]
    TARGET.write_text(HEADER + "constexpr CldrName kCldrNames[] = {\n" + "\n".join(lines) + "\n};\n", encoding="utf-8")


if __name__ == "__main__":
    main()
