# SPDX-License-Identifier: Apache-2.0
"""Raw files to shards to a training run and back: what was taken in, under which right, who saw it, and how it goes."""
import io
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import zipfile

BINARY = os.environ["WALCHEN_BINARY"]
RECIPE = """
name = "workshop"
[text]
layers = 2
d_model = 64
heads = 2
d_ff = 96
vocabulary = 400
tokenizer = "{tokenizer}"
context_tokens = 64
[[data]]
name = "manuals"
template = "text"
source = "shards:manuals"
sequences = 2
tiers = [{tiers}]
options = {{ tokens = 32 }}
[budget]
steps = 4
"""
GERMAN = (
    "Die Pumpe läuft seit Montag unruhig. Das Lager wird heiß, und der Schlosser prüft den Ölstand im Gehäuse. Danach zieht er die "
    "Schrauben am Flansch nach und notiert die Temperatur in der Liste, die neben der Tür hängt. Am Abend meldet sich die Leitwarte: "
    "der Druck sei gefallen, obwohl niemand am Ventil gedreht habe. Also wird am nächsten Morgen die Dichtung gewechselt.\n")
ENGLISH = (
    "The pump has been running rough since Monday. The bearing gets hot, and the fitter checks the oil level in the housing. Then he "
    "tightens the bolts at the flange and writes the temperature into the list that hangs next to the door. In the evening the control "
    "room calls: pressure has dropped although nobody touched the valve. So the gasket is replaced on the following morning.\n")
VALVE = (
    "Open the bypass slowly before you touch the main valve, because trapped steam burns badly. Wait until both gauges agree, note "
    "their values in the logbook, and only then loosen the eight nuts crosswise, half a turn each, starting at the top.\n")
OTHER = (
    "Another ledger begins here with a letter about heat exchangers: scale on the plates costs more energy every week, so the plant "
    "manager wants them cleaned with citric acid during the summer break, when nobody needs hot water.\n")


