"""The table of kinks and ties, row by row: reverse, forward, PyTorch, and the page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases.kinks import KINKS, Kink

from autograd_core import grad, jvp

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))


def summed(f: Any) -> Any:
    return lambda *xs: np.sum(f(*xs))


def nan_free_weights(f: Any) -> Any:
    """Sum the result, leaving NaN out: the rows look at derivatives, not at the sum."""
    return lambda *xs: np.nansum(f(*xs))


@pytest.mark.parametrize("kink", KINKS, ids=lambda k: k.text)
def test_both_modes_answer_as_the_table_says(kink: Kink) -> None:
    xs = [np.asarray(x, dtype=float) for x in kink.at]
    f = summed(kink.f)
    with np.errstate(all="ignore"):
        found = grad(f, tuple(range(len(xs))))(*xs)
        for g, expected in zip(found, kink.gradient, strict=True):
            np.testing.assert_allclose(g, expected, rtol=1e-12, atol=1e-12)
        for k, (x, expected) in enumerate(zip(xs, kink.gradient, strict=True)):
            for place in np.ndindex(x.shape):
                unit = [np.zeros_like(z) for z in xs]
                unit[k][place] = 1.0
                slope = jvp(kink.f, tuple(xs), tuple(unit))[1]
                wanted = np.asarray(expected)[place]
                if np.isfinite(wanted):  # 0 times inf in the other elements is not looked at
                    np.testing.assert_allclose(np.sum(slope), wanted, rtol=1e-12, atol=1e-12)


def _torch_forms(torch: Any) -> dict[str, Any]:
    return {
        "abs": torch.abs, "sign": torch.sign, "floor": torch.floor, "ceil": torch.ceil,
        "trunc": torch.trunc, "round": torch.round,
        "clamp01": lambda x: torch.clamp(x, 0.0, 1.0),
        "remainder1": lambda x: torch.remainder(x, 1.0), "fmod1": lambda x: torch.fmod(x, 1.0),
        "copysign1": lambda x: torch.copysign(x, torch.tensor(1.0, dtype=x.dtype)),
        "norm": torch.linalg.norm, "norm_rows": lambda x: torch.linalg.norm(x, axis=1),
        "norm1": lambda x: torch.linalg.norm(x, 1), "atan2": torch.atan2,
        "std": lambda x: torch.std(x, correction=0), "maximum": torch.maximum,
        "minimum": torch.minimum,
        "maximum0": lambda x: torch.maximum(x, torch.zeros_like(x)),
        "fmax": torch.fmax, "fmin": torch.fmin,
        "fmax_nan": lambda x: torch.fmax(x, torch.full_like(x, np.nan)),
        "maximum_nan": lambda x: torch.maximum(x, torch.full_like(x, np.nan)),
        "amax": torch.amax, "amin": torch.amin,
        "cummax": lambda x: torch.cummax(x, 0).values,
        "sort": lambda x: torch.sort(x, stable=True).values
        * torch.tensor([1.0, 2.0, 3.0], dtype=x.dtype),
        "sqrt": torch.sqrt, "log": torch.log, "reciprocal": lambda x: 1.0 / x,
        "sinc": torch.sinc, "pow0": lambda x: x**0, "pow1": lambda x: x**1,
        "pow2": lambda x: x**2.0, "pow": torch.pow, "zero_pow": lambda y: 0.0**y,
        "logaddexp": torch.logaddexp, "prod": torch.prod,
        "cumprod": lambda x: torch.cumprod(x, 0), "det": torch.linalg.det,
        "where_nan": lambda x: torch.where(
            torch.tensor([True, False]), x, torch.full_like(x, np.nan)),
        "where_poison": lambda x: torch.where(x > 0, x * x, np.nan * x),
        "nansum": torch.nansum, "nan_to_num": torch.nan_to_num,
        "nuc": lambda a: torch.linalg.norm(a, "nuc"),
        "pinv": lambda a: torch.linalg.pinv(a)[0, 0],
        "norm3": lambda x: torch.linalg.norm(x, 3),
        "eigvalsh0": lambda a: torch.linalg.eigvalsh(a)[0],
        "eigvalsh1": lambda a: torch.linalg.eigvalsh(a)[1],
        "eigh_exp": lambda a: (
            lambda w, v: ((v * torch.exp(w)) @ v.T)[0, 1])(*torch.linalg.eigh(a)),
    }  # fmt: skip


@pytest.mark.parametrize("kink", [k for k in KINKS if k.torch], ids=lambda k: k.text)
def test_pytorch_answers_the_same(kink: Kink) -> None:
    torch = pytest.importorskip("torch")
    xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in kink.at]
    _torch_forms(torch)[kink.torch](*xs).sum().backward()
    for x, expected in zip(xs, kink.gradient, strict=True):
        np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-9, atol=1e-9)


def test_the_page_shows_this_table() -> None:
    from make_kinks_page import page

    assert (ROOT / "docs" / "kinks.md").read_text(encoding="utf-8") == page(), (
        "docs/kinks.md is stale: run python docs/make_kinks_page.py"
    )
