"""The engine's rarer ways: other spellings, refusals, what is said of a value, odd declarations."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from autograd_core import (
    Dual,
    Tensor,
    cost,
    elementwise,
    grad,
    gradcheck,
    gradients,
    hvp,
    jvp,
    linearize,
    primitive,
    value_and_grad,
    vjp,
    vmap,
)
from autograd_core.base import errors
from autograd_core.costs.flops import flops
from autograd_core.operations.primitive import bare
from autograd_core.operations.saved_reads import EVERYTHING, Reading, values_read

X = np.array([0.5, -1.5, 2.0])


# --- operators and methods ---------------------------------------------------


@pytest.mark.parametrize("kind", ["tensor", "dual"])
def test_reflected_and_in_place_operators(kind) -> None:
    made = (lambda: Tensor(X)) if kind == "tensor" else (lambda: Dual(X, np.ones(3)))
    plain = made().detach().data if kind == "tensor" else X

    def bare(v):
        return v.primal if isinstance(v, Dual) else v.data

    np.testing.assert_array_equal(bare(7.0 % made()), 7.0 % plain)
    np.testing.assert_array_equal(bare(7.0 // made()), 7.0 // plain)
    for name in ("__imod__", "__ifloordiv__"):
        x = made() * 1.0
        x = getattr(x, name)(0.75)
        np.testing.assert_array_equal(bare(x), plain % 0.75 if "mod" in name else plain // 0.75)


def test_in_place_matrix_product_has_the_product_s_gradient() -> None:
    a, b = np.arange(4.0).reshape(2, 2), np.array([[2.0, 1.0], [0.5, 3.0]])

    def f(v):
        w = v * 1.0
        w @= b
        return np.sum(w * w)

    np.testing.assert_allclose(grad(f)(a), 2 * (a @ b) @ b.T)


def test_methods_whose_results_are_constants() -> None:
    x = Tensor(np.array([[3.0, 0.0], [1.0, 2.0]]), requires_grad=True)
    assert x.argmax() == 0
    assert x.argmin(axis=1).tolist() == [1, 0]
    assert x.argsort(axis=0).tolist() == [[1, 0], [0, 1]]
    assert x.any()
    assert not x.all()
    assert x.all(axis=0).tolist() == [True, False]
    assert [k.tolist() for k in x.nonzero()] == [[0, 1, 1], [0, 0, 1]]
    assert x.sum(dtype=np.float32).dtype == np.float32
    assert x.mean(axis=0, dtype=np.float32).dtype == np.float32
    np.sum(x.sum(axis=0, dtype=np.float32) * 2).backward()
    np.testing.assert_array_equal(x.grad.data, np.full((2, 2), 2.0))


def test_conversions() -> None:
    z = Tensor(1.5 + 2j)
    assert complex(z) == 1.5 + 2j
    assert np.asarray(Tensor([1.5]), dtype=np.float32).dtype == np.float32


def test_what_a_dual_says_and_takes() -> None:
    d = Dual(np.array([1.0, 2.0]), np.array([0.5, 0.25]))
    assert repr(d) == "Dual(array([1., 2.]), tangent=array([0.5 , 0.25]))"
    d.tangent = np.array([1.0, 0.0])
    assert (d * 3.0).tangent.tolist() == [3.0, 0.0]
    d += 1.0
    assert d.tangent.tolist() == [1.0, 0.0]

    def outer(x):
        kept = Dual(np.ones(2), np.ones(2))

        def inner(v):
            nonlocal kept
            kept += v
            return np.sum(kept)

        return jvp(inner, (x,), (np.ones(2),))[1]

    with pytest.raises(errors.InPlaceError, match="younger trace"):
        outer(np.ones(2))

    def replaced(v):
        w = v * 1.0
        w[...] = 5.0
        return w

    value, t = jvp(replaced, (X,), (np.ones(3),))
    assert value.tolist() == [5.0] * 3
    assert t.tolist() == [0.0] * 3


def test_a_dual_changed_in_place_by_a_plain_value_is_constant() -> None:
    d = Dual(np.array([1.0, 2.0]), np.ones(2))
    d._become(np.array([3.0, 4.0]))
    assert d.primal.tolist() == [3.0, 4.0]
    assert d.tangent.tolist() == [0.0, 0.0]


# --- transforms --------------------------------------------------------------


def test_extra_results_that_are_not_differentiated() -> None:
    def f(x):
        return np.sum(x * x), {"largest": np.max(x)}

    g, aux = grad(f, has_aux=True)(X)
    np.testing.assert_allclose(g, 2 * X)
    assert aux == {"largest": 2.0}
    (value, _), g = value_and_grad(f, has_aux=True)(X)
    assert value == np.sum(X * X)
    with pytest.raises(errors.OperandError, match="has_aux"):
        grad(lambda x: np.sum(x), has_aux=True)(X)


def test_what_transforms_refuse() -> None:
    _, push = linearize(lambda x: np.sin(x), X)
    for call, error in [
        (lambda: jvp(np.sin, X, X), errors.OperandError),
        (lambda: hvp(lambda x: np.sum(x**3), X, X), errors.OperandError),
        (lambda: push((X, X)), errors.SeedError),
    ]:
        with pytest.raises(error, match=r"\w"):
            call()


def test_a_cotangent_that_is_left_out_is_zero() -> None:
    _, pullback = vjp(lambda x: (np.sin(x), {"b": x * x}), X)
    np.testing.assert_allclose(pullback((np.ones(3), None))[0], np.cos(X))
    np.testing.assert_allclose(pullback((None, {"b": np.ones(3)}))[0], 2 * X)


def test_gradients_of_one_input_need_no_list() -> None:
    x = Tensor(X, requires_grad=True)
    (g,) = gradients(np.sum(x**3), x)
    np.testing.assert_allclose(g.data, 3 * X**2)


def test_a_seed_of_another_precision_is_converted() -> None:
    x = Tensor(X.astype(np.float32), requires_grad=True)
    (x * 2).backward(np.ones(3))
    assert x.grad.dtype == np.float32
    assert x.grad.data.tolist() == [2.0] * 3


def test_pushing_through_what_was_overwritten_is_noticed() -> None:
    from autograd_core.engine.pushing import push

    x = Tensor(X, requires_grad=True)
    y = x * 2.0
    z = np.sin(y) * y
    y += 1.0
    order = []
    stack = [z._node]
    while stack:
        node = stack.pop()
        order.append(node)
        stack += [i for i in node.inputs or () if hasattr(i, "tick")]
    order = sorted(set(order), key=lambda n: n.tick)
    with pytest.raises(errors.OverwrittenError, match="saved by sin"):
        push(order, {x._node: np.ones(3)}, [z._node])


# --- declarations ------------------------------------------------------------


class Doubled:
    """A callable without a code object, whose signature has to be asked."""

    def __call__(self, x, *, scale=2.0):
        return x * scale


def test_a_callable_object_is_declared_like_a_function() -> None:
    doubled = primitive(
        Doubled(), vjp=lambda g, y, x, *, scale=2.0: g * scale,
        jvp=lambda t, y, x, *, scale=2.0: t[0] * scale, name="doubled",
    )  # fmt: skip
    assert grad(lambda x: np.sum(doubled(x, scale=3.0)))(X).tolist() == [3.0] * 3
    assert jvp(lambda x: doubled(x), (X,), (X,))[1].tolist() == (2 * X).tolist()
    bent = elementwise(Doubled(), lambda y, x, *, scale=2.0: scale, name="bent")
    assert grad(lambda x: np.sum(bent(x, scale=5.0)))(X).tolist() == [5.0] * 3


def test_a_builtin_without_a_signature_takes_its_rules_names() -> None:
    smaller = primitive(
        min, vjp=lambda g, y, a, b: (np.where(a <= b, g, 0), np.where(a > b, g, 0)), name="smaller"
    )
    assert grad(lambda v: smaller(v, 3.0))(2.0) == 1.0
    partial = functools.partial(np.multiply, 3.0)
    tripled = primitive(partial, vjp=lambda g, y, x: (3.0 * g,), name="tripled")
    assert grad(lambda v: tripled(v))(2.0) == 3.0


def test_a_primitive_without_rules_says_so_when_it_is_differentiated() -> None:
    nothing = primitive(lambda x: x * 2.0, name="nothing")
    assert nothing(np.ones(1)).tolist() == [2.0]
    with pytest.raises(errors.RuleError, match="no derivative rule"):
        grad(lambda x: np.sum(nothing(x)))(X)
    with pytest.raises(errors.RuleError, match="no derivative rule"):
        jvp(lambda x: nothing(x), (X,), (X,))
    unknown = elementwise(lambda a, b: a * b, None, lambda y, a, b: a, name="half known")
    assert grad(lambda b: np.sum(unknown(X, b)))(X).tolist() == X.tolist()
    said = "half known: no derivative is known for argument 0"
    with pytest.raises(errors.RuleError, match=said):
        grad(lambda a: np.sum(unknown(a, X)))(X)
    with pytest.raises(errors.RuleError, match=said):
        jvp(lambda a: unknown(a, X), (X,), (X,))


def test_arguments_are_bound_as_numpy_binds_them() -> None:
    add = elementwise(lambda a, b: a + b, lambda y, a, b: 1.0, lambda y, a, b: 1.0, name="adding")
    x = Tensor(X, requires_grad=True)
    np.testing.assert_array_equal(add(x, b=X).data, 2 * X)
    with pytest.raises(errors.OperandError, match="adding: b= must be given"):
        add(x)
    with pytest.raises(
        errors.OperandError, match=r"at most 2 arguments by position \(a, b\), not 3"
    ):
        add(x, X, X)
    with pytest.raises(errors.OperandError, match="a= was given by position and by name"):
        add(X, X, a=X)


def test_a_rule_may_return_a_number_but_no_wider_kind() -> None:
    ones = primitive(lambda x: np.asarray(x)[()] * 1.0, vjp=lambda g, y, x: g,
                     jvp=lambda t, y, x: 1.5, name="a number")  # fmt: skip
    assert jvp(ones, (2.0,), (1.0,))[1] == 1.5
    real = primitive(lambda x: x * 1.0, vjp=lambda g, y, x: g,
                     jvp=lambda t, y, x: t[0] * (1 + 1j), name="complex tangent")  # fmt: skip
    with pytest.raises(errors.RuleError, match="complex numbers, but the arguments"):
        jvp(real, (X,), (X,))


def test_a_joint_rule_may_leave_an_argument_out() -> None:
    second = primitive(
        lambda a, b: a * b, vjp=lambda g, y, a, b: (None, g * a), jvp=lambda t, y, a, b: a * t[1],
        name="only the second",
    )  # fmt: skip
    a, b = Tensor(X, requires_grad=True), Tensor(2 * X, requires_grad=True)
    np.sum(second(a, b)).backward()
    assert a.grad is None
    np.testing.assert_array_equal(b.grad.data, X)


RULES = [
    (lambda g, y, x: g * 2.0, set()),
    (lambda g, y, x: g.reshape(x.shape), set()),
    (lambda g, y, x: g * y, {0}),
    (lambda g, y, x: g * sum([x * k for k in range(3)]), {1}),  # read behind a store
    (lambda g, y, x: (t := g) * x.sum() * t, {1}),
    (lambda g, y, x: g * (lambda: x)(), {1}),
    (lambda g, y, *rest: g, set()),
    (lambda g, y, *rest: g * rest[0], Reading(rest=1)),
    (np.negative, EVERYTHING),
    (None, set()),
]


@pytest.mark.parametrize(("rule", "read"), RULES)
def test_what_a_rule_reads_is_found_in_every_python_s_bytecode(rule, read) -> None:
    assert values_read(rule, 1) == read


def test_a_value_read_inside_a_comprehension_may_not_be_overwritten() -> None:
    double = primitive(
        lambda x: x * 3.0, vjp=lambda g, y, x: g * sum([x * k for k in range(3)]), name="read late"
    )
    x = Tensor(X, requires_grad=True)
    y = x * 1.0
    z = double(y)
    y += 1.0
    with pytest.raises(errors.OverwrittenError, match="saved by read late"):
        np.sum(z).backward()


def test_a_node_names_itself_and_its_line() -> None:
    x = Tensor(X, requires_grad=True)
    y = np.sin(x)  # here
    text = repr(y._node)
    assert text.startswith("<sin #")
    assert "y = np.sin(x)  # here" in text
    assert repr(y._node.location).startswith(f"Location({__file__!r}, line ")


def test_shapes_that_do_not_fit_are_told_apart() -> None:
    a = Tensor(np.ones((2, 3)), requires_grad=True)
    with pytest.raises(errors.ShapeError, match="the only of the second, 2"):
        a @ np.ones(2)
    with pytest.raises(errors.ShapeError, match=r"axis -2 is 2 in the first and 4 in the second"):
        a + np.ones((4, 3))
    with pytest.raises(errors.ShapeError, match="matmul"):
        np.ones((5, 1, 3)) @ Tensor(np.ones((4, 3, 2)), requires_grad=True)


# --- gradcheck ---------------------------------------------------------------


def test_gradcheck_in_one_mode_at_second_order() -> None:
    def f(x):
        return np.sum(np.sin(x) * x)

    assert gradcheck(f, X, order=2, modes=("forward",))
    assert gradcheck(f, X, order=2, modes=("reverse",))
    assert gradcheck(lambda x: np.sum(x) * 2.0, X, order=2)  # a slope that depends on nothing
    assert gradcheck(lambda x: np.sum(np.abs(x)), X)  # no complex form that could be trusted
    with pytest.raises(errors.DTypeError, match="complex arguments"):
        gradcheck(lambda z: np.real(np.sum(z)), X + 1j)


def test_gradcheck_trusts_the_complex_step_where_differences_are_coarse() -> None:
    """A fast wave: central differences are wrong by 1e-4, more than the tolerance."""
    assert gradcheck(lambda x: np.sin(5e3 * x), X, order=1)
    half = primitive(
        lambda x: np.sin(5e3 * x), vjp=lambda g, y, x: (g * 4.999e3 * np.cos(5e3 * x),),
        jvp=lambda t, y, x: t[0] * 4.999e3 * np.cos(5e3 * x), name="nearly",
    )  # fmt: skip
    with pytest.raises(errors.GradcheckError):
        gradcheck(lambda x: half(x), X, order=1)


def test_gradcheck_of_a_tensor_from_outside_is_in_reverse_mode_only() -> None:
    w = Tensor(X, requires_grad=True)
    assert gradcheck(lambda: np.sum(w**3), parameters=[w], order=2)
    assert w.data.tolist() == X.tolist()


def test_gradcheck_finds_rules_that_cannot_even_run() -> None:
    broken = primitive(
        lambda x: x * x, vjp=lambda g, y, x: (g[:1] * x[:2],), jvp=lambda t, y, x: 2 * x * t[0],
        name="broken",
    )  # fmt: skip
    with pytest.raises(errors.AutogradError, match="broken"):
        gradcheck(lambda x: np.sum(broken(np.sin(x))), X, modes=("forward", "reverse"))
    wrong = primitive(
        lambda x: x * x, vjp=lambda g, y, x: (2 * g * x,), jvp=lambda t, y, x: x * t[0], name="off"
    )
    with pytest.raises(errors.GradcheckError, match="rule of off is wrong"):
        gradcheck(lambda x: np.sum(wrong(x)), X)


# --- vmap --------------------------------------------------------------------

ROWS = np.arange(6.0).reshape(2, 3) - 2.0


def each(f, *arrays):
    return np.stack([np.asarray(f(*parts)) for parts in zip(*arrays, strict=True)])


VMAPPED = {
    "shape along an axis": lambda x: x * np.size(np.stack([x, x]), 0),
    "result_type": lambda x: x.astype(np.result_type(x, np.float32)),
    "full_like with a shape": lambda x: np.full_like(x, 2.0, shape=(2, 2)) + x[0],
    "full_like with a batched value": lambda x: np.full_like(x, x[0]),
    "squeeze": lambda x: np.squeeze(x[None, :, None]),
    "squeeze an axis": lambda x: np.squeeze(x[None], axis=0),
    "branch": lambda x: sum(vmapped_branch(x)),
    "own index with a mask": lambda x: np.where(x > 0, x, 0.0)[np.argsort(x)],
    "own index behind a slice": lambda x: np.stack([x, 2 * x])[:, np.argmax(x)],
    "own index and a new axis": lambda x: x[np.argmax(x), None],
    "setting at its own place": lambda x: set_at_largest(x),
    "det": lambda x: np.linalg.det(np.outer(x, x) + np.eye(3)),
    "unpacked": lambda x: np.divmod(x, 2.0)[1] + np.modf(x)[0],
}


def vmapped_branch(x):
    from autograd_core import branch

    return branch(x, 2)


def set_at_largest(x):
    y = x * 1.0
    y[np.argmax(x)] = 10.0
    return y


@pytest.mark.filterwarnings("ignore::autograd_core.LoopWarning")
@pytest.mark.parametrize("name", VMAPPED)
def test_a_batch_is_its_examples_one_by_one(name) -> None:
    f = VMAPPED[name]
    np.testing.assert_allclose(vmap(f)(ROWS), each(f, ROWS))


def test_gradients_under_vmap_at_places_of_their_own() -> None:
    def f(x):
        return np.sum(np.sin(x)[np.argsort(-x)[:2]] ** 2)

    np.testing.assert_allclose(vmap(grad(f))(ROWS), each(grad(f), ROWS))


def test_a_batched_value_refuses_to_be_a_number() -> None:
    for convert in (int, float, complex, bool, lambda x: x.tolist(), lambda x: x.item()):
        with pytest.raises(errors.ConversionError, match="vmap"):
            vmap(lambda x, convert=convert: convert(x[0]))(ROWS)
    seen = []
    vmap(lambda x: seen.append(repr(x)) or x)(ROWS)
    assert seen[0].startswith("Batched((3,) × 2: array([[")
    with pytest.raises((errors.AutogradError, ValueError), match="axis"):
        vmap(lambda x: np.sum(x, axis=1))(ROWS)


def test_axes_for_each_part_of_a_nest() -> None:
    def f(nest, x):
        return nest["a"][0] * x + nest["b"]

    found = vmap(f, in_axes=({"a": [0], "b": None}, 1))({"a": [ROWS], "b": 5.0}, ROWS.T)
    np.testing.assert_allclose(found, ROWS * ROWS + 5.0)
    two = vmap(lambda x: (x, x * 2), out_axes=(0, 1))(ROWS)
    np.testing.assert_allclose(two[1], 2 * ROWS.T)
    for wrong in (({"a": 0}, 0), ({"a": [0, 1], "b": None}, 0)):
        with pytest.raises(errors.ShapeError, match="nested"):
            vmap(f, in_axes=wrong)({"a": [ROWS], "b": 5.0}, ROWS)
    with pytest.raises(errors.ShapeError, match="out_axes"):
        vmap(lambda x: x, out_axes=None)(ROWS)
    constant = vmap(lambda x: Tensor([1.0, 2.0]))(ROWS)
    assert np.asarray(getattr(constant, "data", constant)).tolist() == [[1.0, 2.0]] * 2


@pytest.mark.filterwarnings("ignore::autograd_core.LoopWarning")
def test_an_empty_batch_of_something_without_a_batched_form() -> None:
    odd = primitive(lambda x: x * 2, vjp=lambda g, y, x: (2 * g,), name="no batched form")
    np.testing.assert_allclose(vmap(lambda x: odd(x))(ROWS), 2 * ROWS)
    with pytest.raises(errors.ShapeError, match="no batched form"):
        vmap(lambda x: odd(x))(np.zeros((0, 3)))


@pytest.mark.filterwarnings("ignore::autograd_core.LoopWarning")
def test_views_of_a_batch_follow_changes() -> None:
    def f(x):
        y = x * 1.0
        head = y[:2]
        head += 10.0
        return y

    np.testing.assert_allclose(vmap(f)(ROWS), ROWS + np.array([10.0, 10.0, 0.0]))

    def mixed(x):
        y = x * 1.0

        def inner(v):
            nonlocal y
            y += v
            return np.sum(y)

        return grad(inner)(np.ones(3))

    with pytest.raises(errors.InPlaceError, match="younger trace"):
        vmap(mixed)(ROWS)


# --- the formulas of FLOPs ---------------------------------------------------


def square(n, k=None):
    return np.eye(n) * 2 + 0.1 * np.ones((n, n)) if k is None else np.ones((n, k))


COUNTS = [
    (lambda x: np.mean(x, axis=0), square(4), 16 + 4 * flops.__globals__["DIVISION"]),
    (lambda x: np.linalg.det(x), square(4), None),
    (lambda x: np.linalg.solve(x, np.ones((4, 2))), square(4), 2 / 3 * 64 + 2 * 16 * 2),
    (lambda x: np.linalg.inv(x), square(4), 2 * 64),
]


@pytest.mark.parametrize(("f", "x", "expected"), COUNTS)
def test_counted_operations(f, x, expected) -> None:
    found = cost(f, x).function.flops
    assert found > 0
    if expected is not None:
        assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    "f",
    [np.var, lambda x: np.linalg.svd(x)[1], lambda x: np.linalg.qr(x)[1], np.linalg.cholesky],
    ids=["var", "svd", "qr", "cholesky"],
)
def test_more_numbers_cost_more(f) -> None:
    small, large = (cost(lambda x: f(x) + 0.0, square(n)).function.flops for n in (4, 8))
    assert large > 3 * small > 0


def test_a_plus_costs_its_additions() -> None:
    from autograd_core import plus

    assert cost(lambda x: plus(x, x * 1.0, x), X).function.flops == 2 * 3 + 3


# --- sweeps ------------------------------------------------------------------


def test_a_freed_value_cannot_be_asked_for_unless_it_was_kept() -> None:
    x = Tensor(X, requires_grad=True)
    y = x * 2.0
    np.sum(y).backward()
    with pytest.raises(errors.FreedGraphError, match="multiply"):
        gradients(np.sum(y * y), [y])
    kept = x * 2.0
    kept.retain_grad()
    np.sum(kept).backward()
    (g,) = gradients(np.sum(kept * kept), [kept])
    np.testing.assert_array_equal(g.data, 2 * kept.data)


def test_kept_gradients_of_operations_with_settings() -> None:
    x = Tensor(np.stack([X, X]), requires_grad=True)
    s = np.sum(x, axis=0)
    s.retain_grad()
    np.sum(s * X).backward()
    np.testing.assert_array_equal(s.grad.data, X)
    assert s.data.tolist() == (2 * X).tolist()


def test_a_cotangent_of_nothing_is_zero() -> None:
    assert vjp(np.sin, X)[1](None)[0].tolist() == [0.0] * 3


def test_the_engine_at_the_bottom_of_a_stack() -> None:
    """A thread that runs a method of the engine at once: no line of the user's is there."""
    import _thread
    import time

    x, made = Tensor(X, requires_grad=True), []

    class Sink:
        def __call__(self, value):
            made.append(value)

    hooked = x * 1.0
    hooked.register_hook(Sink())
    loss = np.sum(hooked)
    _thread.start_new_thread(loss.backward, ())
    for _ in range(3000):
        if made and x.grad is not None:
            break
        time.sleep(0.01)
    assert x.grad.data.tolist() == [1.0] * 3


