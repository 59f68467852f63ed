#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The style test is tested: violations planted in a small tree must be found at their line, and sound code left alone."""

import pathlib
import tempfile
import unittest

import source_scan
import style

LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"
# Assembled, so that the style test does not find them here.
SLASH, DOT, TO = "/", ".", "TO"


def function_of(lines, name="Long"):
    return f"int {name}() {{\n" + "  Step();\n" * (lines - 2) + "}\n"


class PlantedViolation(unittest.TestCase):
    """Each test plants one file and names the line and a word of the finding."""

    def findings(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True)
            path.write_text(text, encoding="utf-8")
            return [found for found in style.Style(folder).check_all() if found[0] == name]

    def expect(self, name, text, line, word):
        found = self.findings(name, text)
        self.assertEqual([(entry[1], word in entry[2]) for entry in found], [(line, True)], found)

    def test_upward_include(self):
        self.expect("src/base/a.h", LICENCE + '#include "base/b.h"\n#include "serve/http.h"\n', 3, "may not include serve")

    def test_include_without_library(self):
        self.expect("src/infer/a.cc", LICENCE + '#include "a.h"\n', 2, "library/file.h")
        self.expect("src/infer/b.cc", LICENCE + '#include "../base/a.h"\n', 2, "library/file.h")

    def test_unknown_library(self):
        self.expect("src/magic/a.cc", LICENCE, 1, "not in the graph")

    def test_header_that_includes_itself(self):
        self.expect("src/base/a.h", LICENCE + '#include "base/a.h"\n', 2, "cycle")

    def test_long_file(self):
        self.expect("src/base/a.cc", LICENCE + "int x;\n" * 800, 801, "lines")

    def test_long_function(self):
        self.expect("src/base/a.cc", LICENCE + function_of(71), 2, "Long: expected at most 70 lines, found 71")
        self.assertEqual(self.findings("src/base/b.cc", LICENCE + function_of(70)), [])

    def test_long_python_function(self):
        body = "def long():\n" + "    step()\n" * 70
        self.expect("tests/a.py", "# SPDX-License-Identifier: Apache-2.0\n" + body, 2, "found 71")

    def test_long_script_function(self):
        body = "const long = () => {\n" + "  step();\n" * 69 + "};\n"
        self.expect("web/src/a.ts", LICENCE + body, 2, "long: expected at most 70 lines, found 71")

    def test_regex(self):
        self.expect("src/cli/a.cc", LICENCE + "std::regex r;\n", 2, "std::regex")

    def test_naked_memory(self):
        for statement in ("auto* p = new int(1);", "void* p = std::malloc(4);", "delete p;", "free(p);", "delete[] p;"):
            with self.subTest(statement):
                self.expect("src/cli/a.cc", f"{LICENCE}void F() {{\n  {statement}\n}}\n", 3, "naked")

    def test_owned_memory_is_fine(self):
        for statement in ("A(const A&) = delete;", "std::unique_ptr<A> a(new A);", "x.free(p);", 'Say("new free(");',
                          "// new"):
            with self.subTest(statement):
                self.assertEqual(self.findings("src/cli/a.cc", f"{LICENCE}void F() {{\n  {statement}\n}}\n"), [])
        self.assertEqual(self.findings("src/base/a.cc", LICENCE + "int* p = new int;\n"), [])

    def test_missing_licence(self):
        self.expect("src/base/a.cc", "int x;\n", 1, "SPDX")
        self.expect("scripts/a.sh", "#!/bin/sh\necho\n", 1, "SPDX")

    def test_place_on_one_machine(self):
        self.expect("docs/a.md", f"See {SLASH}work{SLASH}notes\n", 1, "a place on one machine")
        self.expect("scripts/a.py", f"# SPDX-License-Identifier: Apache-2.0\nx = '{SLASH}tmp{SLASH}x'\n", 2, "a place")
        self.assertEqual(self.findings("docs/b.md", "network/root/x and $HOME/work/x\n"), [])

    def test_registry_host(self):
        self.expect("web/package-lock.json", f'"https://registry.npmjs{DOT}org/x"\n', 1, "registry")
        self.expect("docs/a.md", f"pypi{DOT}org\n", 1, "registry")

    def test_unfinished_work(self):
        self.expect("docs/a.md", f"{TO}DO: finish\n", 1, f"{TO}DO")

    def test_exception_without_reason(self):
        self.expect("src/base/a.cc", LICENCE + "int x;  // NOLINT\n", 2, "reason")
        self.expect("src/base/b.cc", LICENCE + "int x;  // NOLINT(misc-no-recursion)\n", 2, "reason")
        self.assertEqual(
            self.findings("src/base/c.cc", LICENCE + "int x;  // NOLINT(misc-no-recursion): depth is at most 4\n"), [])

    def test_vague_name(self):
        for name in ("utils.h", "string_util.h", "common.h", "file_helpers.h"):
            with self.subTest(name):
                self.expect(f"src/base/{name}", LICENCE, 1, "noun")

    def test_broken_utf8(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "a.md").write_bytes(b"\xff\n")
            self.assertIn("expected UTF-8", str(style.Style(folder).check_all()))


