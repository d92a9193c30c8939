"""Values of other libraries on either side of every operator and in NumPy's functions.

Each combination is right, against central differences of what plain NumPy gives there, or it is
one of the engine's errors. Only libraries that are installed are tried.
"""

import operator
from decimal import Decimal
from fractions import Fraction
from importlib.util import find_spec

import numpy as np
import pytest

from autograd_core import AutogradError, Tensor, grad, jvp

X = np.array([[1.53, 2.21], [0.57, 3.17]])
A = np.array([[2.03, 1.11], [2.9, 0.61]])
E = np.array([[0.4, -1.1], [0.7, 0.2]])


def _of(module, make):
    def made():
        return make(pytest.importorskip(module))

    return made


MADE = {
    "Decimal": lambda: Decimal(2),
    "Fraction": lambda: Fraction(1, 2),
    "matrix": lambda: np.matrix(A),
    "masked": lambda: np.ma.array(A, mask=[[0, 1], [0, 0]]),
    "memoryview": lambda: memoryview(A),
    "range": lambda: range(1, 3),
    "long double": lambda: A.astype(np.longdouble),
    "half": lambda: np.float16(2.0),
    **{f"sparse {kind}": _of("scipy.sparse", lambda sparse, k=kind: getattr(sparse, k)(A))
       for kind in ("csr_array", "csr_matrix", "coo_array", "dia_array", "lil_matrix")},
    "sympy Float": _of("sympy", lambda sympy: sympy.Float(2.0)),
    "sympy Integer": _of("sympy", lambda sympy: sympy.Integer(2)),
    "sympy Rational": _of("sympy", lambda sympy: sympy.Rational(1, 3)),
    "torch": _of("torch", lambda torch: torch.tensor(A)),
    "torch number": _of("torch", lambda torch: torch.tensor(2.0)),
    "torch tracked": _of("torch", lambda torch: torch.tensor(A, requires_grad=True)),
    "jax": _of("jax.numpy", lambda jnp: jnp.asarray(A)),
    "dask": _of("dask.array", lambda dask: dask.from_array(A)),
    "DataFrame": _of("pandas", lambda pandas: pandas.DataFrame(A)),
    "Series": _of("pandas", lambda pandas: pandas.Series([2.0, 1.0])),
    "Index": _of("pandas", lambda pandas: pandas.Index([2.0, 1.0])),
    "DataArray": _of("xarray", lambda xarray: xarray.DataArray(A)),
    "quantity": _of("pint", lambda pint: A * pint.UnitRegistry().meter),
}  # fmt: skip
OPERATIONS = {
    **{name: getattr(operator, name)
       for name in ("add", "sub", "mul", "truediv", "pow", "matmul", "floordiv", "mod", "lt", "le",
                    "eq", "ne")},
    "np.add": np.add, "np.multiply": np.multiply, "np.power": np.power, "np.hypot": np.hypot,
    "np.maximum": np.maximum, "np.arctan2": np.arctan2, "np.matmul": np.matmul, "np.dot": np.dot,
    "np.outer": np.outer, "np.tensordot": np.tensordot, "np.isclose": np.isclose,
    "np.where": lambda a, b: np.where(X > 1, a, b),
    "np.concatenate": lambda a, b: np.concatenate([a, b]),
    "np.stack": lambda a, b: np.stack([a, b]),
    "np.einsum": lambda a, b: np.einsum("ij,ij", a, b),
    "np.linalg.solve": np.linalg.solve,
    "np.append": np.append,
    "np.interp": lambda a, b: np.interp(a, b, b),
    "np.clip": lambda a, b: np.clip(a, b, 9.0),
}  # fmt: skip


def _numbers(value):
    value = getattr(value, "magnitude", value)
    value = value.toarray() if hasattr(value, "toarray") else value
    return np.asarray(value, dtype=float)


def _plain(value):
    """Return the traced value that a labelled array or a quantity holds."""
    value = getattr(value, "magnitude", value)
    held = getattr(value, "data", value)
    return held if type(value).__module__.startswith("xarray") else value


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", MADE)
def test_right_or_refused(name, side):
    other = MADE[name]()
    wrong, unclear, right = [], [], 0
    for operation, f in OPERATIONS.items():
        run = (lambda x, f=f: f(x, other)) if side == "left" else (lambda x, f=f: f(other, x))
        try:
            run(X)
            h = 1e-6
            expected = np.sum(_numbers(run(X + h * E)) - _numbers(run(X - h * E))) / (2 * h)
        except Exception as error:  # what NumPy, or the other library, does not do either
            expected = error
        modes = {
            "grad": lambda run=run: np.sum(grad(lambda x: np.sum(_plain(run(x))))(X) * E),
            "jvp": lambda run=run: np.sum(jvp(lambda x: np.sum(_plain(run(x))), (X,), (E,))[1]),
            "tape": lambda run=run: _plain(run(Tensor(X, requires_grad=True))),
        }
        for mode, take in modes.items():
            try:
                found = take()
            except AutogradError:
                continue
            except Exception as error:
                units = name == "quantity" and (
                    "Quantity" in str(error) or "dimension" in str(error)
                )
                if type(error) is not type(expected) and not units:  # which are pint's to check
                    unclear.append((operation, mode, repr(error)))
                continue
            if mode == "tape":  # a comparison is a constant; all else must be tracked
                constant = getattr(found, "dtype", np.dtype(bool)).kind == "b"
                if not constant and not getattr(found, "requires_grad", True):
                    wrong.append((operation, mode, found))
            elif not isinstance(expected, Exception):
                right += 1
                if not np.isclose(found, expected, rtol=1e-4, atol=1e-5):
                    wrong.append((operation, mode, found, expected))
    assert not wrong
    assert not unclear
    if name in ("memoryview", "range", "long double", "half", "sparse csr_array", "DataArray"):
        assert right


@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(find_spec("sympy") is None, reason="sympy is not installed")
def test_sympy_takes_no_number_out_of_a_tape():
    """sympify asks for float() or item(), which would cut the derivative without a word."""
    import sympy

    for t in (Tensor(1.5, requires_grad=True), Tensor(X, requires_grad=True)):
        for made in (lambda t: sympy.Float(2.0) * t, lambda t: sympy.Symbol("s") + t, sympy.sin):
            with pytest.raises((AutogradError, sympy.SympifyError)):
                made(t)
    assert float(sympy.Float(2.0)) * Tensor(1.5, requires_grad=True) == 3.0


def test_objects_of_numpys_own_in_functions_of_several_steps():
    """A buffer beside traced values is an array of its numbers there, too."""
    f = lambda x, b: np.interp(x, b, b) + np.einsum("i,i", x, b)
    x, b = np.array([1.2, 1.7]), np.array([1.0, 2.0])
    expected = grad(lambda x: np.sum(f(x, b)))(x)
    np.testing.assert_array_equal(grad(lambda x: np.sum(f(x, memoryview(b))))(x), expected)
