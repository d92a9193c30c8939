"""Edges of the engine: odd results of user operations, seeds, generators, constants in place."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

from autograd_core import (
    DTypeError,
    Dual,
    RuleError,
    SeedError,
    Tensor,
    UnsupportedError,
    elementwise,
    enable_grad,
    grad,
    gradcheck,
    gradients,
    hessian,
    jvp,
    no_grad,
    primitive,
    stop_gradient,
    vjp,
)

X = np.array([1.0, -2.0, 0.5])


def test_a_python_float_of_a_user_operation_is_a_number() -> None:
    total = primitive(
        lambda x: float(x.sum()), vjp=lambda g, y, x: g * np.ones_like(x), name="total"
    )
    t = Tensor(X, requires_grad=True)
    (total(t) * 2.0).backward()
    np.testing.assert_array_equal(t.grad.data, [2.0, 2.0, 2.0])
    assert jvp(total, (X,), (X,))[1] == X.sum()


@pytest.mark.parametrize(
    "result", [[1.0, 2.0], None, "a", 3, np.array([None, 1.0, 2.0]), {"a": 1.0}], ids=repr
)
def test_other_results_of_a_user_operation_are_refused_by_name(result: Any) -> None:
    odd = primitive(lambda x: result, vjp=lambda g, y, x: g, name="odd")
    with pytest.raises(DTypeError, match="odd: the result is"):
        odd(Tensor(X, requires_grad=True))
    with pytest.raises(DTypeError, match="odd: the result is"):
        jvp(odd, (X,), (X,))
    with pytest.raises(DTypeError, match="odd: the result is"):
        grad(odd)(X)


def test_parts_of_a_result() -> None:
    both = primitive(
        lambda x: [float(x.sum()), x * 2.0],
        jvp=lambda ts, y, x: (np.sum(ts[0]), ts[0] * 2.0),
        arity=1,
        multiple=True,
        name="both",
    )
    t = Tensor(X, requires_grad=True)
    a, b = both(t)
    (a + np.sum(b)).backward()
    np.testing.assert_array_equal(t.grad.data, [3.0, 3.0, 3.0])
    odd = primitive(lambda x: (x, None), vjp=lambda g, y, x: g[0], multiple=True, name="odd")
    with pytest.raises(DTypeError, match="odd: a part of the result is NoneType"):
        odd(t)


@pytest.mark.parametrize("operation", [np.multiply, np.add, np.power, lambda a, b: b * a])
def test_arrays_of_objects_are_refused_by_name(operation: Any) -> None:
    objects = np.array([1.0, None, 2.0], dtype=object)
    objects[1] = 3.0
    with pytest.raises(DTypeError, match=r"(multiply|add|power): the result is .*object"):
        operation(Tensor(X, requires_grad=True), objects)


def test_lists_of_integers_are_seeds_like_lists_of_floats() -> None:
    for seed in ([1, 2, 3], [1.0, 2.0, 3.0], (1, 2, 3)):
        t = Tensor(X, requires_grad=True)
        (t * 2.0).backward(seed)
        np.testing.assert_array_equal(t.grad.data, [2.0, 4.0, 6.0])
    t = Tensor(2.0, requires_grad=True)
    (t * 3.0).backward(1)
    assert t.grad.item() == 3.0
    with pytest.raises(SeedError, match="int64"):  # an array of integers is a mistake
        (Tensor(X, requires_grad=True) * 2.0).backward(np.array([1, 2, 3]))


def test_a_complex_seed_of_a_real_value_is_refused() -> None:
    t = Tensor(X, requires_grad=True)
    with pytest.raises(SeedError, match="the seed is complex, the value real"):
        (t * 2.0).backward(X * 1j)
    with pytest.raises(SeedError, match="the seed is complex, the value real"):
        gradients(t * 2.0, [t], seed=X * 1j)
    with pytest.raises(SeedError, match="complex"):
        vjp(lambda x: x * 2.0, X)[1](X * 1j)
    with pytest.raises(SeedError, match="complex"):
        jvp(lambda x: x * 2.0, (X,), (X * 1j,))


def test_a_complex_gradient_among_real_numbers_is_a_mistake_of_the_rule() -> None:
    wrong = elementwise(lambda x: x * 2.0, lambda y, x: 2.0 + 1j, name="wrong")
    with pytest.raises(RuleError, match="wrong: the rule for argument 0 returned complex numbers"):
        grad(lambda x: np.sum(wrong(x)))(X)
    with pytest.raises(RuleError, match=r"wrong: .* complex"):
        jvp(wrong, (X,), (X,))


def test_beside_complex_numbers_a_real_argument_gets_the_real_part() -> None:
    t = Tensor(X, requires_grad=True)
    np.sum(np.real(t * (2.0 + 1j))).backward()
    np.testing.assert_array_equal(t.grad.data, [2.0, 2.0, 2.0])
    np.testing.assert_allclose(grad(lambda x: np.sum(np.fft.irfft(x) ** 2))(X).imag, 0)


def test_no_grad_on_a_generator_holds_in_every_step_and_not_between() -> None:
    t = Tensor(3.0, requires_grad=True)
    closed = []

    @no_grad()
    def steps(n: int) -> Iterator[Any]:
        total: Any = 0
        try:
            for _ in range(n):
                try:
                    sent = yield t * 2.0
                    total += sent or 0
                except KeyError:
                    yield t * 5.0
        finally:
            closed.append((t * 2.0).requires_grad)
        return total

    running = steps(2)
    first = next(running)
    assert not first.requires_grad
    assert (t * 2.0).requires_grad  # between the steps nothing is switched off
    assert not running.send(4).requires_grad
    assert running.throw(KeyError()).item() == 15.0
    with pytest.raises(StopIteration) as end:
        next(running)
    assert end.value.value == 4
    assert closed == [False]
    for made in steps(1):
        assert not made.requires_grad
    again = steps(3)
    next(again)
    again.close()
    assert closed == [False, False, False]
    assert steps.__name__ == "steps"

    with no_grad():

        @enable_grad()
        def recorded() -> Iterator[Any]:
            yield t * 2.0

        assert next(recorded()).requires_grad


def test_no_grad_on_a_coroutine_says_so() -> None:
    async def later() -> None:
        pass

    async def many() -> Any:
        yield 1

    for f in (later, many):
        with pytest.raises(UnsupportedError, match=r"@no_grad\(\) on the coroutine"):
            no_grad()(f)


def test_stop_gradient_in_place_is_the_same_by_hand_and_in_a_transform() -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        s = stop_gradient(y)
        s += 10.0
        s[0] = 0.0
        return np.sum(y * y) + np.sum(s * y)

    wanted = 2 * X + np.array([0.0, X[1] + 10, X[2] + 10])
    t = Tensor(X, requires_grad=True)
    f(t).backward()
    np.testing.assert_array_equal(t.grad.data, wanted)
    np.testing.assert_array_equal(grad(f)(X), wanted)
    np.testing.assert_array_equal(jvp(f, (X,), (np.ones(3),))[1], wanted.sum())
    kept = X.copy()
    grad(lambda x: np.sum(stop_gradient(x).__iadd__(1.0) * x))(kept)
    jvp(lambda x: np.sum(stop_gradient(x).__iadd__(1.0) * x), (kept,), (X,))
    np.testing.assert_array_equal(kept, X)  # nor is the argument written into


def leaf(value):
    return Tensor(value, requires_grad=True)


TWO = np.array([0.3, 0.8])


class Pair(NamedTuple):
    e: Any
    s: Any


@pytest.mark.parametrize("kind", [lambda e, s: (e, s), Pair])
@pytest.mark.parametrize("only", ["vjp", "jvp", "each"])
def test_operations_that_return_tuples(kind, only):
    rules = {
        "vjp": {"vjp": lambda g, y, x: (g[0] * y[0] + g[1] * np.cos(x),)},
        "jvp": {"jvp": lambda ts, y, x: (ts[0] * y[0], ts[0] * np.cos(x))},
        "each": {"vjp": [lambda g, y, x: g[0] * y[0] + g[1] * np.cos(x)]},
    }[only]
    both = primitive(
        lambda x: kind(np.exp(x), np.sin(x)), arity=1, multiple=True, name="es", **rules
    )
    f = lambda x: both(x)[0] + 2 * both(x)[1]
    first, second = np.exp(0.5) + 2 * np.cos(0.5), np.exp(0.5) - 2 * np.sin(0.5)
    assert grad(f)(0.5) == pytest.approx(first)
    assert grad(lambda x: both(x)[0])(0.5) == pytest.approx(np.exp(0.5))
    assert grad(grad(f))(0.5) == pytest.approx(second)
    assert hessian(f)(0.5) == pytest.approx(second)
    x = leaf(0.5)
    (g,) = gradients(f(x), [x], create_graph=True)
    assert gradients(g, [x])[0].item() == pytest.approx(second)
    assert gradcheck(f, 0.5)


def test_a_rule_s_own_error_is_not_taken_for_a_freed_value():
    bad = primitive(lambda x: x + 1, vjp=lambda g, y, x: [g.no_such_thing])
    with pytest.raises(RuleError, match="no_such_thing"):
        np.sum(bad(leaf(TWO))).backward()


def test_the_engines_own_rules_cannot_be_replaced_in_silence():
    with pytest.raises(RuleError, match="has a rule already"):
        elementwise(np.cbrt, lambda y, x: x * 0 + 100.0)


def test_bad_forward_rules_are_named():
    shape = primitive(lambda x: x * 2, jvp=[lambda t, y, x: np.ones(5)], name="badshape")
    with pytest.raises(RuleError, match="badshape"):
        jvp(shape, (TWO,), (TWO,))
    kind = primitive(lambda x: x * 2, jvp=[lambda t, y, x: np.ones(2, int)], name="badkind")
    with pytest.raises(RuleError, match="badkind"):
        jvp(kind, (TWO,), (TWO,))


def test_a_rule_that_raises_is_named():
    bad = primitive(lambda x: x * 2, vjp=[lambda g, y, x: 1 // 0], name="broken")
    x = leaf(TWO)
    with pytest.raises(RuleError, match="broken: its derivative rule raised ZeroDivisionError"):
        np.sum(bad(x)).backward()
    assert x.grad is None


@pytest.mark.parametrize("mode", ["dual", "jvp", "grad"])
def test_a_slope_that_fails_names_the_operation(mode: str) -> None:
    bad = elementwise(lambda x: x * 2.0, lambda y, x: 1 / 0, name="bad")
    run = {
        "dual": lambda: bad(Dual(X, X)),
        "jvp": lambda: jvp(bad, (X,), (X,)),
        "grad": lambda: grad(lambda x: np.sum(bad(x)))(X),
    }[mode]
    with pytest.raises(RuleError, match=r"bad: .*ZeroDivisionError[\s\S]*test_user_operations"):
        run()


def test_a_slope_that_the_engine_refuses_says_why() -> None:
    odd = elementwise(lambda x: x * 2.0, lambda y, x: np.cbrt(x, where=x > 0), name="odd")
    with pytest.raises(UnsupportedError, match="cbrt"):
        grad(lambda x: jvp(odd, (x,), (1.0,))[1])(1.0)


def test_operations_are_copied_and_pickled_as_functions_are() -> None:
    assert copy.copy(np.sin) is np.sin
    tripled = primitive(lambda x: x * 3.0, vjp=lambda g, y, x: g * 3.0, name="tripled")
    assert copy.copy(tripled) is tripled
    assert copy.deepcopy({"run": tripled})["run"] is tripled
    assert pickle.loads(pickle.dumps(PICKLED)) is PICKLED
    with pytest.raises(pickle.PicklingError, match=r"tripled: .*top level of a module"):
        pickle.dumps(tripled)


def test_an_operation_of_the_main_program_goes_to_other_processes(tmp_path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "from multiprocessing import get_context\n"
        "from autograd_core import grad, primitive\n"
        "tripled = primitive(lambda x: x * 3.0, vjp=lambda g, y, x: g * 3.0, name='tripled')\n"
        "def slope(run, x):\n"
        "    return float(grad(run)(x))\n"
        "if __name__ == '__main__':\n"
        "    with get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.apply(slope, (tripled, 2.0)))\n"
    )
    ran = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
    assert ran.stdout == "3.0\n", ran.stderr


PICKLED = primitive(lambda x: x * 3.0, vjp=lambda g, y, x: g * 3.0, name="pickled")
