"""What only makes things fast stops nothing: caches, folders, compilers and packages at fault.

Each case trains a few steps in a process of its own, with the fault, and must end with the losses
of plain NumPy (to rounding) and at most one warning that names a remedy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_core.workers.settings import importable

pytestmark = [
    pytest.mark.skipif(not importable("numba"), reason="there are no compiled kernels"),
    pytest.mark.slow,
]
ROOT = Path(__file__).parent.parent

TRAIN = textwrap.dedent("""
    import sys, warnings
    warnings.simplefilter("always")
    said = []
    warnings.showwarning = lambda m, c, *rest: said.append((c.__name__, str(m)))
    import numpy as np
    import nn, optim
    nn.manual_seed(0)
    model = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                          nn.Linear(512, 10))
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    x = np.random.default_rng(0).normal(size=(512, 8, 16, 16)).astype(np.float32)
    labels = np.arange(512) % 10
    for _ in range(2):
        loss = nn.functional.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print("loss", loss.item())
    from autograd_core.workers.settings import compiles
    print("compiles", compiles())
    for kind, text in said:
        print("warning", kind, text.replace("\\n", " "))
""")


def train(cwd: Path, before: str = "", **environment: str) -> tuple[list[float], bool, list[str]]:
    """Return the losses, whether kernels were compiled, and the warnings about kernels."""
    run = subprocess.run(
        [sys.executable, "-c", before + TRAIN],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    lines = [line.split(" ", 1) for line in run.stdout.splitlines()]
    losses = [float(text) for kind, text in lines if kind == "loss"]
    compiled = ["compiles", "True"] in lines
    return losses, compiled, [t for k, t in lines if k == "warning" and t.startswith("Kernel")]


@pytest.fixture(scope="module")
def right(tmp_path_factory: Any) -> list[float]:
    losses, compiled, said = train(tmp_path_factory.mktemp("plain"), NN_COMPILED="0")
    assert not compiled
    assert not said
    return losses


@pytest.fixture(scope="module")
def warm(tmp_path_factory: Any, right: list[float]) -> Path:
    """Return a cache that a healthy run has filled."""
    folder: Path = tmp_path_factory.mktemp("cache")
    losses, compiled, said = train(folder, NUMBA_CACHE_DIR=str(folder))
    assert compiled
    assert not said
    np.testing.assert_allclose(losses, right, rtol=1e-4)
    assert list(folder.rglob("*.nbi"))
    return folder


def emptied(data: bytes) -> bytes:
    return b""


def halved(data: bytes) -> bytes:
    return data[: len(data) // 2]


def scrambled(data: bytes) -> bytes:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, len(data), dtype=np.uint8).tobytes()


@pytest.mark.parametrize("harm", [emptied, halved, scrambled])
@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_damaged_files_are_mended(
    harm: Callable[[bytes], bytes], ending: str, warm: Path, right: list[float], tmp_path: Path
) -> None:
    if (harm, ending) == (scrambled, "nbc"):
        harm = lambda data: b"\x80\x04" + scrambled(data)  # begins as a pickle does
    cache = tmp_path / "cache"
    shutil.copytree(warm, cache)
    damaged = sorted(cache.rglob(f"*.{ending}"))
    for path in damaged:
        path.write_bytes(harm(path.read_bytes()))
    broken = {path: path.read_bytes() for path in damaged}
    losses, compiled, said = train(tmp_path, NUMBA_CACHE_DIR=str(cache))
    assert compiled
    assert not said
    np.testing.assert_allclose(losses, right, rtol=1e-4)
    again = sum(path.exists() and path.read_bytes() != broken[path] for path in damaged)
    assert again  # mended for the next process


def test_no_folder_to_write_to(right: list[float], tmp_path: Path) -> None:
    """As in a container: the package in an archive, and a home that cannot be."""
    archive = tmp_path / "packages.pyz"
    with zipfile.ZipFile(archive, "w") as packed:
        for package in ("autograd_core", "nn", "optim"):
            for path in sorted((ROOT / package).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    packed.write(path, path.relative_to(ROOT))
    losses, compiled, said = train(
        tmp_path, PYTHONPATH=str(archive), HOME="/dev/null", XDG_CACHE_HOME="/dev/null/cache"
    )
    assert not compiled
    (words,) = said
    assert "NUMBA_CACHE_DIR" in words
    np.testing.assert_allclose(losses, right, rtol=1e-4)


def test_a_full_disk(right: list[float], tmp_path: Path) -> None:
    """No file may grow beyond a few bytes, which writers see as they see a full disk."""
    pytest.importorskip("resource")
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))\n"
    losses, compiled, said = train(tmp_path, full, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    assert compiled
    (words,) = said
    assert "NUMBA_CACHE_DIR" in words
    np.testing.assert_allclose(losses, right, rtol=1e-4)


def test_the_compiler_switched_off(right: list[float], tmp_path: Path) -> None:
    losses, compiled, said = train(tmp_path, NUMBA_DISABLE_JIT="1")
    assert not compiled
    (words,) = said
    assert "NUMBA_DISABLE_JIT" in words
    np.testing.assert_allclose(losses, right, rtol=1e-4)


@pytest.mark.parametrize(
    "source",
    ["raise ImportError('NumPy is too new')", "raise AttributeError('half installed')", "x = 1",
     "class config: DISABLE_JIT = False\ndef njit(**k): raise TypeError('another version')"],
    ids=["import error", "another error", "empty", "another interface"],
)  # fmt: skip
def test_a_broken_numba(source: str, right: list[float], tmp_path: Path) -> None:
    (tmp_path / "numba").mkdir()
    (tmp_path / "numba" / "__init__.py").write_text(source, encoding="utf-8")
    losses, compiled, said = train(tmp_path, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert not compiled
    (words,) = said
    assert "einstall" in words
    np.testing.assert_allclose(losses, right, rtol=1e-4)


def test_six_processes_meet_a_cold_cache_and_one_is_killed(
    right: list[float], tmp_path: Path
) -> None:
    cache = str(tmp_path / "cache")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": cache}
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", TRAIN], stdout=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(6)
    ]
    while runs[0].poll() is None and not list((tmp_path / "cache").rglob("*.nbi")):
        pass
    runs[0].kill()
    for run in runs[1:]:
        said = run.communicate(timeout=600)[0]
        assert run.returncode == 0
        losses = [float(line.split()[1]) for line in said.splitlines() if line.startswith("loss")]
        np.testing.assert_allclose(losses, right, rtol=1e-4)
    runs[0].communicate()
    losses, compiled, warned = train(tmp_path, NUMBA_CACHE_DIR=cache)
    assert compiled
    assert not warned
    np.testing.assert_allclose(losses, right, rtol=1e-4)
