"""SciPy's own code on traced values: every derivative is right or refused, none is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

scipy = pytest.importorskip("scipy", minversion="1.17")
ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from make_array_api_pages import scipy_outcomes, scipy_page  # noqa: E402

from autograd_core import AutogradError, ConversionError, grad, jvp  # noqa: E402

# Compiled code of SciPy catches the refusal and raises its own error in its place.
SCIPY_SAYS = {"signal.deconvolve": "could not convert b, a, and x to a common type"}


@pytest.mark.slow
def test_every_derivative_is_right_or_refused() -> None:
    other = {
        f"{name}, {mode}": outcome
        for name, entry in scipy_outcomes().items()
        for mode, outcome in entry.items()
        if outcome[0] not in ("right", "refused")
        and not (name in SCIPY_SAYS and SCIPY_SAYS[name] in outcome[1])
    }
    assert not other


@pytest.mark.parametrize("mode", ["by hand", "reverse", "forward", "here"])
def test_most_are_right(mode: str) -> None:
    """Fewer is a step back; more goes into the page and here."""
    right = [name for name, entry in scipy_outcomes().items() if entry[mode][0] == "right"]
    assert len(right) >= {"by hand": 196, "reverse": 200, "forward": 200, "here": 172}[mode]


def test_a_refusal_names_the_function_the_line_and_what_to_write() -> None:
    for name, entry in scipy_outcomes().items():
        for kind, text in entry.values():
            if kind == "refused":
                assert "array_api_calls.py:" in text, name
                assert len(text) > 60, name
    text = scipy_outcomes()["signal.convolve"]["reverse"][1]
    assert text.startswith("scipy.signal.convolve: ")
    assert "Write autograd_core.scipy.signal.convolve" in text
    text = scipy_outcomes()["fft.dct"]["forward"][1]
    assert text.startswith("scipy.fft.dct: ")
    assert "Write autograd_core.scipy.fft.dct" in text


@pytest.mark.skipif(scipy.__version__[:5] != "1.17.", reason="the page is made with SciPy 1.17")
def test_the_page_is_not_stale() -> None:
    page = ROOT / "docs" / "scipy-array-api.md"
    assert page.read_text(encoding="utf-8") == scipy_page()


CHECK = """
import numpy as np
from scipy import special, stats
from autograd_core import OperandError, grad, vmap, compile, hessian

x = np.array([0.3, 1.2, 0.7, 2.1])
wanted = [stats.skew(x), stats.skew(x * x)]
np.testing.assert_allclose(vmap(stats.skew)(np.stack([x, x * x])), wanted)
wanted = hessian(lambda x: np.log(np.sum(np.exp(x))))(x)
np.testing.assert_allclose(hessian(special.logsumexp)(x), wanted)
run = compile(stats.gmean)
run(x)
value, slope = run(x * x)
np.testing.assert_allclose(value, stats.gmean(x * x))
np.testing.assert_allclose(slope, grad(stats.gmean)(x * x))
try:
    grad(lambda x: stats.zmap(x, np.ones(4)).sum())(x)
except OperandError as error:
    assert str(error).startswith("scipy.stats.zmap: an array of shape (4,) stands beside")
    assert "<string>" in str(error)
else:
    raise AssertionError("a plain array beside a traced value")
"""


@pytest.mark.slow
def test_other_modes_and_a_plain_array_beside_a_traced_one() -> None:
    environment = {**os.environ, "SCIPY_ARRAY_API": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", CHECK], env=environment, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr[-1500:]


@pytest.mark.skipif("SCIPY_ARRAY_API" in os.environ, reason="the variable is set")
def test_without_the_variable_scipy_refuses_as_before() -> None:
    from scipy import fft, signal, special, stats

    x = np.array([0.3, 1.2, 0.7, 2.1])

    def refused(f: Any, kind: type[AutogradError] = ConversionError) -> None:
        with pytest.raises(kind, match="test_scipy_array_api"):
            grad(f)(x)
        with pytest.raises(kind, match="test_scipy_array_api"):
            jvp(f, (x,), (x,))

    refused(stats.skew)
    refused(special.logsumexp)
    refused(lambda x: signal.convolve(x, x).sum())
    refused(lambda x: fft.dct(x).sum())
    with pytest.raises(ConversionError, match=r"Write autograd_core\.scipy\.stats\.norm, which"):
        grad(lambda x: stats.norm.logpdf(x).sum())(x)
    np.testing.assert_allclose(
        grad(lambda x: special.gammaln(x).sum())(x), special.psi(x), rtol=1e-12
    )
