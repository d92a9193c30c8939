"""Running sums and products, ufuncs' own methods, numbers taken apart."""

from __future__ import annotations

import numpy as np

from cases.case import (
    NUMPY,
    Case,
    above,
    between,
    broken,
    distinct,
    fixed,
    named,
    positive,
    real,
)

NAN = np.array([[False, True, False], [False, False, True]])


def _at(x, v):
    y = x + 0.0
    np.add.at(y, np.array([0, 2, 0]), v)
    np.subtract.at(y, [1], 2.0 * v[:1])
    return y * y


def _at_each(x, v):
    y = x + 0.0 * v
    np.multiply.at(y, [0, 2, 0], v)
    np.divide.at(y, [1, 1], v[:2] + 1.0)
    np.power.at(y, [2], 1.0 + v[:1])
    for extreme, bound in (
        (np.maximum, 0.001),
        (np.fmax, 0.001),
        (np.minimum, 1e3),
        (np.fmin, 1e3),
    ):
        extreme.at(y, [0, 1], bound)
    np.logaddexp.at(y, [0, 0], v[:2])
    for function in (np.sqrt, np.square, np.exp, np.log, np.negative):
        function.at(y, [1])
    return y * y


CASES: list[Case] = [
    named("cumprod", np.cumprod, real(5)),
    named("cumprod-axis", lambda x: np.cumprod(x, axis=1), real(2, 3)),
    named("cumprod-flat", np.cumprod, real(2, 3)),
    named("cumprod-zeros", np.cumprod, fixed([2.0, 0.0, 3.0, 0.0, 1.5])),
    named(
        "nancumsum",
        lambda x: np.nancumsum(np.where(NAN, x.dtype.type(np.nan), x), axis=1),
        real(2, 3),
        analytic=False,
    ),
    named(
        "nancumprod",
        lambda x: np.nancumprod(np.where(NAN, x.dtype.type(np.nan), x), axis=0),
        real(2, 3),
        analytic=False,
    ),
    named("add.reduce", lambda x: np.add.reduce(x, axis=1), real(2, 3)),
    named("add.reduce-default", np.add.reduce, real(2, 3)),
    named("add.reduce-kept", lambda x: np.add.reduce(x, axis=None, keepdims=True), real(2, 3)),
    named("multiply.reduce", np.multiply.reduce, real(2, 3)),
    named("maximum.reduce", np.maximum.reduce, distinct(2, 3), analytic=False),
    named("minimum.reduce", np.minimum.reduce, distinct(2, 3), analytic=False),
    named("logaddexp.reduce", np.logaddexp.reduce, real(2, 3), analytic=False),
    named("fmax.reduce", np.fmax.reduce, distinct(2, 3), analytic=False),
    named("fmin.reduce", np.fmin.reduce, distinct(2, 3), analytic=False),
    named("add.accumulate", np.add.accumulate, real(3, 2)),
    named("multiply.accumulate", lambda x: np.multiply.accumulate(x, axis=1), real(2, 3)),
    named("maximum.accumulate", np.maximum.accumulate, distinct(4, 3), analytic=False),
    named(
        "minimum.accumulate",
        lambda x: np.minimum.accumulate(x, axis=-1),
        distinct(4, 3),
        analytic=False,
    ),
    named("add.at", _at, real(3), real(3)),
    named("ufunc.at", _at_each, positive(3), positive(3), analytic=False),
    named("add.reduceat", lambda x: np.add.reduceat(x, [0, 3, 1, 4]), real(5, 2)),
    named("multiply.reduceat", lambda x: np.multiply.reduceat(x, [0, 3, 1, 4]), real(5, 2)),
    named(
        "maximum.reduceat",
        lambda x: np.maximum.reduceat(x, [2, 0], axis=1),
        distinct(2, 4),
        analytic=False,
    ),
    named(
        "logaddexp.reduceat",
        lambda x: np.logaddexp.reduceat(x, [0, 2], axis=-1),
        real(2, 4),
        analytic=False,
    ),
    named("add.reduceat-axis", lambda x: np.add.reduceat(x, [0, 2], axis=1), real(2, 4)),
    named("modf", np.modf, broken(3), analytic=False),
    named("frexp", lambda x: np.frexp(x)[0], real(4), analytic=False),
    named("divmod-function", np.divmod, between(4.1, 4.4, 3), between(1.2, 1.3, 3), analytic=False),
    named(
        "divmod.outer", np.divmod.outer, between(4.1, 4.4, 3), between(1.2, 1.3, 2), analytic=False
    ),
    named("ldexp", lambda x: np.ldexp(x, np.array([1, -2, 3])), real(3), analytic=False),
    named("nextafter", lambda x: np.nextafter(x, 9.0), real(3), analytic=False, float32=False),
    named("spacing", np.spacing, between(1.1, 1.9, 3), analytic=False, float32=False),
    named("vecdot", np.vecdot, real(2, 3), real(3), analytic=False),
    named(
        "vecdot-axis", lambda a, b: np.vecdot(a, b, axis=0), real(2, 3), real(2, 3), analytic=False
    ),
    named("linalg.vecdot", np.linalg.vecdot, real(2, 3), real(2, 3), analytic=False),
    named("angle", np.angle, positive(3), analytic=False),
    named(
        "angle-degrees",
        lambda x, y: np.angle(x + 1j * y, deg=True),
        real(3),
        real(3),
        analytic=False,
        float32=False,
    ),
    named("real_if_close", np.real_if_close, real(3), analytic=False),
    named(
        "real_if_close-complex",
        lambda x: np.real_if_close(x + 0j),
        real(3),
        analytic=False,
        float32=False,
    ),
    named("sort_complex", lambda x: np.real(np.sort_complex(x)), distinct(4), analytic=False),
    named(
        "sort_complex-complex",
        lambda x, y: np.imag(np.sort_complex(x + 1j * y)),
        distinct(4),
        real(4),
        analytic=False,
    ),
    named("i0", np.i0, real(2, 3), analytic=False, rtol=1e-6, float32=False),
    named("emath.sqrt", np.emath.sqrt, positive(3)),
    named("emath.sqrt-negative", lambda x: np.imag(np.emath.sqrt(-x)), positive(3), analytic=False),
    named("emath.log", lambda x: np.real(np.emath.log(-x)), positive(3), analytic=False),
    named("emath.log2", np.emath.log2, positive(3)),
    named("emath.log10", np.emath.log10, positive(3)),
    named("emath.logn", lambda x: np.emath.logn(3.0, x), positive(3), analytic=False),
    named("emath.arccos", lambda x: np.imag(np.emath.arccos(x)), above(1.2, 3), analytic=False),
    named("emath.arcsin", lambda x: np.imag(np.emath.arcsin(x)), above(1.2, 3), analytic=False),
    named("emath.arctanh", lambda x: np.real(np.emath.arctanh(x)), above(1.2, 3), analytic=False),
    named(
        "emath.power",
        lambda x: np.imag(np.emath.power(-x, 0.5)),
        positive(3),
        analytic=False,
        float32=NUMPY >= (2, 3),  # before, NumPy made float64 of it
    ),
]
for _ufunc in (
    np.add,
    np.subtract,
    np.multiply,
    np.divide,
    np.power,
    np.float_power,
    np.hypot,
    np.arctan2,
    np.logaddexp,
    np.logaddexp2,
    np.copysign,
    np.heaviside,
    np.maximum,
    np.minimum,
    np.fmax,
    np.fmin,
    np.floor_divide,
    np.remainder,
    np.fmod,
):
    CASES.append(
        named(
            f"{_ufunc.__name__}.outer",
            _ufunc.outer,
            between(4.1, 4.4, 2),
            between(1.2, 1.3, 3),
            analytic=_ufunc in (np.add, np.subtract, np.multiply, np.divide, np.power),
            float32=_ufunc is not np.float_power,
        )
    )
