"""Loops over each kind of use: neither objects nor memory may grow with the rounds."""

from __future__ import annotations

import gc
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np

from attacks import uses
from attacks.harness import Finding
from autograd_core.engine import scopes

ROUNDS = 16
BLOCKS = 0.75  # of memory, for one round: dictionaries and caches of fixed size grow a little
RESIDENT = 24 << 20


def _resident() -> int:
    """Return the memory that this process holds, where the system tells."""
    try:
        text = Path("/proc/self/statm").read_text(encoding="ascii")
    except OSError:
        return 0
    return int(text.split()[1]) * 4096


def attack(seed: int) -> str:
    """Run one use (or two in turns) many times."""
    names = list(uses.USES)
    chosen = [names[seed % len(names)]]
    if seed >= len(names):
        chosen.append(str(np.random.default_rng(seed).choice(names)))

    def loop(rounds: int) -> None:
        for _ in range(rounds):
            for name in chosen:
                uses.USES[name]()

    before, scopes._entries = scopes._entries, deque(maxlen=8)  # 65,536 are kept, and no more
    try:
        _grows(loop, " and ".join(chosen))
    finally:
        scopes._entries = before
    return "one use" if len(chosen) == 1 else "two uses in turns"


def _grows(loop: Callable[[int], None], chosen: str) -> None:
    """Raise if the process holds more after many rounds."""
    loop(6)
    gc.collect()
    resident = _resident()
    for attempt in range(3):  # what grows once is a cache, what grows thrice is a leak
        loop(3)
        gc.collect()
        # Not tracemalloc's bytes: it keeps the name of every file, also of text that was compiled.
        objects, blocks = len(gc.get_objects()), sys.getallocatedblocks()
        rounds = ROUNDS * 4**attempt
        loop(rounds)
        gc.collect()
        more = len(gc.get_objects()) - objects
        grown = (sys.getallocatedblocks() - blocks) / rounds
        if more < rounds and grown < BLOCKS:
            break
        if attempt == 2:
            raise Finding(
                f"{chosen}: {more / rounds:.1f} objects and {grown:.1f} blocks of memory more in "
                "each round"
            )
    if _resident() - resident > RESIDENT:
        raise Finding(f"{chosen}: {(_resident() - resident) >> 20} MB more are held")