def test_gradcheck_of_constants_parts_and_rules_that_raise() -> None:
    assert gradcheck(lambda x: np.ones(2), X, order=2)
    wrong = primitive(
        lambda x: x * x, vjp=lambda g, y, x: (g * x,), jvp=lambda t, y, x: x * t[0], name="wrong"
    )
    with pytest.raises(errors.GradcheckError, match="rule of wrong"):
        gradcheck(lambda x: wrong(np.linalg.slogdet(x)[1]), np.diag(X) + 0.1)

    def fails(g, y, x):
        raise ValueError("not today")

    failing = primitive(lambda x: x * x, vjp=fails, jvp=lambda t, y, x: x * t[0], name="failing")
    with pytest.raises(errors.GradcheckError, match="rule of failing"):
        gradcheck(lambda x: failing(np.sin(x)), X, modes=("forward",))
    with pytest.raises(errors.GradcheckError, match=r"look for a cut"):
        gradcheck(lambda x: np.sum(x * np.asarray(bare(x))), X)


def test_a_batch_of_a_range_and_eigenvalues_of_a_batch() -> None:
    assert vmap(lambda k: k * 2)(range(3)).tolist() == [0, 2, 4]
    stack = np.stack([np.diag(row) + 0.1 for row in ROWS])
    np.testing.assert_allclose(
        vmap(lambda a: np.linalg.eigh(a)[0])(stack), np.linalg.eigh(stack).eigenvalues
    )


def test_what_is_no_array_becomes_one() -> None:
    d = Dual([1.0, 2.0], [1.0, 0.0])
    assert d.primal.tolist() == [1.0, 2.0]
    x = Tensor(X, requires_grad=True)

    def inside(v):
        x.data = v * 2.0
        return np.sum(v)

    with pytest.raises(errors.ConversionError, match="would lose the derivative"):
        grad(inside)(X)
    assert x.data.tolist() == X.tolist()


def test_logsumexp_is_counted() -> None:
    from autograd_core import logsumexp

    assert cost(lambda x: logsumexp(x), np.ones(8)).function.flops > 8


def test_a_primitive_made_a_constant_keeps_its_name() -> None:
    from autograd_core.operations.primitive import Constant

    made = Constant(primitive(lambda x: x * 2.0, vjp=lambda g, y, x: (2 * g,), name="twice"))
    assert made.name == "twice"
    found = made(Tensor(X, requires_grad=True))
    assert not getattr(found, "requires_grad", False)
    np.testing.assert_array_equal(bare(found), 2 * X)
