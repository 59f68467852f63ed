# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with what a trainer is given: each is named in one line, and nothing that was there is touched."""
import shutil
import unittest

import tiny_training

RECIPE = tiny_training.TEXT.replace("context_tokens = 256", "context_tokens = 64") + """
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
""" + tiny_training.WAVES.replace("{ ", "{{ ").replace(" }", " }}").replace("d_model = 32", "d_model = 32\n{more}") + """
[budget]
steps = 2
"""


class Inputs(tiny_training.TrainingCase):
    def recipe(self, source="generator:sentences", tokens=32):
        return self.write("recipe.toml", RECIPE.format(source=source, tokens=tokens))

    def refused(self, *arguments):
        """The message of a command that must fail; it must be one line, without a stack of addresses."""
        message = self.run_walchen(*arguments, "--threads", 1, "--quiet", exit_code=1).stderr
        self.assertEqual(len(message.strip().splitlines()), 1, message)
        return message

    def contents(self, folder):
        """All but the lock, which names whoever came last."""
        return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "lock"}

    def test_a_folder_of_text_is_learned_and_an_empty_one_is_named(self):
        texts = self.folder / "texts"
        texts.mkdir()
        recipe = self.recipe(f"folder:{texts}")
        self.assertIn("expected files of text (.txt, .md)", self.refused("train", recipe, "--run", self.folder / "run"))
        for name in "abc":
            (texts / f"{name}.txt").write_text(f"The {name} is a letter of the alphabet. " * 20)
        ran = self.run_walchen("train", recipe, "--run", self.folder / "good", "--threads", 1)
        self.assertIn("letters/text", ran.stdout)

    def test_text_longer_than_the_context_is_refused(self):
        self.assertIn("a sample has 65 tokens of text, the model's context 64",
                      self.refused("train", self.recipe(tokens=65), "--run", self.folder / "run"))

    def test_a_checkpoint_of_another_model_is_refused_and_stays(self):
        small, large = self.folder / "small", self.folder / "large"
        recipe = self.recipe()
        self.run_walchen("train", recipe, "--run", small, "--threads", 1, "--quiet")
        other = self.write("other.toml", recipe.read_text().replace("d_ff = 96", "d_ff = 128"))
        self.run_walchen("train", other, "--run", large, "--steps", 1, "--threads", 1, "--quiet")
        shutil.copytree(small / "step-2", large / "step-2")
        before = self.contents(large)
        self.assertIn("step-2", self.refused("train", "--resume", large))
        self.assertEqual(self.contents(large), before)

    def test_a_sense_holds_on_to_its_base(self):
        base, run = self.folder / "base.gguf", self.folder / "run"
        self.run_walchen("model", "random", "--shape", "tiny", "--output", base, "--seed", 1)
        recipe = self.write("sense.toml", SENSE_RECIPE.format(base=base, more=""))
        self.run_walchen("tune", "--sense", "signals", recipe, "--run", run, "--threads", 1, "--quiet")
        again = self.write("again.toml", SENSE_RECIPE.format(base=base, more=f'from = "{run}"'))
        self.run_walchen("tune", "--sense", "signals", again, "--run", self.folder / "again", "--threads", 1, "--quiet")
        wider = self.write("wider.toml", again.read_text().replace("d_model = 32", "d_model = 64"))
        self.assertIn("expected the sense that the recipe has", self.refused("tune", "--sense", "signals", wider, "--run", self.folder / "wider"))
        base.unlink()
        self.run_walchen("model", "random", "--shape", "tiny", "--output", base, "--seed", 2)
        before = self.contents(run)
        for arguments in (["train", "--resume", run, "--steps", 3], ["tune", "--sense", "signals", again, "--run", self.folder / "third"]):
            self.assertIn("was trained on the base with the SHA-256", self.refused(*arguments))
        self.assertEqual(self.contents(run), before)

    def test_a_run_that_stands_is_not_begun_again(self):
        recipe, run = self.recipe(), self.folder / "run"
        self.run_walchen("train", recipe, "--run", run, "--threads", 1, "--quiet")
        before = self.contents(run)
        other = self.write("other.toml", recipe.read_text().replace("steps = 2", "steps = 3"))
        self.refused("train", other, "--run", run)
        self.assertEqual(self.contents(run), before)


if __name__ == "__main__":
    unittest.main()
