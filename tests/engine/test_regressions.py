"""Mistakes that a review found, each kept out by a test that failed before its fix."""

import copy
import functools
import pickle
import random
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd_core as ac
from autograd_core import (
    Tensor,
    checkpoint,
    detect_anomaly,
    elementwise,
    grad,
    gradcheck,
    gradients,
    hessian,
    jvp,
    linearize,
    primitive,
    value_and_grad,
    vjp,
)

X = np.array([0.3, 0.8])


def leaf(value):
    return Tensor(value, requires_grad=True)


# --- copies and views in place ------------------------------------------------


def reshape_of_a_transpose(x):
    y = x * 1
    z = y.T.reshape(4)  # a copy
    z *= 5
    return np.sum(y * y) + np.sum(z)


def fancy_columns(x):
    y = x * 1
    z = y[:, [0, 1]]  # a copy
    z *= 5
    return np.sum(y)


def fortran_ravel(x):
    y = x * 1
    z = np.ravel(y, order="F")
    z *= 5
    return np.sum(y * y)


def real_part(x):
    y = x * x
    r = y.real  # a view
    r *= 5
    return np.sum(y * y)


def cast_without_copy(x):
    y = x * x
    r = y.astype(float, copy=False)  # the same array
    r *= 5
    return np.sum(y * y)


def broadcast_to_itself(x):
    y = x * x
    r = np.broadcast_arrays(y, y)[0]
    r = r if isinstance(r, Tensor | ac.Dual) else y  # NumPy's own answer is read-only
    r *= 5
    return np.sum(y * y)


