#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Renders the chat templates that ship in the source package of llama-cpp-python with jinja2 and with Walchen, and says
how many agree: the same text, or both refuse. Nothing of the templates is kept in the repository.

Usage: peer_templates.py [RENDER_TEMPLATE] [FOLDER] [-v]
RENDER_TEMPLATE is the program built from render_template.cc; the package is downloaded once into FOLDER. Needs jinja2.
"""

import argparse
import difflib
import json
import pathlib
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "golden"))
import template_vectors  # noqa: E402

PACKAGE = "llama-cpp-python==0.3.36"
INSIDE = "/vendor/llama.cpp/models/templates/"


def templates(folder):
    folder.mkdir(parents=True, exist_ok=True)
    archives = list(folder.glob("llama_cpp_python-0.3.36.tar.gz"))
    if not archives:
        print(f"downloading the source package of {PACKAGE}")
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:",
                        "--dest", str(folder), PACKAGE], check=True)
        archives = list(folder.glob("llama_cpp_python-0.3.36.tar.gz"))
    with tarfile.open(archives[0]) as archive:
        for member in archive:
            if INSIDE in member.name and member.name.endswith(".jinja"):
                yield pathlib.PurePosixPath(member.name).name, archive.extractfile(member).read()


def ours(program, folder, source):
    path = folder / "template.jinja"
    path.write_bytes(source)
    done = subprocess.run([program, str(path), str(folder / "cases.json")], capture_output=True, check=False)
    if done.returncode != 0:
        return None, f"exit code {done.returncode}: {done.stderr.decode()}"
    return json.loads(done.stdout), ""


def difference(expected, found):
    if "error" in expected or "error" in found:
        return [f"jinja2: {expected.get('error', 'text')}", f"walchen: {found.get('error', 'text')}"]
    return list(difflib.unified_diff(expected["text"].splitlines(), found["text"].splitlines(), "jinja2", "walchen",
                                     lineterm="", n=1))[:12]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", default=str(ROOT / "build" / "render_template"))
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=ROOT / "build" / "peers" / "templates")
    parser.add_argument("-v", "--verbose", action="store_true", help="show each difference, not only the first")
    options = parser.parse_args()

    environment = template_vectors.make_environment()
    cases = template_vectors.conversations()
    agreeing, total, pairs, texts = 0, 0, 0, 0
    for name, source in templates(options.folder):
        (options.folder / "cases.json").write_text(json.dumps([case["variables"] for case in cases]))
        found, failure = ours(options.program, options.folder, source)
        wrong = []
        for i, case in enumerate(cases):
            expected = template_vectors.render(environment, source.decode(), case["variables"])
            got = found[i] if found is not None else {"error": failure}
            same = expected.get("text") == got.get("text") and ("error" in expected) == ("error" in got)
            pairs += 1
            texts += "text" in expected
            if not same or found is None:
                wrong.append((case["name"], difference(expected, got)))
        total += 1
        agreeing += not wrong
        print(f"{'ok  ' if not wrong else 'DIFF'} {name}: {len(cases) - len(wrong)} of {len(cases)}")
        for case_name, lines in wrong[:None if options.verbose else 1]:
            print("\n".join([f"     {case_name}"] + ["       " + line for line in lines]))
    print(f"{agreeing} of {total} templates agree with jinja2 on all of {len(cases)} conversations each "
          f"({pairs} pairs, of them {texts} texts, the rest refused by jinja2)")
    return 0 if agreeing == total else 1


if __name__ == "__main__":
    sys.exit(main())