class HiddenNames(unittest.TestCase):
    """Two sources of a library are planted."""

    def findings(self, first, second, library="data", ending=".cc"):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "src" / library
            source.mkdir(parents=True)
            for name, text in (("a.cc", first), (f"b{ending}", second)):
                (source / name).write_text(f"{LICENCE}namespace walchen {{\nnamespace {{\n{text}\n}}\n}}\n")
            return [found for found in style.Style(folder).check_all() if found[0].startswith("src/")]

    def test_are_found(self):
        for first, second in (
            ("constexpr int kMost = 1;", "const std::string kLeast, kMost = Of(1);"),
            ("constexpr int kMost[] = {1};", "constexpr std::array<int, 2> kMost{1, 2};"),
            ("struct Word {};", "class Word final : public Base {};"),
            ("enum class Kind : int { kA };", "enum Kind { kB };"),
            ("using Json = json;", "using Json = ordered_json;"),
        ):
            with self.subTest(second):
                (found,) = self.findings(first, second)
                self.assertEqual(found[:2], ("src/data/b.cc", 4))
                self.assertIn("stands in src/data/a.cc too", found[2])

    def test_uses_and_names_inside_are_fine(self):
        text = "constexpr int kMost = 1;\nstruct Word { int x; };"
        for other in ("constexpr int kAll = kMost;", "bool F(int x = kMost) { constexpr int kMost = 2; return kMost == x; }",
                      "struct Word;", "template <class Word> struct List {};", "struct Outer { struct Word {}; };",
                      "bool a = kMost == 1;", "int b = kAll[kMost];", "}\nnamespace lower {\nnamespace {\nstruct Word {}; }"):
            with self.subTest(other):
                self.assertEqual(self.findings(text, other), [])
        self.assertEqual(self.findings("using Json = json;", "using Json = json;"), [])

    def test_what_is_never_compiled_together_is_fine(self):
        self.assertEqual(self.findings("struct Word {};", "struct Word {};", library="cli"), [])
        self.assertEqual(self.findings("struct Word {};", "struct Word {};", ending="_test.cc"), [])


class Graph(unittest.TestCase):
    def test_has_no_cycle(self):
        for library in style.GRAPH:
            self.assertNotIn(library, style.reachable(style.GRAPH, library))
        with self.assertRaises(ValueError):
            style.reachable({"a": ["b"], "b": ["a"]}, "a")

    def test_disagreeing_pages_are_found(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "ARCHITECTURE.md").write_text("base  errors  <- serve\n")
            (pathlib.Path(folder) / "CMakeLists.txt").write_text(
                "# SPDX-License-Identifier: Apache-2.0\nwalchen_library(base LINK cli fmt)\n")
            found = style.Style(folder).check_all()
        self.assertEqual([(name, line) for name, line, _ in found], [("ARCHITECTURE.md", 1), ("CMakeLists.txt", 2)])


class CppFunctions(unittest.TestCase):
    def lengths(self, text):
        return {function.name: function.lines for function in source_scan.cpp_functions(text)}

    def test_shapes_of_functions(self):
        text = """
#define MACRO(x) { x \\
}
namespace a::b {
extern "C" {
int Plain(int x) {
  if (x > 0) { return 1; }
  return 2;
}
}
template <class T, int N = (1 > 0)>
  requires(sizeof(T) > 1)
auto Trailing(T t) -> std::vector<T> {
  return {t};
}
struct Point Make() { return {}; }
class alignas(64) Thing final : public Base {
 public:
  Thing(int a)
      : a_(a), b_{a, {1}} {
    Run();
  }
  ~Thing() override {}
  int get() const noexcept { return a_; }
  bool operator==(const Thing& other) const {
    return true;
  }
 private:
  int a_ = 0;
  std::vector<int> b_{1, 2};
  enum class Kind { kA, kB } kind_;
};
constexpr int kTable[] = {
  1, 2,
  3,
};
const auto kLambda = [](int x) {
  return x;
};
TEST(Thing, DoesWhatItSays) {
  EXPECT_EQ(R"x({ } " ; )x", '{', "}");  // {
}
}  // namespace
"""
        self.assertEqual(self.lengths(text), {
            "Plain": 4, "Trailing": 5, "Make": 1, "Thing": 4, "~Thing": 1, "get": 1, "operator==": 3, "kLambda": 3, "TEST": 3,
        })

    def test_digit_separators_are_no_quotes(self):
        self.assertEqual(self.lengths("int F() {\n  return 1'000'000;\n}\nint G() {\n}\n"), {"F": 3, "G": 2})

    def test_lines_survive_comments_and_strings(self):
        self.assertEqual(self.lengths('/* {\n{ */ int F() {\n  Say("a\\"{");\n  /* } */\n}\n'), {"F": 4})


if __name__ == "__main__":
    unittest.main()
