# SPDX-License-Identifier: Apache-2.0
"""walchen train and tune as a person types them: a run that is killed again and again ends as the one that was left alone."""
import json
import random
import signal
import subprocess
import time
import unittest

import tiny_training

RECIPE = tiny_training.TEXT + tiny_training.sentences(4) + tiny_training.WAVES + """
[budget]
steps = 60
[checkpoint]
every = 7
"""

# The sum of all losses of the first 20 steps of RECIPE, in float32, on an EPYC (Zen 5).
CURVE = [9.952501, 9.666286, 9.544342, 9.548883, 9.101411, 9.007102, 8.194137, 7.937509, 6.841660, 6.804559, 6.387932, 6.019960,
         5.649574, 4.526588, 4.990617, 4.411184, 3.980079, 4.080674, 3.794361, 3.712499]


class Training(tiny_training.TrainingCase):
    def setUp(self):
        super().setUp()
        self.recipe = self.write("tiny.toml", RECIPE)

    def start(self, *arguments):
        process = subprocess.Popen([tiny_training.WALCHEN, "train", *map(str, arguments), "--threads", "1", "--quiet"], stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        return process

    def test_ten_kills_change_nothing(self):
        whole, killed = self.folder / "whole", self.folder / "killed"
        self.run_walchen("train", self.recipe, "--run", whole, "--threads", 1, "--quiet")
        chance = random.Random(1)
        kills = 0
        process = self.start(self.recipe, "--run", killed)
        while self.kill_soon(process, chance):
            kills += 1
            self.assertLess(kills, 200, "the run never gets on")
            fresh = not (killed / "recipe.toml").exists()
            if kills < 10:
                process = self.start(self.recipe, "--run", killed) if fresh else self.start("--resume", killed)
            else:  # enough; let it end
                process = self.start("--resume", killed)
                process.wait(timeout=300)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.digest(killed), self.digest(whole))
        steps = [json.loads(line)["step"] for line in (killed / "log.jsonl").read_text().splitlines()]
        self.assertEqual(steps, list(range(1, 61)), "every step stands in the log once")

    def kill_soon(self, process, chance):
        """True if it had to be killed, false if it ended by itself."""
        try:
            process.wait(timeout=chance.uniform(0.2, 1.2))
            return False
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return True

    def test_a_signal_saves_and_a_finished_run_is_finished(self):
        run = self.folder / "run"
        process = self.start(self.recipe, "--run", run, "--steps", 100000)
        self.wait_for_steps(run, 3)
        second = self.run_walchen("train", "--resume", run, exit_code=1)
        self.assertIn(str(process.pid), second.stderr, "names the process that has it")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 130)
        done = json.loads((run / "log.jsonl").read_text().splitlines()[-1])["step"]
        self.assertTrue((run / f"step-{done}").is_dir(), "saved where it stopped")
        self.run_walchen("train", "--resume", run, "--steps", done)
        self.assertIn("sentences", self.run_walchen("train", "watch", run, "--once").stdout)

    def wait_for_steps(self, run, count):
        log = run / "log.jsonl"
        for _ in range(600):
            if log.exists() and log.read_text().count("\n") >= count:
                return
            time.sleep(0.1)
        self.fail("the run does not begin")

    def test_what_was_trained_is_a_model_like_any_other(self):
        run = self.folder / "run"
        self.run_walchen("train", self.recipe, "--run", run, "--steps", 20, "--quiet")
        logits = json.loads(self.run_walchen("model", "logits", "--model", run, "--ids", "40,50").stdout)
        self.assertEqual(len(logits), 288)
        with_sense = json.loads(self.run_walchen("model", "logits", "--model", run, "--sense", run, "--ids", "40,50").stdout)
        self.assertEqual(with_sense, logits)
        plain = self.folder / "plain.gguf"
        self.run_walchen("model", "export", run, "--text-only", "--output", plain)
        self.assertEqual(json.loads(self.run_walchen("model", "logits", "--model", plain, "--ids", "40,50").stdout), logits)
        self.assertNotIn(b"walchen.senses", plain.read_bytes())

    def curve(self, name, environment):
        recipe = self.write("curve.toml", RECIPE.replace('name = "tiny"', 'name = "tiny"\nprecision = "float32"'))
        run = self.folder / name
        self.run_walchen("train", recipe, "--run", run, "--steps", 20, "--threads", 1, "--quiet", environment=environment)
        records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        return [sum(record["loss"].values()) for record in records]

    def test_the_loss_curve_is_the_one_of_every_machine(self):
        """Also on the paths of older CPUs. The longest instructions differ from the shortest by 1e-6 here."""
        paths = [{}, {"WALCHEN_CPU_PATH": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
                 {"WALCHEN_CPU_PATH": "sse4", "ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default"}]
        for number, environment in enumerate(paths):
            with self.subTest(environment=environment):
                found = self.curve(f"curve-{number}", environment)
                for step, (loss, pinned) in enumerate(zip(found, CURVE, strict=True), 1):
                    self.assertAlmostEqual(loss, pinned, delta=1e-3, msg=f"step {step} of {found}")

    def test_mistakes_are_named_and_nothing_is_left(self):
        self.recipe.write_text(RECIPE.replace("sequences", "sequenzes", 1))
        ran = self.run_walchen("train", self.recipe, "--run", self.folder / "run", exit_code=1)
        self.assertIn("sequenzes", ran.stderr)
        self.assertFalse((self.folder / "run").exists())
        self.run_walchen("train", self.recipe, exit_code=2)
        self.recipe.write_text(RECIPE)
        ran = self.run_walchen("tune", "--sense", "smell", self.recipe, "--run", self.folder / "run", exit_code=1)
        self.assertIn("smell", ran.stderr)
        (self.folder / "full").mkdir()
        (self.folder / "full" / "photo.jpg").write_text("mine")
        self.run_walchen("train", self.recipe, "--run", self.folder / "full", exit_code=1)
        self.assertEqual((self.folder / "full" / "photo.jpg").read_text(), "mine")


if __name__ == "__main__":
    unittest.main()
