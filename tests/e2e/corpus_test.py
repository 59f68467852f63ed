# SPDX-License-Identifier: Apache-2.0
"""The tiny profile of Walchen's own corpus: three packages by the ordinary clients, with their licences, as shards.

The packages are kept in build/tools/corpus, so that the network is needed once.
"""
import json
import os
import pathlib
import unittest

from data_home import DataCase

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / "build/tools"
RECIPE = ROOT / "recipes/corpus.toml"


class Corpus(DataCase):
    environment = {"PATH": f"{TOOLS}/python/bin:{TOOLS}/node/bin:{os.environ['PATH']}"}

    def build_tiny(self, *more):
        return self.json("data", "build", RECIPE, "--profile", "tiny", "--packages", TOOLS / "corpus", *more)

    def test_the_tiny_profile_is_built_with_its_papers_and_a_second_time_skipped(self):
        built = self.build_tiny()
        self.assertEqual([package["source"].split(".")[0] for package in built["packages"]], ["debian", "pypi", "npm"])
        amounts = {(row["source"], row["tier"], row["language"]): row for row in built["kept"]}
        german = amounts["debian.maint-guide-de", "D", "de"]
        self.assertGreater(german["documents"], 5)
        self.assertGreater(german["tokens"], 20_000)
        self.assertTrue(any(source == "pypi.typing-extensions" and tier == "A" for source, tier, _ in amounts), amounts)
        evaluation = [row for (source, tier, _), row in amounts.items() if source.startswith("npm.")]
        self.assertTrue(evaluation)
        for row in evaluation:
            self.assertEqual((row["tier"], row["tokens"]), ("E", 0), row)
        self.assertTrue(any("fortunes" in left["name"] for left in built["left_out"]))
        self.assertTrue((self.home / "data/shards/corpus-tiny/00000.shard").exists())

        documents = [d for d in self.json("data", "ls", "--source", "debian.maint-guide-de") if d["state"] == "kept"]
        shown = self.json("data", "show", next(d for d in documents if d["path"].endswith("first.de.html"))["sha256"])
        self.assertEqual(shown["tier"], "D")
        self.assertIn("GPL-2.0-or-later", json.dumps(shown))
        self.assertIn("maint-guide-de", json.dumps(shown))
        self.run_walchen("data", "verify")

        again = self.build_tiny()
        self.assertTrue(again["packed_before"])
        self.assertTrue(all(package["was_there"] and package["unchanged"] for package in again["packages"]), again["packages"])
        self.assertEqual(again["kept"], built["kept"])
        self.assertIn("maint-guide-de", self.run_walchen("data", "build", RECIPE, "--profile", "tiny", "--packages", TOOLS / "corpus").stdout)

    def test_shards_that_were_not_finished_are_built_anew(self):
        built = self.build_tiny()
        (self.home / "data/shards/corpus-tiny/built.json").unlink()
        again = self.build_tiny()
        self.assertFalse(again["packed_before"])
        self.assertEqual(again["kept"], built["kept"])
        self.run_walchen("data", "verify")

    def test_says_which_client_is_missing_and_which_profiles_there_are(self):
        empty = self.folder / "empty"
        empty.mkdir()
        message = self.run_walchen("data", "build", RECIPE, "--profile", "tiny", exit_code=1, environment={"PATH": str(empty)}).stderr
        self.assertIn("apt", message)
        message = self.run_walchen("data", "build", RECIPE, "--profile", "huge", exit_code=1).stderr
        self.assertIn("small", message)


if __name__ == "__main__":
    unittest.main()
