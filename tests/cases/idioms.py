"""Everyday ways to join traced numbers into arrays: what NumPy's users write.

Each is a function of a NumPy namespace and of a vector of two numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

W = numpy.array([1.5, -2.0])
IDIOMS: dict[str, Callable[[Any, Any], Any]] = {
    "array": lambda np, x: np.array([x[0] ** 2, x[1] * x[0]]),
    "array of a nest": lambda np, x: np.array([[x[0] ** 2, 1.0], (2.0, x[1] * x[0])]),
    "array of vectors": lambda np, x: np.array([x * x, W, [x[1] ** 3, 1]]),
    "array of three levels": lambda np, x: (
        np.array([[[x[0]], [x[1]]], [[1.0], [x[0] * x[1]]]]) ** 2
    ),
    "array ndmin": lambda np, x: np.array([x[0] ** 2, 3], ndmin=3),
    "asarray": lambda np, x: np.asarray(x) ** 2,
    "asanyarray": lambda np, x: np.asanyarray([x[0], x[1]]) ** 2,
    "ascontiguousarray": lambda np, x: np.ascontiguousarray(x[0]) ** 2,
    "asfortranarray": lambda np, x: np.asfortranarray([x, x * x]) ** 2,
    "asarray_chkfinite": lambda np, x: np.asarray_chkfinite(x) ** 2,
    "copy": lambda np, x: np.copy([x[0], x[1]]) ** 2,
    "full": lambda np, x: np.full((2, 3), x[0]) ** 2,
    "full of a list": lambda np, x: np.full((3, 2), [x[0], x[1]]) ** 2,
    "full_like": lambda np, x: np.full_like(W, x[0]) ** 2,
    "zeros_like": lambda np, x: np.zeros_like([x[0], x[1]]) + x**2,
    "mean": lambda np, x: np.mean([x[0] ** 2, x[1]]),
    "sum": lambda np, x: np.sum([[x[0] ** 2, x[1]], [x[1], 2.0]], axis=0),
    "dot": lambda np, x: np.dot([x[0] ** 2, x[1]], W),
    "std": lambda np, x: np.std((x[0] ** 2, x[1], 1.0)),
    "max": lambda np, x: np.max([x[0] ** 2, x[1]]),
    "average": lambda np, x: np.average(W, weights=[x[0], x[1] ** 2]),
    "stack": lambda np, x: np.stack([[x[0], x[1]], [x[1] ** 2, 3.0]]),
    "concatenate": lambda np, x: np.concatenate([[x[0] ** 2], [x[1], 1.0]]),
    "vstack": lambda np, x: np.vstack([[x[0], x[1]], x * x]),
    "hstack": lambda np, x: np.hstack([x[0], [x[1], x[0] * x[1]]]),
    "column_stack": lambda np, x: np.column_stack([[x[0], x[1]], x * x]),
    "block": lambda np, x: np.block([[x[0], x[1] ** 2], [1.0, x[0]]]),
    "tile": lambda np, x: np.tile([x[0], x[1] ** 2], 2),
    "repeat": lambda np, x: np.repeat([x[0], x[1] ** 2], 2),
    "where": lambda np, x: np.where([True, False], [x[0] ** 2, x[1]], 0.0),
    "diag": lambda np, x: np.diag([x[0] ** 2, x[1]]),
    "cross": lambda np, x: np.cross([x[0], x[1], 1.0], [1.0, x[0], 3.0]),
    "einsum": lambda np, x: np.einsum("i,i", [x[0] ** 2, x[1]], W),
    "outer": lambda np, x: np.outer([x[0], x[1]], [x[0], 2.0]),
    "meshgrid": lambda np, x: np.meshgrid([x[0], x[1]], W)[0] ** 2,
    "atleast_2d": lambda np, x: np.atleast_2d([x[0], x[1]]) ** 2,
    "linspace": lambda np, x: np.linspace(x[0], x[1], 5) ** 2,
    "linspace of lists": lambda np, x: np.linspace([x[0], 1.0], [2.0, x[1]], 3) ** 2,
    "logspace": lambda np, x: np.logspace(x[0], x[1], 4) ** 2,
    "geomspace": lambda np, x: np.geomspace(x, 3 * x[0], 4, endpoint=False) ** 2,
    "mgrid": lambda np, x: np.mgrid[x[1] : x[0] : 4j] ** 2,
    "mgrid of two axes": lambda np, x: np.mgrid[0 : x[0] : 3j, x[1] : 2 : 4j] ** 2,
    "mgrid beside integers": lambda np, x: np.mgrid[0:3, x[1] : 2 : 4j] ** 2,
    "ogrid": lambda np, x: np.multiply(*np.ogrid[x[1] : x[0] : 4j, 0 : x[0] : 2j]),
    "r_ of a slice": lambda np, x: np.r_[x[1] : x[0] : 4j, x] ** 2,
    "ix_": lambda np, x: np.ix_(x * x, W)[0] * np.ix_(W, x)[1],
    "r_": lambda np, x: np.r_[x[0], x, 1.0, W] ** 2,
    "c_": lambda np, x: np.c_[x, W, x * x],
    "r_ of two axes": lambda np, x: np.r_["0,2", x, W] ** 2,
    "vectorize": lambda np, x: np.vectorize(lambda a, b: a * a + b)(x, W),
    "vectorize of two outputs": lambda np, x: np.vectorize(lambda a: (a * a, 2 * a))(x)[0],
    "vectorize of a closure": lambda np, x: np.vectorize(lambda a: a * x[0] ** 2)(W),
    "fromiter": lambda np, x: np.fromiter((v * v for v in x), float),
    "fromfunction": lambda np, x: np.fromfunction(lambda i, j: x[0] ** 2 * i + x[1] * j, (2, 2)),
    "select": lambda np, x: np.select([W > 0, W < 0], [[x[0] ** 2, 1.0], x * x]),
    "piecewise": lambda np, x: np.piecewise(
        W, [W > 0, W < 0], [lambda t: t * x[0] ** 2, lambda t: t]
    ),
    "apply_along_axis": lambda np, x: np.apply_along_axis(
        lambda row: row @ x * x[0], 1, numpy.eye(2) + 1
    ),
    "norm": lambda np, x: np.linalg.norm([x[0], x[1]]),
    "solve": lambda np, x: np.linalg.solve([[x[0], 1.0], [1.0, x[1] + 5]], [x[0], 1.0]),
    "fft": lambda np, x: np.abs(np.fft.fft([x[0], x[1], 1.0])) ** 2,
    "objects": lambda np, x: objects(x) * x,
    "objects and a matrix": lambda np, x: numpy.array([[1.0, 2.0], [3.0, 4.0]]) * objects(x) @ x,
    "zeros, filled": lambda np, x: filled(np.zeros(3), x),
    "zeros_like, filled": lambda np, x: filled(np.zeros_like(x), x),
    "a list beside a traced value": lambda np, x: x * [x[0] ** 2, 3.0],
}


def filled(out: Any, x: Any) -> Any:
    """Write traced numbers into an array, one by one and as a slice."""
    out[0] = x[0] * x[1]
    out[1:] += x[1] ** 2
    return out


def objects(x: Any) -> Any:
    """Put traced numbers into an array of objects, as older code does."""
    made = numpy.empty(2, dtype=object)
    made[0], made[1] = x[0] ** 2, x[1]
    return made
