"""Trainings killed at random moments, that then go on from their file."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from attacks import training
from attacks.harness import Finding, awaited, forked
from attacks.interrupts import Moments, length
from attacks.training import Run, Setup

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


def attack(seed: int) -> str:
    """Kill a training once to three times, then let it go on, and compare all bits."""
    rng = np.random.default_rng(seed)
    setup = Setup.drawn(seed % 60)
    expected = training.reference(setup)
    total = length(f"training {setup}", lambda: training.plain(setup))
    where: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def work(number: int = 0, at: int = -1) -> bytes:
            if number:
                signal.signal(number, signal.SIG_DFL if number != 2 else signal.default_int_handler)
            moments = Moments(at, lambda: os.kill(os.getpid(), number))
            run = Run(setup, folder)
            if at < 0:
                run.fit()
            else:
                with moments.watching():
                    run.fit()
            return run.digest().encode()

        for k in range(1 + int(rng.integers(3))):
            number = int(SIGNALS[rng.integers(3)])
            at = 1 + int(rng.integers(total) / (k + 1))
            where.append(f"{signal.Signals(number).name} at {at} of {total}")
            if rng.integers(2):  # at a moment that can be found again
                awaited(*forked(partial(work, number, at)))
            else:  # by the clock, which hits system calls too
                child, pipe = forked(partial(work, number))
                time.sleep(rng.random() * training.seconds(setup))
                os.kill(child, number)
                awaited(child, pipe)
        status, said = awaited(*forked(work))
        found = said.decode("utf-8", "replace")
        history = f"{setup}, {', '.join(where)}"
        if status:
            raise Finding(f"{history}: going on fails: {found}")
        end = training.judge(setup, found)
        if not end:
            raise Finding(f"{history}: ends with other bits ({found}, not {expected})")
        if left := training.leftovers(folder):
            raise Finding(f"{history}: leaves {', '.join(left)} behind")
    return end
