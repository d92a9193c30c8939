"""Each engine alone in a process of its own, its steps in a row, processes alternating.

    python -m benchmarks.clock [FAMILY ...] [--only TEXT] [--alternations 3] [--seconds 0.3]
                               [--report docs/speed]

Two engines in one process disturb each other: PyTorch's threads fall asleep while the other
engine runs, or keep a core busy when it starts, and each engine's arrays push the other's out of
the caches.  A pause before a step, which keeps them apart, measures an engine that has just been
woken, as no training loop does.  So a process has one engine.  It builds a family's programs one
after the other, warms each up, and runs it again and again; the median of its runs counts.  The
processes take turns: this engine with compiled kernels, PyTorch, this engine in plain NumPy.  Each
ratio is taken between neighbours; its median over the turns is shown.  A program that gives other
numbers than PyTorch's is an error, not a time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

FAMILIES = (
    "named", "elementwise", "activations", "reductions", "normalization", "convolution", "indexing",
    "products", "linalg", "recurrent", "attention", "models", "loops", "transforms",
)  # fmt: skip
OURS, TORCH, PLAIN = "ours", "torch", "plain"
THREADS = 2
Program = Callable[[], Any]  # runs one step; its value tells whether it computes the same


class Time(NamedTuple):
    """What one process found: the seconds of a step, and the least work that it needs.

    `bytes` are those of the arrays that a step must read and write, `flops` those of its matrix
    products and convolutions, as PyTorch counts them.
    """

    median: float
    shortest: float
    value: float
    bytes: float = 0
    flops: float = 0


class Row(NamedTuple):
    """One program: seconds of the three, ratios to PyTorch's (of the shortest too), the limit."""

    name: str
    torch: float
    ours: float
    ratio: float
    shortest: float
    plain: float
    plain_ratio: float
    limit: float


class Machine(NamedTuple):
    """What the processor does at best: bytes moved and floating-point operations a second."""

    bytes: float
    flops: float


# --- inside of a process -----------------------------------------------------


def timed(step: Program, seconds: float) -> Time:
    """Run a step until the time is over; short steps are timed in groups."""
    value = float(step())
    start = time.perf_counter()
    step()
    group = max(1, int(5e-4 / max(time.perf_counter() - start, 1e-7)))
    end = time.perf_counter() + seconds / 2
    while time.perf_counter() < end:  # warm up, for as long as half of the measurement
        step()
    found: list[float] = []
    end = time.perf_counter() + seconds
    while len(found) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(group):
            step()
        found.append((time.perf_counter() - start) / group)
    return Time(median(found), min(found), value)


def work(engine: str, family: str, only: str, seconds: float) -> None:
    """Print the times of a family's programs, a line of JSON each."""
    from benchmarks.engines import ENGINES

    chosen = ENGINES[engine](THREADS)
    programs = __import__(f"benchmarks.families.{family}", fromlist=["programs"]).programs
    for name, make in programs(chosen).items():
        if only in name:
            step = make()
            found = timed(step, seconds)._replace(
                bytes=getattr(step, "bytes", 0), flops=chosen.flops(step)
            )
            print(json.dumps([name, *found]), flush=True)


def rates() -> None:
    """Print what this machine does at best, as JSON: a copy, and a large matrix product."""
    import torch

    torch.set_num_threads(THREADS)
    a, b = torch.ones(1 << 25), torch.empty(1 << 25)
    square = torch.ones(2048, 2048)
    copied = min(timed(lambda: b.copy_(a)[0], 1.0).shortest for _ in range(2))
    multiplied = min(timed(lambda: (square @ square)[0, 0], 1.0).shortest for _ in range(2))
    print(json.dumps([2 * 4 * a.numel() / copied, 2 * 2048**3 / multiplied]))


# --- the process that starts the others --------------------------------------


