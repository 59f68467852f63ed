# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with what a trainer is given: each is named in one line, and nothing that was there is touched."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

WALCHEN = os.environ["WALCHEN_BINARY"]
HAS_TRAINER = (pathlib.Path(WALCHEN).parent / "walchen-train").exists()

RECIPE = """
name = "tiny"
[text]
layers = 2
d_model = 64
heads = 2
kv_heads = 1
head_size = 32
d_ff = 96
vocabulary = 288
context_tokens = 64
[[data]]
name = "letters"
template = "text"
source = "{source}"
sequences = 2
options = {{ tokens = {tokens} }}
[budget]
steps = 2
"""
SENSE_RECIPE = """
name = "ears"
[text]
base = "{base}"
[[sense]]
name = "signals"
d_model = 32
{more}
[[data]]
name = "waves"
template = "forecast"
source = "generator:waves"
sequences = 2
options = {{ patches = 4, horizon_patches = 1 }}
[budget]
steps = 2
"""


@unittest.skipUnless(HAS_TRAINER, "walchen-train is not built (make train)")
class Inputs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def walchen(self, *arguments, exit_code=0):
        ran = subprocess.run([WALCHEN, *map(str, arguments)], capture_output=True, text=True, timeout=300)
        self.assertEqual(ran.returncode, exit_code, ran.stderr)
        return ran

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def recipe(self, source="generator:sentences", tokens=32):
        return self.write("recipe.toml", RECIPE.format(source=source, tokens=tokens))

    def refused(self, *arguments):
        """The message of a command that must fail; it must be one line, without a stack of addresses."""
        message = self.walchen(*arguments, "--threads", 1, "--quiet", exit_code=1).stderr
        self.assertEqual(len(message.strip().splitlines()), 1, message)
        return message

    def contents(self, folder):
        return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def test_a_folder_of_text_is_learned_and_an_empty_one_is_named(self):
        texts = self.folder / "texts"
        texts.mkdir()
        recipe = self.recipe(f"folder:{texts}")
        self.assertIn("expected files of text (.txt, .md)", self.refused("train", recipe, "--run", self.folder / "run"))
        for name in "abc":
            (texts / f"{name}.txt").write_text(f"The {name} is a letter of the alphabet. " * 20)
        ran = self.walchen("train", recipe, "--run", self.folder / "good", "--threads", 1)
        self.assertIn("letters/text", ran.stdout)

    def test_text_longer_than_the_context_is_refused(self):
        self.assertIn("a sample has 65 tokens of text, the model's context 64",
                      self.refused("train", self.recipe(tokens=65), "--run", self.folder / "run"))

    def test_a_checkpoint_of_another_model_is_refused_and_stays(self):
        small, large = self.folder / "small", self.folder / "large"
        recipe = self.recipe()
        self.walchen("train", recipe, "--run", small, "--threads", 1, "--quiet")
        other = self.write("other.toml", recipe.read_text().replace("d_ff = 96", "d_ff = 128"))
        self.walchen("train", other, "--run", large, "--steps", 1, "--threads", 1, "--quiet")
        shutil.copytree(small / "step-2", large / "step-9")
        before = self.contents(large)
        message = self.refused("train", "--resume", large)
        self.assertIn("step-9", message)
        self.assertEqual(self.contents(large), before)

    def test_a_sense_holds_on_to_its_base(self):
        base, run = self.folder / "base.gguf", self.folder / "run"
        self.walchen("model", "random", "--shape", "tiny", "--output", base, "--seed", 1)
        recipe = self.write("sense.toml", SENSE_RECIPE.format(base=base, more=""))
        self.walchen("tune", "--sense", "signals", recipe, "--run", run, "--threads", 1, "--quiet")
        again = self.write("again.toml", SENSE_RECIPE.format(base=base, more=f'from = "{run}"'))
        self.walchen("tune", "--sense", "signals", again, "--run", self.folder / "again", "--threads", 1, "--quiet")
        wider = self.write("wider.toml", again.read_text().replace("d_model = 32", "d_model = 64"))
        self.assertIn("expected the sense that the recipe has", self.refused("tune", "--sense", "signals", wider, "--run", self.folder / "wider"))
        base.unlink()
        self.walchen("model", "random", "--shape", "tiny", "--output", base, "--seed", 2)
        before = self.contents(run)
        for arguments in (["train", "--resume", run, "--steps", 3], ["tune", "--sense", "signals", again, "--run", self.folder / "third"]):
            self.assertIn("was trained on the base with the SHA-256", self.refused(*arguments))
        self.assertEqual(self.contents(run), before)

    def test_a_run_that_stands_is_not_begun_again(self):
        recipe, run = self.recipe(), self.folder / "run"
        self.walchen("train", recipe, "--run", run, "--threads", 1, "--quiet")
        before = self.contents(run)
        other = self.write("other.toml", recipe.read_text().replace("steps = 2", "steps = 3"))
        self.refused("train", other, "--run", run)
        self.assertEqual(self.contents(run), before)


if __name__ == "__main__":
    unittest.main()
