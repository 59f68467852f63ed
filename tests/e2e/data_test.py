# SPDX-License-Identifier: Apache-2.0
"""Raw files to shards to a training run and back: what was taken in, under which right, who saw it, and how it goes."""
import io
import json
import os
import pathlib
import subprocess
import unittest
import zipfile

from data_home import BINARY, DataCase

INTAKE_SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "recipes/intake.sbatch"

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

FOLDER_RECIPE = """
name = "folders"
[text]
layers = 1
d_model = 32
heads = 2
d_ff = 48
vocabulary = 512
context_tokens = 256
[[data]]
name = "notes"
template = "text"
source = "folder:{raw}"
sequences = 2
options = {{ tokens = 32 }}
[[data]]
name = "sentences"
template = "text"
source = "generator:sentences"
sequences = 1
[budget]
steps = 3
"""


class Data(DataCase):
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

    def train_on_manuals(self, tiers='"O"', exit_code=0):
        if not (self.home / "data/shards/manuals").exists():
            self.built = self.build("manuals")
        return self.train("manuals", tiers, exit_code)

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
        self.train_on_manuals()
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
        self.train_on_manuals()
        document = next(d for d in self.documents(state="kept") if d["path"].endswith("pumpe.txt"))
        forgotten = self.json("data", "forget", document["sha256"])
        self.assertIn(document["id"], forgotten["forgotten"])
        self.assertTrue(forgotten["shards"])
        self.assertTrue(forgotten["runs"])
        self.assertTrue(forgotten["models"])
        self.assert_gone(["Schlosser prüft", document["sha256"], "pumpe.txt"])
        self.run_walchen("data", "verify")
        self.run_walchen("data", "show", document["sha256"], exit_code=1)
        self.assertIn("forgotten", self.run_walchen("data", "show", document["id"]).stdout)
        count = self.add()
        self.assertEqual(count["kept"], 0)
        self.assertIn("forgotten", [d["why"] for d in self.documents(state="quarantined")])

    def test_a_file_is_forgotten_in_archives_too_and_does_not_come_back_in_others(self):
        self.put("pumpe.html", f"<html lang=de><body><p>{GERMAN}</p></body></html>")
        with zipfile.ZipFile(self.raw / "copies.zip", "w") as archive:
            archive.write(self.raw / "pumpe.html", "copy.html")
            archive.writestr("other.txt", OTHER)
        self.add()
        alone, copy = sorted((d for d in self.documents() if d["path"].endswith(".html")), key=lambda d: len(d["path"]))
        self.assertEqual(alone["sha256"], copy["sha256"])
        forgotten = self.json("data", "forget", alone["id"])
        self.assertEqual(set(forgotten["forgotten"]), {alone["id"], copy["id"]})
        self.assert_gone(["Schlosser prüft", alone["sha256"]])
        with zipfile.ZipFile(self.raw / "copies.zip", "a") as archive:
            archive.writestr("third.txt", ENGLISH)
        self.add()
        self.assertEqual({d["state"] for d in self.documents() if d["sha256"] == alone["sha256"]}, {"quarantined"})
        self.assert_gone(["Schlosser prüft"])
        self.run_walchen("data", "verify")

    def test_a_folder_that_a_run_reads_stands_in_the_ledger_first(self):
        self.put("pumpe.txt", GERMAN * 20)
        self.put("ventil.md", VALVE * 20)
        recipe = self.folder / "folder.toml"
        recipe.write_text(FOLDER_RECIPE.format(raw=self.raw))
        began = self.run_walchen("train", recipe, "--run", self.folder / "run", "--rights", "licence", "--licence=CC-BY-4.0")
        self.assertIn("2 files, 2 of them new", began.stderr)
        document = next(d for d in self.documents() if d["path"].endswith("pumpe.txt"))
        shown = self.json("data", "show", document["sha256"])
        self.assertEqual(shown["tier"], "B")
        self.assertEqual(len(shown["runs"]), 1)
        self.assertEqual(shown["models"][0]["name"], "model.gguf")
        self.assertIn("which read all of the source", self.run_walchen("data", "show", document["sha256"]).stdout)
        self.run_walchen("train", "--resume", self.folder / "run", "--steps", "5")
        self.assertEqual(len(self.json("data", "show", document["sha256"])["runs"]), 1)
        forgotten = self.json("data", "forget", document["sha256"])
        self.assertEqual(forgotten["runs"], shown["runs"])
        refused = self.run_walchen("train", recipe, "--run", self.folder / "other", "--rights", "nobody", exit_code=1)
        self.assertIn("--rights: expected one of", refused.stderr)

    def test_training_refuses_what_no_licence_covers_and_names_it(self):
        self.put("unlicensed.txt", ENGLISH)
        self.add("web", "licence")
        tokenizer = self.home / "own.gguf"
        nothing = self.run_walchen("data", "tokenizer", "--vocab", 400, "--output", tokenizer, exit_code=1)
        self.assertIn("that may be used", nothing.stderr)
        own = self.folder / "own"
        own.mkdir()
        (own / "pumpe.txt").write_text(GERMAN)
        self.run_walchen("data", "add", own, "--source", "own", "--rights", "own-data")
        self.run_walchen("data", "tokenizer", "--vocab", 400, "--output", tokenizer)
        refused = self.run_walchen("data", "build", "clean", "--source", "web", "--tokenizer", tokenizer, exit_code=1)
        self.assertIn("1 because: no licence is known", refused.stderr)
        self.build("manuals", "--source", "web", "--tiers", "ABCDOT-")
        message = self.train("manuals", '"A", "B"', exit_code=1).stderr
        self.assertIn("unlicensed.txt", message)
        self.assertIn("no licence is known", message)

    def test_many_machines_take_in_and_one_home_has_it_all(self):
        self.put("pumps/pump.txt", ENGLISH)
        self.put("valves/valve.txt", VALVE)
        self.put("copies/pump.txt", ENGLISH)
        self.put("mail/mail.txt", OTHER + "\nQuestions to erika.muster@beispiel.de.\n")
        (self.folder / "build").mkdir()
        (self.folder / "build/walchen").symlink_to(BINARY)
        tasks = 3
        for task in range(tasks):
            environment = {"SLURM_SUBMIT_DIR": str(self.folder), "SLURM_ARRAY_TASK_ID": str(task + 1), "SLURM_ARRAY_TASK_MIN": "1",
                           "SLURM_ARRAY_TASK_COUNT": str(tasks), "SLURM_CPUS_PER_TASK": "2"}
            ran = subprocess.run(["bash", INTAKE_SCRIPT, self.raw, self.home, "--source", "manuals", "--rights", "own-data"],
                                 env={**os.environ, **environment}, capture_output=True, text=True)
            self.assertEqual(ran.returncode, 0, ran.stderr)
        parts = sorted((self.home / "parts").iterdir())
        self.assertGreater(len(parts), 1)
        self.run_walchen("data", "merge", *parts)
        kept = self.documents(state="kept")
        self.assertEqual(len(kept), 3)
        self.assertEqual(len(self.documents(state="duplicate")), 1)
        self.assertEqual(len(self.json("data", "subject", "erika.muster@beispiel.de")), 1)
        self.assertTrue(self.json("data", "verify")["sound"])
        self.assertEqual(self.add()["unchanged"], 4)
        again = self.run_walchen("data", "merge", *parts, "--json").stdout.splitlines()
        self.assertEqual([json.loads(line)["documents"] for line in again], [0] * len(parts))
        stranger = self.folder / "stranger"
        self.run_walchen("data", "add", self.raw, "--source", "manuals", "--rights", "own-data", environment={"WALCHEN_HOME": str(stranger)})
        self.assertIn("--merge-into", self.run_walchen("data", "merge", stranger, exit_code=1).stderr)

    def test_a_cut_ledger_and_a_changed_shard_are_found(self):
        self.put_manuals()
        before = self.folder / "before.db"
        self.add()
        self.train_on_manuals()
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
