"""Tensor's own behaviour: leaves, modes, hooks, accumulation, kinds of result."""

import copy
import pickle
import threading
import warnings

import numpy as np
import pytest

from autograd_core import (
    AutogradError,
    Dual,
    InPlaceError,
    ShapeError,
    Tensor,
    branch,
    enable_grad,
    grad,
    gradients,
    jvp,
    no_grad,
    plus,
    stop_gradient,
    vmap,
)
from autograd_core.rules import elementwise


def test_data_is_copied():
    a = np.ones(3)
    t = Tensor(a)
    a[0] = 5
    assert t.data[0] == 1


@pytest.mark.parametrize("value", [2.0, 3, [1, 2], np.float32(1), np.ones((2, 3), np.float32)])
def test_attributes_are_numpys(value):
    t, a = Tensor(value), np.array(value)
    assert (t.shape, t.dtype, t.ndim, t.size) == (a.shape, a.dtype, a.ndim, a.size)
    assert isinstance(t.data, np.ndarray)
    assert isinstance(t.numpy(), np.ndarray)


def test_gradients_accumulate_over_sweeps():
    x = Tensor([1.0, 2.0], requires_grad=True)
    np.sum(x * x).backward()
    np.sum(x * 3).backward()
    np.testing.assert_array_equal(x.grad.data, [5.0, 7.0])
    x.grad = None
    assert x.grad is None


def test_leaf_gradients_do_not_share_memory():
    a, b = Tensor(np.ones(2000), requires_grad=True), Tensor(np.ones(2000), requires_grad=True)
    seed = np.ones(2000)
    (a + b).backward(seed)
    assert not np.shares_memory(a.grad.data, b.grad.data)
    assert not np.shares_memory(a.grad.data, seed)
    c = Tensor(np.ones(2000), requires_grad=True)
    np.sum(c).backward()
    c.grad.data[0] = 7  # writable, its own
    assert c.grad.data[1] == 1


def test_every_node_has_a_derivative():
    x = Tensor(2.0, requires_grad=True)
    y = x * x
    z = y * 3
    z.retain_grad()
    loss = z * z
    assert [g.item() for g in gradients(loss, [x, y, z, loss])] == [288.0, 72.0, 24.0, 1.0]
    assert x.grad is None  # gradients() writes nothing
    loss.backward()
    assert z.grad.item() == 24.0
    assert y.grad is None


def test_gradients_of_an_unused_input_is_none():
    x, unused = Tensor(2.0, requires_grad=True), Tensor(1.0, requires_grad=True)
    assert gradients(x * x, [unused]) == [None]


def test_no_grad_and_enable_grad():
    x = Tensor(2.0, requires_grad=True)

    @no_grad()
    def constant(v):
        return v * v

    assert not constant(x).requires_grad
    with no_grad():
        assert not (x + 1).requires_grad
        with enable_grad():
            assert (x + 1).requires_grad
        assert not (x + 1).requires_grad
        assert grad(lambda v: v * v)(3.0) == 6.0  # a transform that starts inside still works
        assert jvp(lambda v: v * v, (3.0,), (1.0,))[1] == 6.0
    assert (x + 1).requires_grad


def test_no_grad_inside_a_transform_makes_constants():
    def f(x):
        with no_grad():
            c = x * x
        return c * x

    assert grad(f)(3.0) == 9.0


def test_no_grad_is_per_thread():
    seen = {}
    x = Tensor(1.0, requires_grad=True)
    with no_grad():
        thread = threading.Thread(target=lambda: seen.update(there=(x * 2).requires_grad))
        thread.start()
        thread.join()
        assert not (x * 2).requires_grad
    assert seen["there"]


def test_no_grad_is_per_context():
    import asyncio

    x = Tensor(1.0, requires_grad=True)

    async def off(started, done):
        with no_grad():
            started.set()
            await done.wait()
            return (x * 2).requires_grad

    async def main():
        started, done = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(off(started, done))
        await started.wait()
        here = (x * 2).requires_grad
        done.set()
        return here, await task

    assert asyncio.run(main()) == (True, False)


