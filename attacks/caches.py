"""Faults of what only makes things fast: numba, its cache on disk, and where that may be kept.

A small training runs in a process of its own with the fault.  It must end with the losses of plain
NumPy (to rounding), and say at most once what is wrong and what to do.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from attacks.harness import ROOT, Finding
from autograd_core.workers.settings import importable

PACKAGES = ("autograd_core", "nn", "optim")
BEFORE = ""  # what every training runs first: tests plant faults here
TRAIN = textwrap.dedent("""
    import sys, warnings
    warnings.simplefilter("always")
    said = []
    warnings.showwarning = lambda m, c, *rest: said.append((c.__name__, str(m)))
    import numpy as np
    import nn, optim
    nn.manual_seed(0)
    # a generated kernel, and the team of threads: one of each kind of file in a second
    model = nn.Sequential(nn.ReLU(), nn.GlobalAvgPool2d(), nn.Linear(8, 10))
    optimizer = optim.SGD(model.parameters(), lr=1e-2)
    x = np.random.default_rng(0).normal(size=(512, 8, 16, 16)).astype(np.float32)
    for _ in range(2):
        loss = (model(x) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print("loss", loss.item())
    from autograd_core.workers.settings import compiles
    print("compiles", compiles())
    for kind, text in said:
        print("warning", kind, text.replace("\\n", " "))
""")
FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))\n"


@dataclass(frozen=True)
class Trained:
    """What a training in a process of its own came to."""

    losses: list[float]
    compiled: bool
    said: list[str]  # its warnings about kernels


def _start(cwd: Path, before: str, variables: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BEFORE + before + TRAIN],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
    )


def _ended(run: subprocess.Popen[str]) -> Trained:
    try:
        out, err = run.communicate(timeout=500)
    except subprocess.TimeoutExpired as error:
        run.kill()
        raise Finding("the training hangs") from error
    if run.returncode:
        raise Finding(f"the training ends with {run.returncode}:\n{out}{err[-2000:]}")
    lines = [line.split(" ", 1) for line in out.splitlines()]
    return Trained(
        [float(text) for kind, text in lines if kind == "loss"],
        ["compiles", "True"] in lines,
        [text for kind, text in lines if kind == "warning" and text.startswith("Kernel")],
    )


def train(cwd: Path, before: str = "", **variables: str) -> Trained:
    """Run the training."""
    return _ended(_start(cwd, before, variables))


@cache
def right() -> list[float]:
    """Return the losses of plain NumPy."""
    with tempfile.TemporaryDirectory() as folder:
        return train(Path(folder), NN_COMPILED="0").losses


@cache
def warm() -> Path:
    """Return a cache that a healthy training has filled; it lives as long as this process."""
    holder = tempfile.TemporaryDirectory()
    _held.append(holder)
    trained = train(Path(holder.name), NUMBA_CACHE_DIR=holder.name)
    judge(trained, compiled=True)
    return Path(holder.name)


def warmed(folder: Path) -> Path:
    """Return a copy of the warm cache in a folder."""
    return Path(shutil.copytree(warm(), folder / "cache"))


_held: list[tempfile.TemporaryDirectory[str]] = []


def judge(trained: Trained, compiled: bool | None, remedy: str = "") -> None:
    """Require the right losses, and one warning that names the remedy, or none."""
    if not np.allclose(trained.losses, right(), rtol=1e-4, atol=0) or len(trained.losses) != 2:
        raise Finding(f"losses {trained.losses}, not {right()}")
    if compiled is not None and trained.compiled != compiled:
        raise Finding(f"kernels are {'' if trained.compiled else 'not '}compiled")
    if len(trained.said) != bool(remedy) or not all(remedy in words for words in trained.said):
        raise Finding(f"the warnings are {trained.said}, and should name {remedy or 'nothing'}")


# --- faults: each takes a folder that is its own, and a seed ----------------------------------


def emptied(data: bytes, rng: np.random.Generator) -> bytes:
    """As after a crash of the system."""
    return b""


def cut(data: bytes, rng: np.random.Generator) -> bytes:
    """As after a kill or on a full disk."""
    return data[: int(rng.integers(len(data)))]


def scrambled(data: bytes, rng: np.random.Generator) -> bytes:
    """Something else, which begins as a pickle does."""
    return b"\x80\x04" + rng.bytes(len(data))


def damaged(folder: Path, rng: np.random.Generator) -> None:
    """Harm files of a warm cache; they are mended for the next process."""
    place = warmed(folder)
    harm: Callable[..., bytes] = (emptied, cut, scrambled)[rng.integers(3)]
    harmed(place, ("nbi", "nbc")[rng.integers(2)], harm, rng)


def harmed(place: Path, ending: str, harm: Callable[..., bytes], rng: np.random.Generator) -> None:
    """Harm all files of a kind, train, and require that some were written anew."""
    files = sorted(place.rglob(f"*.{ending}"))
    for path in files:
        path.write_bytes(harm(path.read_bytes(), rng))
    broken = {path: path.read_bytes() for path in files}
    judge(train(place, NUMBA_CACHE_DIR=str(place)), compiled=True)
    if not any(path.exists() and path.read_bytes() != broken[path] for path in files):
        raise Finding(f"{harm.__name__}: the files stay as they are")


def missing(folder: Path, rng: np.random.Generator) -> None:
    """Delete some files of a warm cache, and put folders in the place of some."""
    place = warmed(folder)
    for path in sorted(place.rglob("*.nb?")):
        if rng.random() < 0.3:
            path.unlink()
            if rng.random() < 0.2 and path.suffix == ".nbc":
                path.mkdir()
    trained = train(folder, NUMBA_CACHE_DIR=str(place))
    judge(trained, compiled=True, remedy="NUMBA_CACHE_DIR" if trained.said else "")


def archive(folder: Path, rng: np.random.Generator) -> None:
    """As in a container: the packages in an archive, and a home that cannot be."""
    path = packed(folder)
    variables = {"PYTHONPATH": str(path), "HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null/cache"}
    judge(train(folder, **variables), compiled=False, remedy="NUMBA_CACHE_DIR")


def packed(folder: Path) -> Path:
    """Return an archive with the packages."""
    path = folder / "packages.pyz"
    with zipfile.ZipFile(path, "w") as made:
        for package in (*PACKAGES, "attacks"):
            for file in sorted((ROOT / package).rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    made.write(file, file.relative_to(ROOT))
    return path


def full_disk(folder: Path, rng: np.random.Generator) -> None:
    """No file may grow beyond some bytes, which writers see as they see a full disk."""
    variables = {"NUMBA_CACHE_DIR": str(folder / "cache")}
    size = int(rng.choice([0, 64, 1000]))
    judge(train(folder, FULL.format(size), **variables), compiled=None, remedy="NUMBA_CACHE_DIR")


def switched_off(folder: Path, rng: np.random.Generator) -> None:
    """The compiler is switched off."""
    judge(train(folder, NUMBA_DISABLE_JIT="1"), compiled=False, remedy="NUMBA_DISABLE_JIT")


BROKEN = {
    "import error": "raise ImportError('NumPy is too new')",
    "another error": "raise AttributeError('half installed')",
    "empty": "x = 1",
    "another interface": "class config: DISABLE_JIT = False\n"
    "def njit(**k): raise TypeError('another version')",
}


def broken(folder: Path, rng: np.random.Generator) -> None:
    """Another package stands in numba's place."""
    stands_in(folder, BROKEN[list(BROKEN)[rng.integers(len(BROKEN))]])


def stands_in(folder: Path, source: str) -> None:
    """Train with a numba of this source."""
    (folder / "numba").mkdir()
    (folder / "numba" / "__init__.py").write_text(source, encoding="utf-8")
    path = f"{folder}{os.pathsep}{ROOT}"
    judge(train(folder, PYTHONPATH=path), compiled=False, remedy="einstall")


def six_processes(folder: Path, rng: np.random.Generator) -> None:
    """Six meet a cold cache, and one is killed while it compiles."""
    place = folder / "cache"
    variables = {"NUMBA_CACHE_DIR": str(place), "OMP_NUM_THREADS": "1"}
    runs = [_start(folder, "", variables) for _ in range(6)]
    while runs[0].poll() is None and not list(place.rglob("*.nbi")):
        time.sleep(0.02)
    time.sleep(float(rng.exponential(0.3)))
    runs[0].kill()
    runs[0].communicate()
    for run in runs[1:]:
        judge(_ended(run), compiled=True)
    judge(train(folder, **variables), compiled=True)


def killed(folder: Path, rng: np.random.Generator) -> None:
    """A process is killed while it compiles; the next one is well."""
    place = warmed(folder)
    for path in sorted(place.rglob("*.nbi"))[: 1 + int(rng.integers(3))]:
        path.unlink()
    run = _start(folder, "", {"NUMBA_CACHE_DIR": str(place)})
    time.sleep(float(rng.uniform(0.5, 4.0)))
    run.kill()
    run.communicate()
    judge(train(folder, NUMBA_CACHE_DIR=str(place)), compiled=True)


FAULTS = (
    damaged, switched_off, broken, missing, damaged, killed, full_disk, archive,
    damaged, missing, killed, six_processes,
)  # fmt: skip


def attack(seed: int) -> str:
    """Train with one fault."""
    if not importable("numba"):
        return "there is no numba here"
    fault = FAULTS[seed % len(FAULTS)]
    with tempfile.TemporaryDirectory() as folder:
        fault(Path(folder), np.random.default_rng(seed))
    return fault.__name__.replace("_", " ")
