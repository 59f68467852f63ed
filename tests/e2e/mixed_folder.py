# SPDX-License-Identifier: Apache-2.0
"""A folder of the files that a company has: real ones of installed packages, and ones that the usual programs write."""
import email.message
import gzip
import io
import math
import mailbox
import os
import pathlib
import random
import shutil
import sqlite3
import struct
import subprocess
import wave
import zipfile

import docx
import openpyxl
from PIL import ExifTags, Image, ImageDraw, ImageFont, PngImagePlugin

GERMAN_PAGE = pathlib.Path("/usr/share/man/de/man1/dpkg-name.1.gz")
ENGLISH_PAGE = pathlib.Path("/usr/share/man/man1/dpkg-name.1.gz")
CATALOGUE = pathlib.Path("/usr/share/locale/de/LC_MESSAGES/sed.mo")
COPYRIGHT = pathlib.Path("/usr/share/doc/libgumbo-dev/copyright")
HTML = pathlib.Path("/usr/share/doc/base-passwd/users-and-groups.html")
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"

REPORT = [
    "Die Kreiselpumpe im Keller der Molkerei wurde am Dienstag zerlegt, weil sie beim Anlauf hörbar schlug.",
    "Das Laufrad zeigte Spuren von Kavitation, und am Gleitring fehlte ein handbreites Stück der Dichtfläche.",
    "Wir haben das Laufrad getauscht, die Welle vermessen und den Zulauf um einen halben Meter tiefer gelegt."]
SCAN = [
    "Wartungsprotokoll der Presse",
    "Das Hydrauliköl wurde gewechselt und der Filter",
    "gereinigt. Die Zylinder sind dicht, aber der Schlauch",
    "zum Speicher ist spröde und muss bald ersetzt werden.",
    "Nächste Prüfung im Frühjahr durch die Werkstatt."]
MAIL = (
    "Guten Tag,\n\nim Anhang steht der Bericht über den Schaden am Förderband in Halle Drei. Bitte prüfen Sie, ob die Gewährleistung noch "
    "gilt, denn der Riss liegt genau an der Schweißnaht, die im Herbst erneuert wurde. Bis dahin läuft das Band mit halber Kraft.\n")
ATTACHED = [
    "Der Riss beginnt neben der dritten Tragrolle und ist vierzig Zentimeter lang.",
    "Vermutlich war die Schweißnaht beim Einbau zu kalt, denn ihre Ränder lösen sich an vielen Stellen.",
    "Ein neuer Gurt ist bestellt und wird in der nächsten Woche zusammen mit den Rollen eingebaut."]
LETTERS = [
    ("Kessel", "Der Kessel zwei hat heute Nacht wieder abgeschaltet. Im Protokoll steht Flammenausfall, doch die Sonde ist neu. Ich "
               "tippe auf zu wenig Gasdruck und bitte um eine Messung, bevor die Frühschicht kommt.\n"),
    ("Gabelstapler", "The blue forklift loses oil at the mast. I put a tray under it and took the key out of the lock, so please do not "
                     "use it until the hose has been replaced. The dealer says that the part will be here on Thursday.\n")]
ARCHIVED = (
    "Before the furnace is lit, open the damper fully and let the fan run for five minutes, so that no gas is left in the chamber. Then "
    "set the valve to its lowest mark, press the igniter, and watch the flame through the glass until it burns blue and steady.\n")
ESCAPING = "This note about conveyor belts left its archive through a path with dots, which no honest program would write.\n"
SHELF = (
    "Im Regal neben der Drehbank liegen nur noch zwei Sätze Wendeplatten. Wer den letzten nimmt, trägt es bitte in die Liste ein, damit "
    "die Werkzeugausgabe rechtzeitig neue bestellen kann.\n")
LATIN1 = (
    "Prüfbericht über die Größe der Schrauben: Die Gewinde der gelieferten Schrauben wurden mit der Lehre geprüft. Drei von hundert waren "
    "zu weit, alle übrigen lagen im Maß. Die Lieferung wird angenommen, der Händler bekommt eine Beschwerde.\n")


def run(*command):
    subprocess.run(list(map(str, command)), check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def write_printed_page(path, work):
    """A German manual page as a browser prints it."""
    source, page = work / "page.1", work / "page.html"
    source.write_bytes(gzip.decompress(GERMAN_PAGE.read_bytes()))
    page.write_bytes(subprocess.run(["mandoc", "-T", "html", source], check=True, stdout=subprocess.PIPE).stdout)
    # Once more: under load Chromium ends now and then without a file.
    for _ in range(3):
        subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={work / 'profile'}",
                        "--no-pdf-header-footer", f"--print-to-pdf={path}", page.as_uri()],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
        if path.exists():
            return
    raise AssertionError("chromium printed no PDF")


