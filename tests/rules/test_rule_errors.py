"""Composites refuse what they cannot do with one of the engine's own errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_core import AutogradError, Tensor, grad, jvp, vmap

V = np.array([1.0, 2.0, 3.0])
M = np.arange(6.0).reshape(2, 3) + 1

BAD: dict[str, Callable[[Any, Any], Any]] = {
    "geomspace signs": lambda v, m: np.geomspace(-v[0], v[1]),
    "gradient spacings": lambda v, m: np.gradient(m, 1.0, 2.0, 3.0),
    "gradient too short": lambda v, m: np.gradient(v[:1]),
    "gradient coordinates": lambda v, m: np.gradient(v, np.ones(5)),
    "trim_zeros matrix": lambda v, m: np.trim_zeros(m),
    "meshgrid indexing": lambda v, m: np.meshgrid(v, v, indexing="zz"),
    "window lengths": lambda v, m: np.lib.stride_tricks.sliding_window_view(m, (2,), axis=(0, 1)),
    "window too large": lambda v, m: np.lib.stride_tricks.sliding_window_view(v, 9),
    "piecewise functions": lambda v, m: np.piecewise(v, [v > 0], [1.0, 2.0, 3.0]),
    "put into an array": lambda v, m: np.put(np.ones(3), [0], v[:1]),
    "copyto an array": lambda v, m: np.copyto(np.ones(3), v),
    "add.at an array": lambda v, m: np.add.at(np.ones(3), [0], v[:1]),
    "fill_diagonal": lambda v, m: np.fill_diagonal(v * 1.0, v[0]),
    "histogram weights": lambda v, m: np.histogram(np.ones(3), weights=v[:2]),
    "where of another shape": lambda v, m: np.sum(v, where=np.ones(2, bool)),
    "where of numbers": lambda v, m: np.sum(v, where=np.ones(3)),
    "max with where alone": lambda v, m: np.max(v, where=v > 0),
    "initial of a shape": lambda v, m: np.sum(v, initial=np.ones(3)),
    "initial of complex numbers": lambda v, m: np.prod(v, initial=1j),
    "a dtype without a loop": lambda v, m: np.arctan2(v, v, dtype=complex),
    "a dtype that is not allowed": lambda v, m: np.sin(v, dtype=np.float32, casting="safe"),
    "axes of vectors": lambda v, m: np.matmul(v, v, axes=[(0,), (0,), ()]),
    "qr raw": lambda v, m: np.linalg.qr(m.T, mode="raw"),
    "tensorinv": lambda v, m: np.linalg.tensorinv(m, ind=0),
    "fft lengths": lambda v, m: np.fft.fftn(m, s=(2,), axes=(0, 1)),
    "pad mode": lambda v, m: np.pad(v, 1, mode="empty"),
    "split uneven": lambda v, m: np.split(v, 2),
    "norm axes": lambda v, m: np.linalg.norm(m, axis=(0, 1, 2)),
    "norm name": lambda v, m: np.linalg.norm(v, "fro", axis=0),
    "norm order": lambda v, m: np.linalg.norm(m, 7),
    "polyfit full": lambda v, m: np.polyfit(V, v, 1, full=True),
    "vander matrix": lambda v, m: np.vander(m),
    "cross": lambda v, m: np.cross(m[:, :1], m[:, :1]),
    "tensordot": lambda v, m: np.tensordot(m, v, axes=((0,), (0,))),
    "einsum terms": lambda v, m: np.einsum("ij,jk", m),
    "cumulative_sum": lambda v, m: np.cumulative_sum(m),
    "reshape order": lambda v, m: np.reshape(m, (3, 2), order="A"),
    "quantile method": lambda v, m: np.quantile(v, 0.3, method="inverted_cdf"),
    "quantile range": lambda v, m: np.quantile(v, 1.5),
    "quantile weights": lambda v, m: np.quantile(v, 0.5, weights=V, method="inverted_cdf"),
    "average axis": lambda v, m: np.average(m, weights=V),
    "average shape": lambda v, m: np.average(m, axis=0, weights=V),
    "quantile of nothing": lambda v, m: np.quantile(v[:0], 0.5),
    "ix_ of a matrix": lambda v, m: np.ix_(v, m),
    "rot90 of one axis": lambda v, m: np.rot90(m, axes=(0, 0)),
    "where of more axes": lambda v, m: np.sum(v, where=np.ones((2, 3), bool)),
    "einsum's diagonal": lambda v, m: np.einsum("ii", m),
    "bins by the values": lambda v, m: np.histogram_bin_edges(v, bins="auto"),
    "logaddexp of complex numbers": lambda v, m: np.logaddexp.reduce(v * 1j),
    "reduceat at a float": lambda v, m: np.add.reduceat(v, [0.5]),
    "reduceat at a float, multiplied": lambda v, m: np.multiply.reduceat(v, [0.5]),
    "reduceat outside": lambda v, m: np.multiply.reduceat(v, [7]),
    "out=": lambda v, m: np.stack([v, v], out=np.ones((2, 3))),
}


@pytest.mark.parametrize("name", BAD)
def test_refusals(name: str) -> None:
    if name == "cumulative_sum" and not hasattr(np, "cumulative_sum"):
        pytest.skip("NumPy 2.1")
    with pytest.raises(AutogradError) as caught:
        BAD[name](Tensor(V, requires_grad=True), Tensor(M, requires_grad=True))
    assert len(str(caught.value)) > 15


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("vecdot", lambda v, m: np.vecdot(m, m, axes=[(0, 1), (0, 1), ()])),
        ("matvec", lambda v, m: np.matvec(m, v, axes=[(0,), (0,), (0,)])),
        ("vecmat", lambda v, m: np.vecmat(v, m, axes=[(0,), (0,), (0,)])),
        ("multiply.reduceat", lambda v, m: np.multiply.reduceat(v, [7])),
        ("logaddexp.reduce", lambda v, m: np.logaddexp.reduce(v * 1j)),
        ("logaddexp.accumulate", lambda v, m: np.logaddexp.accumulate(v * 1j)),
    ],
)
def test_a_ufunc_and_its_methods_are_called_by_their_names(name, call):
    if not hasattr(np, name.partition(".")[0]):
        pytest.skip("NumPy 2.2")
    with pytest.raises(AutogradError, match=rf"^{re.escape(name)}\b") as caught:
        call(Tensor(V, requires_grad=True), Tensor(M, requires_grad=True))
    assert "test_rule_errors.py" in str(caught.value)


def test_a_stack_of_very_different_ranks_has_no_derivative_of_det():
    x = Tensor(np.stack([np.zeros((5, 5)), np.eye(5)]), requires_grad=True)
    with pytest.raises(AutogradError, match="take their determinants one by one"):
        np.sum(np.linalg.det(x)).backward()


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.histogram_bin_edges(x, range=(2.0, 1.0)),
        lambda x: np.histogramdd(np.stack([x, x], 1), bins=[3])[1],
        lambda x: np.linalg.norm(np.reshape(x, (1, 1, 3)), axis=(0, 1, 2)),
        lambda x: np.poly(np.reshape(x, (1, 1, 3))),
    ],
)
def test_what_numpy_refuses_of_settings_is_refused_too(call):
    x = np.array([0.3, 1.2, 2.5])
    with pytest.raises(ValueError):  # noqa: PT011 - NumPy's own words
        call(x)
    with pytest.raises(AutogradError):
        call(Tensor(x, requires_grad=True))


def test_nothing_is_empty_as_numpy_s():
    x = Tensor(np.array([0.3, 1.2, 2.5]), requires_grad=True)
    assert np.vander(x, 0).shape == (3, 0)
    assert np.poly(x[:0]) == 1.0
    np.testing.assert_array_equal(np.histogram_bin_edges(x[:0], 2), [0.0, 0.5, 1.0])
    zeros = Tensor(np.zeros((4, 4)), requires_grad=True)
    np.linalg.det(zeros).backward()
    assert not zeros.grad.data.any()


@pytest.mark.parametrize("mode", ["grad", "jvp", "backward", "vmap"])
def test_a_view_by_strides_is_refused_by_name(mode: str) -> None:
    """NumPy asks for the array itself there: no dispatch tells the engine which function it is."""

    def f(x: Any) -> Any:
        return np.sum(np.lib.stride_tricks.as_strided(x, (3, 2), (8, 8)) ** 2)

    x = np.arange(4.0)
    run = {
        "grad": lambda: grad(f)(x),
        "jvp": lambda: jvp(f, (x,), (x,)),
        "backward": lambda: f(Tensor(x, requires_grad=True)),
        "vmap": lambda: vmap(f)(np.stack([x, x])),
    }[mode]
    with pytest.raises(AutogradError, match=r"as_strided.*sliding_window_view") as caught:
        run()
    assert "as_strided(x, (3, 2), (8, 8))" in str(caught.value)  # the user's own line
