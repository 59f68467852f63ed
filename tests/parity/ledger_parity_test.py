#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Verifies a ledger without Walchen: sqlite3, hashlib and hmac are enough (docs/ledger.md).

    tests/parity/ledger_parity_test.py                 the tests; needs write_ledger in $WALCHEN_BUILD
    tests/parity/ledger_parity_test.py LEDGER.DB       prints what is wrong with a ledger, and its head

Signatures of checkpoints are left out, as Python has no Ed25519 of its own.
"""

import hashlib
import hmac
import json
import os
import pathlib
import sqlite3
import struct
import subprocess
import sys
import tempfile
import unittest


def event_digest(sequence, time_ms, kind, about, body, previous):
    text = b"walchen ledger event 1\n" + struct.pack("<Qq", sequence, time_ms)
    for part in (kind, about, body):
        text += struct.pack("<Q", len(part.encode())) + part.encode()
    return hashlib.sha256(text + previous).digest()


def canonical(value):
    """RFC 8785 for objects, arrays, strings, booleans, null and integers."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def merkle_root(digests):
    """RFC 6962, section 2.1, with the digests of events as leaves."""
    level = [hashlib.sha256(b"\x00" + digest).digest() for digest in digests]
    if not level:
        return hashlib.sha256(b"").digest()
    while len(level) > 1:
        pairs = [hashlib.sha256(b"\x01" + a + b).digest() for a, b in zip(level[::2], level[1::2])]
        level = pairs + level[len(level) & ~1:]  # the last one of an odd number rises as it is
    return level[0]


def private_faults(database, sequence, about, body, deletions):
    rows = {field: (salt, value) for field, salt, value in
            database.execute("SELECT field, salt, value FROM private WHERE event = ?", (sequence,))}
    digests = body.get("private", {})
    erased = sequence < deletions.get(about, 0)
    for field, (salt, value) in rows.items():
        if digests.get(field) != hmac.new(salt, value, "sha256").hexdigest():
            yield f"event {sequence}: private field {field} does not fit its digest"
    for field in digests.keys() - rows.keys():
        if not erased:
            yield f"event {sequence}: private field {field} is gone, but was not forgotten"
    if erased and rows:
        yield f"event {sequence}: was forgotten, but has private values"


def verify(path):
    """All that is wrong, and the number and digest of the last event."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    faults = []
    deletions = dict(database.execute("SELECT about, sequence FROM event WHERE kind = 'deletion' ORDER BY sequence"))
    digests = []
    previous = bytes(32)
    rows = database.execute("SELECT sequence, time_ms, kind, about, body, previous, digest FROM event ORDER BY sequence")
    for number, (sequence, time_ms, kind, about, text, before, digest) in enumerate(rows, 1):
        body = json.loads(text)
        if sequence != number or before != previous:
            faults.append(f"event {sequence}: does not continue event {number - 1}")
        if digest != event_digest(sequence, time_ms, kind, about, text, before):
            faults.append(f"event {sequence}: was changed")
        if canonical(body) != text:
            faults.append(f"event {sequence}: is not canonical JSON")
        if kind == "checkpoint" and (body["size"] != number - 1 or body["root"] != merkle_root(digests).hex()):
            faults.append(f"event {sequence}: another root than its events have")
        faults.extend(private_faults(database, sequence, about, body, deletions))
        digests.append(digest)
        previous = digest
    database.close()
    return faults, (len(digests), previous.hex())


class LedgerParity(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "ledger.db"
        tool = pathlib.Path(os.environ.get("WALCHEN_BUILD", "build")) / "write_ledger"
        self.expected = json.loads(subprocess.run([tool, self.path], stdout=subprocess.PIPE, check=True).stdout)

    def test_another_implementation_comes_to_the_same_digests(self):
        faults, head = verify(self.path)
        self.assertEqual(faults, [])
        self.assertEqual(head, (self.expected["head"]["sequence"], self.expected["head"]["digest"]))
        self.assertGreater(head[0], 120)
        database = sqlite3.connect(self.path)
        checkpoints = database.execute("SELECT count(*) FROM event WHERE kind = 'checkpoint'").fetchone()[0]
        self.assertGreater(checkpoints, 10)
        (values,) = database.execute("SELECT count(*) FROM private").fetchone()
        self.assertGreater(values, 150)
        for id in self.expected["erased"]:
            rows = database.execute("SELECT count(*) FROM private JOIN event ON sequence = event WHERE about = ?", (id,))
            self.assertEqual(rows.fetchone()[0], 0)
        database.close()

    def test_it_sees_what_was_changed(self):
        database = sqlite3.connect(self.path)
        database.executescript("DROP TRIGGER event_is_never_changed; DROP TRIGGER event_is_never_deleted")
        for change, found in (
            ("UPDATE event SET time_ms = time_ms + 1 WHERE sequence = 3", "event 3: was changed"),
            ("UPDATE event SET body = replace(body, ':', ': ') WHERE sequence = 4", "event 4: is not canonical JSON"),
            ("DELETE FROM event WHERE sequence = 5", "event 6: does not continue event 4"),
            ("UPDATE private SET value = x'00' WHERE event = 7 AND field = 'path'", "event 7: private field path does not"),
            ("DELETE FROM private WHERE event = 7 AND field = 'title'", "event 7: private field title is gone"),
        ):
            database.execute(change)
            database.commit()
            faults, _ = verify(self.path)
            self.assertTrue(any(fault.startswith(found) for fault in faults), (change, faults))
        database.close()


if __name__ == "__main__":
    if len(sys.argv) == 2 and not sys.argv[1].startswith("-"):
        found, (last, last_digest) = verify(sys.argv[1])
        print("\n".join(found))
        print(f"{last} events, the last one {last_digest}, {len(found)} faults")
        sys.exit(1 if found else 0)
    unittest.main()
