#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The numbers that Walchen reads from tables are those that others read: Python's csv, datetime, sqlite3 and wave,
openpyxl, pyarrow and h5py. 40 separated texts in German and English, 20 workbooks, 16 Parquet and Arrow files, 10
databases, 10 recordings, 10 HDF5 files, from a fixed seed, and the Parquet files of pandas that pyarrow's own tests read;
every value to 1e-12. All through the child process that has neither network nor the right to write.
"""

import csv
import datetime
import decimal
import io
import json
import math
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import tempfile
import unittest
import wave

import h5py
import numpy
import openpyxl
import pyarrow
import pyarrow.feather
import pyarrow.parquet

BUILD = pathlib.Path(os.environ["WALCHEN_BUILD"])
UTC = datetime.timezone.utc
MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()
MISSING = ["", "-", "n/a", "NaN", "#NV"]


def ms_of(moment):
    return (moment.replace(tzinfo=UTC) - datetime.datetime(1970, 1, 1, tzinfo=UTC)) / datetime.timedelta(milliseconds=1)


def grouped(number, decimals, thousands, decimal):
    return f"{number:,.{decimals}f}".replace(",", "x").replace(".", decimal).replace("x", thousands)


class TableParityTest(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(20261123)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def parts_of(self, paths, program=BUILD / "extract_parts"):
        """The only part of each file, as the program next to this test prints it."""
        ran = subprocess.run([program], check=True, text=True, input="".join(f"{path}\n" for path in paths), capture_output=True)
        parts = [json.loads(line) for line in ran.stdout.splitlines()]
        self.assertEqual([part["path"] for part in parts], [str(path) for path in paths])
        return parts

    def tables_of(self, paths):
        """Path -> its tables."""
        parts = self.parts_of(paths)
        for part in parts:
            self.assertEqual(part["quarantine"], "", part["path"])
        return {part["path"]: part["tables"] for part in parts}

    def assert_values(self, found, wanted, where):
        self.assertEqual(len(found), len(wanted), where)
        for row, (a, b) in enumerate(zip(found, wanted)):
            missing = b is None or math.isnan(b)
            self.assertEqual(a is None, missing, f"{where}, row {row}: {a} and {b}")
            if not missing:
                self.assertTrue(math.isclose(a, b, rel_tol=1e-12, abs_tol=0), f"{where}, row {row}: {a} and {b}")

    def assert_table(self, table, wanted, where):
        """wanted: (name, unit) -> values."""
        self.assertEqual([(column["name"], column["unit"]) for column in table["columns"]], list(wanted), where)
        for column, values in zip(table["columns"], wanted.values()):
            self.assert_values(column["values"], values, f"{where}: {column['name']}")

    def moments(self, rows):
        start = datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=self.random.randrange(2 * 10**8))
        step = self.random.choice([1, 60, 900, 3600, 86400])
        moments = [start + datetime.timedelta(seconds=step * row) for row in range(rows)]
        for _ in range(self.random.randrange(3)):
            del moments[self.random.randrange(1, len(moments) - 1)]
        return moments

    def stamp(self, form, moment):
        return {
            "iso": lambda: moment.isoformat(),
            "isoz": lambda: moment.isoformat(sep=" ") + "Z",
            "german": lambda: moment.strftime("%d.%m.%Y %H:%M:%S"),
            "named": lambda: f"{moment.day}. {MONTHS[moment.month - 1]} {moment.year} {moment:%H:%M:%S}",
            "american": lambda: moment.strftime("%m/%d/%Y %I:%M:%S %p"),
            "english": lambda: moment.strftime("%b %d, %Y %H:%M:%S"),
        }[form]()

    def write_csv(self, path):
        """A file in one of the two dialects, and what Python makes of its cells when it reads them again."""
        german = self.random.random() < 0.5
        decimal, thousands = (",", self.random.choice(["", "."])) if german else (".", self.random.choice(["", ","]))
        form = self.random.choice(["iso", "isoz", "german", "named"] if german else ["iso", "isoz", "american", "english"])
        moments = self.moments(self.random.randrange(30, 80))
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.random.choice(";\t" if german else ",|"),
                            lineterminator=self.random.choice(["\n", "\r\n"]), quoting=self.random.choice([0, 1]))
        writer.writerow(["Zeit", "T [°C]", "P (kW)", "Name"])
        for moment in moments:
            values = [grouped(self.random.uniform(-5e4, 5e4), 2, thousands, decimal),
                      grouped(self.random.uniform(0, 9e6), 1, thousands, decimal)]
            cells = [value if self.random.random() < 0.9 else self.random.choice(MISSING) for value in values]
            writer.writerow([self.stamp(form, moment), *cells, self.random.choice(["Pumpe; 1", 'das "Ventil"', "Öl"])])
        encoding = self.random.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"])
        path.write_bytes(text.getvalue().encode(encoding))
        rows = list(csv.reader(io.StringIO(text.getvalue()), delimiter=writer_delimiter(text.getvalue())))[1:]
        numbers = [[None if cell in MISSING else float(cell.replace(thousands or "_", "").replace(decimal, "."))
                    for cell in row[1:3]] for row in rows]
        return moments, [list(column) for column in zip(*numbers)]

    def test_separated_texts(self):
        paths = [self.folder / f"{number}.csv" for number in range(40)]
        wanted = {path: self.write_csv(path) for path in paths}
        tables = self.tables_of(paths)
        for path, (moments, columns) in wanted.items():
            (table,) = tables[str(path)]
            self.assertTrue(table["time"]["absolute"], path)
            self.assert_values(table["time"]["ms"], [ms_of(moment) for moment in moments], path)
            self.assert_table(table, {("T", "°C"): columns[0], ("P", "kW"): columns[1]}, path)

    def test_workbooks(self):
        paths = [self.folder / f"{number}.xlsx" for number in range(20)]
        for path in paths:
            book = openpyxl.Workbook()
            book.active.append(["Zeit", "Wert [bar]", "Zahl"])
            for moment in self.moments(30):
                value = self.random.choice([self.random.uniform(-1e6, 1e6), 0.1 + 0.2, 1e-300, None])
                book.active.append([moment, value, self.random.randrange(10**9)])
            book.save(path)
        tables = self.tables_of(paths)
        for path in paths:
            rows = list(openpyxl.load_workbook(path).active.values)[1:]
            (table,) = tables[str(path)]
            self.assert_values(table["time"]["ms"], [ms_of(row[0]) for row in rows], path)
            self.assert_table(table, {("Wert", "bar"): [row[1] for row in rows], ("Zahl", ""): [row[2] for row in rows]}, path)

    def arrow_table(self):
        moments = self.moments(50)
        rows = len(moments)
        pick = self.random
        zone = pick.choice([None, "Europe/Berlin"])
        return pyarrow.table({
            "zeit": pyarrow.array(moments, pyarrow.timestamp(pick.choice(["s", "ms", "us", "ns"]), tz=zone)),
            "f64": pyarrow.array([pick.choice([None, pick.uniform(-1, 1)]) for _ in range(rows)], pyarrow.float64()),
            "f32": pyarrow.array([pick.uniform(-1, 1) for _ in range(rows)], pyarrow.float32()),
            "i64": pyarrow.array([pick.randrange(-(2**53), 2**53) for _ in range(rows)], pyarrow.int64()),
            "u8": pyarrow.array([pick.choice([None, pick.randrange(256)]) for _ in range(rows)], pyarrow.uint8()),
            "ja": pyarrow.array([pick.random() < 0.5 for _ in range(rows)]),
            "dezimal": pyarrow.array([pick.choice([None, decimal.Decimal(pick.randrange(-(10**12), 10**12)).scaleb(-3)])
                                      for _ in range(rows)], pyarrow.decimal128(15, 3)),
            "dauer": pyarrow.array([pick.randrange(10**6) for _ in range(rows)], pyarrow.duration("ms")),
            "code": pyarrow.array([pick.choice([0.5, 1.5]) for _ in range(rows)]).dictionary_encode(),
            "text": pyarrow.array([pick.choice(["Öl", "x"]) for _ in range(rows)]).dictionary_encode(),
            "liste": pyarrow.array([[1]] * rows),
        })

    def test_parquet_and_arrow(self):
        paths = []
        for number in range(16):
            kind = ["parquet", "feather", "arrow", "pq"][number % 4]
            path = self.folder / f"{number}.{kind}"
            table = self.arrow_table()
            if kind in ("parquet", "pq"):
                pyarrow.parquet.write_table(table, path, compression=self.random.choice(["snappy", "zstd", "none"]),
                                            row_group_size=self.random.choice([7, 1000]))
            elif kind == "feather":
                pyarrow.feather.write_feather(table, path, compression=self.random.choice(["lz4", "uncompressed"]))
            else:
                with pyarrow.ipc.new_file(path, table.schema) as writer:
                    writer.write_table(table, max_chunksize=11)
            paths.append(path)
        tables = self.tables_of(paths)
        for path in paths:
            is_parquet = path.suffix in (".parquet", ".pq")
            wanted = pyarrow.parquet.read_table(path) if is_parquet else pyarrow.feather.read_table(path)
            (table,) = tables[str(path)]
            zoned = wanted.schema.field("zeit").type.tz is not None
            self.assertEqual(table["time"]["zone"], "UTC" if zoned else "", path)
            moments = [moment.astimezone(UTC) if zoned else moment for moment in wanted["zeit"].to_pylist()]
            self.assert_values(table["time"]["ms"], [ms_of(moment) for moment in moments], path)
            self.assert_table(table, {(name, "ms" if name == "dauer" else ""): numbers_of(wanted[name])
                                      for name in ("f64", "f32", "i64", "u8", "ja", "dezimal", "dauer", "code")}, path)

    def test_parquet_of_pandas(self):
        folder = pathlib.Path(pyarrow.__file__).parent / "tests/data/parquet"
        paths = sorted(folder.glob("*.parquet"))
        self.assertGreaterEqual(len(paths), 4)
        tables = self.tables_of(paths)
        for path in paths:
            read = pyarrow.parquet.read_table(path)
            (table,) = tables[str(path)]
            wanted = {(field.name, ""): numbers_of(read[field.name]) for field in read.schema
                      if pyarrow.types.is_integer(field.type) or pyarrow.types.is_floating(field.type)}
            found = [column for column in table["columns"] if column["unit"] == ""]
            self.assert_table({"columns": found}, wanted, path)

    def test_without_the_libraries_the_reason_is_said(self):
        path = self.folder / "a.parquet"
        pyarrow.parquet.write_table(pyarrow.table({"a": [1, 2]}), path)
        alone = shutil.copy(BUILD / "extract_parts", self.folder)
        (part,) = self.parts_of([path], alone)
        self.assertIn("make tables", part["quarantine"])
        self.assertEqual(part["tables"], [])

    def test_databases(self):
        paths = [self.folder / f"{number}.sqlite" for number in range(10)]
        for path in paths:
            with sqlite3.connect(path) as base:
                base.execute("create table m(zeit text, a real, b integer, name text)")
                for moment in self.moments(40):
                    base.execute("insert into m values(?, ?, ?, ?)", (moment.isoformat(), self.random.choice([None, self.random.gauss(0, 1)]),
                                                                      self.random.randrange(-(2**40), 2**40), "Öl"))
                base.execute("create view doppelt as select a * 2 as a2 from m where a is not null")
        tables = self.tables_of(paths)
        for path in paths:
            with sqlite3.connect(path) as base:
                rows = base.execute("select * from m").fetchall()
                doubled = base.execute("select * from doppelt").fetchall()
            measured, view = tables[str(path)]
            moments = [datetime.datetime.fromisoformat(row[0]) for row in rows]
            self.assert_values(measured["time"]["ms"], [ms_of(moment) for moment in moments], path)
            self.assert_table(measured, {("a", ""): [row[1] for row in rows], ("b", ""): [row[2] for row in rows]}, path)
            self.assert_table(view, {("a2", ""): [row[0] for row in doubled]}, path)

    def test_recordings(self):
        paths = [self.folder / f"{number}.wav" for number in range(10)]
        for path in paths:
            width, channels = self.random.choice([1, 2, 3, 4]), self.random.randrange(1, 5)
            with wave.open(str(path), "wb") as out:
                out.setparams((channels, width, self.random.choice([8000, 11025, 44100, 96000]), 0, "NONE", ""))
                out.writeframes(self.random.randbytes(width * channels * 500))
        tables = self.tables_of(paths)
        for path in paths:
            with wave.open(str(path)) as file:
                width, channels, rate, data = file.getsampwidth(), file.getnchannels(), file.getframerate(), file.readframes(10**6)
            samples = [(data[at] - 128) / 128 if width == 1
                       else int.from_bytes(data[at:at + width], "little", signed=True) / 2.0**(8 * width - 1)
                       for at in range(0, len(data), width)]
            (table,) = tables[str(path)]
            self.assertTrue(math.isclose(table["time"]["hz"], rate, rel_tol=1e-12), path)
            self.assert_table(table, {(f"channel {c + 1}", ""): samples[c::channels] for c in range(channels)}, path)

    def test_hdf5(self):
        paths = [self.folder / f"{number}.h5" for number in range(10)]
        for path in paths:
            with h5py.File(path, "w") as file:
                rows = self.random.randrange(10, 60)
                group = file.create_group("lauf/eins")
                group["zeit"] = numpy.arange(rows) * 0.25
                group.create_dataset("a", data=[self.random.gauss(0, 1) for _ in range(rows)], compression="gzip",
                                     chunks=(7,), shuffle=True)
                group["a"].attrs["units"] = "m/s²"
                group.create_dataset("b", data=numpy.array([self.random.randrange(1000) for _ in range(rows)], ">i4"))
                file["bild"] = numpy.array(self.random.choices(range(100), k=12), "f4").reshape(4, 3)
        tables = self.tables_of(paths)
        for path in paths:
            by_name = {table["name"]: table for table in tables[str(path)]}
            with h5py.File(path) as file:
                group = file["lauf/eins"]
                self.assert_values(by_name["lauf/eins"]["time"]["ms"], [value * 1000 for value in group["zeit"]], path)
                self.assert_table(by_name["lauf/eins"], {("a", "m/s²"): list(group["a"]), ("b", ""): list(group["b"])}, path)
                self.assert_table(by_name["bild"], {(f"{c + 1}", ""): list(file["bild"][:, c]) for c in range(3)}, path)


def numbers_of(column):
    """An Arrow column as floats; durations in milliseconds."""
    millisecond = datetime.timedelta(milliseconds=1)
    return [None if value is None else value / millisecond if isinstance(value, datetime.timedelta) else float(value)
            for value in column.to_pylist()]


def writer_delimiter(text):
    """The separator behind the first head, which may stand in quotes."""
    return text.removeprefix('"').removeprefix("Zeit").removeprefix('"')[0]


if __name__ == "__main__":
    unittest.main()
