"""A seeded slice of the fuzzer (100,000 programs: python tests/fuzz.py), and Hypothesis on top."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fuzz
import numpy as np
from fuzzing import report
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_core import grad, jvp


def test_a_slice_of_programs_has_no_finding() -> None:
    ends = [fuzz.check(seed) for seed in range(1_000_000, 1_000_300)]
    # the slice does look at derivatives, at second order, and at programs that are refused
    for end, least in {"second order": 30, "tape": 15, "vmap": 10, "both refuse": 10}.items():
        assert ends.count(end) > least


def test_the_report_keeps_the_chunks_of_this_fuzzer(tmp_path: Path) -> None:
    page = tmp_path / "fuzz.md"
    report.write(page, 0, 10, 1.4, {"tape": 9, "FINDING": 1})
    report.write(page, 10, 5, 1.0, {"tape": 5})
    report.write(page, 0, 10, 1.2, {"tape": 10})  # run again after a repair
    text = page.read_text(encoding="utf-8")
    assert "15 programs, 0 findings" in text
    assert "| 0 to 9 | 10 | 0 | 1 |" in text
    assert "| tape | 15 |" in text
    page.write_text(text.replace(report.digest(), "another"), encoding="utf-8")
    report.write(page, 20, 5, 1.0, {"tape": 5})
    assert "5 programs, 0 findings" in page.read_text(encoding="utf-8")


SMOOTH = {
    "sin": np.sin, "exp": lambda x: np.exp(-x * x), "tanh": np.tanh, "arctan": np.arctan,
    "cumsum": lambda x: np.cumsum(x, axis=-1), "flip": np.flip, "double": lambda x: x + x,
    "softplus": lambda x: np.log(1 + np.exp(x)), "mean": lambda x: x - np.mean(x),
    "gram": lambda x: x @ x.T @ x / 4, "fft": lambda x: np.real(np.fft.ifft(np.fft.fft(x) ** 2)),
    "roll": lambda x: np.roll(x, 1, axis=0) * x, "rows": lambda x: x[[1, 0, 1]][:2],
    "cumprod": lambda x: np.cumprod(np.tanh(x), axis=0), "solve": lambda x: np.linalg.solve(
        4 * np.eye(2) + np.tanh(x[:, :2]), x),
}  # fmt: skip


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    names=st.lists(st.sampled_from(sorted(SMOOTH)), min_size=1, max_size=6),
    values=st.lists(st.floats(-1.5, 1.5), min_size=6, max_size=6),
)
def test_random_smooth_programs(names: list[str], values: list[float]) -> None:
    """Both modes and second order against differences, and the complex step where it applies."""
    x = np.array(values).reshape(2, 3)
    v = np.cos(np.arange(6.0)).reshape(2, 3)

    def f(x: Any) -> Any:
        for name in names:
            x = SMOOTH[name](x)
        return np.sum(x * x)

    def slope(g: Any) -> Any:
        h = 1e-3
        near, far = g(x + h * v) - g(x - h * v), g(x + 2 * h * v) - g(x - 2 * h * v)
        return (8 * near - far) / (12 * h)

    gradient = grad(f)(x)
    scale = 1 + np.max(np.abs(gradient))
    numerical = slope(f)
    np.testing.assert_allclose(np.sum(gradient * v), numerical, rtol=1e-5, atol=1e-6 * scale)
    np.testing.assert_allclose(jvp(f, (x,), (v,))[1], np.sum(gradient * v), rtol=1e-9, atol=1e-9)
    if not {"fft", "mean"} & set(names):  # np.real is not holomorphic
        step = np.imag(f(x + 1e-100j * v)) / 1e-100
        np.testing.assert_allclose(np.sum(gradient * v), step, rtol=1e-9, atol=1e-9 * scale)
    product = jvp(grad(f), (x,), (v,))[1]
    np.testing.assert_allclose(product, slope(grad(f)), rtol=1e-4, atol=1e-5 * (1 + scale) ** 2)
    again = grad(lambda x: np.sum(grad(f)(x) * v))(x)
    np.testing.assert_allclose(again, product, rtol=1e-8, atol=1e-8 * (1 + scale) ** 2)
