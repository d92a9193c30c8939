"""Spectra of signals: SciPy's values, both modes against differences, every keyword."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

_scipy = pytest.importorskip("scipy.signal")

from autograd_core import Tensor, UnsupportedError, jvp, vjp, vmap  # noqa: E402
from autograd_core.scipy import signal  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
RNG = np.random.default_rng(4)
X, Y, Z = RNG.normal(size=60), RNG.normal(size=50), RNG.normal(size=60) + 1j * RNG.normal(size=60)
ROWS = RNG.normal(size=(2, 40))
OVER_TIME = _scipy.stft(X, nperseg=16)[2]
HOW: list[dict[str, Any]] = [
    {},
    {"nperseg": 16},
    {"nperseg": 15, "noverlap": 4, "nfft": 20, "detrend": "linear", "scaling": "spectrum"},
    {"nperseg": 16, "average": "median", "fs": 10.0},
    {"nperseg": 16, "return_onesided": False, "detrend": False},
    {"window": np.hanning(12) + 0.1, "detrend": lambda parts: parts - 0.5},
]
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    *[("welch", (x,), how) for how in HOW for x in (X, Z)],
    *[("csd", args, how) for how in HOW for args in ((X, Y), (Z, X))],
    ("welch", (ROWS,), {"nperseg": 8, "axis": -1}),
    ("welch", (ROWS.T,), {"nperseg": 8, "axis": 0}),
    ("csd", (ROWS.T, ROWS.T[:30]), {"nperseg": 8, "axis": 0}),
    ("periodogram", (X,), {}),
    ("periodogram", (X,), {"nfft": 80, "window": "hann", "fs": 4.0, "detrend": False}),
    ("periodogram", (ROWS.T,), {"axis": 0, "scaling": "spectrum", "return_onesided": False}),
    ("coherence", (X, Y.repeat(2)[:60]), {"nperseg": 16, "noverlap": 4, "nfft": 32, "fs": 3.0}),
    ("coherence", (ROWS.T, ROWS.T[::-1]), {"nperseg": 8, "axis": 0, "detrend": "linear",
                                          "window": "hamming"}),
    ("stft", (X,), {"nperseg": 16, "fs": 8.0, "window": "hamming"}),
    ("stft", (Z,), {"nperseg": 16}),
    ("stft", (X,), {"nperseg": 16, "boundary": None, "padded": False, "noverlap": 4,
                    "scaling": "psd", "detrend": "constant"}),
    ("stft", (ROWS.T,), {"nperseg": 8, "axis": 0}),
    ("stft", (X,), {"nperseg": 16, "return_onesided": False, "nfft": 20}),
    ("istft", (OVER_TIME,), {"nperseg": 16, "fs": 2.0}),
    ("istft", (OVER_TIME,), {"nperseg": 16, "boundary": False, "window": "hamming"}),
    ("istft", (OVER_TIME,), {"nperseg": 16, "nfft": 16, "noverlap": 8, "scaling": "psd"}),
    ("istft", (np.stack([OVER_TIME, 2 * OVER_TIME]),), {"nperseg": 16}),
    ("istft", (OVER_TIME.T,), {"nperseg": 16, "time_axis": 0, "freq_axis": 1}),
    ("istft", (_scipy.stft(X, nperseg=16, return_onesided=False)[2],),
     {"nperseg": 16, "input_onesided": False}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "args", "how"), CALLS, ids=[f"{k}-{c[0]}" for k, c in enumerate(CALLS)]
)
def test_values_and_both_modes(name: str, args: Any, how: dict[str, Any]) -> None:
    mine, theirs = getattr(signal, name), getattr(_scipy, name)
    wanted = theirs(*args, **how)
    made = mine(*[Tensor(a, requires_grad=True) for a in args], **how)
    for a, b in zip(made, wanted, strict=True):
        np.testing.assert_array_equal(a.data if isinstance(a, Tensor) else a, b)
        assert np.asarray(getattr(a, "data", a)).dtype == b.dtype

    def f(*xs: Any) -> Any:
        return mine(*xs, **how)[-1]

    def direction(a: Any, seed: int) -> Any:
        rng = np.random.default_rng(seed)
        v = rng.normal(size=a.shape)
        return v + 1j * rng.normal(size=a.shape) if np.iscomplexobj(a) else v

    vs = tuple(direction(a, k) for k, a in enumerate(args))
    y, pushed = jvp(f, args, vs)
    h = 1e-6
    sides = [f(*[a + s * h * v for a, v in zip(args, vs, strict=True)]) for s in (1, -1)]
    np.testing.assert_allclose(pushed, (sides[0] - sides[1]) / (2 * h), rtol=1e-5, atol=1e-6)
    w = direction(y, 9)
    pulled = vjp(f, *args)[1](w)
    pulled = pulled if isinstance(pulled, (tuple, list)) else (pulled,)
    left = np.sum(np.real(w * pushed))
    right = sum(np.sum(np.real(g * v)) for g, v in zip(pulled, vs, strict=True))
    assert left == pytest.approx(right, rel=1e-9)


@pytest.mark.parametrize("name", ["coherence", "csd", "istft", "periodogram", "stft", "welch"])
def test_names_and_order_of_arguments_are_scipys(name: str) -> None:
    mine = list(inspect.signature(getattr(signal, name)).parameters)
    assert mine == list(inspect.signature(getattr(_scipy, name)).parameters)
    given = [set(how) | set(mine[: len(args)]) for f, args, how in CALLS if f == name]
    assert set(mine) == set().union(*given)


def test_a_batch_and_what_is_refused() -> None:
    def density(x: Any) -> Any:
        return signal.welch(x, nperseg=8)[1]

    np.testing.assert_allclose(vmap(density)(ROWS), [density(x) for x in ROWS], rtol=1e-12)
    x = Tensor(X, requires_grad=True)
    with pytest.raises(UnsupportedError, match=r"signal.stft: boundary='even'"):
        signal.stft(x, nperseg=8, boundary="even")
    with pytest.raises(UnsupportedError, match=r"signal.periodogram: nfft=20"):
        signal.periodogram(x, nfft=20)