CASES.append(
    named(
        "nextafter.outer",
        lambda x: np.nextafter.outer(x, [9.0, 8.0]),
        real(3),
        analytic=False,
        float32=False,
    )
)
CASES.append(
    named("ldexp.outer", lambda x: np.ldexp.outer(x, np.array([1, 2])), real(3), analytic=False)
)
if hasattr(np, "cumulative_sum"):
    CASES += [
        named("cumulative_sum", lambda x: np.cumulative_sum(x, axis=1), real(2, 3)),
        named(
            "cumulative_sum-initial", lambda x: np.cumulative_sum(x, include_initial=True), real(3)
        ),
        named(
            "cumulative_prod",
            lambda x: np.cumulative_prod(x, axis=0, include_initial=True),
            real(2, 3),
        ),
    ]
if hasattr(np, "matvec"):
    CASES += [
        named("matvec", np.matvec, real(2, 3, 4), real(4)),
        named("vecmat", np.vecmat, real(3), real(2, 3, 4), analytic=False),
        named(
            "matvec-axes",
            lambda a, x: np.matvec(a, x, axes=[(0, 2), (0,), (1,)]),
            real(3, 2, 4),
            real(4, 2),
        ),
        named(
            "vecmat-axes",
            lambda x, a: np.vecmat(x, a, axes=[(0,), (0, 2), (0,)]),
            real(3, 2),
            real(3, 2, 4),
            analytic=False,
        ),
    ]

_FOLDED = "subtract divide float_power remainder fmod hypot logaddexp2 copysign nextafter"
for _name in (*_FOLDED.split(), "floor_divide", "heaviside"):
    _ufunc = getattr(np, _name)
    CASES.append(named(f"{_name}.reduce", _ufunc.reduce, between(1.1, 1.9, 3, 2), analytic=False))
for _name in (*_FOLDED.split(), "floor_divide", "heaviside", "fmax", "fmin", "minimum"):
    _ufunc = getattr(np, _name)
    CASES.append(
        named(f"{_name}.reduceat", lambda x, f=_ufunc: f.reduceat(x, [1, 0, 2]),
              between(1.1, 1.9, 3, 2), analytic=False)
    )  # fmt: skip
for _name in (
    *_FOLDED.split(),
    *["floor_divide", "heaviside", "power", "arctan2", "logaddexp", "fmax", "fmin"],
):
    _ufunc = getattr(np, _name)
    CASES.append(
        named(f"{_name}.accumulate", _ufunc.accumulate, between(1.1, 1.9, 3, 2), analytic=False)
    )
