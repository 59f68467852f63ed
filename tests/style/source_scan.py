# SPDX-License-Identifier: Apache-2.0
"""Reads source text just well enough to judge it: what is code, what is comment, where a function begins and ends.

Not a parser. C++ is cut into tokens; at namespace or class level a brace that follows a parameter list opens a function,
whose length runs from the first word of its head to its closing brace. Lambdas and local classes count as part of the
function around them.
"""

import ast
import dataclasses
import re


@dataclasses.dataclass
class Function:
    name: str
    line: int    # of the first word of its head
    lines: int   # up to and with its closing brace


@dataclasses.dataclass
class HiddenName:
    namespace: str   # the one around the unnamed one
    name: str
    line: int
    definition: str  # of an alias, which may be repeated; empty for others


# In this order: a quote inside a comment is no string, a comment inside a string no comment.
_CPP_TEXT = re.compile(
    r"""(?P<comment>//(?:[^\n\\]|\\.|\\\n)*|/\*.*?\*/)
      | (?P<raw>\b(?:u8|u|U|L)?R"(?P<fence>[^()\\\s]{0,16})\(.*?\)(?P=fence)")
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<digits>(?<![A-Za-z_])\d[\w.']*)
      | (?P<char>'(?:[^'\\\n]|\\.)+')""",
    re.VERBOSE | re.DOTALL,
)


def _blank(text):
    """The same number of lines, without anything on them."""
    return re.sub(r"[^\n]", " ", text)


def code_of_cpp(text, keep_strings=False):
    """The text with comments blanked, and what stands inside quotes too; lines keep their numbers."""

    def replace(match):
        if match.group("comment"):
            return _blank(match.group())
        if match.group("digits") or keep_strings:
            return match.group()
        quote = "'" if match.group("char") else '"'
        inner = _blank(match.group())
        return quote + inner[1:-1] + quote

    return _CPP_TEXT.sub(replace, text)


def comment_line_count(text):
    """How many lines hold a comment (alone or beside code), and how many are not empty. The licence line is no comment."""
    code = code_of_cpp(text, keep_strings=True).split("\n")
    lines = [(raw, left) for raw, left in zip(text.split("\n"), code) if raw.strip() and "SPDX-License" not in raw]
    return sum(1 for raw, left in lines if raw.rstrip() != left.rstrip()), len(lines)


_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.MULTILINE)
_TOKEN = re.compile(r"[A-Za-z_]\w*|::|->|&&|\d[\w.']*|\S")
_TYPE_WORDS = {"class", "struct", "union", "enum", "namespace", "concept"}


def _tokens(text):
    """(token, line) of the code of a C++ file, preprocessor lines left out."""
    code = _DIRECTIVE.sub(lambda match: _blank(match.group()), code_of_cpp(text))
    line = 1
    position = 0
    for match in _TOKEN.finditer(code):
        line += code.count("\n", position, match.start())
        position = match.start()
        yield match.group(), line


def _matching(tokens, opening):
    """Index of the brace that closes tokens[opening]; the last index if none does."""
    depth = 0
    for index in range(opening, len(tokens)):
        if tokens[index][0] == "{":
            depth += 1
        elif tokens[index][0] == "}":
            depth -= 1
            if depth == 0:
                return index
    return len(tokens) - 1


def _skip_group(head, index, opening, closing):
    """Index after the group that opens at `index`; round brackets inside hide `closing` (a < b > (c > d))."""
    depth = 0
    round_depth = 0
    for position in range(index, len(head)):
        word = head[position]
        if opening != "(" and word in "()":
            round_depth += 1 if word == "(" else -1
        elif round_depth == 0 and word == opening:
            depth += 1
        elif round_depth == 0 and word == closing:
            depth -= 1
            if depth == 0:
                return position + 1
    return len(head)


def _without_templates(head):
    """The head without `template <...>`, `requires (...)` and `alignas(...)`, which hold brackets of their own."""
    words = []
    index = 0
    while index < len(head):
        following = head[index + 1] if index + 1 < len(head) else ""
        if head[index] == "template" and following == "<":
            index = _skip_group(head, index + 1, "<", ">")
        elif head[index] in ("requires", "alignas", "decltype", "__attribute__") and following == "(":
            index = _skip_group(head, index + 1, "(", ")")
        else:
            words.append(head[index])
            index += 1
    return words


def _outside_brackets(head):
    """The words that stand outside () and []; the closing bracket marks where one stood."""
    words = []
    depth = 0
    for word in head:
        if word in "([":
            depth += 1
        elif word in ")]":
            depth -= 1
            if depth == 0:
                words.append(word)
        elif depth == 0:
            words.append(word)
    return words


