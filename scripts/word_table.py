# SPDX-License-Identifier: Apache-2.0
"""A sorted list of words as a C++ table: what name_tables.py and toxic_word_tables.py write."""


def table(constant, words):
    lines, line = [], ""
    for entry in sorted(words):
        word = f'"{entry}", '
        if len(line.encode()) + len(word.encode()) > 118:
            lines.append("    " + line.rstrip())
            line = ""
        line += word
    return f"constexpr std::string_view {constant}[] = {{\n" + "\n".join(lines + ["    " + line.rstrip()]) + "\n};\n"
