# SPDX-License-Identifier: Apache-2.0
"""Several processes that train one run: they compute what one would, end together, and go on in any number."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from tiny_training import HAS_TRAINER, TEXT, WALCHEN, WAVES, sentences

LAUNCHERS = ("RANK", "WORLD_SIZE", "LOCAL_", "MASTER_", "SLURM_", "OMPI_", "PMI_", "MPI_", "TORCHELASTIC_")
OTHERS_END_S = 60

RECIPE = TEXT + sentences(5) + WAVES + """
[optimiser]
accumulate = 2
[budget]
steps = 12
[checkpoint]
every = 5
"""
ENDLESS = ("--steps", 1_000_000)


def torchrun(rank, world, port):
    return dict(RANK=rank, WORLD_SIZE=world, LOCAL_RANK=rank, MASTER_ADDR="127.0.0.1", MASTER_PORT=port)


def slurm(rank, world, port):
    return dict(SLURM_PROCID=rank, SLURM_STEP_NUM_TASKS=world, SLURM_LOCALID=rank, SLURM_JOB_ID=31, SLURM_JOB_NODELIST="localhost",
                MASTER_PORT=port)


def open_mpi(rank, world, port):
    return dict(OMPI_COMM_WORLD_RANK=rank, OMPI_COMM_WORLD_SIZE=world, OMPI_COMM_WORLD_LOCAL_RANK=rank,
                OMPI_COMM_WORLD_LOCAL_SIZE=world, MASTER_PORT=port)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(world, *arguments, launcher=torchrun):
    port = free_port()
    plain = {name: value for name, value in os.environ.items() if not name.startswith(LAUNCHERS)}
    command = [WALCHEN, "train", *map(str, arguments), "--threads", "1", "--quiet"]
    variables = [launcher(rank, world, port) if world > 1 else {} for rank in range(world)]
    return [subprocess.Popen(command, env=plain | {name: str(value) for name, value in more.items()}, stderr=subprocess.PIPE,
                             text=True) for more in variables]


def log_of(run):
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


@unittest.skipUnless(HAS_TRAINER, "walchen-train is not built (make train)")
class SeveralProcesses(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.recipe = cls.folder / "tiny.toml"
        cls.recipe.write_text(RECIPE)
        # Its others notice a rank that is silent after some time, in which the tests before it run.
        cls.silent = start(2, cls.recipe, "--run", cls.folder / "silent", *ENDLESS)
        cls.addClassCleanup(lambda: [cls.end(process) for process in cls.silent])
        cls.wait_for_steps(cls.folder / "silent", 3)
        cls.silent[1].send_signal(signal.SIGSTOP)
        cls.silent_since = time.monotonic()
        cls.finish(start(1, cls.recipe, "--run", cls.folder / "one"))

    @staticmethod
    def end(process):
        process.kill()
        process.communicate()

    @staticmethod
    def finish(processes, exit_code=0):
        """Waits for all, and returns what each of them wrote to standard error."""
        written = [process.communicate(timeout=120)[1] for process in processes]
        codes = [process.returncode for process in processes]
        assert codes == [exit_code] * len(codes), f"{codes}: {written}"
        return written

    @staticmethod
    def wait_for_steps(run, count):
        for _ in range(600):
            if (run / "log.jsonl").exists() and len((run / "log.jsonl").read_text().splitlines()) >= count:
                return
            time.sleep(0.05)
        raise AssertionError(f"{run} does not begin")

    def expect_losses_of_one(self, run):
        expected, found = log_of(self.folder / "one"), log_of(run)
        self.assertEqual([record["step"] for record in found], list(range(1, 13)))
        for one, several in zip(expected, found):
            self.assertEqual(one["loss"].keys(), several["loss"].keys())
            self.assertEqual(one["tokens"], several["tokens"])
            for name, loss in one["loss"].items():
                self.assertLess(abs(several["loss"][name] - loss), 1e-5 * loss, f"step {one['step']}, {name}")

    def test_any_number_computes_what_one_does(self):
        for world, launcher in ((2, slurm), (3, open_mpi), (4, torchrun)):
            with self.subTest(world=world):
                run = self.folder / f"world-{world}"
                written = self.finish(start(world, self.recipe, "--run", run, launcher=launcher))
                self.assertEqual(written, [""] * world)
                self.expect_losses_of_one(run)

    def test_any_number_goes_on_with_what_another_wrote(self):
        for before, after in ((1, 2), (2, 1), (3, 2)):
            with self.subTest(before=before, after=after):
                run = self.folder / f"from-{before}-to-{after}"
                self.finish(start(before, self.recipe, "--run", run, "--steps", 6))
                self.finish(start(after, "--resume", run))
                self.expect_losses_of_one(run)

    def test_as_many_go_on_bit_for_bit(self):
        whole, cut = self.folder / "whole", self.folder / "cut"
        self.finish(start(2, self.recipe, "--run", whole))
        self.finish(start(2, self.recipe, "--run", cut, "--steps", 6))
        self.finish(start(2, "--resume", cut))
        digests = [subprocess.run([WALCHEN, "train", "digest", run], capture_output=True, text=True, check=True).stdout.split()[0]
                   for run in (whole, cut)]
        self.assertEqual(*digests)

    def test_a_killed_rank_ends_the_others_and_the_run_goes_on(self):
        for victim in (0, 2):
            with self.subTest(victim=victim):
                run = self.folder / f"killed-{victim}"
                processes = start(3, self.recipe, "--run", run, *ENDLESS)
                self.wait_for_steps(run, 11)
                self.end(processes.pop(victim))
                begun = time.monotonic()
                written = self.finish(processes, exit_code=1)
                self.assertLess(time.monotonic() - begun, OTHERS_END_S)
                ranks = [rank for rank in range(3) if rank != victim]
                for rank, text in zip(ranks, written):
                    self.expect_one_line_about_loss(text, rank, 3, run)
                done = max(int(folder.name.removeprefix("step-")) for folder in run.glob("step-*[0-9]"))
                self.finish(start(2, "--resume", run, "--steps", done + 3))
                self.assertEqual([record["step"] for record in log_of(run)], list(range(1, done + 4)))

    def expect_one_line_about_loss(self, text, rank, world, run):
        self.assertEqual(text.count("\n"), 1, text)
        self.assertRegex(text, rf"rank {rank} of {world}: another process of this run went away .* of step \d+; .*--resume {run}")

    def test_a_signal_to_one_stops_all_after_one_step(self):
        run = self.folder / "stopped"
        processes = start(2, self.recipe, "--run", run, *ENDLESS)
        self.wait_for_steps(run, 2)
        processes[1].send_signal(signal.SIGTERM)
        written = self.finish(processes, exit_code=130)
        self.assertEqual(written[1], "")
        self.assertTrue((run / f"step-{log_of(run)[-1]['step']}").is_dir(), "saved where it stopped")

    def test_mistakes_are_named(self):
        for text in self.finish(start(5, self.recipe, "--run", self.folder / "five"), exit_code=1):
            self.assertRegex(text, "waves.* 4 sequences .* 5 processes")
        written = self.finish(start(2, self.recipe, "--run", self.folder / "one"), exit_code=1)
        self.assertIn("--resume", written[0])
        self.assertIn("rank 1 of 2", written[1])
        ran = subprocess.run([WALCHEN, "train", self.recipe, "--run", self.folder / "six"], capture_output=True, text=True,
                             env=os.environ | {"RANK": "3", "WORLD_SIZE": "2"})
        self.assertEqual(ran.returncode, 1)
        self.assertIn("RANK is 3", ran.stderr)
        self.assertFalse((self.folder / "six").exists())

    def test_what_is_silent_is_missed(self):
        text = self.finish(self.silent[:1], exit_code=1)[0]
        self.assertLess(time.monotonic() - self.silent_since, OTHERS_END_S)
        self.expect_one_line_about_loss(text, 0, 2, self.folder / "silent")


if __name__ == "__main__":
    unittest.main()
