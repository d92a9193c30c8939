"""Tensors and zeros that a function makes and fills, in every mode, by finite differences."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core.numpy as anp
from autograd_core import (
    Dual,
    IndependentWarning,
    InPlaceError,
    OverwrittenError,
    Tensor,
    UnsupportedError,
    checkpoint,
    compile,
    grad,
    hessian,
    jvp,
    linearize,
    no_grad,
    vmap,
)
from autograd_core.base import errors

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


def sums(x: Any) -> Any:
    out = anp.zeros(3)
    for i in range(3):
        out[i] = x[i] * x[i] + (out[i - 1] if i else 0)
    return np.sum(out * x)


def rows(x: Any) -> Any:
    out = anp.full((3, 3), 2.0)
    seen = out[1:]
    out[2] = x
    seen[0] *= x[::-1]
    return np.sum(seen @ x)


def of_no_axes(x: Any) -> Any:
    out, more, zeros = anp.empty(()), anp.ones_like(x), np.zeros_like(x)
    out[...] = x[0] * x[1]
    more += x
    zeros[1:] = more[:-1] * out
    return np.sum(zeros**2) + out


def into_a_copy(x: Any) -> Any:
    out, moved = anp.zeros(3), x.copy()
    out[0] = x[0] * x[1]
    moved[1] = out[0] * moved[2]
    moved[0] += moved[1]
    return np.sum(moved**2)


def given_by_out(x: Any) -> Any:
    out = x * 1.0
    seen = out[1:]
    np.multiply(x, x, out=out)
    np.clip(out, 0, 1.5, out=out)
    np.cumsum(out, out=out)
    return np.sum(seen * x[1:])


def repeated_places(x: Any) -> Any:
    out, powers = x * 1.0, np.outer(x, x) ** 2
    np.multiply.at(out, [0, 0, 2], x**2)  # type: ignore[arg-type]
    np.maximum.at(out, [1, 1], x[:2] * 3)  # type: ignore[arg-type]
    np.negative.at(out, [0, -1])
    np.power.at(powers, (np.array([0, 0, 2, 0]), np.array([1, 1, 2, 1])), np.abs(x[0]))
    return np.sum(out * x) + np.sum(powers * x)


def chosen_places(x: Any) -> Any:
    out, first = x * 1.0, np.zeros_like(x)
    divisors = np.array([1.0, 0.0, 1.0]) * x
    np.multiply(x, x, out=out, where=np.array([True, False, True]))
    np.divide(1.0, divisors, out=first, where=np.array([True, False, True]))
    return np.sum(out * x) + np.sum(first * x * x)


OF_ZEROS = [recurrence, views_of_zeros, every_maker, repeated_places, chosen_places]
OF_ZEROS += [sums, rows, of_no_axes, into_a_copy, given_by_out]
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
    mapped = vmap(program)(BATCH)
    assert type(mapped) is np.ndarray
    np.testing.assert_allclose(mapped, looped, rtol=1e-12)


def test_a_dual_made_by_hand_is_refused_with_a_way_out():
    with pytest.raises(InPlaceError, match=r"made by hand.*use jvp\(\)"):
        elements(Dual(X, T))


def test_a_users_own_leaf_in_a_transform_keeps_its_tape():
    def program(x: Any) -> Any:
        inner = Tensor(x, requires_grad=True)
        out = x.copy()
        out[0] = inner[0]
        return np.sum(out)

    with pytest.raises(InPlaceError, match=r"younger trace.*autograd_core\.numpy\.zeros"):
        jvp(program, (X,), (T,))


def test_outside_of_a_transform_arrays_are_numpys_own():
    kinds = []
    grad(lambda x: (kinds.append(type(anp.zeros(3))), kinds.append(type(anp.zeros(3, int))), x)[2])(
        1.0
    )
    assert kinds == [Tensor, np.ndarray]
    assert type(anp.zeros(3)) is np.ndarray


def test_the_loop_of_every_lecture():
    w, speed, rate = Tensor([1.0, 2.0], requires_grad=True), np.zeros(2), 0.1
    numbers, plain_speed = w.data.copy(), 0.0
    for _ in range(3):
        w.grad = None
        np.sum(w**2).backward()
        speed *= 0.9
        speed += w.grad
        w.data -= rate * w.grad
        np.subtract(w.data, rate * Tensor(speed), out=w.data)
        plain_speed = 0.9 * plain_speed + 2 * numbers
        numbers = numbers - rate * 2 * numbers - rate * plain_speed
    np.testing.assert_allclose(w.data, numbers, rtol=1e-12)
    assert w.is_leaf
    assert w.requires_grad
    with no_grad():
        np.multiply(w, 0.5, out=w.data)
    np.testing.assert_allclose(w.data, numbers / 2, rtol=1e-12)
    assert not np.any(w.grad.zero_().data)
    w.grad.fill(2)
    assert np.all(w.grad.data == 2)


@pytest.mark.parametrize("other", [2.0, Tensor([1.0, 2.0])])
def test_data_changed_by_an_operator_are_missed(other):
    w = Tensor([1.0, 2.0], requires_grad=True)
    loss = np.sum(w**2)
    w.data *= other
    with pytest.raises(OverwrittenError):
        loss.backward()


def test_constants_go_into_arrays_by_out():
    out = np.zeros(3)
    assert np.cumsum(Tensor(X), out=out) is out
    np.testing.assert_allclose(out, np.cumsum(X))
    assert np.add.accumulate(Tensor(T), out=out) is out
    np.testing.assert_allclose(out, np.cumsum(T))
    with pytest.raises(ValueError, match=r"add: .*shape"):
        np.add(Tensor(X), 1.0, out=np.zeros(2))


MODES: dict[str, Callable[[Any], Any]] = {
    "grad": lambda f: grad(f)(X),
    "jvp": lambda f: jvp(f, (X,), (T,)),
    "vmap": lambda f: vmap(f)(BATCH),
    "compile": lambda f: compile(f)(X),
}


@pytest.mark.parametrize("mode", MODES)
def test_what_a_plain_array_cannot_hold_is_refused_with_the_remedy(mode):
    def in_place(x: Any) -> Any:
        out = np.zeros(3)
        out += x
        return np.sum(out)

    def element(x: Any) -> Any:
        out = np.zeros(3)
        out[0] = x[0]
        return np.sum(out)

    def part(x: Any) -> Any:
        out = np.zeros((3, 2))
        out[:, 0] = x
        return np.sum(out)

    for program in (in_place, element, part):
        with pytest.raises(
            (errors.ConversionError, UnsupportedError),
            match=r"np\.zeros_like\(x\).*autograd_core\.numpy",
        ):
            MODES[mode](program)
    with pytest.raises(errors.ShapeError, match="result has shape"):
        MODES[mode](lambda x: np.add(x, 1.0, out=np.zeros_like(x[:1])))


def test_a_place_that_is_not_there_is_refused():
    with pytest.raises(IndexError, match=r"put\(.*out of bounds"):
        grad(lambda x: (y := x * 1.0, np.put(y, [3], 0.0), np.sum(y))[2])(X)
    with pytest.raises(errors.OperandError, match="zeros_like"):
        grad(lambda x: np.multiply.at(np.ones(3), [0], x[0]))(X)  # type: ignore[arg-type]


def test_where_that_differs_between_examples_is_refused():
    with pytest.raises(UnsupportedError, match=r"where= differs.*np\.where"):
        vmap(lambda x: np.log(x, out=np.zeros_like(x), where=x > 0))(BATCH)


def reshaped(v: Any) -> Any:
    made = v * 1.0
    made += -0.11
    flat = made.reshape(-1)
    made[:, ...] *= v
    return flat


def reshaped_argument(x: Any) -> Any:
    flat = x.reshape(-1)
    flat[0] = 5.0
    return x + 0


def ravelled_transpose(x: Any) -> Any:
    turned = (x * 2).T
    flat = turned.ravel()
    turned[0] = 7.0
    return flat


def of_a_stack(x: Any) -> Any:
    both = np.stack([x, x * 2])
    flat = both.reshape(-1)
    both[0] = x * x
    return flat


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize(("shape", "axis"), [((3, 4, 5), 0), ((3, 4, 5), 1), ((3, 4, 5), 2),
                                             ((3, 4, 5, 2), 1), ((3, 4, 5, 2), -1)])  # fmt: skip
@pytest.mark.parametrize("f", [reshaped, reshaped_argument, ravelled_transpose, of_a_stack])
def test_views_of_a_batch_are_those_of_its_examples(f, shape, axis, order):
    array = np.array(np.random.default_rng(0).normal(size=shape), order=order)
    looped = np.stack([f(x) for x in np.moveaxis(array.copy("K"), axis, 0)])
    over = vmap(f, in_axes=axis)
    np.testing.assert_allclose(over(array.copy("K")), looped, rtol=1e-12)
    np.testing.assert_allclose(
        jvp(over, (array.copy("K"),), (np.ones(shape),))[0], looped, rtol=1e-12
    )


def test_a_number_that_loses_its_derivative_is_said_once_it_is_written() -> None:
    """Of Tensors made by hand NumPy takes the number, as of PyTorch's: not without a word."""
    w = Tensor(np.array([2.0, 3.0]), requires_grad=True)
    z, table = np.zeros(3), {}
    with pytest.warns(IndependentWarning, match=r"np.zeros_like\(x\)(.|\n)*test_filling"):
        z[0] = w[0] * w[1]
    assert z[0] == 6.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        z[1] = float(w[0] * 2)
        z[2] = Tensor(1.0)  # a constant
        table["w"] = w[0]  # a dictionary holds the Tensor itself
        z[float(w[0] - 1).__int__()] = 5.0
        with no_grad():
            z[0] = w[0] + 1.0
    assert z.tolist() == [3.0, 5.0, 1.0]
