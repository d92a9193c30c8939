"""A value that outlives its transform is an error in every later one, however it was kept."""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from autograd_core import (
    AutogradError,
    ConversionError,
    Dual,
    Tensor,
    checkpoint,
    compile,
    grad,
    gradcheck,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    primitive,
    symmetric_function,
    value_and_grad,
    vjp,
    vmap,
)
from autograd_core.adjoints import implicit, odeint

X = np.array([1.0, 2.0])
ROWS = np.stack([X, 2 * X])


class Unregistered:
    value: Any


def _through_a_list(x: Any) -> Any:
    kept: list[Any] = []
    grad(lambda x: (kept.append(x * 2.0), np.sum(x))[1])(x)
    return kept[0]


def _through_a_cache(x: Any) -> Any:
    now: list[Any] = []

    @functools.lru_cache
    def scale() -> Any:
        return now[0] * 2.0

    grad(lambda x: (now.append(x), np.sum(x * scale()))[1])(x)
    return scale()


def _through_a_default(x: Any) -> Any:
    def f(x: Any, seen: Any = []) -> Any:  # noqa: B006 - the point
        seen.append(x)
        return np.sum(seen[0] * x)

    grad(f)(x)
    return f.__defaults__[0][0]  # type: ignore[index]


def _through_a_generator(x: Any) -> Any:
    made: list[Any] = []

    def powers(x: Any) -> Iterator[Any]:
        y = x
        while True:
            y = y * x
            yield y

    def f(x: Any) -> Any:
        made.append(powers(x))
        return np.sum(next(made[0]))

    np.testing.assert_allclose(grad(f)(x), 2 * x)
    return next(made[0])


def _through_an_exception(x: Any) -> Any:
    def f(x: Any) -> Any:
        raise LookupError(x * 2.0)

    with pytest.raises(LookupError) as raised:
        grad(f)(x)
    return raised.value.args[0]


def _through_a_thread(x: Any) -> Any:
    found: list[Any] = []

    def f(x: Any) -> Any:
        worker = threading.Thread(target=lambda: found.append(x * x))
        worker.start()
        worker.join()
        return np.sum(found[0])

    np.testing.assert_allclose(grad(f)(x), 2 * x)
    return found[0]


def _through_an_attribute(x: Any) -> Any:
    holder = Unregistered()
    jvp(lambda x: (setattr(holder, "value", x * 2.0), np.sum(x))[1], (x,), (x,))
    return holder.value


def _through_vmap(x: Any) -> Any:
    kept: list[Any] = []
    vmap(lambda v: (kept.append(v), v)[1])(np.stack([x, x]))
    return kept[0]


def _under_a_second_derivative(x: Any) -> Any:
    kept: list[Any] = []
    hvp(lambda x: (kept.append(x), np.sum(x**3))[1], (x,), (x,))
    return kept[0]


def _out_of_a_checkpoint(x: Any) -> Any:
    kept: list[Any] = []
    grad(checkpoint(lambda x: (kept.append(x * 2.0), np.sum(x * x))[1]))(x)
    return kept[0]