def test_detach_and_stop_gradient():
    x = Tensor([2.0, 3.0], requires_grad=True)
    d = x.detach()
    assert not d.requires_grad
    assert np.shares_memory(d.data, x.data)
    np.sum(x * stop_gradient(x)).backward()
    np.testing.assert_array_equal(x.grad.data, [2.0, 3.0])
    out, t = jvp(lambda v: v * stop_gradient(v), (3.0,), (1.0,))
    assert (out, t) == (9.0, 3.0)
    assert grad(lambda v: jvp(lambda u: stop_gradient(u) * v, (v,), (1.0,))[1])(3.0) == 0.0


def test_branch_and_plus():
    x = Tensor([1.0, 2.0], requires_grad=True)
    a, b, c = branch(x, 3)
    out = plus(a, b * 2, c * 3)
    out.backward(np.ones(2))
    np.testing.assert_array_equal(x.grad.data, [6.0, 6.0])  # backward of a branch: the sum
    u, v = Tensor(1.0, requires_grad=True), Tensor(np.ones(3), requires_grad=True)
    plus(u, v).backward(
        np.array([1.0, 2.0, 3.0])
    )  # backward of plus: a copy, summed where broadcast
    assert u.grad.item() == 6.0
    np.testing.assert_array_equal(v.grad.data, [1.0, 2.0, 3.0])
    assert jvp(lambda t: plus(*branch(t, 4)), (1.0,), (1.0,)) == (4.0, 4.0)
    assert grad(grad(lambda t: plus(*branch(t * t, 2))))(3.0) == 4.0


class TestHooks:
    def test_sees_and_replaces(self):
        x = Tensor([1.0, 2.0], requires_grad=True)
        y = x * 3
        seen = []
        handle = y.register_hook(lambda g: seen.append(g.data.copy()))
        replaced = y.register_hook(lambda g: g * 2)
        np.sum(y).backward()
        np.testing.assert_array_equal(seen[0], [1.0, 1.0])
        np.testing.assert_array_equal(x.grad.data, [6.0, 6.0])
        handle.remove()
        handle.remove()
        replaced.remove()
        x.grad = None
        np.sum(x * 3).backward()
        np.testing.assert_array_equal(x.grad.data, [3.0, 3.0])

    def test_sees_the_whole_sum_once(self):
        x = Tensor(2.0, requires_grad=True)
        y = x * 1.0
        calls = []
        y.register_hook(lambda g: calls.append(g.item()))
        (y * 3 + y * 4).backward()
        assert calls == [7.0]

    def test_on_a_leaf(self):
        x = Tensor(2.0, requires_grad=True)
        x.register_hook(lambda g: -g)
        (x * x).backward()
        assert x.grad.item() == -4.0


def test_exception_in_mid_sweep_writes_nothing():
    x, w = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)
    x.grad = np.array([9.0, 9.0])
    y = x * 2
    z = y * w

    def fail(g):
        raise RuntimeError("hook")

    handle = y.register_hook(fail)
    with pytest.raises(RuntimeError, match="hook"):
        np.sum(z).backward(retain_graph=True)
    np.testing.assert_array_equal(x.grad.data, [9.0, 9.0])
    assert w.grad is None
    handle.remove()
    np.sum(z).backward()  # kept: the same tape sweeps again
    np.testing.assert_array_equal(x.grad.data, [15.0, 17.0])


def test_requires_grad_switches_on_leaves():
    x = Tensor([1.0])
    x.requires_grad_()
    assert x.requires_grad
    assert x.is_leaf
    x.requires_grad = False
    assert not (x * 2).requires_grad


def test_python_scalars_keep_float32():
    x = Tensor(np.ones(3, np.float32), requires_grad=True)
    y = ((x * 2 + 1) / 3 - 0.5) ** 2
    assert y.dtype == np.float32
    y.sum().backward()
    assert x.grad.dtype == np.float32


