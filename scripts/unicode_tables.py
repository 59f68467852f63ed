#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/formats/unicode_class_tables.h and unicode_composition_tables.h.

The tokenizers must agree with the Python package `tokenizers`, whose parts follow different versions of Unicode: its
regular expressions 16.0, its digit and lower-case rules a newer one, its BERT rules and its normalisation older ones.
So the classes come from the pinned packages unicodedata2 16.0 and tokenizers 0.23.3; where the latter knows better, it
is asked about every single code point.

    pip install unicodedata2==16.0.0 tokenizers==0.23.3
    scripts/unicode_tables.py src/formats
"""
import pathlib
import sys

import tokenizers
import unicodedata2 as unicode
from tokenizers import Regex, normalizers, pre_tokenizers

CHARS = [chr(c) for c in range(1, 0x110000) if not 0xD800 <= c <= 0xDFFF]
CLASSES = {"L": "kLetter", "M": "kMark", "N": "kNumber", "P": "kPunctuation", "S": "kSymbol"}
CLASS_ORDER = ["kOther", "kSpace", "kLetter", "kMark", "kNumber", "kPunctuation", "kSymbol"]
HANGUL = range(0xAC00, 0xD7A4)  # composed by arithmetic, not by table


def matches(expression):
    split = pre_tokenizers.Split(Regex(expression), "removed", invert=True)
    return {c for piece, _ in split.pre_tokenize_str("".join(CHARS)) for c in piece}


def cut_off_by(pre_tokenizer):
    """The characters that do not stay in one word with the letter in front of them."""
    return {c for c in CHARS if pre_tokenizer.pre_tokenize_str("a" + c) != [("a" + c, (0, 2))]}


def removed_by(normalizer):
    return {c for c in CHARS if normalizer.normalize_str(c) == ""}


def ranges(chars):
    out = []
    for code in sorted(map(ord, chars)):
        if out and code == out[-1][1] + 1:
            out[-1][1] = code
        else:
            out.append([code, code])
    return out


def class_runs(spaces):
    runs = [(0, "kOther")]
    for code in range(0x110000):
        char = chr(code)
        name = "kSpace" if char in spaces else CLASSES.get(unicode.category(char)[0], "kOther")
        if name != runs[-1][1]:
            runs.append((code, name))
    return runs


def lower_runs():
    """first, last, step, delta: runs of code points whose lower case is the code point plus delta."""
    lower = normalizers.Lowercase()
    runs = []
    for char in CHARS:
        small = lower.normalize_str(char)
        if small == char or len(small) > 1:
            continue  # only U+0130 has more than one; unicode.cc knows it
        code, delta = ord(char), ord(small) - ord(char)
        if runs and runs[-1][3] == delta and code - runs[-1][1] in (1, 2) and (
                runs[-1][2] in (0, code - runs[-1][1])):
            runs[-1][2] = code - runs[-1][1]
            runs[-1][1] = code
        else:
            runs.append([code, code, 0, delta])
    return [[a, b, step or 1, delta] for a, b, step, delta in runs]


def combining_classes():
    """Canonical combining classes as the package sorts by them: it does not know marks newer than its tables."""
    nfd = normalizers.NFD()
    found = {}
    for char in CHARS:
        wanted = unicode.combining(char)
        if wanted == 0:
            continue
        pair = char + "\u0323" if wanted > 220 else "\u0301" + char
        if nfd.normalize_str(pair) != pair:
            found[char] = wanted
    out = []
    for char, value in sorted(found.items()):
        if out and out[-1][1] + 1 == ord(char) and out[-1][2] == value:
            out[-1][1] = ord(char)
        else:
            out.append([ord(char), ord(char), value])
    return out


def decompositions():
    """code, first, second (0 if alone), composes: one step of canonical decomposition."""
    nfd, nfc = normalizers.NFD(), normalizers.NFC()
    out = []
    for char in CHARS:
        if ord(char) in HANGUL or nfd.normalize_str(char) == char:
            continue
        parts = [int(x, 16) for x in unicode.decomposition(char).split()]
        composes = len(parts) == 2 and nfc.normalize_str("".join(map(chr, parts))) == char
        out.append([ord(char), parts[0], parts[1] if len(parts) == 2 else 0, composes])
    return out


class Table:
    """One generated header."""

    def __init__(self, structs):
        self.lines = ["// SPDX-License-Identifier: Apache-2.0", "//",
                      "// Written by scripts/unicode_tables.py from Unicode 16.0 and the Python package tokenizers "
                      "0.23.3.", "// Read through unicode.h only.", "#pragma once", "", "#include <cstdint>", "",
                      "namespace walchen::formats::unicode_tables {", "", *structs, ""]

    def add(self, name, type_name, comment, rows):
        self.lines += [f"// {comment}", f"inline constexpr {type_name} {name}[] = {{"]
        line = "   "
        for row in rows:
            if len(line) + len(row) + 2 > 120:
                self.lines.append(line)
                line = "   "
            line += f" {row},"
        self.lines += [line, "};", ""]

    def save(self, path):
        path.write_text("\n".join([*self.lines, "}  // namespace walchen::formats::unicode_tables", ""]))


def number(value):
    return str(value) if -10 < value < 10 else (f"-0x{-value:x}" if value < 0 else f"0x{value:x}")


def braces(row):
    return "{" + ",".join(number(int(v)) for v in row) + "}"


def class_tables():
    spaces = matches(r"\s")
    for name in CLASSES:
        wanted = {c for c in CHARS if unicode.category(c)[0] == name}
        assert matches(r"\p{%s}" % name) == wanted, name
    bert = dict(handle_chinese_chars=False, lowercase=False)
    words = {c for c in CHARS if c not in spaces
             and pre_tokenizers.Whitespace().pre_tokenize_str("a" + c) == [("a" + c, (0, 2))]}
    table = Table(["struct Range {", "  uint32_t first, last;", "};", "struct LowerRun {",
                   "  uint32_t first, last, step;", "  int32_t delta;", "};"])
    table.add("kClassRuns", "uint32_t", "Where a class begins: code point * 8 + CharClass.",
              [f"0x{code * 8 + CLASS_ORDER.index(name):x}" for code, name in class_runs(spaces)])
    table.add("kNumericBeyond16", "Range", "Numbers for the digit rule but not for \\p{N}: newer than Unicode 16.",
              map(braces, ranges(cut_off_by(pre_tokenizers.Digits(True)) - matches(r"\p{N}"))))
    table.add("kWordBeyondLetters", "Range", "\\w beyond L and M.",
              map(braces, ranges({c for c in words if unicode.category(c)[0] not in "LM"})))
    table.add("kBertPunctuation", "Range", "What BERT's splitting calls punctuation.",
              map(braces, ranges(cut_off_by(pre_tokenizers.BertPreTokenizer()) - spaces)))
    table.add("kBertControl", "Range", "What BERT's cleaning removes.",
              map(braces, ranges(removed_by(normalizers.BertNormalizer(clean_text=True, strip_accents=False, **bert)))))
    table.add("kBertMarks", "Range", "What BERT's accent stripping removes.",
              map(braces, ranges(removed_by(normalizers.BertNormalizer(clean_text=False, strip_accents=True, **bert)))))
    table.add("kStrippedMarks", "Range", "What the normaliser StripAccents removes.",
              map(braces, ranges(removed_by(normalizers.StripAccents()))))
    table.add("kLowerRuns", "LowerRun", "Lower case, where it is one code point.", map(braces, lower_runs()))
    return table


def composition_tables():
    table = Table(["struct CombiningRange {", "  uint32_t first, last, combining_class;", "};",
                   "struct Decomposition {", "  uint32_t code, first, second;  // second is 0 where there is none",
                   "  bool composes;                 // first and second turn into code again", "};"])
    table.add("kCombining", "CombiningRange", "Canonical combining classes other than 0.",
              map(braces, combining_classes()))
    table.add("kDecompositions", "Decomposition",
              "Canonical decompositions, one step; Hangul syllables are arithmetic.", map(braces, decompositions()))
    return table


def main():
    assert unicode.unidata_version == "16.0.0" and tokenizers.__version__ == "0.23.3"
    folder = pathlib.Path(sys.argv[1])
    class_tables().save(folder / "unicode_class_tables.h")
    composition_tables().save(folder / "unicode_composition_tables.h")


if __name__ == "__main__":
    main()
