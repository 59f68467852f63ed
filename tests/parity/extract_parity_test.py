#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Walchen reads from raw files is what others read: openpyxl, python-docx, and Python's own email, gettext and zipfile.

The files are written by those libraries from a fixed seed: 140 workbooks, 60 documents, 40 messages, 20 catalogues and 20
archives.
"""

import datetime
import email
import email.message
import email.policy
import gettext
import io
import json
import os
import pathlib
import random
import struct
import subprocess
import tempfile
import unittest
import zipfile

import docx
import openpyxl

WORDS = "Pumpe Ventil Öl Druck größer Straße 1.234,50 3,14 alpha <b>&amp; € 😀 Zeile".split()
NUMBER_FORMATS = ["General", "#,##0.00", "0%", "#.##0,00 [$€-407]", "0.00E+00", '0 "Stück"']
DATE_FORMATS = ["dd.mm.yyyy hh:mm", "[$-407]d. mmmm yyyy h:mm:ss", "yyyy\\-mm\\-dd hh:mm:ss"]


def parts_of(paths):
    """Path -> its parts, as the program next to this test prints them."""
    ran = subprocess.run([pathlib.Path(os.environ["WALCHEN_BUILD"]) / "extract_parts"], check=True, text=True,
                         input="".join(f"{path}\n" for path in paths), capture_output=True)
    found = {str(path): [] for path in paths}
    for line in ran.stdout.splitlines():
        part = json.loads(line)
        found[part["path"]].append(part)
    return found


class ExtractParityTest(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(20261122)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def words(self, most=8):
        return " ".join(self.random.choice(WORDS) for _ in range(self.random.randrange(1, most)))

    def only_part(self, parts, path):
        self.assertEqual(len(parts[str(path)]), 1, path)
        self.assertEqual(parts[str(path)][0]["quarantine"], "", path)
        return parts[str(path)][0]

    def put_value(self, cell):
        kind = self.random.randrange(7)
        if kind == 0:
            cell.value = self.random.randrange(-(10**6), 10**9)
        elif kind == 1:
            cell.value = self.random.choice([self.random.uniform(-1e3, 1e6), 1e-7, 1e15, 0.1 + 0.2])
        elif kind == 2:
            cell.value = self.random.random() < 0.5
        elif kind == 3:
            cell.value = datetime.date(1900, 3, 1) + datetime.timedelta(days=self.random.randrange(60000))
        elif kind == 4:
            cell.value = datetime.datetime(1950, 1, 1) + datetime.timedelta(seconds=self.random.randrange(3 * 10**9))
            cell.number_format = self.random.choice(DATE_FORMATS)
        elif kind == 5:
            cell.value = datetime.time(self.random.randrange(24), self.random.randrange(60), self.random.randrange(60))
        else:
            cell.value = self.words()
        if kind < 2:
            cell.number_format = self.random.choice(NUMBER_FORMATS)

    def write_workbook(self, path):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for number in range(self.random.randrange(1, 4)):
            sheet = book.create_sheet(f"Blatt {number} ä")
            places = {(self.random.randrange(1, 40), self.random.randrange(1, 30))
                      for _ in range(self.random.randrange(1, 60))}
            for row, column in sorted(places):
                self.put_value(sheet.cell(row, column))
        book.save(path)

    @staticmethod
    def cell_text(value):
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, datetime.datetime):
            value = (value + datetime.timedelta(milliseconds=500)).replace(microsecond=0)
            return value.strftime("%Y-%m-%d %H:%M:%S").removesuffix(" 00:00:00")
        if isinstance(value, (int, float)):
            return f"{value:.15g}"
        return str(value)

    def test_workbooks_are_read_as_by_openpyxl(self):
        paths = [self.folder / f"{number}.xlsx" for number in range(140)]
        for path in paths:
            self.write_workbook(path)
        parts = parts_of(paths)
        cells = 0
        for path in paths:
            wanted = {}
            for sheet in openpyxl.load_workbook(path):
                for row in sheet.iter_rows():
                    wanted.update({f"{sheet.title}!{cell.coordinate}": self.cell_text(cell.value)
                                   for cell in row if cell.value is not None})
            found = {span["name"]: span["text"].removesuffix(" 00:00:00")
                     for span in self.only_part(parts, path)["spans"]}
            self.assertEqual(found, wanted, path)
            cells += len(wanted)
        self.assertGreater(cells, 4000)

    def test_documents_are_read_as_by_python_docx(self):
        paths = [self.folder / f"{number}.docx" for number in range(60)]
        for path in paths:
            document = docx.Document()
            for _ in range(self.random.randrange(1, 12)):
                if self.random.random() < 0.2:
                    table = document.add_table(2, 3)
                    for cell in (cell for row in table.rows for cell in row.cells):
                        cell.text = self.words(4)
                else:
                    paragraph = document.add_paragraph()
                    for _ in range(self.random.randrange(1, 4)):
                        paragraph.add_run(self.words()).bold = self.random.random() < 0.5
            document.save(path)
        parts = parts_of(paths)
        for path in paths:
            wanted = []
            for block in docx.Document(path).iter_inner_content():
                if hasattr(block, "rows"):
                    wanted += ["\t".join(cell.text for cell in row.cells) for row in block.rows]
                else:
                    wanted.append(block.text)
            self.assertEqual([line for line in self.only_part(parts, path)["text"].split("\n") if line], wanted, path)

    def test_messages_are_read_as_by_the_email_package(self):
        paths = [self.folder / f"{number}.eml" for number in range(40)]
        for path in paths:
            message = email.message.EmailMessage()
            message["From"] = "Jürgen Öl <j@example.org>"
            message["Subject"] = self.words()
            charset = self.random.choice(["utf-8", "utf-16"])
            encoding = self.random.choice(["base64", "quoted-printable"])
            message.set_content(self.words(200) + "\n", charset=charset, cte=encoding)
            if self.random.random() < 0.5:
                message.add_alternative("<p>not this</p>", subtype="html")
            message.add_attachment(self.words().encode(), maintype="text", subtype="plain", filename="anhang ä.txt")
            path.write_bytes(message.as_bytes())
        parts = parts_of(paths)
        for path in paths:
            wanted = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            attachment = next(wanted.iter_attachments())
            message, attached = parts[str(path)]
            self.assertEqual(message["title"], wanted["Subject"], path)
            self.assertIn(wanted.get_body(("plain",)).get_content().strip(), message["text"], path)
            self.assertEqual((attached["inner_path"], attached["text"]),
                             (attachment.get_filename(), attachment.get_payload(decode=True).decode()), path)

    def test_catalogues_are_read_as_by_gettext(self):
        paths = [self.folder / f"{number}.mo" for number in range(20)]
        for path in paths:
            messages = {"": "Content-Type: text/plain; charset=UTF-8\nLanguage: de\n"}
            messages.update({f"{self.words()} {number}": self.words() for number in range(50)})
            path.write_bytes(compiled_catalogue(messages, self.random.choice("<>")))
        parts = parts_of(paths)
        for path in paths:
            with path.open("rb") as file:
                catalogue = gettext.GNUTranslations(file)
            originals, translations = ([span["text"] for span in part["spans"]] for part in parts[str(path)])
            self.assertEqual(len(originals), 50, path)
            self.assertEqual([catalogue.gettext(original) for original in originals], translations, path)

    def test_archives_are_read_as_by_zipfile(self):
        paths = [self.folder / f"{number}.zip" for number in range(20)]
        for path in paths:
            inner = io.BytesIO()
            with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("tief/ä.txt", self.words())
            packing = self.random.choice([zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
            with zipfile.ZipFile(path, "w", packing) as archive:
                for number in range(10):
                    archive.writestr(f"größe/{number}.txt", self.words(300))
                archive.writestr("m.zip", inner.getvalue())
        parts = parts_of(paths)
        for path in paths:
            with zipfile.ZipFile(path) as archive:
                wanted = {name: archive.read(name).decode() for name in archive.namelist() if name != "m.zip"}
                with zipfile.ZipFile(io.BytesIO(archive.read("m.zip"))) as inner:
                    wanted.update({f"m.zip/{name}": inner.read(name).decode() for name in inner.namelist()})
            self.assertEqual({part["inner_path"]: part["text"] for part in parts[str(path)]}, wanted, path)


def compiled_catalogue(messages, order):
    """A .mo file in the byte order `<` or `>`, as the GNU gettext manual describes it."""
    texts = sorted((original.encode(), translation.encode()) for original, translation in messages.items())
    begin = 28 + 16 * len(texts)
    data, tables = b"", [b"", b""]
    for pair in texts:
        for table, text in enumerate(pair):
            tables[table] += struct.pack(order + "II", len(text), begin + len(data))
            data += text + b"\0"
    header = struct.pack(order + "7I", 0x950412DE, 0, len(texts), 28, 28 + 8 * len(texts), 0, 0)
    return header + tables[0] + tables[1] + data


if __name__ == "__main__":
    unittest.main()
