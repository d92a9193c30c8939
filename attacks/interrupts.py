"""Ctrl-C at any moment: no mode is left behind, and what comes next has the same bits.

Python looks for signals when a function begins and when one written in C returns; a profile
function sees the same places, counts them, and sends the signal at the one that the seed says.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from attacks import training, uses
from attacks.harness import ROOT, Finding, awaited, forked
from autograd_core.workers import use_kernels

RESUMED = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR  # resuming these looks for no signal
CHOSEN = use_kernels.__enter__.__code__  # the call before has chosen, as it does without `with`
Act = Callable[[], Any]


class Moments:
    """Counts the places where a signal can be noticed, and acts at one of them."""

    def __init__(self, at: int = -1, act: Act | None = None) -> None:
        self.seen, self.at, self.act = 0, at, act
        self.where = "the end"

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if event == "c_return" or (event == "call" and not code.co_flags & RESUMED):
            if event == "call" and (code.co_name == "__exit__" or code is CHOSEN):
                return  # Python has not yet run a line of it, nor will it: see docs/reliability.md
            self.seen += 1
            if self.seen == self.at and self.act is not None:
                self.where = f"{os.path.basename(code.co_filename)}:{frame.f_lineno} {code.co_name}"
                self.act()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        sys.setprofile(self)
        try:
            yield
        finally:
            sys.setprofile(None)


def interrupt() -> None:
    """Do what Ctrl-C does."""
    signal.raise_signal(signal.SIGINT)


_lengths: dict[str, int] = {}


def length(name: str, work: Act) -> int:
    """Return how many moments something has."""
    if name not in _lengths:
        moments = Moments()
        with moments.watching():
            work()
        _lengths[name] = moments.seen
    return _lengths[name]


def attack(seed: int) -> str:
    """Interrupt a use, or a training, and go on in the same process."""
    rng = np.random.default_rng(seed)
    if seed % 4 == 3:
        return _training(rng, training.Setup.drawn(seed // 4 % 60))
    name = list(uses.USES)[seed // 4 % len(uses.USES)]
    uses.expected(name)
    return interrupted(name, 1 + int(rng.integers(length(name, uses.USES[name]))))


def interrupted(name: str, at: int) -> str:
    """Interrupt a use at one moment, and run it again."""
    moments = Moments(at, interrupt)
    silent, sys.unraisablehook = sys.unraisablehook, lambda unraisable: None
    end = "use: interrupted, then the same bits"
    try:
        with moments.watching():
            uses.USES[name]()
        end = "use: came to its end all the same"
    except (KeyboardInterrupt, asyncio.CancelledError):  # asyncio makes this of an interrupt
        pass
    except BaseException as error:
        if not _from_python_itself(error):
            raise Finding(f"{name} interrupted at {moments.where}: {error!r}") from error
    finally:
        sys.unraisablehook = silent
    try:
        uses.check_modes()
        uses.check_arrays()
        uses.same(name, "after an interrupt")
    except Finding as finding:
        raise Finding(f"{name} interrupted at {moments.where}: {finding}") from finding
    return end


def _from_python_itself(error: BaseException) -> bool:
    """Tell whether the standard library made another error of an interrupt, as rmtree may."""
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    return isinstance(error.__context__, KeyboardInterrupt) and not last.startswith(str(ROOT))


def _training(rng: np.random.Generator, setup: training.Setup) -> str:
    """Interrupt fit once or twice and call it again."""
    share = rng.random(2)
    times = 1 + int(rng.integers(2))

    def work() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            run = training.Run(setup, Path(folder))
            where = []
            for k in range(times):
                moments = Moments(1 + int(share[k] * total / (k + 1)), interrupt)
                try:
                    with moments.watching():
                        run.fit()
                except KeyboardInterrupt:
                    where.append(moments.where)
            run.fit()
            uses.check_modes()
            return f"{run.digest()} {', '.join(where)}".encode()

    total = length(f"training {setup}", lambda: training.plain(setup))
    status, said = awaited(*forked(work), patience=90.0)
    text = said.decode("utf-8", "replace")
    if status:
        raise Finding(f"{setup}: interrupted, then {text}")
    found, _, where = text.partition(" ")
    end = training.judge(setup, found)
    if not end:
        raise Finding(f"{setup}: interrupted at {where}, it ends with other bits")
    return f"training: {end}"