@pytest.mark.parametrize(
    "f",
    [reshape_of_a_transpose, fancy_columns, fortran_ravel, real_part, cast_without_copy,
     broadcast_to_itself],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_copies_and_views_as_in_numpy(f):
    x = np.arange(1.0, 5.0).reshape(2, 2)
    expected = f(x.copy())
    numeric = np.zeros_like(x)
    for index in np.ndindex(2, 2):
        step = np.zeros_like(x)
        step[index] = 1e-6
        numeric[index] = (f(x + step) - f(x - step)) / 2e-6
    value, g = value_and_grad(f)(x)
    assert value == pytest.approx(expected)
    np.testing.assert_allclose(g, numeric, rtol=1e-6, atol=1e-6)
    assert jvp(f, (x,), (np.ones((2, 2)),))[1] == pytest.approx(numeric.sum(), rel=1e-6)
    t = leaf(x)
    out = f(t)
    assert out.item() == pytest.approx(expected)
    out.backward()
    np.testing.assert_allclose(t.grad.data, numeric, rtol=1e-6, atol=1e-6)


def test_many_nested_views_need_no_recursion():
    y = leaf(np.ones(2)) * 1
    views = [y]
    for _ in range(1500):
        views.append(views[-1][:])
    y += 1
    np.testing.assert_array_equal(views[-1].data, [2.0, 2.0])


def test_a_transform_never_writes_into_the_callers_array():
    a = np.ones(3)

    def f(x):
        ac.stop_gradient(x)[0] = 7.0  # changes the constant alone
        return np.sum(x)

    np.testing.assert_array_equal(grad(f)(a), np.ones(3))
    assert jvp(f, (a,), (a,)) == (3.0, 3.0)
    np.testing.assert_array_equal(a, np.ones(3))


# --- traces in traces -----------------------------------------------------------


def test_a_tensor_of_a_followed_value_keeps_following():
    f = lambda x: np.sum(Tensor(x) * 2 * x)
    np.testing.assert_allclose(grad(f)(X), 4 * X)
    assert jvp(f, (X,), (np.ones(2),))[1] == pytest.approx(4 * X.sum())


def test_a_tensor_of_a_tensor_by_hand_is_detached_at_any_level():
    def c(x):
        t = leaf(x)
        u = leaf(t)
        return jvp(lambda z: z * u, (2.0,), (1.0,))[1]

    assert grad(c)(3.0) == 1.0


# --- tuples ---------------------------------------------------------------------


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


# --- freed graphs ---------------------------------------------------------------


def test_a_shared_part_that_was_swept_is_an_error():
    x = leaf(X)
    a = np.exp(x)
    np.sum(a * 2).backward()
    for again in (lambda: np.sum(a * a).backward(), lambda: gradients(np.sum(a * 2), [x])):
        with pytest.raises(ac.FreedGraphError, match="exp"):
            again()


W = np.array([[1.0, 2.0], [3.0, 4.0]])
USES = {
    "one argument": np.exp,
    "a rule that reads no value": lambda a: a + 1.0,
    "both arguments": lambda a: a * a,
    "settings": lambda a: np.sum(a, axis=0),
    "a sequence": lambda a: np.stack([a, a * 2]),
    "a matrix and a vector": lambda a: W @ a,
    "several results": lambda a: np.linalg.eigh(a * W)[0],
    "a branch": lambda a: np.where(X > 0, a, 0.0),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_swept_part_found_in_mid_sweep_changes_no_gradient(use):
    x, other = leaf(X), leaf(X)
    a = np.exp(x)
    np.sum(a * 2).backward()
    before = x.grad.data.copy()
    with pytest.raises(ac.FreedGraphError, match=r"exp.*retain_graph"):
        (np.sum(use(a)) * np.sum(other)).backward()
    np.testing.assert_array_equal(x.grad.data, before)
    assert other.grad is None


def test_a_rule_s_own_error_is_not_taken_for_a_freed_value():
    bad = primitive(lambda x: x + 1, vjp=lambda g, y, x: [g.no_such_thing])
    with pytest.raises(ac.RuleError, match="no_such_thing"):
        np.sum(bad(leaf(X))).backward()


# --- checkpoint -------------------------------------------------------------------


def test_checkpoint_of_a_function_that_changes_its_argument():
    def h(x):
        x += 1
        return x * x

    x = leaf(np.array([1.0, 2.0]))
    t = x * 1
    np.sum(checkpoint(h)(t)).backward()
    np.testing.assert_array_equal(x.grad.data, [4.0, 6.0])
    np.testing.assert_array_equal(t.data, [1.0, 2.0])


class Slotted:
    __slots__ = ("r",)

    def __init__(self):
        self.r = np.random.default_rng(0)

    def __call__(self, x):
        return x * self.r.normal(size=2)


class OfTheClass:
    r = np.random.default_rng(0)

    def __call__(self, x):
        return x * self.r.normal(size=2)


GLOBAL = np.random.default_rng(0)


def nested_global(x):
    def inner():
        return GLOBAL.normal(size=2)

    return x * inner()


DRAWS = {
    "argument": (lambda x, r: x * r.normal(size=2), (np.random.default_rng(0),)),
    "RandomState": (lambda x, r: x * r.normal(size=2), (np.random.RandomState(0),)),
    "random.Random": (lambda x, r: x * r.random(), (random.Random(0),)),
    "partial": (functools.partial(lambda r, x: x * r.normal(size=2), np.random.default_rng(0)), ()),
    "slots": (Slotted(), ()),
    "class attribute": (OfTheClass(), ()),
    "global of a nested function": (nested_global, ()),
}


@pytest.mark.parametrize("source", DRAWS)
def test_checkpoint_draws_the_same_again(source):
    f, more = DRAWS[source]
    x = leaf(np.ones(2))
    y = checkpoint(f)(x, *more)
    np.sum(y).backward()
    np.testing.assert_allclose(x.grad.data, y.data)


def test_checkpoint_says_so_if_the_second_run_differs():
    calls = iter(range(10))
    y = checkpoint(lambda x: x * float(next(calls)))(leaf(X))
    with pytest.raises(ac.RuleError, match="other values"):
        np.sum(y).backward()


# --- what is handed out is the user's own -----------------------------------------


def test_gradients_are_arrays_of_their_own():
    c = np.array([1.0, 2.0])
    a, b = grad(lambda a, b: np.sum((a + b) * c), (0, 1))(np.ones(2), np.ones(2))
    a *= 10
    np.testing.assert_array_equal(b, c)
    g = grad(np.sum)(np.ones(3))
    g *= 2  # writable
    y, s = leaf(np.ones(2)), np.array([1.0, 2.0])
    (g,) = gradients(y + 0, [y], seed=s)
    g *= 5
    np.testing.assert_array_equal(s, [1.0, 2.0])
    x, z = leaf(X), leaf(X)
    np.sum((x + z) ** 2).backward(create_graph=True)
    assert not np.shares_memory(x.grad.data, z.grad.data)


def test_a_hook_that_writes_changes_nothing_else():
    x, y = leaf(np.ones(2)), leaf(np.ones(2))
    z = x * 1

    def hook(g):
        g *= 10

    z.register_hook(hook)
    np.sum((z + y) * np.array([1.0, 2.0])).backward()
    np.testing.assert_array_equal(y.grad.data, [1.0, 2.0])
    np.testing.assert_array_equal(x.grad.data, [1.0, 2.0])


def test_a_hooks_answer_takes_the_values_dtype():
    x = leaf(np.ones(2, np.float32))
    x.register_hook(lambda g: np.array([1, 2]))
    np.sum(x).backward()
    assert x.grad.dtype == np.float32


# --- overwritten values -------------------------------------------------------------


def test_a_rule_found_by_transposing_reads_everything():
    p = primitive(lambda x: np.exp(x), jvp=[lambda t, y, x: t * y], name="forward only")
    x = leaf(X)
    y = p(x)
    z = np.sum(y)
    with ac.no_grad():
        y *= 0
    with pytest.raises(ac.OverwrittenError, match="forward only"):
        z.backward()


def test_what_a_rule_reads():
    from autograd_core.operations.saved_reads import values_read

    assert values_read(lambda y, x: np.zeros(x.shape) + y, 0) == {0}
    assert values_read(lambda y, x, z: (y, x.shape, z.ndim), 0) == {0}
    assert values_read(lambda y, x: x, 0) == {1}


# --- arguments and results of transforms --------------------------------------------


def test_the_engines_own_rules_cannot_be_replaced_in_silence():
    with pytest.raises(ac.RuleError, match="has a rule already"):
        elementwise(np.cbrt, lambda y, x: x * 0 + 100.0)


@pytest.mark.parametrize("argnums", [(0, 0), (0, -2), "x", 1.5, None])
def test_bad_argnums(argnums):
    with pytest.raises(ac.OperandError, match="argnums"):
        grad(lambda x, y: x * y, argnums)(3.0, 4.0)
    assert grad(lambda x, y: x * y, np.int64(1))(3.0, 4.0) == 3.0


def test_cotangents():
    assert vjp(lambda x: 3.0, 1.0)[1](1.0) == (0.0,)
    assert vjp(lambda x: (x * x, 3), 1.0)[1]((1.0, 1.0)) == (2.0,)
    assert vjp(lambda x: (x * x, x), 1.0)[1]((1.0, None)) == (2.0,)
    _, pullback = vjp(lambda x: {"a": x, "b": 2 * x}, 1.0)
    assert pullback({"b": 1.0, "a": 10.0}) == (12.0,)
    for f, wrong in ((lambda x: {"a": x}, X), (lambda x: (x,), 1.0), (lambda x: x, (1.0,))):
        with pytest.raises(ac.SeedError, match="not nested"):
            vjp(f, X)[1](wrong)


def test_dicts_match_by_key():
    f = lambda d: d["a"] ** 2 * d["b"]
    primal, tangent = {"a": 3.0, "b": 2.0}, {"b": 1.0, "a": 0.0}
    assert jvp(f, (primal,), (tangent,))[1] == 9.0
    assert linearize(f, primal)[1](tangent) == 9.0


def test_results_that_are_not_numbers():
    with pytest.raises(ac.OperandError, match="not a number"):
        grad(lambda x: "a")(1.0)


# --- rules that misbehave -------------------------------------------------------------


def test_bad_forward_rules_are_named():
    shape = primitive(lambda x: x * 2, jvp=[lambda t, y, x: np.ones(5)], name="badshape")
    with pytest.raises(ac.RuleError, match="badshape"):
        jvp(shape, (X,), (X,))
    kind = primitive(lambda x: x * 2, jvp=[lambda t, y, x: np.ones(2, int)], name="badkind")
    with pytest.raises(ac.RuleError, match="badkind"):
        jvp(kind, (X,), (X,))


def test_a_rule_that_raises_is_named():
    bad = primitive(lambda x: x * 2, vjp=[lambda g, y, x: 1 // 0], name="broken")
    x = leaf(X)
    with pytest.raises(ac.RuleError, match="broken: its derivative rule raised ZeroDivisionError"):
        np.sum(bad(x)).backward()
    assert x.grad is None


# --- checks -----------------------------------------------------------------------------


def test_gradcheck_of_mixed_precision():
    assert gradcheck(lambda a, b: np.sum(a * b), X.astype(np.float32), X)


def test_gradcheck_names_a_rule_that_is_a_little_wrong():
    off = elementwise(lambda x: x**2, lambda y, x: 2.0001 * x, name="a little off")
    with pytest.raises(ac.GradcheckError, match="The rule of a little off is wrong"):
        gradcheck(lambda x: np.sum(off(x) * np.exp(x)), X)


def test_gradcheck_of_complex_and_constant_results():
    with pytest.raises(ac.DTypeError, match="complex"):
        gradcheck(lambda x: x * 1j, X)


def test_anomaly_in_forward_mode():
    with (
        detect_anomaly(),
        np.errstate(all="ignore"),
        pytest.raises(ac.NonFiniteError, match="sqrt"),
    ):
        jvp(np.sqrt, (0.0,), (1.0,))


# --- copies -------------------------------------------------------------------------------


class Named(Tensor):
    pass


def test_subclasses_keep_their_attributes():
    p = Named([1.0], requires_grad=True)
    p.name = "w"
    (p * p).backward(create_graph=True)
    for twin in (copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert twin.name == "w"
        assert type(twin) is Named
        assert twin.grad.data[0] == 2.0


def test_other_small_things():
    x = leaf(np.ones(2))
    loss = np.sum(x * x)
    x.data = np.ones(3)
    loss.backward()
    assert x.grad is None  # the old graph's gradient has another shape
    assert f"{leaf(2.0):.3f}" == "2.000"


def test_settings_are_freed_with_the_values():
    kept = primitive(lambda x, saved: x * 2, vjp=[lambda g, y, x, *, saved: g * 2], name="kept")
    x = leaf(X)
    y = kept(x, saved=np.ones(3))
    node = y._node
    np.sum(y).backward()
    assert not node.params


def test_one_class_of_error_for_saved_states():
    import nn

    assert nn.StateDictError is ac.optim.StateDictError