class Data(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.home = pathlib.Path(self.folder.name, "home")
        self.raw = pathlib.Path(self.folder.name, "raw")
        self.raw.mkdir()

    def tearDown(self):
        self.folder.cleanup()

    def run_walchen(self, *arguments, exit_code=0):
        ran = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                             env={**os.environ, "WALCHEN_HOME": str(self.home)})
        self.assertEqual(ran.returncode, exit_code, f"{arguments}\n{ran.stdout}\n{ran.stderr}")
        return ran

    def json(self, *arguments):
        return json.loads(self.run_walchen(*arguments, "--json").stdout)

    def put(self, name, text):
        path = self.raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def add(self, source="manuals", rights="own-data", *more):
        return self.json("data", "add", self.raw, "--source", source, "--rights", rights, *more)

    def put_manuals(self):
        self.put("de/pumpe.txt", GERMAN)
        self.put("en/pump.md", "# The pump\n\n" + ENGLISH)
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr("valve.txt", VALVE)
            archive.writestr("../escape.txt", OTHER)
        with zipfile.ZipFile(self.raw / "archive.zip", "w") as archive:
            archive.writestr("inner.zip", inner.getvalue())
        self.put("broken.zip", b"PK\x03\x04" + bytes(range(200)))

    def documents(self, **wanted):
        return [document for document in self.json("data", "ls") if all(document[key] == value for key, value in wanted.items())]

    def train(self, tiers='"O"', exit_code=0):
        tokenizer = self.home / "own.gguf"
        if not tokenizer.exists():
            self.run_walchen("data", "tokenizer", "--vocab", 400, "--output", tokenizer)
        if not (self.home / "data/shards/manuals").exists():
            self.built = self.json("data", "build", "manuals", "--tokenizer", tokenizer)
        recipe = pathlib.Path(self.folder.name, "recipe.toml")
        recipe.write_text(RECIPE.format(tokenizer=tokenizer, tiers=tiers))
        run = pathlib.Path(self.folder.name, "run")
        return self.run_walchen("train", recipe, "--run", run, "--threads", 1, "--quiet", exit_code=exit_code)

    def test_takes_in_what_can_be_read_and_says_why_not(self):
        self.put_manuals()
        count = self.add()
        self.assertEqual(count["files"], 4)
        self.assertEqual(count["kept"] + count["filtered"] + count["duplicates"] + count["quarantined"], count["documents"])
        self.assertGreaterEqual(count["kept"], 3)
        kept = {document["path"].split("/")[-1] for document in self.documents(state="kept", modality="text")}
        self.assertTrue({"pumpe.txt", "pump.md", "valve.txt"} <= kept, kept)
        quarantined = self.documents(state="quarantined")
        self.assertTrue(any("escape" in document["path"] for document in quarantined), quarantined)
        self.assertTrue(all(document["why"] for document in quarantined))
        self.run_walchen("data", "verify")

    def test_a_second_time_only_what_changed(self):
        self.put_manuals()
        self.add()
        self.assertEqual(self.add()["unchanged"], 4)
        self.put("de/pumpe.txt", GERMAN + "Seitdem läuft sie wieder leise, und alle sind zufrieden.")
        (self.raw / "en/pump.md").unlink()
        count = self.add()
        self.assertEqual(count["unchanged"], 2)
        self.assertEqual(count["vanished"], 2)
        self.assertEqual(count["documents"], 1)
        refused = self.run_walchen("data", "add", self.raw, "--source", "manuals", "--rights", "licence", "--licence", "MIT", exit_code=1)
        self.assertIn("another --source", refused.stderr)

    def test_a_run_reads_shards_and_the_ledger_knows_which(self):
        self.put_manuals()
        self.add()
        self.train()
        self.assertGreaterEqual(self.built["documents"], 3)
        document = next(d for d in self.documents(state="kept") if d["path"].endswith("pumpe.txt"))
        shown = self.json("data", "show", document["sha256"])
        self.assertEqual(shown["tier"], "O")
        self.assertTrue(shown["seen_by"], shown)
        self.assertEqual(shown["models"][0]["name"], "model.gguf")
        self.assertIn("kept", self.run_walchen("data", "show", document["sha256"][:12]).stdout)
        self.run_walchen("data", "verify")

    def test_forgetting_leaves_no_copy_and_what_was_forgotten_stays_out(self):
        self.put_manuals()
        self.add()
        self.train()
        document = next(d for d in self.documents(state="kept") if d["path"].endswith("pumpe.txt"))
        forgotten = self.json("data", "forget", document["sha256"])
        self.assertIn(document["id"], forgotten["forgotten"])
        self.assertTrue(forgotten["shards"])
        self.assertTrue(forgotten["runs"])
        self.assertTrue(forgotten["models"])
        for path in self.home.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                for secret in ["Schlosser prüft".encode(), document["sha256"].encode(), b"pumpe.txt"]:
                    self.assertNotIn(secret, content, path)
        self.run_walchen("data", "verify")
        self.run_walchen("data", "show", document["sha256"], exit_code=1)
        self.assertIn("forgotten", self.run_walchen("data", "show", document["id"]).stdout)
        count = self.add()
        self.assertEqual(count["kept"], 0)
        self.assertIn("forgotten", [d["why"] for d in self.documents(state="quarantined")])

    def test_training_refuses_what_no_licence_covers_and_names_it(self):
        self.put("unlicensed.txt", ENGLISH)
        self.add("web", "licence")
        message = self.train('"A", "B"', exit_code=1).stderr
        self.assertIn("unlicensed.txt", message)
        self.assertIn("no licence is known", message)

    def test_a_cut_ledger_and_a_changed_shard_are_found(self):
        self.put_manuals()
        before = pathlib.Path(self.folder.name, "before.db")
        self.add()
        self.train()
        shard = next((self.home / "data/shards").rglob("*.shard"))
        content = bytearray(shard.read_bytes())
        content[-40] ^= 1
        shard.write_bytes(content)
        found = self.run_walchen("data", "verify", exit_code=1)
        self.assertIn(shard.name, found.stdout)
        content[-40] ^= 1
        shard.write_bytes(content)
        self.run_walchen("data", "verify")
        ledger = self.home / "ledger.db"
        ledger.rename(before)
        self.put("other.txt", OTHER)
        self.add("other")
        found = self.run_walchen("data", "verify", exit_code=1)
        self.assertIn("no record of this shard", found.stdout)


if __name__ == "__main__":
    unittest.main()
