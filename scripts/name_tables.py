#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""name_tables.py FAKER ENGLISH GERMAN: writes src/data/name_tables.inc, the first and last names that src/data/person_names.cc knows.

FAKER is the folder faker/providers/person of Debian's python3-fake-factory 0.9.3 (its lists are MIT), ENGLISH and GERMAN the
word lists of Debian's wamerican and wngerman, which are only asked whether a name is a word. Packages are unpacked with
dpkg -x; none is needed to build.

A first name that is also a word in lower case, or a noun of the lists below, goes into the weak list: alone it says nothing,
followed by another name it does.
"""

import ast
import pathlib
import sys

from word_table import table

TARGET = pathlib.Path(__file__).resolve().parents[1] / "src/data/name_tables.inc"
STRONG = ["de_DE", "de_AT", "de_CH", "en_US", "en_GB", "en_NZ", "tr_TR", "pl_PL", "it_IT", "es_ES", "fr_FR", "hr_HR", "cs_CZ"]
WEAK = ["en", "nl_NL", "ro_RO", "hu_HU", "sv_SE", "dk_DK", "no_NO", "fi_FI", "pt_PT"]
LAST = ["de_DE", "de_AT", "de_CH", "en_US", "en_GB", "en", "tr_TR", "pl_PL", "it_IT", "hr_HR", "cs_CZ"]

# Words, months, places, offices and makes that are first names as well.
ALSO_WORDS = set("""
April August Mai Juni Juli Sonntag Montag Kaiser König Graf Fürst Wolf Löwe Adler Falk Falke Stern Sonne Heide Linde Rose Rosa
Viola Iris Erika Jasmin Melissa Veilchen Flora Fauna Aurora Gloria Viktoria Victoria Regina Fee Engel Christ Christian
Frank Ernst Ehre Treu Traugott Selig Gott Sieg Friede Frieda Rein Reiner Klar Clara Hans Peter Otto Max Mark Marke Markt Martin
Diesel Benz Ford Mercedes Porsche Ohm Volt Watt Newton Kelvin Celsius Pascal Lux Ampere Gauss Tesla Joule Henry Weber
Florenz Roma Paris Verona Sofia Sydney Dallas Austin Houston Madison Jackson Washington Lincoln Virginia Georgia Carolina
France Florida Dakota Montana India China Asia America Israel Jordan Chad Kenya London Berlin Wien Siena Vienna Geneva Charlotte
Eden Heaven Will Bill Mark Art Rich Grant Chase Hunter Page Paige Reed Read Dean Earl Duke Baron King Prince Major General
Dale Glen Cliff Heath Forest Brook Brooke River Lake Ray Sunny Summer Autumn Winter Dawn Eve Faith Hope Grace Joy Charity
Patience Prudence Constance Honor Amber Ruby Jade Pearl Crystal Opal Ginger Basil Rosemary Sage Olive Daisy Lily Ivy Holly
Hazel Violet Myrtle Fern Cherry Angel Star Precious Destiny Trinity Harmony Melody Carol Jack Jimmy Rob Bob Pat Sue Don Ken Gene
Guy Van Ben Sam Dan Ed Al An Ann In Im Am Ina Ira Kai Kay Lee Lie Lang Kurt Bernd Stein Berg Dorn Horn Kern Kant Kraft Mut
Can Deniz Su Ada Ela Ece Ali Alp Arm Art Bora Cem Dal Ege Er Ersten Gül Gün Han Hür Kan Kaya Oya Özgür Sel Tan Ulu Umut Uygar
Nur Ay Al Ata Ala Alle Sie Die Der Das Dem Den Sein Sind Was Wer Wo Da Do Du Ha Ja Jo La Le Lo Los Mal Mit Na No Om Ob So Ta To
Tu Um Un Uni Va Vi Wie Wan War Aller Alles Allein Bei Beim Bis Durch Gegen Ohne Nach Nacht Tag Tage Ort Rolle Ton Tor Tür Ware
Konstanz Magdeburg Augusta Columbus Israel Abbas Domino Delta Gamma Alpha Beta Omega Sigma Echo Tango Oscar Quebec Romeo Juliet
Mike Foxtrot Nova Maxi Mini Carmen Java Ruby Perl Ada Julia Scala Clojure Elm Django Flask Jenkins Maven Apache Tomcat Hermes
Mercury Venus Mars Jupiter Saturn Neptun Pluto Apollo Titan Atlas Phoenix Luna Tara Terra Ursa Orion Siemens Bosch Philipp Philips
Lauf Laura Alma Alba Vera Verena Elke Elle Ella Gala Gitte Hanf Hella Helle Hilde Ilse Inge Lotte Rita Ute Ruth Wilma Tina Alan
""".split()) - set("""
Christian Frieda Reiner Clara Hans Peter Otto Max Martin Sofia Laura Alma Vera Verena Elke Ella Gitte Hella Hilde Ilse Inge Lotte
Rita Ute Ruth Wilma Tina Frank Kai Kurt Bernd Julia Charlotte Christoph Philipp Viktoria Victoria Regina Iris Melissa Jasmin
Henry Oscar Mike Sam Ben Dan Ken Bob Carmen Alan Ali Cem Deniz Umut Erika Ernst Ina Ira Luna Abbas
""".split())
# Common as names, rare as words: a lower-case entry of the word list does not make them weak.
STILL_NAMES = set("""
Anna Lukas Emma Peter Tim Tom Tony Jens Kevin Dennis Petra Nadine Lena Marlene Franz Karl Carl Eric Erik Jan Jane John Jenny Jerry
Jo Josh Kate Lars Leo Lisa Luke Maria Mary Marie Mario Martha Matt Nicole Nick Nina Olga Oliver Patrick Paul Paula Phil Ralph
Robin Ron Sally Sandra Susan Ted Terry Timothy Tobias Ulrich Walter Wendy Frank Alan Barbara Charlotte Christian Henry George
Adam Abel Alex Jimmy Mike Bob Dolly Harry Jack Kelly Kitty Ken Dan Sam Ben Max Oscar Julia Melissa Victoria Fritz Hans Ali
Moses Charles James Thomas
""".split())


def names_of(faker, locale, kind):
    tree = ast.parse((faker / locale / "__init__.py").read_text(encoding="utf-8"))
    for statement in (s for c in tree.body if isinstance(c, ast.ClassDef) for s in c.body):
        if isinstance(statement, ast.Assign) and kind in statement.targets[0].id and isinstance(statement.targets[0], ast.Name):
            for node in ast.walk(statement.value):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    for name in node.value.replace("-", " ").split():
                        name = name.strip("'.")
                        if len(name) >= 2 and name[0].isupper() and name.isalpha():
                            yield name


def main():
    faker, *word_lists = map(pathlib.Path, sys.argv[1:])
    words = {word for path in word_lists for word in path.read_text(encoding="utf-8").split()}
    first = {name for locale in STRONG for name in names_of(faker, locale, "first_name")}
    weak = {name for locale in WEAK for name in names_of(faker, locale, "first_name")}
    last = {name for locale in LAST for name in names_of(faker, locale, "last_name")}
    ambiguous = {name for name in first if len(name) < 3 or name in ALSO_WORDS or (name.lower() in words and name not in STILL_NAMES)}
    strong = first - ambiguous
    weak = (weak | ambiguous) - strong
    TARGET.write_text(
        "// Written by scripts/name_tables.py from Debian's python3-fake-factory 0.9.3, Copyright 2012 Daniele Faraglia,\n"
        "// MIT (see THIRD_PARTY.md). What is a word as well was told by wamerican and wngerman.\n"
        + table("kFirstNames", strong) + table("kWeakFirstNames", weak) + table("kLastNames", last), encoding="utf-8")
    print(f"{len(strong)} first names, {len(weak)} weak ones, {len(last)} last names")


if __name__ == "__main__":
    main()