def test_mixed_dtypes_keep_the_arguments_dtype():
    x = Tensor(np.ones(3, np.float32), requires_grad=True)
    w = Tensor(np.ones(3), requires_grad=True)
    y = x * w
    assert y.dtype == np.float64
    y.sum().backward()
    assert x.grad.dtype == np.float32
    assert w.grad.dtype == np.float64


def test_pickle_and_deepcopy_of_leaves():
    x = Tensor([1.0, 2.0], requires_grad=True)
    np.sum(x * x).backward()
    for twin in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x)):
        assert twin.requires_grad
        np.testing.assert_array_equal(twin.data, x.data)
        np.testing.assert_array_equal(twin.grad.data, x.grad.data)
        assert not np.shares_memory(twin.data, x.data)


@pytest.mark.parametrize("name", ["register_hook", "register_post_accumulate_grad_hook"])
def test_pickling_says_that_hooks_stay_behind(name):
    x = Tensor([1.0, 2.0], requires_grad=True)
    handle = getattr(x, name)(lambda g: None)
    with pytest.warns(UserWarning, match="hooks"):
        pickle.dumps([x])
    handle.remove()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pickle.dumps(x)


def test_arrays_and_scalars_on_the_left():
    x = Tensor([1.0, 2.0], requires_grad=True)
    for make in (
        lambda: np.array([3.0, 4.0]) * x,
        lambda: np.float64(3) * x,
        lambda: 3 - x,
        lambda: 2**x,
        lambda: 1 / x,
        lambda: np.array([1, 2]) @ x,
        lambda: [1, 2] * x,
    ):
        assert isinstance(make(), Tensor)
        assert make().requires_grad


def test_comparisons_and_masks_are_constants():
    x = Tensor([1.0, -2.0], requires_grad=True)
    mask = x > 0
    assert isinstance(mask, Tensor)
    assert not mask.requires_grad
    assert mask.dtype == bool
    np.sum(x * mask + x[x < 0]).backward()
    np.testing.assert_array_equal(x.grad.data, [1.0, 2.0])
    d = Dual(2.0, 1.0)
    assert d > 1


def test_jacobian_convention():
    # y is an m-vector, x an n-vector: dy/dx is m by n
    from autograd_core import jacobian

    a = np.arange(6.0).reshape(2, 3)
    for mode in ("forward", "reverse", "auto"):
        np.testing.assert_array_equal(jacobian(lambda x: a @ x, mode=mode)(np.ones(3)), a)


def test_float_of_a_dual_is_refused_but_not_of_a_tape():
    import math

    from autograd_core import ConversionError

    assert float(Tensor(2.0, requires_grad=True)) == 2.0
    with pytest.raises(ConversionError, match=r"np\.sin, not math\.sin"):
        jvp(math.sin, (1.0,), (1.0,))
    with pytest.raises(ConversionError, match=r"np\.sin, not math\.sin"):
        grad(math.sin)(1.0)


def test_a_clone_is_a_recorded_copy():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = x.T.clone()
    assert y.data.flags.f_contiguous  # laid out as what it is a clone of
    assert not np.shares_memory(y.data, x.data)
    np.sum(y * y * [[1.0], [10.0]]).backward()
    np.testing.assert_array_equal(x.grad.data, [[2.0, 40.0], [6.0, 80.0]])
    x.clone().data[...] = 0
    assert x.data[0, 0] == 1.0


def test_a_clone_in_both_modes():
    def f(x):
        return np.sum(x.clone() ** 3)

    np.testing.assert_array_equal(grad(f)(np.array([1.0, 2.0])), [3.0, 12.0])
    assert jvp(f, (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),)) == (9.0, 15.0)


def test_an_operation_is_copied_as_functions_are():
    assert copy.deepcopy({"act": plus})["act"] is plus
    assert copy.copy(plus) is plus


def leaf(value):
    return Tensor(value, requires_grad=True)


