# SPDX-License-Identifier: Apache-2.0
"""A company's folder (mixed_folder.py) through all of `walchen data`: what is read of it, and that all of it can go again."""
import csv
import io
import json
import pathlib
import shutil
import tempfile
import unittest

import mixed_folder
from data_home import DataCase

SOURCE = ["--source", "betrieb", "--rights", "own-data", "--purpose", "Modell für die Wartung"]
TEXTS = {
    "berichte/gescannt.pdf": ["Wartungsprotokoll der Presse", "spröde", "Frühjahr"],
    "berichte/Kreiselpumpe.docx": [*mixed_folder.REPORT, "Welle\t39,98 mm\t40,00 mm"],
    "eingang/schaden.eml": ["Subject: Schaden am Förderband", "Halle Drei"],
    "eingang/schaden.eml » Schadensbericht.docx": mixed_folder.ATTACHED,
    "eingang/schicht.mbox » message-1": ["Flammenausfall"],
    "eingang/schicht.mbox » message-2": ["blue forklift"],
    "archiv/aussen.zip » innen.zip/ofen/anleitung.txt": [mixed_folder.ARCHIVED.strip()],
    "bilder/rotes-kugellager_01.png": ["rotes kugellager"],
    "bilder/hebebuehne.svg": ["Schaltplan der Hebebühne"],
    "messung/anlage.sqlite": ["Lüfter des Schaltschranks"],
}
# Of packages that every Debian has, but not every image of it with its documentation.
INSTALLED = {
    mixed_folder.ENGLISH_PAGE: ("installiert/dpkg-name.1.gz » dpkg-name.1", "rename Debian packages"),
    mixed_folder.CATALOGUE: ("installiert/sed.mo » #msgstr", "Falls kein -e"),
    mixed_folder.COPYRIGHT: ("installiert/copyright", "Licensed under the Apache License"),
    mixed_folder.HTML: ("installiert/users-and-groups.html", "Users and Groups in the Debian System"),
}
UNREAD = {
    "archiv/aussen.zip » innen.zip/../../ausbruch.txt": "its path leaves the archive",
    "kaputt/abgeschnitten.pdf": "pdfinfo cannot read it",
    "kaputt/gekippt.zip » schlecht.txt": "it cannot be unpacked",
    "kaputt/verschluesselt.zip » geheim.txt": "it is encrypted",
    "kaputt/zu_kurz.zip » kurz.txt": "it cannot be unpacked",
    "kaputt/leer.txt": "the file is empty",
    "kaputt/zufall.bin": "no reader for content that begins with",
}
STATES = ["kept", "filtered", "duplicates", "quarantined"]