def _process(*arguments: str, plain: bool = False) -> list[str]:
    threads = {f"{name}_NUM_THREADS": str(THREADS) for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    environment = {**os.environ, **threads, **({"NN_COMPILED": "0"} if plain else {})}
    command = [sys.executable, "-m", "benchmarks.clock", *arguments]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return [line for line in done.stdout.splitlines() if line.startswith("[")]


def machine() -> Machine:
    """Measure the machine, in a process of its own."""
    return Machine(*json.loads(_process("--work", "rates")[0]))


def alone(engine: str, family: str, only: str, seconds: float) -> dict[str, Time]:
    """Return the times of one engine in a process of its own."""
    lines = _process(
        "--work", TORCH if engine == TORCH else OURS, family, "--only", only, "--seconds",
        str(seconds), plain=engine == PLAIN,
    )  # fmt: skip
    return {name: Time(*rest) for name, *rest in map(json.loads, lines)}


def compared(
    family: str, best: Machine, only: str = "", seconds: float = 0.3, alternations: int = 3,
    tell: Callable[[], object] = lambda: None,
) -> list[Row]:  # fmt: skip
    """Return the rows of a family; the engines' processes take turns."""
    turns: list[dict[str, dict[str, Time]]] = []
    for k in range(alternations):
        order = (OURS, TORCH, PLAIN) if k % 2 == 0 else (PLAIN, TORCH, OURS)
        turn = {}
        for engine in order:
            turn[engine] = alone(engine, family, only, seconds)
            tell()
        turns.append(turn)
    return list(_rows(turns, best))


def _rows(turns: list[dict[str, dict[str, Time]]], best: Machine) -> Iterator[Row]:
    for name, other in turns[0][TORCH].items():
        times = {engine: [turn[engine][name] for turn in turns] for engine in (OURS, TORCH, PLAIN)}
        for engine in (OURS, PLAIN):
            value = times[engine][0].value
            if abs(value - other.value) > 1e-2 * (1 + abs(other.value)):
                raise SystemExit(f"{name}: the values differ, {value} and {other.value}")
        ratio = {
            engine: median(
                a.median / b.median for a, b in zip(times[engine], times[TORCH], strict=True)
            )
            for engine in (OURS, PLAIN)
        }
        shortest = {engine: min(t.shortest for t in found) for engine, found in times.items()}
        yield Row(
            name,
            median(t.median for t in times[TORCH]),
            median(t.median for t in times[OURS]),
            ratio[OURS],
            shortest[OURS] / shortest[TORCH],
            median(t.median for t in times[PLAIN]),
            ratio[PLAIN],
            max(other.bytes / best.bytes, other.flops / best.flops),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=", ".join(FAMILIES))
    parser.add_argument("--only", default="", help="programs whose name has this text in it")
    parser.add_argument("--alternations", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.3, help="for each program and process")
    parser.add_argument("--report", type=Path, help="the folder of pages to write")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work == "rates":
        return rates()
    if options.work:
        return work(options.work, options.families[0], options.only, options.seconds)
    from tqdm import tqdm

    from benchmarks import clock_pages

    chosen = options.families or FAMILIES
    if unknown := set(chosen) - set(FAMILIES):
        parser.error(
            f"no such family: {', '.join(sorted(unknown))}; there are {', '.join(FAMILIES)}"
        )
    best = machine()
    where = clock_pages.described(best, THREADS)
    where += f"; {options.alternations} alternations, {options.seconds} s a program in each"
    print(where)
    found: dict[str, list[Row]] = {}
    with tqdm(total=3 * options.alternations * len(chosen), unit="process", disable=None) as bar:
        for family in chosen:
            bar.set_description(family)
            rows = compared(family, best, options.only, options.seconds, options.alternations,
                            bar.update)  # fmt: skip
            if rows:
                found[family] = rows
                tqdm.write(f"### {family}\n\n{clock_pages.summed_up(rows)}\n\n"
                           f"{clock_pages.rows_table(rows)}\n")  # fmt: skip
    if options.report:
        clock_pages.write(options.report, found, where)
    return None


if __name__ == "__main__":
    main()
