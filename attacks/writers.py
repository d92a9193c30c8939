"""Two trainings on one checkpoint path, beside other people's files, one of them perhaps killed."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from pathlib import Path

import numpy as np

from attacks import training
from attacks.harness import Finding, awaited, forked
from attacks.training import Run, Setup

# What belongs to others, though it looks as if it were ours.
FOREIGN = ("run.st.notes.tmp", "run.st.seed1", "run.st.seed1.abc.tmp", "run.st.bak", "run.tmp")


def attack(seed: int) -> str:
    """Start two; each ends as it would alone, or is told that the other one is at work."""
    rng = np.random.default_rng(seed)
    setup = Setup(list(training.OPTIMIZERS)[seed % 7], every=(None, 1)[seed % 2], plan=(4,))
    killed = bool(rng.integers(2))
    expected = training.reference(setup)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for other in FOREIGN:
            (folder / other).write_text("mine", encoding="utf-8")

        def work() -> bytes:
            run = Run(setup, folder)
            run.fit()
            return run.digest().encode()

        first = forked(work)
        time.sleep(rng.random() * training.seconds(setup))
        second = forked(work)
        if killed:
            time.sleep(rng.random() * training.seconds(setup))
            os.kill(second[0], signal.SIGKILL)
        ends = []
        for status, said in (awaited(*first), awaited(*second)):
            found = said.decode("utf-8", "replace")
            if status == 0 and found != expected:
                raise Finding(f"{setup}: one of two ends with other bits")
            if status > 0 and not ("Error" in found.split(":")[0] and "run.st" in found):
                raise Finding(f"{setup}: one of two fails: {found}")
            if status > 0 and "FileNotFoundError" in found:
                raise Finding(f"{setup}: the other one removed its file: {found}")
            ends.append("killed" if status < 0 else "told" if status else "done")
        status, said = awaited(*forked(work))
        if status or said.decode() != expected:
            text = said.decode("utf-8", "replace")
            raise Finding(f"{setup}: after {' and '.join(ends)}, a third one ends in {text}")
        for other in FOREIGN:
            if not (folder / other).exists():
                raise Finding(f"{other}, which is somebody else's, was removed")
        if left := set(training.leftovers(folder)) - set(FOREIGN):
            raise Finding(f"{', '.join(sorted(left))} left behind")
    return f"one {ends[0]}, one {ends[1]}"
