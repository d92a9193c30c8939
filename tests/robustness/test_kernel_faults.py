"""What only makes things fast stops nothing: caches, folders, compilers and packages at fault.

The faults, and what is demanded of a training that meets one, are in attacks/caches.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attacks import caches
from autograd_core.workers.settings import importable

pytestmark = [
    pytest.mark.skipif(not importable("numba"), reason="there are no compiled kernels"),
    pytest.mark.slow,
]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize(
    ("ending", "harm"),
    [
        ("nbi", caches.cut),
        ("nbc", caches.emptied),
        ("nbc", caches.scrambled),
        pytest.param("nbi", caches.emptied, marks=pytest.mark.exhaustive),
        pytest.param("nbi", caches.scrambled, marks=pytest.mark.exhaustive),
        pytest.param("nbc", caches.cut, marks=pytest.mark.exhaustive),
    ],
)
def test_damaged_files_are_mended(
    harm: Callable[..., bytes], ending: str, rng: np.random.Generator, tmp_path: Path
) -> None:
    caches.harmed(caches.warmed(tmp_path), ending, harm, rng)


@pytest.mark.parametrize("source", caches.BROKEN.values(), ids=caches.BROKEN)
def test_a_broken_numba(source: str, tmp_path: Path) -> None:
    caches.stands_in(tmp_path, source)


@pytest.mark.parametrize(
    "fault",
    [caches.archive, caches.full_disk, caches.switched_off, caches.missing, caches.killed,
     pytest.param(caches.six_processes, marks=pytest.mark.exhaustive)],
    ids=lambda fault: fault.__name__,
)  # fmt: skip
def test_a_fault(
    fault: Callable[[Path, np.random.Generator], None], rng: np.random.Generator, tmp_path: Path
) -> None:
    fault(tmp_path, rng)
