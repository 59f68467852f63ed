# SPDX-License-Identifier: Apache-2.0
"""Debian's copyright files are read as python-debian reads them: those of packages that are installed here."""
import json
import logging
import os
import pathlib
import random
import subprocess
import unittest

from debian import copyright

FORMAT = "copyright-format/1.0"
FILES = 240  # drawn from those that there are; python-debian takes a quarter of a second for each
LEAST_FILES = 200
MOST_BYTES = 100_000


def peer(path):
    """python-debian's stanzas, or None where it cannot read the file."""
    try:
        with path.open(encoding="utf-8") as file:
            read = copyright.Copyright(file, strict=False)
        stanzas = list(read.all_files_paragraphs())
        described = [{"files": list(stanza.files), "licence": stanza.license.synopsis if stanza.license else ""} for stanza in stanzas]
        return read, stanzas, described
    except (ValueError, UnicodeDecodeError, copyright.Error):
        return None


def names_for(patterns, draw):
    """Paths that fit some of the patterns and some that nearly do."""
    names = []
    for pattern in draw.sample(patterns, min(len(patterns), 10)):
        name = pattern.replace("*", draw.choice(["", "a", "a/b.c", ".txt"])).replace("?", "x").replace("\\", "")
        names += [name, f"x/{name}", name.rsplit("/", 1)[-1]]
    return names


class CopyrightParity(unittest.TestCase):
    def test_installed_copyright_files_have_the_same_stanzas(self):
        logging.disable(logging.CRITICAL)
        draw = random.Random(20261122)
        asked, expected = [], []
        texts = {path: path.read_bytes() for path in sorted(pathlib.Path("/usr/share/doc").glob("*/copyright"))}
        machine_readable = [path for path, text in texts.items() if FORMAT.encode() in text[:2000] and len(text) <= MOST_BYTES]
        for path in draw.sample(machine_readable, min(FILES, len(machine_readable))):
            read = peer(path)
            if not read or not read[2]:
                continue
            whole, stanzas, described = read
            names = names_for([pattern for stanza in described for pattern in stanza["files"]], draw)
            found = [whole.find_files_paragraph(name) for name in names]
            asked.append({"path": str(path), "files": names})
            expected.append({"stanzas": described, "found": [stanzas.index(one) if one else -1 for one in found]})
        program = pathlib.Path(os.environ["WALCHEN_BUILD"]) / "copyright_stanzas"
        lines = "".join(json.dumps(one) + "\n" for one in asked)
        ran = subprocess.run([program], input=lines, text=True, capture_output=True, check=True)
        answers = [json.loads(line) for line in ran.stdout.splitlines()]
        self.assertEqual(len(answers), len(asked))
        for question, answer, wanted in zip(asked, answers, expected):
            with self.subTest(path=question["path"]):
                self.assertIsNotNone(answer)
                self.assertEqual(answer["stanzas"], wanted["stanzas"])
                self.assertEqual(answer["found"], wanted["found"])
        self.assertGreaterEqual(len(asked), LEAST_FILES)


if __name__ == "__main__":
    unittest.main()