class MixedFolder(DataCase):
    @classmethod
    def setUpClass(cls):
        made = tempfile.TemporaryDirectory()
        cls.addClassCleanup(made.cleanup)
        cls.made = pathlib.Path(made.name)
        (cls.made / "work").mkdir()
        mixed_folder.make(cls.made / "raw", cls.made / "work")
        cls.count = None

    def setUp(self):
        super().setUp()
        self.raw = self.made / "raw"
        kept = self.made / "home"
        if kept.exists():
            shutil.copytree(kept, self.home)
            return
        type(self).count = self.add()
        shutil.copytree(self.home, kept)

    def add(self):
        return self.json("data", "add", self.raw, *SOURCE)

    def listed(self):
        """Path below the folder -> its document."""
        return {document["path"].removeprefix(f"{self.raw}/"): document for document in self.json("data", "ls")}

    def shown(self, path):
        return self.json("data", "show", self.listed()[path]["id"])

    @staticmethod
    def private(shown, kind, field):
        return [event["private"][field] for event in shown["events"] if event["kind"] == kind and field in event.get("private", {})]

    def places(self, path):
        """Place -> the text that stands there."""
        shown = self.shown(path)
        text = "".join(self.private(shown, "text", "text")).encode()
        return {place: text[begin:end].decode() for places in self.private(shown, "text", "places") for begin, end, place in json.loads(places)}

    def notes(self, path):
        return [note for notes in self.private(self.shown(path), "notes", "notes") for note in json.loads(notes)]

    def text(self, document):
        return self.run_walchen("data", "show", document["id"], "--text").stdout

    def test_every_file_is_listed_and_the_text_of_each_is_there(self):
        listed = self.listed()
        on_disk = sum(path.is_file() for path in self.raw.rglob("*"))
        self.assertEqual(self.count["files"], on_disk)
        self.assertEqual(sum(self.count[state] for state in STATES), self.count["documents"])
        self.assertEqual(self.count["duplicates"], 0, listed)
        self.assertEqual({path.split(" » ")[0] for path in listed},
                         {str(path.relative_to(self.raw)).encode(errors="surrogateescape").decode(errors="replace")
                          for path in self.raw.rglob("*") if path.is_file()})
        for path, wanted in TEXTS.items():
            with self.subTest(path):
                self.assertEqual(listed[path]["state"], "kept")
                text = self.text(listed[path])
                for words in wanted:
                    self.assertIn(words, text)
        for original, (path, words) in INSTALLED.items():
            with self.subTest(path):
                if original.exists():
                    self.assertIn(words, self.text(listed[path]))
        unnamed = [document for path, document in listed.items() if path.startswith("berichte/Gr")]
        self.assertEqual(self.text(unnamed[0]).strip(), mixed_folder.LATIN1.strip())
        self.assertIn("nur ein Text mit falschem Namen", self.text(listed["kaputt/keine_mappe.xlsx"]))
        if mixed_folder.GERMAN_PAGE.exists():
            self.assertIn("Debian-Pakete zu vollen Paketnamen umbenennen", self.text(listed["berichte/dpkg-name.pdf"]))

    def test_what_cannot_be_read_says_why_and_keeps_nothing_else_out(self):
        listed = self.listed()
        quarantined = {path: document["why"] for path, document in listed.items() if document["state"] == "quarantined"}
        self.assertEqual(set(quarantined), set(UNREAD))
        for path, why in UNREAD.items():
            self.assertIn(why, quarantined[path], path)
        self.assertEqual(self.count["quarantined"], len(UNREAD))
        self.assertEqual(listed["kaputt/gekippt.zip » gut.txt"]["state"], "kept")
        # What was not read is no copy of something else that was not read: forgetting one leaves the others.
        self.assertEqual(listed["kaputt/verschluesselt.zip » geheim.txt"]["sha256"], "")
        forgotten = self.json("data", "forget", listed["kaputt/verschluesselt.zip"]["sha256"])
        self.assertEqual(set(forgotten["forgotten"]), {document["id"] for path, document in listed.items() if "verschluesselt" in path})
        self.assertEqual({path for path, document in self.listed().items() if document["state"] == "quarantined"},
                         {path for path in UNREAD if "verschluesselt" not in path})

    def test_texts_keep_their_places_and_readers_their_notes(self):
        self.assertIn("Hydrauliköl", self.places("berichte/gescannt.pdf")["page 1"])
        self.assertEqual(self.places("berichte/Kreiselpumpe.docx")["paragraph 3"].strip(), mixed_folder.REPORT[1])
        mail = self.places("eingang/schaden.eml")
        self.assertIn("Schaden am Förderband", mail["headers"])
        self.assertEqual(mail["1"].strip(), mixed_folder.MAIL.strip())
        self.assertIn("pfeift", self.places("messung/anlage.sqlite")["notizen"])
        self.assertEqual(self.notes("berichte/gescannt.pdf"), ["page 1: read from its picture"])
        self.assertIn("location removed", self.notes("bilder/rotes-kugellager_01.png"))
        self.assertTrue(any(note.startswith("its text is left out: quality") for note in self.notes("messung/Messung.xlsx")))
        self.assertNotIn("Software", json.dumps(self.shown("bilder/rotes-kugellager_01.png")))
        page = self.run_walchen("data", "show", self.listed()["bilder/rotes-kugellager_01.png"]["id"]).stdout
        self.assertIn("location removed", page)

    def test_numbers_are_kept_with_units_times_and_gaps(self):
        [sheet] = self.shown("messung/Messung.xlsx")["tables"]
        self.assertEqual((sheet["name"], sheet["rows"]), ("Messung", 12))
        self.assertEqual([(column["name"], column["unit"], column["least"], column["most"]) for column in sheet["columns"]],
                         [("Druck", "bar", 3.14, 3.25), ("Temperatur", "°C", 61.5, 64.25)])
        self.assertEqual(sheet["time"]["first_ms"], 1738569600000)  # 2025-02-03 08:00
        [export] = self.shown("messung/drehzahl.csv")["tables"]
        self.assertEqual(export["rows"], 28)
        self.assertEqual([(column["name"], column["unit"], column["least"], column["most"]) for column in export["columns"]],
                         [("Drehzahl", "1/min", 1400.5, 1429.5), ("Kühlwasser", "°C", 20, 27.25)])
        begin = 1735059600000  # 2024-12-24 17:00
        self.assertEqual(export["time"]["gaps"], [[begin + 10 * 60_000, begin + 13 * 60_000]])
        [values] = [table for table in self.shown("messung/anlage.sqlite")["tables"] if table["rows"] == 40]
        self.assertEqual((values["name"], values["time"]["zone"]), ("messwerte", "UTC"))
        [sound] = self.shown("messung/lager.wav")["tables"]
        self.assertEqual((sound["rows"], sound["time"]["sampling_hz"], len(sound["columns"])), (4000, 8000, 2))
        page = self.run_walchen("data", "show", self.listed()["messung/drehzahl.csv"]["id"]).stdout
        self.assertIn("Drehzahl [1/min] 1400.5 to 1429.5", page)

    def test_a_second_time_nothing_is_new(self):
        before = self.run_walchen("data", "verify").stdout
        again = self.add()
        self.assertEqual((again["files"], again["unchanged"]), (self.count["files"], self.count["files"]))
        self.assertEqual([again[state] for state in STATES], [0, 0, 0, 0])
        self.assertEqual(self.run_walchen("data", "verify").stdout, before)

    def build_with_early(self, digest):
        """Shards by one seed after another, until a document lies before the last tenth, which is not trained on."""
        built = []
        while len(built) < 20:
            seed = len(built) + 1
            built.append(self.build(f"betrieb{seed}", "--seed", seed))
            self.assertGreaterEqual(built[-1]["documents"], len(TEXTS))
            members = [event for event in self.json("data", "show", digest)["events"] if event["kind"] == "shard_member"]
            if members[-1]["body"]["tokens"][0][1] < 0.8 * built[-1]["tokens"]:
                return built
        self.fail("expected a seed with which the document lies early, found none of 20")

    def test_a_run_learns_from_the_folder_and_a_mail_goes_with_what_hangs_on_it(self):
        listed = self.listed()
        mail, attached = listed["eingang/schaden.eml"], listed["eingang/schaden.eml » Schadensbericht.docx"]
        built = self.build_with_early(mail["sha256"])
        self.train(f"betrieb{len(built)}", '"O", "A"', sequences=16, tokens=63, steps=24)
        shown = self.json("data", "show", mail["sha256"])
        self.assertTrue(shown["seen_by"], shown)
        self.assertLessEqual(shown["seen_by"][0]["last_step"], 24)
        self.assertEqual([model["name"] for model in shown["models"]], ["model.gguf"])
        self.assertEqual(shown["parts"], [attached["id"]])

        forgotten = self.json("data", "forget", mail["sha256"])
        self.assertEqual(set(forgotten["forgotten"]), {mail["id"], attached["id"]})
        self.assertEqual(len(forgotten["shards"]), len(built))
        self.assertTrue(forgotten["runs"])
        self.assertTrue(forgotten["models"])
        digests = [document["sha256"] for document in (mail, attached)]
        self.assert_gone(["Gewährleistung noch", "vierzig Zentimeter", "schaden.eml", "Schadensbericht", "Schaden am Förderband", *digests])
        self.run_walchen("data", "verify")
        again = self.add()
        self.assertEqual((again["kept"], again["unchanged"]), (0, self.count["files"] - 1))
        refused = {path: document for path, document in self.listed().items() if path.startswith("eingang/schaden.eml")}
        self.assertEqual({document["why"] for document in refused.values()}, {"forgotten"})
        self.assertEqual({document["title"] for document in refused.values()}, {""})
        self.run_walchen("data", "verify")

    def test_the_papers_name_every_source_and_licence(self):
        note = self.folder / "gemeinfrei.txt"
        note.write_text("Der Rhein entspringt in der Schweiz, fließt durch den Bodensee und mündet hinter Rotterdam in die Nordsee.\n")
        self.json("data", "add", note, "--source", "fluesse", "--rights", "licence", "--licence", "CC-BY-4.0")
        licences = {"CC-BY-4.0"} | ({"Apache-2.0"} if mixed_folder.COPYRIGHT.exists() else set())
        rows = list(csv.DictReader(io.StringIO(self.run_walchen("data", "export", "--csv").stdout)))
        self.assertEqual({row["source"] for row in rows}, {"betrieb", "fluesse"})
        self.assertEqual({row["licence"] for row in rows}, licences | {"none"})
        self.assertEqual({row["purpose"] for row in rows if row["source"] == "betrieb"}, {"Modell für die Wartung"})
        card = self.run_walchen("data", "export", "--card", "--name", "Werk").stdout
        self.assertTrue(card.startswith("# Werk\n"), card[:100])
        for wanted in ["| betrieb | user | own-data |", "| fluesse | public_dataset | licence |", "CC-BY-4.0 1", "unreadable"]:
            self.assertIn(wanted, card)
        attribution = self.run_walchen("data", "export", "--attribution").stdout
        self.assertIn("CC-BY-4.0\n", attribution)
        self.assertIn("gemeinfrei.txt", attribution)
        self.check_croissant(licences)
        self.run_walchen("data", "verify")

    def check_croissant(self, licences):
        path = self.folder / "croissant.json"
        self.run_walchen("data", "export", "--croissant", "--name", "werk", "--creator", "Werk GmbH", "--output", path)
        paper = json.loads(path.read_text())
        self.assertEqual((paper["name"], paper["creator"]["name"]), ("werk", "Werk GmbH"))
        self.assertIn("http://mlcommons.org/croissant/1.1", paper["conformsTo"])
        pages = {licence for licence in paper["license"] if isinstance(licence, str)}
        self.assertEqual(pages, {f"https://spdx.org/licenses/{licence}.html" for licence in licences})
        self.assertEqual([licence["name"] for licence in paper["license"] if isinstance(licence, dict)], ["no licence; betrieb: own-data"])
        self.assertEqual({entry["prov:label"] for entry in paper["prov:wasDerivedFrom"]}, {"betrieb", "fluesse"})
        [files] = [entry for entry in paper["distribution"] if entry["@id"] == "files/betrieb"]
        self.assertTrue({"application/pdf", "message/rfc822", "audio/wav", "image/png"} <= set(files["encodingFormat"]))
        for term in ("url", "datePublished", "citeAs", "description", "version", "rai:personalSensitiveInformation"):
            self.assertTrue(paper[term], term)


if __name__ == "__main__":
    unittest.main()