def write_scan(path, work):
    """A page that was printed and scanned: a picture in a PDF, without text."""
    page = Image.new("L", (900, 420), 255)
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(SCAN):
        draw.text((40, 40 + number * 62), line, fill=0, font=ImageFont.truetype(FONT, 28))
    page.save(work / "text.pdf", resolution=150)
    run("pdftoppm", "-r", "150", "-gray", "-png", "-singlefile", work / "text.pdf", work / "scan")
    with Image.open(work / "scan.png") as scan:
        scan.save(path, resolution=150)


def docx_bytes(title, paragraphs, rows=()):
    document = docx.Document()
    document.core_properties.title = title
    document.core_properties.language = "de-DE"
    document.add_heading(title)
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    if rows:
        table = document.add_table(rows=len(rows), cols=len(rows[0]))
        for row, values in zip(table.rows, rows):
            for cell, value in zip(row.cells, values):
                cell.text = value
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def write_workbook(path):
    """Decimal commas in both ways: texts as a form's export has them, and numbers that a German format shows so."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Messung"
    sheet.append(["Zeit", "Druck [bar]", "Temperatur [°C]", "Bemerkung"])
    for minute in range(12):
        sheet.append([f"03.02.2025 08:{minute:02}", f"{3.14 + minute / 100:.2f}".replace(".", ","), 61.5 + minute / 4,
                      "Ventil von Hand geöffnet" if minute == 4 else None])
        sheet.cell(minute + 2, 3).number_format = "#.##0,00"
    book.save(path)


def german(value, places):
    return f"{value:,.{places}f}".translate(str.maketrans(",.", ".,"))


def write_table(path):
    """As a control room exports it: semicolons, decimal commas, points between thousands, Windows' letters, two rows missing."""
    lines = ["Zeitstempel;Drehzahl [1/min];Kühlwasser [°C]"]
    for minute in range(30):
        if minute not in (11, 12):
            lines.append(f"24.12.2024 17:{minute:02}:00;{german(1400.5 + minute, 1)};{german(20 + minute / 4, 2)}")
    path.write_text("\r\n".join(lines) + "\r\n", encoding="cp1252")


def write_mail(path):
    message = email.message.EmailMessage()
    message["From"] = "Instandhaltung <instandhaltung@werk.example>"
    message["To"] = "Einkauf <einkauf@werk.example>"
    message["Subject"] = "Schaden am Förderband"
    message.set_content(MAIL)
    message.add_attachment(docx_bytes("Schadensbericht Förderband", ATTACHED), filename="Schadensbericht.docx", maintype="application",
                           subtype="vnd.openxmlformats-officedocument.wordprocessingml.document")
    path.write_bytes(bytes(message))


def write_mailbox(path):
    box = mailbox.mbox(path)
    for subject, text in LETTERS:
        message = email.message.EmailMessage()
        message["From"] = "Schichtleitung <schicht@werk.example>"
        message["Subject"] = subject
        message.set_content(text)
        box.add(message)
    box.close()


def zip_bytes(entries, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def flipped_zip():
    """The second of its two entries is not what its checksum was made of."""
    content = bytearray(zip_bytes({"gut.txt": SHELF, "schlecht.txt": SHELF[::-1]}, zipfile.ZIP_STORED))
    content[content.index(SHELF[::-1][:40].encode()) + 20] ^= 0xFF
    return content


def short_zip():
    """An entry of which the archive says that it is longer."""
    content = bytearray(zip_bytes({"kurz.txt": SHELF * 2}))
    local, central = content.index(b"PK\3\4") + 22, content.index(b"PK\1\2") + 24
    for at in (local, central):
        struct.pack_into("<I", content, at, len((SHELF * 2).encode()) + 100)
    return content


def encrypted_zip():
    """One entry with the flag of encryption and 12 bytes before its data, as PKWARE's old cipher has them."""
    secret = random.Random(7).randbytes(212)
    name = b"geheim.txt"
    sizes = struct.pack("<IIIHH", 0x12345678, len(secret), 200, len(name), 0)
    local = struct.pack("<IHHHHH", 0x04034B50, 20, 1, 0, 0, 0x5821) + sizes + name + secret
    central = struct.pack("<IHHHHHH", 0x02014B50, 20, 20, 1, 0, 0, 0x5821) + sizes + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    return local + central + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(central), len(local), 0)


