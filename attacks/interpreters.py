"""Ways of starting Python and places to run in: all come to the same numbers.

A process that is started so runs every kind of use and prints the digests, a table and no warning.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from attacks.caches import packed
from attacks.harness import ROOT, Finding

BEFORE = ""  # what every process runs first: tests plant faults here
CODE = """\
import sys
sys.path[:0] = {path!r}
{before}
import attacks.uses
attacks.uses.main()
"""


@dataclass
class Start:
    """How a process is started; modes change it one after the other."""

    folder: Path
    flags: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=lambda: {"NN_COMPILED": "0"})
    path: list[str] = field(default_factory=lambda: [str(ROOT)])

    def run(self) -> dict[str, str]:
        """Return the digests."""
        held = [p for p in sys.path if p and "site-packages" in p]  # for -S and -I
        code = CODE.format(path=self.path + held, before=BEFORE)
        done = subprocess.run(
            [sys.executable, *self.flags, "-c", code],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=200,
            cwd=self.folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": "", **self.variables},
        )
        said = done.stderr.decode("utf-8", "replace")
        if done.returncode:
            raise Finding(f"ends with {done.returncode}: {said[-1500:]}")
        if said.strip():
            raise Finding(f"says {said[:500]}")
        for line in done.stdout.decode("utf-8", "replace").splitlines():
            if line.startswith("digests "):
                found: dict[str, str] = json.loads(line.removeprefix("digests "))
                return found
        raise Finding("says nothing")


def _flags(*flags: str) -> Callable[[Start], None]:
    return lambda start: start.flags.extend(flags)


def _variables(**variables: str) -> Callable[[Start], None]:
    return lambda start: start.variables.update(variables)


def _archive(start: Start) -> None:
    start.path = [str(packed(start.folder))]


def _not_writable(start: Start) -> None:
    """Nothing can be written beside the sources, nor at home: a cache of pages as a file."""
    file = start.folder / "file"
    file.write_text("", encoding="utf-8")
    start.variables |= {"HOME": str(file), "PYTHONPYCACHEPREFIX": str(file)}


def _without(*names: str) -> Callable[[Start], None]:
    """Packages that cannot be imported."""

    def change(start: Start) -> None:
        folder = start.folder / "without"
        for name in names:
            (folder / name).mkdir(parents=True, exist_ok=True)
            text = f"raise ModuleNotFoundError('No module named {name}', name={name!r})"
            (folder / name / "__init__.py").write_text(text, encoding="utf-8")
        start.path.insert(0, str(folder))

    return change


WARNINGS = ("-W", "error")
MODES: dict[str, Callable[[Start], None]] = {
    "-O": _flags("-O"),
    "-OO": _flags("-OO"),
    "-W error": _flags(*WARNINGS),
    "-X dev": _flags("-X", "dev", *WARNINGS),
    "-bb": _flags("-bb"),
    "-I": _flags("-I"),
    "-S": _flags("-S"),
    "-E -s -B -u": _flags("-E", "-s", "-B", "-u"),
    "-X utf8=0": _flags("-X", "utf8=0"),
    "-X warn_default_encoding": _flags(
        "-X", "warn_default_encoding", "-W", "error::EncodingWarning"
    ),
    "-X int_max_str_digits=640": _flags("-X", "int_max_str_digits=640"),
    "-X tracemalloc": _flags("-X", "tracemalloc"),
    "-X no_debug_ranges": _flags("-X", "no_debug_ranges"),
    "hash seed 0": _variables(PYTHONHASHSEED="0"),
    "hash seed 12345": _variables(PYTHONHASHSEED="12345"),
    "ASCII output": _variables(PYTHONIOENCODING="ascii", PYTHONUTF8="0"),
    "LANG=C": _variables(LANG="C", LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0"),
    "Latin-1 output": _variables(PYTHONIOENCODING="latin-1"),
    "PYTHONMALLOC=debug": _variables(PYTHONMALLOC="debug"),
    "filled fresh memory": _variables(MALLOC_PERTURB_="165"),
    "asyncio's debugging": _variables(PYTHONASYNCIODEBUG="1"),
    "a narrow terminal": _variables(COLUMNS="1", TERM="dumb"),
    "from an archive": _archive,
    "nothing writable": _not_writable,
    "without SciPy": _without("scipy"),
    "without numba, tqdm, matplotlib": _without("numba", "tqdm", "matplotlib"),
}


@cache
def plain() -> dict[str, str]:
    """Return the digests of an ordinary process."""
    with tempfile.TemporaryDirectory() as folder:
        return Start(Path(folder)).run()


def attack(seed: int) -> str:
    """Start Python in one way, or in two or three that are drawn."""
    names = list(MODES)
    chosen = [names[seed % len(names)]]
    if seed >= len(names):
        rng = np.random.default_rng(seed)
        chosen = [str(n) for n in rng.choice(names, 2 + int(rng.integers(2)), replace=False)]
    with tempfile.TemporaryDirectory() as folder:
        start = Start(Path(folder))
        for name in chosen:
            MODES[name](start)
        try:
            found = start.run()
        except Finding as finding:
            raise Finding(f"{' and '.join(chosen)}: {finding}") from finding
    every = {**plain(), **found}
    if other := [name for name in every if found.get(name) != plain().get(name)]:
        raise Finding(f"{' and '.join(chosen)}: other bits in {', '.join(other)}")
    return "one way" if len(chosen) == 1 else "several at once"
