# SPDX-License-Identifier: Apache-2.0
"""The archive of `make train-kit` holds every file that the trainer was compiled from, but for libtorch's and the compiler's."""
import os
import pathlib
import subprocess
import tarfile
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["WALCHEN_BUILD"])
ROOT = "walchen-train-kit/"
# Of the C library, the kernel and the compiler, which every machine with a compiler has.
COMPILER_FOLDERS = ("/usr/include/c++/", "/usr/include/x86_64-linux-gnu/", "/usr/lib/gcc/", "/usr/include/linux/",
                    "/usr/include/asm-generic/", "/usr/include/rpc/", "/usr/include/netinet/", "/usr/include/arpa/", "/usr/include/net/")
COMPILER_PACKAGES = ("libc6-dev", "linux-libc-dev", "libstdc++-", "libgcc-", "libcrypt-dev")


def compiled_from():
    """The files that ninja saw each object of the trainer read."""
    lines = subprocess.run(["ninja", "-C", BUILD, "-t", "deps"], capture_output=True, text=True, check=True).stdout.splitlines()
    libraries = ["base", "ledger", "tensor", "formats", "model", "runs", "shards", "train"]
    objects = tuple(f"CMakeFiles/walchen_{name}.dir/" for name in libraries) + ("CMakeFiles/walchen-train.dir/",)
    files, ours = set(), False
    for line in lines:
        if line.startswith(" "):
            if ours:
                files.add(os.path.normpath(BUILD / line.strip()))
        elif line:
            ours = line.startswith(objects)
    return files


class TrainKit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        archive = pathlib.Path(cls.folder.name) / "kit.tar.gz"
        subprocess.run([SOURCE / "scripts/train_kit.sh", archive], check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(archive) as kit:
            cls.names = {member.name for member in kit.getmembers() if member.isfile()}
        listed = subprocess.run(["dpkg-query", "-W", "-f", "${Package}\n"], capture_output=True, text=True, check=True).stdout.split()
        compilers = [package for package in listed if package.startswith(COMPILER_PACKAGES)]
        owned = subprocess.run(["dpkg-query", "-L", *compilers], capture_output=True, text=True, check=True).stdout
        cls.compilers_files = set(owned.splitlines())

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def missing(self, file):
        """The path in the archive where this file should be and is not; None: it is, or need not be."""
        if file.startswith(f"{SOURCE}/src/") or file.startswith(f"{SOURCE}/cmake/"):
            place = file.removeprefix(f"{SOURCE}/")
        elif file.startswith(str(BUILD / "generated/our_headers/")):
            place = "deps/include/" + os.path.relpath(file, BUILD / "generated/our_headers")
        elif file.startswith((str(SOURCE / "build"), str(BUILD))) or "/torch/" in file:
            return None
        elif file.startswith("/usr/include/"):
            place = "deps/include/" + file.removeprefix("/usr/include/").removeprefix("x86_64-linux-gnu/")
            if file in self.compilers_files:
                return None
        elif file.startswith(COMPILER_FOLDERS):
            return None
        else:
            return file
        return None if ROOT + place in self.names else place

    def test_holds_all_that_the_trainer_is_compiled_from(self):
        files = compiled_from()
        self.assertGreater(len([file for file in files if file.startswith(f"{SOURCE}/src/train/")]), 20)
        self.assertEqual([], sorted(filter(None, map(self.missing, files))))

    def test_brings_licences_and_says_what_to_do(self):
        for name in ["README.md", "LICENSE", "COMMIT", "recipes/nano-smoke.toml", "deps/lib/libcrypto.a", "deps/licences/libfmt-dev"]:
            self.assertIn(ROOT + name, self.names)
        self.assertFalse([name for name in self.names if name.endswith("_test.cc")])


if __name__ == "__main__":
    unittest.main()
