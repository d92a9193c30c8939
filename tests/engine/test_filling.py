"""Tensors and zeros that a function makes and fills, in every mode, by finite differences."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_core import (
    Dual,
    InPlaceError,
    Tensor,
    checkpoint,
    compile,
    grad,
    hessian,
    jvp,
    linearize,
    no_grad,
    vmap,
)

X = np.array([1.1, 0.7, -1.3])
T = np.array([0.3, -0.2, 0.9])
BATCH = np.stack([X, X * 2, X - 1])


def elements(x: Any) -> Any:
    out = Tensor(np.zeros(3))
    for i in range(3):
        out[i] = x[i] * x[i]
    return np.sum(out * x)


def views(x: Any) -> Any:
    out = Tensor(np.zeros(3))
    seen = out[1:]
    out[2] = x[0] * x[1]
    seen[0] = x[2]
    return np.sum(seen * x[1:]) + np.sum(out**2)


def table(x: Any) -> Any:
    out = Tensor(np.zeros((3, 3)))
    for i in range(3):
        for j in range(i + 1):
            out[i, j] = x[i] * x[j] + (out[i - 1, j] if i else 0)
    return np.sum((out @ x) * x)


def cholesky(x: Any) -> Any:
    a = np.outer(x, x) + 3 * np.eye(3)
    lower = Tensor(np.zeros((3, 3)))
    for i in range(3):
        for j in range(i + 1):
            rest = a[i, j] - np.sum(lower[i, :j] * lower[j, :j])
            lower[i, j] = np.sqrt(rest) if i == j else rest / lower[j, j]
    return np.sum(lower * np.arange(9.0).reshape(3, 3))


def running(x: Any) -> Any:
    out = Tensor(np.ones(3))
    out *= x
    out[1:] -= x[:-1]
    out[::-1] += x * x
    out[[0, 0, 1]] += x  # of two values for one place, the last stays
    return np.sum(out**2)


def masks(x: Any) -> Any:
    out = Tensor(np.zeros((2, 3)))
    out[:, np.array([True, False, True])] = x[:2] ** 2
    out[1] += x
    out[:, 1:1] = 0.0
    return np.sum(out**2)


def number(x: Any) -> Any:
    out = Tensor(0.0)
    out[...] = x[0] * x[1]
    out += x[2]
    return out * out


def recurrence(x: Any) -> Any:
    out = np.zeros_like(x)
    out[0] = x[0]
    for i in range(1, 3):
        out[i] = out[i - 1] * x[i] + 1
    return np.sum(out**2)


def views_of_zeros(x: Any) -> Any:
    out, moved = np.zeros_like(x), x.copy()
    seen = out[1:]
    out[2] = x[0] * x[1]
    seen[0] = x[2]
    moved[0] = x[2]
    return np.sum(seen * x[1:]) + np.sum(out * moved)


def every_maker(x: Any) -> Any:
    ones, full, empty = np.ones_like(x), np.full_like(x, 2.0), np.empty_like(x)
    ones += x
    full[np.array([True, False, True])] *= x[:2]
    empty[...] = ones * full
    return np.sum(empty)


OF_ZEROS = [recurrence, views_of_zeros, every_maker]
NOT_OF_ZEROS = {"vmap of grad", "compile"}  # refused: see the decision
PROGRAMS = [elements, views, table, cholesky, running, masks, number]


def by_differences(f: Callable[[Any], Any], x: Any, h: float) -> Any:
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(x.size)])


def plain(program: Any) -> Callable[[Any], Any]:
    return program if program in OF_ZEROS else lambda x: program(x).data


def compiled(f: Any) -> Any:
    program = compile(f)
    program(X + 1)
    return program(X)[1]


FIRST: dict[str, Callable[[Any], Any]] = {
    "grad": lambda f: grad(f)(X),
    "jvp": lambda f: [jvp(f, (X,), (e,))[1] for e in np.eye(3)],
    "linearize": lambda f: [linearize(f, X)[1](e) for e in np.eye(3)],
    "checkpoint": lambda f: grad(checkpoint(f))(X),
    "compile": compiled,
    "vmap of grad": lambda f: vmap(grad(f))(BATCH)[0],
    "vmap of jvp": lambda f: vmap(lambda e: jvp(f, (X,), (e,))[1])(np.eye(3)),
    "grad of vmap": lambda f: grad(lambda rows: np.sum(vmap(f)(rows)))(BATCH)[0],
    "jvp, inside it no_grad": lambda f: [jvp(no_grad()(f), (X,), (e,))[1] for e in np.eye(3)],
}
SECOND: dict[str, Callable[[Any], Any]] = {
    "grad of jvp": lambda f: grad(lambda x: jvp(f, (x,), (T,))[1])(X),
    "jvp of grad": lambda f: jvp(grad(f), (X,), (T,))[1],
    "jvp of jvp": lambda f: [
        jvp(lambda x, e=e: jvp(f, (x,), (e,))[1], (X,), (T,))[1] for e in np.eye(3)
    ],
    "hessian": lambda f: hessian(f)(X) @ T,
}


@pytest.mark.filterwarnings("ignore:vmap")
@pytest.mark.parametrize("mode", FIRST)
@pytest.mark.parametrize("program", PROGRAMS + OF_ZEROS)
def test_a_filled_tensor_has_its_derivative(program, mode):
    if program in OF_ZEROS and mode in NOT_OF_ZEROS:
        with pytest.raises(InPlaceError, match=r"younger trace|is differentiated"):
            FIRST[mode](program)
        return
    expected = by_differences(plain(program), X, 1e-6)
    np.testing.assert_allclose(FIRST[mode](program), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("mode", SECOND)
@pytest.mark.parametrize("program", PROGRAMS + OF_ZEROS)
def test_a_filled_tensor_has_its_second_derivative(program, mode):
    def slope(x: Any) -> Any:
        return by_differences(plain(program), x, 1e-4)

    expected = (slope(X + 1e-4 * T) - slope(X - 1e-4 * T)) / 2e-4
    np.testing.assert_allclose(SECOND[mode](program), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.filterwarnings("ignore:vmap")
@pytest.mark.parametrize("program", PROGRAMS + OF_ZEROS)
def test_a_batch_fills_a_tensor(program):
    looped = np.array([plain(program)(row) for row in BATCH])
    np.testing.assert_allclose(vmap(program)(BATCH), looped, rtol=1e-12)


def test_a_dual_made_by_hand_is_refused_with_a_way_out():
    with pytest.raises(InPlaceError, match=r"made by hand.*use jvp\(\)"):
        elements(Dual(X, T))
