"""How many floating-point operations each primitive takes: the conventions, as one table.

A multiply-add is two.  Weights of single operations are those of F. McMahon,
"The Livermore Fortran Kernels" (1986): + - * are 1, division and square root 4,
transcendental functions 8, a comparison that yields a number (max, clip, abs) 1.
A sum of n numbers counts n, so that a dot product is exactly 2n.  Moving,
reshaping, selecting and copying count nothing.  Matrix decompositions take the
leading terms of G. Golub and C. Van Loan, "Matrix Computations" (2013).

docs/cost.md has the same for readers.  A primitive that is not in the table
counts what its declaration's ``cost=`` says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd_core.operations.primitive import Primitive

Formula = float | Callable[..., float]

ARITHMETIC = 1.0
DIVISION = 4.0
ROOT = 4.0
TRANSCENDENTAL = 8.0

# FLOPs for each element of the result.
ELEMENT: dict[str, float] = {
    **dict.fromkeys(
        [
            "add",
            "subtract",
            "multiply",
            "negative",
            "square",
            "absolute",
            "fabs",
            "maximum",
            "minimum",
            "fmax",
            "fmin",
            "sign",
            "floor",
            "ceil",
            "trunc",
            "rint",
            "round",
            "fix",
            "copysign",
            "heaviside",
            "degrees",
            "radians",
            "rad2deg",
            "deg2rad",
            "conj",
            "conjugate",
        ],
        ARITHMETIC,
    ),
    "positive": 0.0,
    "clip": 2.0,  # two comparisons
    **dict.fromkeys(("divide", "reciprocal", "floor_divide", "remainder", "fmod"), DIVISION),
    **dict.fromkeys(("sqrt", "norm"), ROOT),
    "hypot": ROOT + 3,
    **dict.fromkeys(
        [
            "exp",
            "exp2",
            "expm1",
            "log",
            "log2",
            "log10",
            "log1p",
            "cbrt",
            "sin",
            "cos",
            "tan",
            "arcsin",
            "arccos",
            "arctan",
            "arctan2",
            "sinh",
            "cosh",
            "tanh",
            "arcsinh",
            "arccosh",
            "arctanh",
            "float_power",
            "sigmoid",
            "softplus",
            "erf",
        ],
        TRANSCENDENTAL,
    ),
    "logaddexp": 2 * TRANSCENDENTAL + 3,  # max, difference, exp, log1p, sum
    "logaddexp2": 2 * TRANSCENDENTAL + 3,
    "sinc": TRANSCENDENTAL + DIVISION + 1,
}


def _size(x: Any) -> float:
    return float(np.size(x))


def _power(y: Any, a: Any, b: Any) -> float:
    """Count a square as one multiplication, a root as a root, all else as transcendental."""
    exponent = float(b) if np.ndim(b) == 0 else math.nan
    each = {0.0: 0.0, 1.0: 0.0, 2.0: ARITHMETIC, 0.5: ROOT, -1.0: DIVISION}
    weight: float = each.get(exponent, TRANSCENDENTAL)
    return _size(y) * weight


def _mean(y: Any, x: Any, **settings: Any) -> float:
    return _size(x) + DIVISION * _size(y)


def _variance(y: Any, x: Any, **settings: Any) -> float:
    """Count the mean; for each element a difference, a square and an addition; a division."""
    return 4 * _size(x) + 2 * DIVISION * _size(y)


def _logsumexp(y: Any, x: Any, **settings: Any) -> float:
    """Count the maximum; for each element a difference, exp and an addition; log, one addition."""
    return (3 + TRANSCENDENTAL) * _size(x) + (TRANSCENDENTAL + 1) * _size(y)


def _softmax(y: Any, x: Any, **settings: Any) -> float:
    """Count the maximum; for each element a difference, exp, an addition and a division."""
    return (3 + TRANSCENDENTAL + DIVISION) * _size(x)


def _square(per_matrix: Callable[[int], float]) -> Callable[..., float]:
    """Return the formula of an operation on (stacks of) n by n matrices."""

    def formula(y: Any, a: Any, *rest: Any, **settings: Any) -> float:
        n = np.shape(a)[-1]
        return per_matrix(n) * (_size(a) / (n * n) if n else 0.0)

    return formula


def _solve(y: Any, a: Any, b: Any, **settings: Any) -> float:
    """One factorization, two triangular solves for each column."""
    n = np.shape(a)[-1]
    stack = _size(a) / (n * n) if n else 0.0
    columns = _size(y) / (n * stack) if n and stack else 0.0
    return float(stack * (2 / 3 * n**3 + 2 * n * n * columns))


def _tall(per_matrix: Callable[[int, int], float]) -> Callable[..., float]:
    """Return the formula of a decomposition of (stacks of) m by n matrices, m the longer side."""

    def formula(y: Any, a: Any, *rest: Any, **settings: Any) -> float:
        n, m = sorted(np.shape(a)[-2:])
        return per_matrix(m, n) * (_size(a) / (m * n) if n else 0.0)

    return formula


def _fft(y: Any, x: Any, *rest: Any, **settings: Any) -> float:
    """5 N log2 N for each complex transform, half for a real one."""
    shape = np.shape(x) if np.size(x) >= np.size(y) else np.shape(y)
    n = float(shape[settings.get("axis", -1)])
    real = 0.5 if np.isrealobj(x) or np.isrealobj(y) else 1.0
    size = float(np.prod(shape, dtype=float))
    return real * 5 * size * math.log2(n) if n > 1 else 0.0


def _scatter(y: Any, g: Any, *, index: Any, **settings: Any) -> float:
    """Adding at an index array counts its additions; writing a slice counts nothing."""
    from autograd_core.rules.indexing import is_basic

    return 0.0 if is_basic(index) else _size(g)


def _plus(y: Any, *xs: Any) -> float:
    return (len(xs) - 1) * _size(y)


# FLOPs of the whole operation, from its result, arguments and settings.
WHOLE: dict[str, Callable[..., float]] = {
    "power": _power,
    "mean": _mean,
    "var": _variance,
    "std": lambda y, x, **s: _variance(y, x) + ROOT * _size(y),
    "logsumexp": _logsumexp,
    "softmax": _softmax,
    "log_softmax": lambda y, x, **s: (4 + TRANSCENDENTAL) * _size(x),
    "scatter": _scatter,
    "plus": _plus,
    "branch": lambda y, x, **s: 0.0,
    "inv": _square(lambda n: 2.0 * n**3),
    "det": _square(lambda n: 2 / 3 * n**3),
    "slogdet": _square(lambda n: 2 / 3 * n**3),
    "cholesky": _square(lambda n: n**3 / 3),
    "eigh": _square(lambda n: 9.0 * n**3),
    "eigvalsh": _square(lambda n: 4 / 3 * n**3),
    "eig": _square(lambda n: 25.0 * n**3),
    "eigvals": _square(lambda n: 10.0 * n**3),
    "solve": _solve,
    "qr": _tall(lambda m, n: 4.0 * m * n * n - 4 / 3 * n**3),  # R, then Q
    "svd": _tall(lambda m, n: 6.0 * m * n * n + 20.0 * n**3),
    "svdvals": _tall(lambda m, n: 2.0 * m * n * n + 2.0 * n**3),
    **dict.fromkeys(
        ["pinv", "hermitian pinv", "cut pinv", "cut hermitian pinv"],
        _tall(lambda m, n: 8.0 * m * n * n + 20.0 * n**3),
    ),
    **dict.fromkeys(
        [
            "fft",
            "ifft",
            "rfft",
            "irfft",
            "fft2",
            "ifft2",
            "rfft2",
            "irfft2",
            "fftn",
            "ifftn",
            "rfftn",
            "irfftn",
        ],
        _fft,
    ),
}

# These count one for each element that goes in.
_REDUCTIONS = frozenset(
    ["sum", "max", "min", "prod", "cumsum", "cumprod", "nansum", "nanmax", "nanmin"]
)
# These move numbers and compute nothing.
_FREE = frozenset({"shape", "index", "branch", "constant"})


def flops(
    primitive: Primitive,
    y: Any,
    args: tuple[Any, ...],
    params: Mapping[str, Any],
    weights: Mapping[str, Formula] | None = None,
) -> float | None:
    """Return the FLOPs of one call of a primitive; None if nothing says how many.

    Parameters
    ----------
    primitive : Primitive
        The operation.
    y : array or tuple of arrays
        Its result.
    args : tuple of arrays
        Its arguments.
    params : mapping
        Its settings.
    weights : mapping, optional
        Other conventions by the operation's name: a number for each element of
        the result, or ``formula(y, *args, **params)``.

    Returns
    -------
    float or None

    Examples
    --------
    >>> from autograd_core.rules import elementwise, products
    >>> x = np.ones((3, 4))
    >>> flops(products.matmul, x @ x.T, (x, x.T), {})
    72.0
    >>> flops(elementwise.tanh, x, (x,), {})
    96.0
    >>> flops(elementwise.tanh, x, (x,), {}, weights={"tanh": 1})
    12.0
    """
    name = primitive.name
    formula: Formula | None = None if weights is None else weights.get(name)
    if formula is None:
        formula = WHOLE.get(name, ELEMENT.get(name))
    if formula is None and name in _REDUCTIONS:
        return _size(args[0])
    if formula is None:
        formula = primitive.cost
    if formula is None:
        return 0.0 if primitive.category in _FREE or primitive.name in _MOVES else None
    if callable(formula):
        return float(formula(y, *args, **params))
    return float(formula) * (sum(map(_size, y)) if primitive.multiple else _size(y))


_MOVES = frozenset({"part", "where", "entry", "write view", "checkpoint"})
