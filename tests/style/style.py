#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The style of the repository as a test: prints file:line and what is wrong, and fails if anything is.

CONTRIBUTING.md says why each rule is there. style_test.py plants violations and sees them found.
"""

import pathlib
import re
import subprocess
import sys

import source_scan

FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 70

# The one-way graph of libraries, as in ARCHITECTURE.md: each with what it may include directly; what those may include
# is allowed too. A library that is not here may not be.
GRAPH = {
    "base": [],
    "ledger": ["base"],
    "tensor": ["base"],
    "formats": ["tensor"],
    "model": ["formats"],
    "infer": ["model"],
    "runs": ["base"],
    "serve": ["infer", "runs"],
    "shards": ["model", "runs", "ledger"],
    "data": ["shards"],
    "arrow": ["data"],
    "train": ["shards"],
    "cli": ["serve", "data"],
}

# Each source of its own, in every preset (cmake/library.cmake).
COMPILED_ALONE = {"cli"}

CPP_ENDINGS = {".cc", ".h"}
SCRIPT_ENDINGS = {".ts", ".js", ".mjs"}
# Hand-written files whose first line (or second, after #!) names the licence. Tables of data (.inc, .json) do not.
LICENSED_ENDINGS = CPP_ENDINGS | SCRIPT_ENDINGS | {".py", ".sh", ".cmake"}
LICENSED_NAMES = {"CMakeLists.txt", "Makefile", "run"}
TEXT_ENDINGS = LICENSED_ENDINGS | {".md", ".txt", ".json", ".yml", ".html", ".css"}
SKIPPED_FOLDERS = {".git", "build", "node_modules", "__pycache__", "corpus", "golden", "screenshots"}
VAGUE_NAMES = re.compile(r"^(utils?|common|misc|helpers?|managers?)([_.-]|$)|_(utils?|helpers?|manager)\.")

# Each is assembled, so that this file does not hold what it looks for.
LOCAL_PLACES = re.compile(r"(?<![\w.$}])/(?:" + "|".join(["work", "root", "home/\\w+", "tmp"]) + r")/")
REGISTRY_HOSTS = re.compile(
    r"(?:" + "|".join(["pypi", "pythonhosted", "debian", "npmjs", "huggingface", "hf"]) + r")\.(?:org|com|co)\b", re.IGNORECASE
)
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME)\b")

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"(?P<own>[^"]+)"|<(?P<system>[^>]+)>)', re.MULTILINE)
# `std::unique_ptr<Server> server(new Server)` owns at once; make_unique cannot reach a private constructor.
OWNED_NEW = re.compile(r"unique_ptr<[^;]*[({]\s*new\b")
NAKED_MEMORY = re.compile(
    r"\bnew\b|\bdelete\b(?!\s*;)|(?<![\w.>])(?:std::|::)?(?:malloc|calloc|realloc|aligned_alloc|posix_memalign|free)\s*\("
)
NOLINT = re.compile(r"NOLINT(?:NEXTLINE|BEGIN)?\b(?P<checks>\([^)]*\))?(?P<reason>:\s*\S+\s+\S+)?")


class Style:
    """The findings about one tree."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.findings = []
        self.files = sorted(self._walk(self.root))
        self.hidden = {}  # (library, is a test, namespace, name) -> file and definition
        self.includes = {}  # header or source under src/ -> own headers it includes

    def _walk(self, folder):
        for path in folder.iterdir():
            if path.is_symlink():
                continue
            if path.is_dir():
                if path.name not in SKIPPED_FOLDERS:
                    yield from self._walk(path)
            elif path.suffix in TEXT_ENDINGS or path.name in LICENSED_NAMES:
                yield path

    def name(self, path):
        return path.relative_to(self.root).as_posix()

    def find(self, path, line, message):
        self.findings.append((self.name(path), line, message))

    def check_all(self):
        for path in self.files:
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                self.find(path, 1, f"expected UTF-8: {error}")
                continue
            self.check_file(path, text)
            self.check_lines(path, text)
            self.check_functions(path, text)
            if path.suffix in CPP_ENDINGS:
                self.check_cpp(path, text)
        self.check_header_cycles()
        self.check_graph_pages()
        self.check_limits_page()
        return self.findings

    def check_file(self, path, text):
        lines = text.count("\n")
        generated = path.name == "package-lock.json"
        if lines > FILE_LINES_MAX and not generated and path.suffix not in {".md", ".txt"}:
            self.find(path, lines, f"expected at most {FILE_LINES_MAX} lines, found {lines}: split it by concept")
        if VAGUE_NAMES.search(path.name):
            self.find(path, 1, "name the file after the noun it defines")
        licensed = path.suffix in LICENSED_ENDINGS or path.name in LICENSED_NAMES
        if licensed and not any("SPDX-License-Identifier: Apache-2.0" in line for line in text.split("\n")[:2]):
            self.find(path, 1, "expected the line SPDX-License-Identifier: Apache-2.0")

    def check_lines(self, path, text):
        for number, line in enumerate(text.split("\n"), 1):
            if found := LOCAL_PLACES.search(line):
                self.find(path, number, f"a place on one machine: {found.group()}")
            if found := REGISTRY_HOSTS.search(line):
                self.find(path, number, f"the host of a package registry: {found.group()}; name packages, not places")
            if found := UNFINISHED.search(line):
                self.find(path, number, f"{found.group()}: do it, or write an issue")
            for found in NOLINT.finditer(line) if path.suffix in CPP_ENDINGS else ():
                if not found.group("reason") or not found.group("checks"):
                    self.find(path, number, "expected NOLINT(check-name): and the reason")

    def check_functions(self, path, text):
        if path.suffix in CPP_ENDINGS:
            functions = source_scan.cpp_functions(text)
        elif path.suffix == ".py":
            functions = source_scan.python_functions(text)
        elif path.suffix in SCRIPT_ENDINGS:
            functions = source_scan.script_functions(text)
        else:
            return
        for function in functions:
            if function.lines > FUNCTION_LINES_MAX:
                self.find(path, function.line, f"{function.name}: expected at most {FUNCTION_LINES_MAX} lines, "
                          f"found {function.lines}")

    def check_cpp(self, path, text):
        code = source_scan.code_of_cpp(text)
        parts = path.relative_to(self.root).parts
        library = parts[1] if parts[0] == "src" and len(parts) > 2 else None
        if library:
            self.check_includes(path, text, library)
            if path.suffix == ".cc" and library not in COMPILED_ALONE:
                self.check_hidden_names(path, text, library)
        for number, line in enumerate(code.split("\n"), 1):
            if "std::regex" in line or "#include <regex>" in line:
                self.find(path, number, "std::regex recurses over its text: write a scanner")
            if library in (None, "base") or INCLUDE.match(line) or OWNED_NEW.search(line):
                continue
            if found := NAKED_MEMORY.search(line.replace("= delete", "")):
                self.find(path, number, f"naked {found.group().strip(' (')} outside base: use a container or std::make_unique")

    def check_hidden_names(self, path, text, library):
        for found in source_scan.cpp_hidden_names(text):
            key = (library, path.name.endswith("_test.cc"), found.namespace, found.name)
            other, definition = self.hidden.setdefault(key, (path, found.definition))
            if other != path and not (definition and definition == found.definition):
                self.find(path, found.line, f"{found.name} stands in {self.name(other)} too, and the clang presets compile several "
                          "sources of a library in one go: share it, or give it a name that tells more")

    def check_includes(self, path, text, library):
        if library not in GRAPH:
            self.find(path, 1, f"library {library} is not in the graph of tests/style/style.py and ARCHITECTURE.md")
            return
        allowed = reachable(GRAPH, library) | {library}
        own = self.includes.setdefault(self.name(path), [])
        for match in INCLUDE.finditer(source_scan.code_of_cpp(text, keep_strings=True)):
            number = text.count("\n", 0, match.start("own" if match.group("own") else "system")) + 1
            target = match.group("own")
            if not target:
                continue
            first, slash, _ = target.partition("/")
            if target.startswith(".") or not slash:
                self.find(path, number, f'expected "library/file.h", found "{target}"')
            elif first in GRAPH and first not in allowed:
                self.find(path, number, f"{library} may not include {first}: the graph goes one way (ARCHITECTURE.md)")
            elif first in GRAPH:
                own.append((f"src/{target}", number))

    def check_header_cycles(self):
        """No header includes itself through others: include guards would hide a two-way dependency."""
        done = set()
        for start in self.includes:
            path = [start]
            stack = [iter(self.includes[start])]
            while stack:
                target, number = next(stack[-1], (None, 0))
                if target is None:
                    stack.pop()
                    done.add(path.pop())
                elif target in path:
                    self.find(self.root / path[-1], number, f"{target} includes this file again: a cycle")
                elif target in self.includes and target not in done:
                    path.append(target)
                    stack.append(iter(self.includes[target]))

    def check_graph_pages(self):
        """ARCHITECTURE.md has a line `name ... <- a b` for each library; CMakeLists.txt links the same."""
        page = self.root / "ARCHITECTURE.md"
        stated = {}
        if page.exists():
            for match in re.finditer(r"^(\w+)\s.*<-\s*(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE):
                stated[match.group(1)] = [] if match.group(2).strip() == "nothing" else match.group(2).split()
        if stated != GRAPH:
            self.find(page, 1, f"expected the graph of tests/style/style.py, {GRAPH}, found {stated}")
        cmake = self.root / "CMakeLists.txt"
        text = cmake.read_text(encoding="utf-8") if cmake.exists() else ""
        for match in re.finditer(r"walchen_library\((\w+) LINK ([^)]*)\)", text):
            number = text.count("\n", 0, match.start()) + 1
            linked = [word for word in match.group(2).split() if word in GRAPH]
            if linked != GRAPH.get(match.group(1)):
                self.find(cmake, number, f"{match.group(1)} links {linked}, the graph says {GRAPH.get(match.group(1))}")

    def check_limits_page(self):
        script = self.root / "scripts/limits_md.py"
        if not script.exists():
            return
        ran = subprocess.run([sys.executable, script, "--check"], cwd=self.root, capture_output=True, text=True)
        if ran.returncode != 0:
            self.find(self.root / "LIMITS.md", 1, (ran.stdout + ran.stderr).strip())

    def print_header_comments(self):
        """Aim: 30 % of the lines of headers say what the thing promises."""
        for library in GRAPH:
            counts = [source_scan.comment_line_count(path.read_text(encoding="utf-8"))
                      for path in self.files if path.suffix == ".h" and self.name(path).startswith(f"src/{library}/")]
            comment, lines = sum(c for c, _ in counts), sum(c for _, c in counts)
            if lines:
                print(f"comments in headers of {library:<8} {100 * comment / lines:3.0f} %")


def reachable(graph, library):
    """Everything below a library. The table must have no cycle."""
    below = set()
    waiting = list(graph[library])
    while waiting:
        name = waiting.pop()
        if name == library:
            raise ValueError(f"the graph has a cycle through {library}")
        if name not in below:
            below.add(name)
            waiting.extend(graph[name])
    return below


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    style = Style(root)
    for name, line, message in style.check_all():
        print(f"{name}:{line}: {message}")
    style.print_header_comments()
    print(f"{len(style.files)} files, {len(style.findings)} findings")
    sys.exit(1 if style.findings else 0)


if __name__ == "__main__":
    main()