TWO = np.array([0.3, 0.8])


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
    x, z = leaf(TWO), leaf(TWO)
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


def test_a_gradient_of_another_shape_is_not_taken_on():
    x = leaf(np.ones(2))
    loss = np.sum(x * x)
    x.data = np.ones(3)
    loss.backward()
    assert x.grad is None  # the old graph's gradient has another shape


def test_a_number_takes_a_format():
    assert f"{leaf(2.0):.3f}" == "2.000"


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_sums_of_gradients_are_those_of_the_dispatch(dtype):
    """Added without it where both are small arrays: the same bits, in arrays of their own."""
    x = Tensor(np.linspace(0.1, 2, 7).astype(dtype), requires_grad=True)
    y = np.sum(np.abs(x * x * x) if dtype == "complex128" else x * x * x)
    y.backward(retain_graph=True)
    first = x.grad
    kept = first.data.copy()
    y.backward(retain_graph=True)
    assert x.grad is not first
    np.testing.assert_array_equal(first.data, kept)
    assert x.grad.dtype == dtype
    assert x.grad.data.tobytes() == (first + first).data.tobytes()


@pytest.mark.parametrize("shape", [(3,), (2, 2), (1,), ()])
def test_a_gradient_is_not_added_to_one_of_another_shape(shape):
    """Not broadcast either; and no other .grad is written then."""
    x, w = (Tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    np.sum(x * x).backward()
    x.data = np.full(shape, 3.0)
    for order in ((w, x), (x, w)):
        with pytest.raises(ShapeError, match=r"x\.grad = None[\s\S]*test_tensor\.py"):
            sum(np.sum(v * v) for v in order).backward()
        assert w.grad is None
    x.grad = None
    np.sum(x * x).backward()
    np.testing.assert_array_equal(x.grad.data, np.full(shape, 6.0))


def test_tanhs_rule_takes_arrays_without_axes():
    """As other code may call it; the engine's own numbers are NumPy's scalars."""
    x = np.array(0.5)
    slope = elementwise.tanh.vjps[0](np.array(2.0), np.array(np.tanh(0.5)), x)
    assert slope == pytest.approx(2 / np.cosh(0.5) ** 2, rel=1e-14)


def test_a_copy_keeps_what_a_subclass_was_given():
    class Named(Tensor):
        pass

    x = Named([1.0, 2.0])
    x.name_of_mine = "weights"
    twin = copy.copy(x)
    assert type(twin) is Named
    assert twin.name_of_mine == "weights"
    np.testing.assert_array_equal(twin.data, x.data)


@pytest.mark.parametrize("name", [name for name in dir(Tensor) if not name.startswith("_")])
def test_what_a_tensor_has_every_traced_value_has_or_refuses_by_name(name):
    refused = []

    def look(x):
        try:
            getattr(x, name)
        except AutogradError as error:
            refused.append(str(error))
        return x

    matrix = np.ones((2, 2))
    jvp(look, (matrix,), (matrix,))
    vmap(look)(matrix[None])
    assert all(name in text and "test_tensor.py" in text for text in refused)


def test_detach_in_place_of_a_value_that_a_transform_holds():
    """A Tensor of vmap's: the memory is the batch's. Alone, or in a nest of gradients, it works."""
    f = grad(lambda x: np.sum((x * 2).detach_() * x))
    np.testing.assert_array_equal(f(np.array([1.0, 3.0])), [2.0, 6.0])
    with pytest.raises(InPlaceError, match=r"detach_\(\): .*y = x.detach\(\)"):
        vmap(f)(np.ones((2, 3)))


@pytest.mark.parametrize("value", [2.5, 3.5, -0.5, [2.5]])
def test_round_of_one_number_is_pythons(value):
    number = np.ravel(value)[0].item()
    for ndigits in (None, 0, 1):
        found = round(Tensor(value), ndigits)
        assert (found, type(found)) == (round(number, ndigits), type(round(number, ndigits)))