WAYS: dict[str, Callable[[Any], Any]] = {
    "list": _through_a_list,
    "cache": _through_a_cache,
    "default": _through_a_default,
    "generator": _through_a_generator,
    "exception": _through_an_exception,
    "thread": _through_a_thread,
    "attribute": _through_an_attribute,
    "vmap": _through_vmap,
    "second": _under_a_second_derivative,
    "checkpoint": _out_of_a_checkpoint,
}
USES: dict[str, Callable[[Callable[[Any], Any]], Any]] = {
    "grad": lambda g: grad(g)(X),
    "value_and_grad": lambda g: value_and_grad(g)(X),
    "vjp": lambda g: vjp(g, X),
    "jvp": lambda g: jvp(g, (X,), (X,)),
    "linearize": lambda g: linearize(g, X),
    "jacobian": lambda g: jacobian(g)(X),
    "hessian": lambda g: hessian(g)(X),
    "hvp": lambda g: hvp(g, (X,), (X,)),
    "vmap": lambda g: vmap(g)(ROWS),
    "vmap of grad": lambda g: vmap(grad(g))(ROWS),
    "compile": lambda g: compile(grad(g))(X),
    "checkpoint": lambda g: grad(checkpoint(g))(X),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("way", WAYS)
def test_a_kept_value_is_refused_by_every_transform(way: str, use: str) -> None:
    late = WAYS[way](X)
    with pytest.raises(ConversionError, match="has ended"):
        USES[use](lambda y: np.sum(y * y * late))


def _hooked(late: Any) -> None:
    x = Tensor(X, requires_grad=True)
    x.register_hook(lambda g: g * late)
    np.sum(x * x).backward()


def _rule(late: Any) -> Any:
    return primitive(
        lambda x: x * 1.0, jvp=lambda ts, y, x: ts[0] * late, vjp=lambda g, y, x: (g * late,)
    )


PLACES: dict[str, Callable[[Any], Any]] = {
    "argument": lambda late: grad(np.sum)(late),
    "tangent": lambda late: jvp(np.sin, (X,), (late,)),
    "vector of hvp": lambda late: hvp(lambda x: np.sum(x**3), (X,), (late,)),
    "cotangent": lambda late: vjp(np.sin, X)[1](late),
    "pushed": lambda late: linearize(np.sin, X)[1](late),
    "seed": lambda late: (Tensor(X, requires_grad=True) * 1.0).backward(late),
    "hook": _hooked,
    "rule, jvp": lambda late: jvp(_rule(late), (X,), (X,)),
    "rule, linearize": lambda late: linearize(_rule(late), X)[1](X),
    "rule, columns": lambda late: jacobian(_rule(late), mode="forward")(X),
    "rule, rows": lambda late: jacobian(_rule(late), mode="reverse")(X),
    "rule, hessian": lambda late: hessian(lambda x: np.sum(_rule(late)(x) ** 2))(X),
    "rule, by hand": lambda late: np.sum(_rule(late)(Tensor(X, requires_grad=True))).backward(),
    "Tensor": lambda late: Tensor(late, requires_grad=True),
    "constant Tensor": Tensor,
    "Dual": lambda late: Dual(late, X),
    "Dual's tangent": lambda late: Dual(X, late),
    ".grad": lambda late: setattr(Tensor(X, requires_grad=True), "grad", late),
    ".data": lambda late: setattr(Tensor(X), "data", late),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", ["list", "attribute"])
def test_a_kept_value_is_refused_wherever_it_is_handed_in(way: str, place: str) -> None:
    with pytest.raises(ConversionError, match="has ended"):
        PLACES[place](WAYS[way](X))


def test_a_rule_that_brings_in_its_own_trace_is_refused() -> None:
    def f(x: Any) -> Any:
        return np.sum(_rule(x)(x))

    for run in (lambda: jvp(f, (X,), (X,)), lambda: linearize(f, X)[1](X), lambda: grad(f)(X)):
        with pytest.raises(ConversionError, match="has ended"):
            run()


def test_pullbacks_and_pushforwards_may_be_kept() -> None:
    def f(x: Any) -> Any:
        return np.sum(x**3) * x

    J = jacobian(f)(X)
    _, pull = vjp(f, X)
    _, push = linearize(f, X)
    for linear, matrix in ((lambda c: pull(c)[0], J.T), (push, J)):
        np.testing.assert_allclose(linear(X), matrix @ X)
        np.testing.assert_allclose(vmap(linear)(np.eye(2)), matrix.T)
        np.testing.assert_allclose(jvp(linear, (X,), (np.ones(2),))[1], matrix.sum(1))
        np.testing.assert_allclose(
            grad(lambda c, f=linear: np.sum(f(c) ** 2))(X), 2 * matrix.T @ matrix @ X
        )


def test_a_pullback_of_an_inner_trace_ends_with_the_outer() -> None:
    kept: list[Any] = []

    def f(x: Any, transform: Any) -> Any:
        _, linear = transform(lambda y: y**2 * x, x)
        kept.append(linear)
        found = linear(np.ones(2))
        return np.sum(found[0] if isinstance(found, tuple) else found)

    for transform in (vjp, linearize):
        np.testing.assert_allclose(grad(lambda x, t=transform: f(x, t))(X), 4 * X)
        with pytest.raises(ConversionError, match="has ended"):
            kept[-1](np.ones(2))


def test_a_checkpoint_that_closes_over_its_trace() -> None:
    def f(x: Any) -> Any:
        return np.sum(checkpoint(lambda y: y * x * np.sin(y))(x))

    def g(x: Any) -> Any:
        return np.sum(x * x * np.sin(x))

    np.testing.assert_allclose(vmap(grad(f))(ROWS), vmap(grad(g))(ROWS))
    np.testing.assert_allclose(linearize(f, X)[1](X), jvp(g, (X,), (X,))[1])
    np.testing.assert_allclose(hessian(f)(X), hessian(g)(X))


def test_threads_share_a_pullback() -> None:
    """One that ends does not end the trace for the others, whose rules close over its values."""

    def f(x: Any) -> Any:
        return np.sum(checkpoint(lambda y: y * x * np.sin(y))(x))

    _, pull = vjp(f, X)
    expected, found, start = pull(1.0)[0], [], threading.Barrier(4)

    def work() -> None:
        start.wait()
        found.extend([pull(1.0)[0], grad(f)(X)] * 20)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 160
    np.testing.assert_array_equal(found, [expected] * 160)


def test_plain_numbers_of_a_kept_value() -> None:
    """What is asked for by name is a constant, and constants may be used anywhere."""
    late = _through_a_list(X)
    assert late.tolist() == [2.0, 4.0]
    assert late[0].item() == 2.0
    assert bool(late[0] > 0)
    np.testing.assert_allclose(grad(lambda y: np.sum(y * late.detach()))(X), 2 * X)
    assert float(np.sum(Dual(X, X).detach())) == 3.0


def test_data_of_an_older_tensor_does_not_take_a_followed_value() -> None:
    for shape in ({}, {"requires_grad": True}):
        held = Tensor(np.zeros(2), **shape)

        def f(x: Any, held: Any = held) -> Any:
            held.data = x
            return np.sum(held * x)

        for run in (
            lambda f=f: grad(f)(X),
            lambda f=f: jvp(f, (X,), (X,)),
            lambda f=f: vmap(f)(ROWS),
        ):
            with pytest.raises(ConversionError, match=r"data: .*detach"):
                run()
        assert held.tolist() == [0.0, 0.0]


def test_a_step_of_descent_inside_a_transform_is_differentiated() -> None:
    def f(x: Any) -> Any:
        w = Tensor(x, requires_grad=True)
        for _ in range(2):
            w.grad = None
            np.sum(w**3).backward()
            w.data = w.data - 0.1 * w.grad
        return np.sum(w.data**2)

    def g(x: Any) -> Any:
        for _ in range(2):
            x = x - 0.3 * x**2
        return np.sum(x**2)

    np.testing.assert_allclose(grad(f)(X), grad(g)(X))
    np.testing.assert_allclose(jvp(f, (X,), (X,))[1], jvp(g, (X,), (X,))[1])
    np.testing.assert_allclose(hvp(f, (X,), (X,)), hvp(g, (X,), (X,)))
    np.testing.assert_allclose(vmap(f)(ROWS), vmap(g)(ROWS))


@pytest.mark.parametrize(
    "name",
    ["backward", "data", "grad", "numpy", "register_hook", "requires_grad", "retain_grad"],
)
def test_what_only_tensors_have_is_refused_by_name(name: str) -> None:
    for run in (
        lambda: jvp(lambda x: getattr(x, name), (X,), (X,)),
        lambda: vmap(lambda x: getattr(x, name))(ROWS),
    ):
        with pytest.raises(AutogradError, match=f"has no {name}"):
            run()
    assert not hasattr(Dual(X, X), name)
    assert hasattr(Tensor(X), name)


QUIET: dict[str, Callable[[], Any]] = {
    "gradcheck": lambda: gradcheck(lambda x: np.ones(2), X, order=2),
    "gradcheck of a linear function": lambda: gradcheck(lambda x: np.sum(x) * 2.0, X, order=2),
    "odeint": lambda: grad(lambda y: odeint(lambda y, t: [1.0], y, [0.0, 1.0])[-1, 0])(np.ones(1)),
    "odeint's tangent": lambda: jvp(
        lambda y: odeint(lambda y, t: [1.0], y, [0.0, 1.0]), (np.ones(1),), (np.ones(1),)
    ),
    "implicit": lambda: grad(lambda a: implicit(lambda x, a: x - 3.0, lambda a: 3.0)(a))(2.0),
    "matrix functions": lambda: hvp(
        lambda A: np.sum(symmetric_function(lambda w: 2.0 * w, A)), (np.eye(2),), (np.eye(2),)
    ),
}


@pytest.mark.parametrize("name", QUIET)
def test_the_engines_own_calls_do_not_warn(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        QUIET[name]()
