"""A reshape of what was changed in place is a view where NumPy's is, and a copy where it is one."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_core import Tensor, grad, jvp, vmap

ROOTS = {
    "C": lambda x: x * 1.0,
    "F": lambda x: x.T * 1.0,
    "three axes": lambda x: np.transpose(x.reshape(2, 2, 4), (1, 2, 0)) * 1.0,
}
VIEWS = {
    "itself": lambda a: a,
    "T": lambda a: a.T,
    "backwards": lambda a: a[::-1],
    "both backwards": lambda a: a[::-1, ::-1],
    "every second": lambda a: a[:, ::2],
    "rows": lambda a: a[1:3],
    "T of a part": lambda a: a[:, 1:].T,
    "None": lambda a: a[None],
    "reshaped": lambda a: a.reshape((2, a.shape[0] // 2, *a.shape[1:])),
}
WRITES = {
    "none": lambda a, v: None,
    "element": lambda a, v: v.__setitem__((0,) * v.ndim, 3.0),
    "row": lambda a, v: v.__setitem__(0, np.sum(v) * 0.1),
    "fancy": lambda a, v: v.__setitem__([0], np.sum(v) * 0.1),
    "times C": lambda a, v: v.__imul__(np.full(v.shape, 1.5)),
    "plus F": lambda a, v: v.__iadd__(np.ones(v.shape[::-1]).T),
    "through the source": lambda a, v: a.__imul__(1.5),
    "sort": lambda a, v: v.sort(0),
}
SHAPES = {
    "ravel": np.ravel,
    "ravel F": lambda v: np.ravel(v, order="F"),
    "reshape": lambda v: v.reshape(-1, 2),
    "T.ravel": lambda v: v.T.ravel(),
    "swapaxes": lambda v: np.swapaxes(v, 0, -1).reshape(-1),
}
X = np.random.default_rng(3).uniform(0.3, 2.0, (4, 4))
V = np.random.default_rng(4).uniform(-1.0, 1.0, (4, 4))


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.filterwarnings("ignore:vmap")
def test_a_write_into_a_reshape(root: str, view: str, shape: str) -> None:
    for write in WRITES.values():

        def f(x, write=write):
            a = ROOTS[root](x)
            v = VIEWS[view](a)
            write(a, v)
            w = SHAPES[shape](v)
            w[1:] *= 7.0
            write(a, v)
            return np.sum(a**3) + np.sum(v * v) + np.sum(w)

        slope = (f(X + 1e-6 * V) - f(X - 1e-6 * V)) / 2e-6
        value, tangent = jvp(f, (X,), (V,))
        assert value == pytest.approx(f(X), rel=1e-12)
        assert tangent == pytest.approx(slope, rel=1e-6)
        assert np.sum(grad(f)(X) * V) == pytest.approx(slope, rel=1e-6)
        np.testing.assert_allclose(vmap(f)(np.stack([X, X + V])), [f(X), f(X + V)], rtol=1e-12)
        x = Tensor(X, requires_grad=True)
        assert f(x).item() == pytest.approx(f(X), rel=1e-12)


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.filterwarnings("ignore:vmap")
def test_of_a_batch_along_another_axis(axis: int) -> None:
    def f(x):
        v = (x * 1.0).T
        v[0, 0] = 3.0
        w = v.reshape(-1)
        w[1] = 7.0
        return np.sum(v * v) + np.sum(w)

    batch = np.stack([X, X + V], axis)
    wanted = [f(X), f(X + V)]
    np.testing.assert_allclose(vmap(f, in_axes=axis)(batch), wanted, rtol=1e-12)
    nested = vmap(vmap(f, in_axes=axis), in_axes=-1)(np.stack([batch, batch], -1))
    np.testing.assert_allclose(nested, [wanted, wanted], rtol=1e-12)
    assert vmap(f)(np.zeros((0, 4, 4))).shape == (0,)