def write_picture(path):
    """A photo of a red bearing on grey, with a caption in its name, and with the place where it was taken."""
    picture = Image.new("RGB", (96, 64), (90, 90, 90))
    ImageDraw.Draw(picture).ellipse((30, 12, 70, 52), outline=(200, 20, 20), width=8)
    exif = Image.Exif()
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place.update({1: "N", 2: (48.0, 8.0, 15.0), 3: "E", 4: (11.0, 34.0, 30.0)})
    exif[ExifTags.IFD.GPSInfo] = place
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Software", "werkstattkamera")
    picture.save(path, exif=exif, pnginfo=notes)


def write_drawing(path):
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" xml:lang="de"><title>Schaltplan der Hebebühne</title>'
                    '<rect x="8" y="8" width="48" height="48" fill="#20609f"/><circle cx="32" cy="32" r="12" fill="#fff"/></svg>\n')


def write_sound(path):
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        samples = [int(8000 * math.sin(2 * math.pi * hertz * at / 8000)) for at in range(4000) for hertz in (50, 440)]
        sound.writeframes(struct.pack(f"<{len(samples)}h", *samples))


def write_database(path):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE messwerte (zeit TEXT, temperatur_c REAL, stromaufnahme_a REAL)")
        database.execute("CREATE TABLE notizen (text TEXT)")
        database.executemany("INSERT INTO messwerte VALUES (?, ?, ?)",
                             [(f"2025-03-01T06:{minute:02}:00Z", 20.5 + minute / 8, 4.25 - minute / 100) for minute in range(40)])
        database.execute("INSERT INTO notizen VALUES ('Der Lüfter des Schaltschranks pfeift seit gestern, der Filter davor ist verstaubt.')")
    database.close()


def write_broken(folder, printed):
    folder.mkdir()
    (folder / "abgeschnitten.pdf").write_bytes(printed.read_bytes()[:3000])
    (folder / "gekippt.zip").write_bytes(flipped_zip())
    (folder / "zu_kurz.zip").write_bytes(short_zip())
    (folder / "verschluesselt.zip").write_bytes(encrypted_zip())
    (folder / "keine_mappe.xlsx").write_bytes(b"Dies ist kein Excel, nur ein Text mit falschem Namen.\n")
    (folder / "zufall.bin").write_bytes(random.Random(11).randbytes(5000))
    (folder / "leer.txt").write_bytes(b"")


def write_installed(folder):
    folder.mkdir()
    for path in (ENGLISH_PAGE, CATALOGUE, COPYRIGHT, HTML):
        if path.exists():  # some images of Debian leave documentation out
            shutil.copy(path, folder / path.name)


def make(raw, work):
    """Writes all of it into raw, with work for what is needed on the way."""
    for name in ("berichte", "messung", "eingang", "archiv", "bilder"):
        (raw / name).mkdir(parents=True)
    printed = raw / "berichte/dpkg-name.pdf"
    write_printed_page(printed, work)
    write_scan(raw / "berichte/gescannt.pdf", work)
    (raw / "berichte/Kreiselpumpe.docx").write_bytes(
        docx_bytes("Schaden an der Kreiselpumpe", REPORT, [["Teil", "Maß", "Soll"], ["Welle", "39,98 mm", "40,00 mm"]]))
    write_workbook(raw / "messung/Messung.xlsx")
    write_table(raw / "messung/drehzahl.csv")
    write_database(raw / "messung/anlage.sqlite")
    write_sound(raw / "messung/lager.wav")
    write_mail(raw / "eingang/schaden.eml")
    write_mailbox(raw / "eingang/schicht.mbox")
    inner = zip_bytes({"ofen/anleitung.txt": ARCHIVED, "../../ausbruch.txt": ESCAPING})
    (raw / "archiv/aussen.zip").write_bytes(zip_bytes({"innen.zip": inner}))
    write_picture(raw / "bilder/rotes-kugellager_01.png")
    write_drawing(raw / "bilder/hebebuehne.svg")
    pathlib.Path(os.fsdecode(os.fsencode(raw) + b"/berichte/Gr\xf6\xdfe.txt")).write_bytes(LATIN1.encode("latin-1"))
    write_installed(raw / "installiert")
    write_broken(raw / "kaputt", printed)
