"""Each engine alone in a process of its own, its steps in a row, processes alternating.

    python -m benchmarks.clock [FAMILY ...] [--only TEXT] [--plain] [--alternations 3]
                               [--seconds 0.3] [--report docs/speed/families.md]

Two engines in one process disturb each other: PyTorch's threads fall asleep while the other
engine runs, or keep a core busy when it starts, and each engine's arrays push the other's out of
the caches.  A pause before a step, which keeps them apart, measures an engine that has just been
woken, as no training loop does.  So a process has one engine.  It builds a family's programs one
after the other, warms each up, and runs it again and again; the median of its runs counts.  The
processes of the engines take turns, and the ratio is taken between neighbours; its median over
the turns is shown, and beside it the ratio of the shortest runs, which a busy machine disturbs
least.  A program that gives other numbers than PyTorch's is an error, not a time.
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

from benchmarks.harness import table

FAMILIES = (
    "named", "elementwise", "activations", "reductions", "normalization", "convolution", "indexing",
    "products", "linalg", "recurrent", "attention", "models", "loops", "transforms",
)  # fmt: skip
THREADS = 2
Program = Callable[[], Any]  # runs one step; its value tells whether it computes the same


class Time(NamedTuple):
    """The seconds of a step in one process: the median of its runs, and the shortest."""

    median: float
    shortest: float
    value: float


class Row(NamedTuple):
    """One program: the seconds of each engine, the ratio of medians, and that of the shortest."""

    name: str
    ours: float
    theirs: float
    ratio: float
    shortest: float


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
            print(json.dumps([name, *timed(make(), seconds)]), flush=True)


# --- the process that starts the others --------------------------------------


def alone(engine: str, family: str, only: str, seconds: float, plain: bool) -> dict[str, Time]:
    """Return the times of one engine in a process of its own."""
    threads = {f"{name}_NUM_THREADS": str(THREADS) for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    environment = {**os.environ, **threads, **({"NN_COMPILED": "0"} if plain else {})}
    command = [sys.executable, "-m", "benchmarks.clock", "--work", engine, family,
               "--only", only, "--seconds", str(seconds)]  # fmt: skip
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    return {name: Time(*rest) for name, *rest in lines}


def compared(
    family: str, only: str = "", seconds: float = 0.3, plain: bool = False, alternations: int = 3,
    tell: Callable[[], object] = lambda: None,
) -> list[Row]:  # fmt: skip
    """Return the rows of a family; the engines' processes take turns."""
    turns: list[dict[str, dict[str, Time]]] = []
    for k in range(alternations):
        order = ("ours", "torch") if k % 2 == 0 else ("torch", "ours")
        turn = {}
        for engine in order:
            turn[engine] = alone(engine, family, only, seconds, plain)
            tell()
        turns.append(turn)
    return list(_rows(turns))


def _rows(turns: list[dict[str, dict[str, Time]]]) -> Iterator[Row]:
    for name, first in turns[0]["ours"].items():
        other = turns[0]["torch"][name]
        if abs(first.value - other.value) > 1e-2 * (1 + abs(other.value)):
            raise SystemExit(f"{name}: the values differ, {first.value} and {other.value}")
        ours = [turn["ours"][name] for turn in turns]
        theirs = [turn["torch"][name] for turn in turns]
        yield Row(
            name,
            median(t.median for t in ours),
            median(t.median for t in theirs),
            median(a.median / b.median for a, b in zip(ours, theirs, strict=True)),
            min(t.shortest for t in ours) / min(t.shortest for t in theirs),
        )


def duration(seconds: float) -> str:
    """Return seconds with a unit that suits them."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 0.95:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def machine() -> str:
    """Return what the times depend on: the processor, the BLAS and its kernels, the threads."""
    from benchmarks.engines import described

    return f"{described()}; {THREADS} threads"


def shown(family: str, rows: list[Row]) -> str:
    """Return a family's rows as Markdown, worst first, with a line that sums them up."""
    ratios = [row.ratio for row in rows]
    head = f"### {family}\n\n{len(rows)} programs: ratio {median(ratios):.2f} at the median, "
    head += f"{max(ratios):.2f} at most; {sum(r <= 1 for r in ratios)} of them at most 1.\n"
    cells = [["program", "ours", "PyTorch", "ratio", "of shortest"]]
    for row in sorted(rows, key=lambda row: -row.ratio):
        cells.append([row.name, duration(row.ours), duration(row.theirs), f"{row.ratio:.2f}",
                      f"{row.shortest:.2f}"])  # fmt: skip
    return f"{head}\n{table(cells)}\n"


HEAD = """\
# Every family, each engine alone

`make bench` writes this page (`python -m benchmarks.clock`): one step of each program, forward and
backward, and the optimizer's update where there is one, in this engine and in PyTorch's eager mode.
Each engine runs alone in a process of its own, its steps in a row, and the processes alternate.
Why: [the clock](clock.md). A ratio below 1 means faster than PyTorch. The worst come first.

"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=", ".join(FAMILIES))
    parser.add_argument("--only", default="", help="programs whose name has this text in it")
    parser.add_argument("--plain", action="store_true", help="without compiled kernels")
    parser.add_argument("--alternations", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.3, help="for each program and process")
    parser.add_argument("--report", type=Path, help="the page to write")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.families[0], options.only, options.seconds)
        return
    from tqdm import tqdm

    chosen = options.families or FAMILIES
    if unknown := set(chosen) - set(FAMILIES):
        parser.error(
            f"no such family: {', '.join(sorted(unknown))}; there are {', '.join(FAMILIES)}"
        )
    where = (
        f"{machine()}; {'plain NumPy' if options.plain else 'compiled kernels where they exist'}"
    )
    print(where)
    pages = []
    with tqdm(total=2 * options.alternations * len(chosen), unit="process", disable=None) as bar:
        for family in chosen:
            bar.set_description(family)
            rows = compared(family, options.only, options.seconds, options.plain,
                            options.alternations, bar.update)  # fmt: skip
            if rows:
                pages.append(shown(family, rows))
                tqdm.write(pages[-1])
    if options.report:
        options.report.write_text(f"{HEAD}{where}.\n\n" + "\n".join(pages), encoding="utf-8")


if __name__ == "__main__":
    main()