def _kind_of_brace(head):
    """What the brace after these words opens, at namespace or class level: scope, function, initialiser or data."""
    words = _outside_brackets(head)
    if not words or (words[0] == "extern" and ")" not in words):
        return "scope"
    if "=" in words and "operator" not in words:
        return "data"
    if ")" not in words:
        return "scope" if _TYPE_WORDS & set(words) else "data"
    after = words[words.index(")"):]
    if ":" in after and re.fullmatch(r"[A-Za-z_]\w*|>", head[-1]):
        return "initialiser"  # of a member, in a constructor: Name(int a) : a_{a} {
    return "function"


def _name_of(head):
    """What stands before the parameter list; for data, what stands before the `=`."""
    if "operator" in head:
        begin = head.index("operator")
        end = head.index("(", begin + 2) if "(" in head[begin + 2:] else len(head)
        return "".join(head[begin:end])
    end = min(head.index(mark) if mark in head else len(head) for mark in "(=")
    if end == 0 or end == len(head):
        return "(unnamed)"
    return f"~{head[end - 1]}" if "~" in head[:end] else head[end - 1]


def cpp_functions(text):
    """Every function with a body, in the order of the file."""
    tokens = list(_tokens(text))
    found = []
    head_start = 0
    index = 0
    while index < len(tokens):
        word = tokens[index][0]
        if word in (";", "}"):
            head_start = index + 1
        elif word == ":" and index > head_start and tokens[index - 1][0] in ("public", "private", "protected"):
            head_start = index + 1
        elif word == "{":
            head = _without_templates([token for token, _ in tokens[head_start:index]])
            kind = _kind_of_brace(head)
            if kind == "scope":
                head_start = index + 1
            else:
                closing = _matching(tokens, index)
                has_code = any(token == ";" for token, _ in tokens[index:closing])
                if kind == "function" or (kind == "data" and has_code):
                    begin = tokens[head_start][1]
                    found.append(Function(_name_of(head), begin, tokens[closing][1] - begin + 1))
                index = closing
                if kind == "function":
                    head_start = index + 1
        index += 1
    return found


def cpp_hidden_names(text):
    """Every constant (kName) and type that an unnamed namespace defines."""
    tokens = list(_tokens(text))
    words = [word for word, _ in tokens] + [""] * 2
    scopes = []
    found = []
    has_value = False  # behind the first = of a statement names are used, not defined
    index = 0
    while index < len(tokens):
        word, before, after = words[index], words[index - 1] if index else "", words[index + 1]
        if word == "namespace":
            end = next((i for i in range(index, len(tokens)) if words[i] in "{;"), len(tokens))
            if words[end] == "{":
                scopes.append("".join(words[index + 1:end]))
            index = end
        elif word == "{":
            index = _matching(tokens, index)
            has_value = has_value and words[index + 1] in ",;"
        elif word == "(":
            index = _skip_group(words, index, "(", ")") - 1
        elif word == "}" and scopes:
            scopes.pop()
        elif word == ";":
            has_value = False
        elif word == "=":
            has_value = True
        elif scopes and not scopes[-1] and word.isidentifier():
            is_type = before in ("struct", "class", "enum", "union") and after in ("{", ":", "final")
            is_alias = before == "using" and after == "="
            is_constant = re.match("k[A-Z]", word) and (
                (after == "=" and words[index + 2] != "=") or (after in ("[", "{") and not has_value))
            if is_type or is_alias or is_constant:
                end = words.index(";", index) if is_alias else index
                found.append(HiddenName("::".join(scopes[:-1]), word, tokens[index][1], " ".join(words[index:end])))
        index += 1
    return found


def python_functions(text):
    return [
        Function(node.name, node.lineno, node.end_lineno - node.lineno + 1)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]


_SCRIPT_TEXT = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`""", re.DOTALL
)
_SCRIPT_FUNCTION = re.compile(
    r"""\bfunction\b\s*\*?\s*(?P<name>\w*)[^;{]*?\([^{;]*\{|(?:(?:const|let)\s+(?P<arrow>\w+)[^;{]*?)?=>\s*\{""", re.DOTALL
)


def script_functions(text):
    """JavaScript and TypeScript: `function` and `=> {`. A function inside another is counted on its own, too."""
    code = _SCRIPT_TEXT.sub(lambda match: _blank(match.group()), text)
    found = []
    for match in _SCRIPT_FUNCTION.finditer(code):
        depth = 1
        position = match.end()
        while position < len(code) and depth > 0:
            depth += {"{": 1, "}": -1}.get(code[position], 0)
            position += 1
        begin = code.count("\n", 0, match.start()) + 1
        lines = code.count("\n", match.start(), position) + 1
        found.append(Function(match.group("name") or match.group("arrow") or "(unnamed)", begin, lines))
    return found
