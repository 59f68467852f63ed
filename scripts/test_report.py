#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up the tests that check.sh ran: prints what was skipped, what failed, and last "N passed, N failed".

In the results folder, STAGE.xml is ctest's report and STAGE/*.xml are GoogleTest's, one for each test program that got
to its end. A program counts as its cases; a program without a report (a script, a fuzz target, a crash) counts as one.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = {}  # name of the case -> why

    def add_googletest(self, stage, path):
        """Returns whether any case failed."""
        before = len(self.failed)
        for case in ElementTree.parse(path).iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            skipped = case.find("skipped")
            if case.find("failure") is not None:
                self.failed.append(f"{stage}: {name}")
            elif skipped is not None or case.get("result") == "skipped":
                why = skipped.get("message", "") if skipped is not None else ""
                self.skipped.setdefault(name, why.strip().split("\n")[-1])
            elif case.get("status") == "run":
                self.passed += 1
        return len(self.failed) > before

    def add_script(self, stage, case):
        """A suite of Python's unittest says how many tests it ran; anything else is one test."""
        output = case.findtext("system-out") or ""
        ran = re.findall(r"^Ran (\d+) tests? in ", output, re.MULTILINE)
        skipped = re.findall(r"^OK \(skipped=(\d+)\)$", output, re.MULTILINE)
        if skipped:
            self.skipped[f"{case.get('name')}: {skipped[-1]} cases"] = ""
        self.passed += int(ran[-1]) - int(skipped[-1] if skipped else 0) if ran else 1

    def add_stage(self, folder):
        stage = folder.name
        if (folder / "build-failed").exists():
            self.failed.append(f"{stage}: the build")
            return
        report = folder.with_name(stage + ".xml")
        if not report.exists():
            self.failed.append(f"{stage}: ctest wrote no report")
            return
        for case in ElementTree.parse(report).iter("testcase"):
            name = case.get("name")
            details = folder / f"{name}_test.xml"
            if case.get("status") == "notrun" or case.find("skipped") is not None:
                self.skipped[f"{stage}: {name}"] = "not run"
                continue
            succeeded = case.get("status") == "run" and case.find("failure") is None
            explained = details.exists() and self.add_googletest(stage, details)
            if not succeeded and not explained:
                self.failed.append(f"{stage}: {name}")
            elif succeeded and not details.exists():
                self.add_script(stage, case)


def main():
    tally = Tally()
    for folder in sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_dir()):
        tally.add_stage(folder)
    if tally.skipped:
        print(f"skipped ({len(tally.skipped)}):")
        for name, why in tally.skipped.items():
            print(f"  {name}" + (f": {why}" if why else ""))
    if tally.failed:
        print("failed:")
        for name in tally.failed:
            print(f"  {name}")
    print(f"{tally.passed} passed, {len(tally.failed)} failed")
    sys.exit(1 if tally.failed or tally.passed == 0 else 0)


if __name__ == "__main__":
    main()
