"""Jacobians with complex inputs or outputs: both modes agree with differences, or say that none is.

The convention is that of `grad` (decision 010): du/dx - i du/dy of a real u, du/dx + i dv/dx of a
real x, f' of a holomorphic f.
"""

import numpy as np
import pytest

from autograd_core import DTypeError, Tensor, hessian, jacobian
from autograd_core.sparse import sparse_hessian, sparse_jacobian

Z = np.array([1.0 + 2.0j, 3.0 - 1.0j, 0.5 + 0.25j])
X = np.array([0.5, 2.0])
MODES = ["forward", "reverse", "auto"]
FUNCTIONS = {
    "real part": (lambda z: np.real(z * z), Z),
    "absolute value": (lambda z: np.abs(z[:2]) * np.real(z[0]), Z),
    "angle, one output": (lambda z: np.angle(z[0] * z[1]), Z),
    "of a scalar": (lambda z: np.abs(z) ** 2, Z[1]),
    "a turn": (lambda x: np.exp(1j * x) * x[0], X),
    "a turn of a scalar": (lambda x: np.exp(1j * x), 0.5),
    "many of few": (lambda x: np.fft.fft(np.concatenate([x, x * x])), X),
    "few of many": (lambda x: np.fft.fft(x)[:1], np.arange(4.0)),
    "holomorphic": (lambda z: z**3 * z[0], Z),
    "holomorphic, one output": (lambda z: np.exp(z[0]) * z[1], Z),
}


def by_differences(f, x, h=1e-6):
    """The Jacobian by central differences, in the convention above."""
    x = np.asarray(x)
    columns = []
    for index in np.ndindex(x.shape):
        units = []
        for unit in (1, 1j) if x.dtype.kind == "c" else (1,):
            e = np.zeros_like(x)
            e[index] = unit
            units.append((f(x + h * e) - f(x - h * e)) / (2 * h))
        real = not np.iscomplexobj(units[0])
        columns.append(units[0] - 1j * units[1] if len(units) == 2 and real else units[0])
    out = np.shape(columns[0])
    return np.stack(columns, axis=-1).reshape((*out, *x.shape))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_is_the_derivative_in_both_modes(name, mode):
    f, x = FUNCTIONS[name]
    made = jacobian(f, mode=mode)(x)
    expected = by_differences(f, x)
    assert np.iscomplexobj(made)
    assert np.shape(made) == expected.shape
    np.testing.assert_allclose(made, expected, atol=1e-7)


@pytest.mark.parametrize("batch", [1, 2, None])
@pytest.mark.parametrize("mode", MODES)
def test_nests_and_batches(mode, batch):
    def f(d):
        return {"u": d["x"] * d["z"][:2], "v": np.real(d["z"]) * d["x"][0]}

    at = {"x": X, "z": Z}
    made = jacobian(f, mode=mode, batch=batch)(at)
    for out in ("u", "v"):
        for k in ("x", "z"):
            expected = by_differences(lambda v, k=k, out=out: f({**at, k: v})[out], at[k])
            np.testing.assert_allclose(made[out][k], expected, atol=1e-7)


@pytest.mark.parametrize("mode", MODES)
def test_dtypes_and_kinds_are_kept(mode):
    turn = lambda x: np.exp(1j * x)
    assert jacobian(turn, mode=mode)(X.astype(np.float32)).dtype == np.complex64
    assert isinstance(jacobian(turn, mode=mode)(Tensor(X)), Tensor)
    square = lambda z: np.real(z * z)
    assert jacobian(square, mode=mode)(Z.astype(np.complex64)).dtype == np.complex64
    made = jacobian(square, mode=mode)(Tensor(Z))
    np.testing.assert_allclose(made.data, np.diag(2 * Z))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "f", [np.conj, lambda z: np.abs(z) * (1 + 0j), lambda z: z * np.real(z[0])]
)
def test_a_complex_function_that_is_not_holomorphic_has_none(f, mode):
    with pytest.raises(DTypeError, match=r"not holomorphic.*imaginary part, or use jvp"):
        jacobian(f, mode=mode)(Z)


SPARSE = {
    "real of complex": (lambda z: np.real(z[:2] * z[1:]), Z),
    "absolute values": (np.abs, Z),
    "complex of real": (lambda x: np.exp(1j * x) * x[0], X),
    "holomorphic": (lambda z: z[1:] ** 2 * z[:-1], Z),
}


@pytest.mark.parametrize("given", [False, True], ids=["pattern found", "pattern given"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", SPARSE)
def test_sparse_jacobians_are_the_same(name, mode, given):
    f, x = SPARSE[name]
    expected = by_differences(f, x)
    pattern = np.abs(expected) > 1e-9 if given else None
    made = sparse_jacobian(f, mode=mode, pattern=pattern, format="triples")(x).dense()
    np.testing.assert_allclose(made, expected, atol=1e-7)


def test_sparse_jacobians_and_hessians_are_refused_alike():
    for mode in MODES:
        with pytest.raises(DTypeError, match=r"sparse_jacobian\(\): .* not holomorphic"):
            sparse_jacobian(np.conj, mode=mode, format="triples")(Z)
    with pytest.raises(DTypeError, match=r"sparse_hessian\(\): .* not holomorphic"):
        sparse_hessian(lambda z: np.sum(np.abs(z) ** 2), format="triples")(Z)
    made = sparse_hessian(lambda z: np.sum(np.real(z**3)), format="triples")(Z).dense()
    np.testing.assert_allclose(made, np.diag(6 * Z))


def test_jacobians_of_jacobians():
    second = jacobian(jacobian(lambda x: np.exp(1j * x)))(X)
    expected = np.zeros((2, 2, 2), complex)
    expected[[0, 1], [0, 1], [0, 1]] = -np.exp(1j * X)
    np.testing.assert_allclose(second, expected)


def test_hessians():
    made = hessian(lambda z: np.sum(np.real(z**3)))(Z)
    np.testing.assert_allclose(made, np.diag(6 * Z))
    nested = hessian(lambda d: np.real(d["a"] * d["b"]))({"a": Z[0], "b": Z[1]})
    assert nested["a"]["b"] == 1
    assert nested["a"]["a"] == 0
    with pytest.raises(DTypeError, match="not holomorphic"):
        hessian(lambda z: np.sum(np.abs(z) ** 2))(Z)
