"""In-place changes: differentiable, aliases follow, overwritten values are found."""

import operator

import numpy as np
import pytest

from autograd_core import (
    IndexingError,
    InPlaceError,
    OperandError,
    OverwrittenError,
    ShapeError,
    Tensor,
    grad,
    gradients,
    jvp,
    mark_overwritten,
    no_grad,
)


def numerical(f, x, step=1e-6):
    g = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        moved = np.zeros_like(x)
        moved[index] = step
        g[index] = (f(x + moved) - f(x - moved)) / (2 * step)
    return g


# Programs in plain NumPy style: each takes an array that it must not change, and returns a scalar.
def add(x):
    y = x * 2
    y += x * x
    return np.sum(y * y)


def every_operator(x):
    y = x * 1.0
    y += 2
    y -= x
    y *= x
    y /= 3 + x
    y **= 2
    return np.sum(y)


def times_itself(x):
    y = x * 1.0
    y *= y
    y *= x
    return np.sum(y)


def broadcast_in(x):
    y = x * x
    y += x[0]
    y *= y[1]
    return np.sum(np.sin(y))


def set_items(x):
    y = x * 2
    y[0] = x[1] * x[2]
    y[1:3] = y[0] * x[:2]
    y[-1] = 3.0
    return np.sum(y**2)


def fill_a_buffer(x):
    out = 0 * x
    for k in range(len(x)):
        out[k] = x[k] ** 2 + (out[k - 1] if k else 0)
    return np.sum(out * x)


def augmented_item(x):
    y = x * 1.0
    y[1] *= y[0]
    y[[0, 2]] += y[1]
    return np.sum(y**3)


def through_a_view(x):
    y = x * 2
    row = y[1:3]
    row *= x[:2]
    other = y[2:]
    row += 1
    return np.sum(y**2) + np.sum(other**3) + np.sum(row)


def view_of_a_view(x):
    y = (x * 2).reshape(2, 2)
    column = y.T[0]
    column += x[0] * x[1]
    y[1] = y[1] + 3 * y[0]
    return np.sum(column**2) + np.sum(y**2)


def mask(x):
    y = x * 3
    y[y > 1] = x[0]
    y[y < 1] *= x[1]
    return np.sum(y**2)


def repeated_index(x):
    y = x * 1.0
    y[np.array([0, 0, 2])] = x[:3] * 2  # the last writer stays
    return np.sum(y**2)


PROGRAMS = [add, every_operator, times_itself, broadcast_in, set_items, fill_a_buffer,
            augmented_item, through_a_view, view_of_a_view, mask, repeated_index]  # fmt: skip
X = np.array([0.7, -0.4, 1.1, 0.2])


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
class TestPrograms:
    def test_value(self, program):
        expected = program(X.copy())
        assert program(Tensor(X, requires_grad=True)).item() == pytest.approx(expected, rel=1e-14)

    def test_reverse(self, program):
        x = Tensor(X, requires_grad=True)
        program(x).backward()
        np.testing.assert_allclose(x.grad.data, numerical(program, X), rtol=1e-6, atol=1e-8)
        np.testing.assert_array_equal(x.data, X)

    def test_grad_leaves_the_argument_alone(self, program):
        x = X.copy()
        np.testing.assert_allclose(grad(program)(x), numerical(program, X), rtol=1e-6, atol=1e-8)
        np.testing.assert_array_equal(x, X)

    def test_forward(self, program):
        x, v = X.copy(), np.array([0.3, -0.5, 0.2, 0.9])
        out, t = jvp(program, (x,), (v,))
        assert out == pytest.approx(program(X.copy()), rel=1e-14)
        assert t == pytest.approx(numerical(program, X) @ v, rel=1e-6)
        np.testing.assert_array_equal(x, X)

    def test_second_order(self, program):
        v = np.array([0.3, -0.5, 0.2, 0.9])
        expected = numerical(lambda x: float(grad(program)(x) @ v), X)
        found = grad(lambda x: np.sum(grad(program)(x) * v))(X)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
        found = jvp(grad(program), (X,), (v,))[1]
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_argument_changed_in_place_inside_a_transform():
    def f(x):
        x *= 2
        x[0] = x[1] * x[1]
        return np.sum(x**2)

    x = X.copy()
    expected = numerical(lambda v: f(v.copy()), X)
    np.testing.assert_allclose(grad(f)(x), expected, rtol=1e-6)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_allclose(jvp(f, (x,), (np.ones(4),))[1], expected.sum(), rtol=1e-6)
    np.testing.assert_array_equal(x, X)


def test_a_constant_buffer_becomes_tracked():
    x = Tensor(X, requires_grad=True)
    out = Tensor(np.zeros(4))
    row = out[:2]
    out[1] = x[0] * x[2]
    assert row.requires_grad
    np.sum(out * out + np.sum(row)).backward()
    expected = numerical(lambda v: (v[0] * v[2]) ** 2 + 4 * v[0] * v[2], X)
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-6, atol=1e-9)


def test_the_array_object_stays_as_in_numpy():
    t = Tensor([1.0, 2.0])
    a, same = t.data, t
    t += 1
    assert same is t
    np.testing.assert_array_equal(a, [2.0, 3.0])


def test_no_grad_update_of_a_parameter():
    w = Tensor([1.0, 2.0], requires_grad=True)
    with no_grad():
        w -= 0.5
        w[0] = 9.0
    assert w.is_leaf
    assert w.requires_grad
    np.testing.assert_array_equal(w.data, [9.0, 1.5])
    s = Tensor(2.0, requires_grad=True)
    with no_grad():
        s *= 3
    (s * s).backward()
    assert s.grad.item() == 12.0


class TestOverwritten:
    def test_names_the_saving_operation_and_the_overwriting_line(self):
        w = Tensor([1.0, 2.0], requires_grad=True)
        loss = np.sum(np.exp(w) * w)
        with no_grad():
            w += 1  # the overwriting line
        with pytest.raises(OverwrittenError) as caught:
            loss.backward()
        text = str(caught.value)
        assert "multiply" in text
        assert "w += 1  # the overwriting line" in text
        assert "loss = np.sum(np.exp(w) * w)" in text
        assert w.grad is None

    def test_result_that_its_own_rule_needs(self):
        x = Tensor([1.0, 2.0], requires_grad=True)
        y = np.exp(x)
        y += 1
        with pytest.raises(OverwrittenError, match="exp"):
            np.sum(y).backward()

    def test_item_and_view_and_constant(self):
        x, c = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0])
        y = x * 2
        z = y * y
        y[0] = 5.0
        with pytest.raises(OverwrittenError, match=r"y\[0\] = 5.0"):
            np.sum(z).backward()
        z = x * c
        view = c[:1]
        view += 1
        with pytest.raises(OverwrittenError, match="multiply"):
            np.sum(z).backward()

    def test_values_read_through_views(self):
        x = Tensor([1.0, 2.0], requires_grad=True)
        y = x * 2
        y[1:] = y[0] * y[1:]  # the product needs both, and one of them is written over
        with pytest.raises(OverwrittenError, match="multiply"):
            np.sum(y).backward()

    def test_values_that_no_rule_needs_may_go(self):
        x = Tensor([1.0, 2.0], requires_grad=True)
        y = x + 1
        z = y + 2  # addition reads no values
        y *= 3
        np.sum(z + y).backward()
        np.testing.assert_array_equal(x.grad.data, [4.0, 4.0])

    def test_raw_writes_that_are_announced(self):
        w = Tensor([1.0, 2.0], requires_grad=True)
        loss = np.sum(w * w)
        w.data[...] = 0
        mark_overwritten(w)
        with pytest.raises(OverwrittenError, match="mark_overwritten"):
            loss.backward()

    def test_later_graphs_are_not_blamed(self):
        w = Tensor([1.0, 2.0], requires_grad=True)
        for _ in range(3):
            loss = np.sum(w * w)
            loss.backward()
            with no_grad():
                w -= 0.1 * w.grad
            w.grad = None

    def test_new_data_keeps_the_old_graph_right(self):
        w = Tensor([1.0, 2.0], requires_grad=True)
        loss = np.sum(w * w)
        w.data = np.array([5.0, 6.0])
        loss.backward()
        np.testing.assert_array_equal(w.grad.data, [2.0, 4.0])


@pytest.mark.parametrize(
    "change",
    [lambda x: operator.iadd(x, 1), lambda x: operator.setitem(x, 0, 1.0),
     lambda x: operator.imul(x[:1], 2)],
)  # fmt: skip
def test_leaf_that_requires_grad_is_refused(change):
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(InPlaceError, match="leaf that requires grad"):
        change(x)
    np.testing.assert_array_equal(x.data, [1.0, 2.0])


def test_shape_and_dtype_may_not_grow():
    x = Tensor(np.ones(2), requires_grad=True) * 1
    with pytest.raises(ShapeError, match="cannot grow in place"):
        x += np.ones((3, 2))
    k = Tensor([1, 2])
    with pytest.raises(OperandError, match="does not fit"):
        k += 0.5
    f = Tensor(np.ones(2, np.float32), requires_grad=True) * 1
    f += np.ones(2)
    assert f.dtype == np.float32


def test_bad_index_loses_nothing():
    x = Tensor(np.ones(2), requires_grad=True) * 2
    with pytest.raises(IndexError):
        x[5] = 1.0
    np.testing.assert_array_equal(x.data, [2.0, 2.0])


def test_in_place_with_create_graph():
    x = Tensor(X, requires_grad=True)
    (g,) = gradients(through_a_view(x), [x], create_graph=True)
    v = np.array([0.3, -0.5, 0.2, 0.9])
    (h,) = gradients(np.sum(g * v), [x])
    expected = numerical(lambda u: float(grad(through_a_view)(u) @ v), X)
    np.testing.assert_allclose(h.data, expected, rtol=1e-6, atol=1e-7)


def test_sort_and_fill_methods():
    x = Tensor([3.0, 1.0, 2.0], requires_grad=True)
    y = x * 2
    y.sort()
    np.sum(y * np.array([1.0, 10.0, 100.0])).backward()
    np.testing.assert_array_equal(x.grad.data, [200.0, 2.0, 20.0])
    z = x * 1
    z.fill(4.0)
    assert np.sum(z).item() == 12.0


def _again(y):
    y *= 2
    y.retain_grad()
    return (y * y).sum()


def _view_of_changed(y):
    view = y[:2]
    view.retain_grad()
    y *= 2
    return (view * view).sum(), view


def _changed_through_a_view(y):
    view = y[:2]
    view *= 3
    return (y * y).sum()


def _changed_view_is_not_on_the_way(y):
    view = y[:2]
    view.retain_grad()
    view *= 3
    return (y * y).sum(), view


def _changed_view(y):
    view = y[:2]
    view.retain_grad()
    view *= 2
    return (view * view).sum(), view


def _sibling(y):
    view, other = y[:2], y[1:]
    view.retain_grad()
    other *= 3
    return (view * view).sum(), view


def _set_item(y):
    y[0] = 7.0
    return (y * y).sum()


def _earlier_use(y):
    before = (y + 1).sum()
    y *= 2
    return (y * 1).sum() + before


def _only_an_earlier_use(y):
    z = y * 3
    y += 1
    return z.sum()


def _hook(y):
    y.register_hook(lambda g: g * 10)
    y *= 2
    return (y * y).sum()


# y = w * 1 with retain_grad(), and what PyTorch 2.13 answers: y.grad, w.grad, the view's grad.
RETAINED = {
    _again: ([4.0, 8.0, 12.0], [8.0, 16.0, 24.0]),
    _view_of_changed: ([4.0, 8.0, 0.0], [8.0, 16.0, 0.0], [4.0, 8.0]),
    _changed_through_a_view: ([6.0, 12.0, 6.0], [18.0, 36.0, 6.0]),
    _changed_view_is_not_on_the_way: ([6.0, 12.0, 6.0], [18.0, 36.0, 6.0], None),
    _changed_view: ([4.0, 8.0, 0.0], [8.0, 16.0, 0.0], [4.0, 8.0]),
    _sibling: ([2.0, 12.0, 0.0], [2.0, 36.0, 0.0], [2.0, 12.0]),
    _set_item: ([14.0, 4.0, 6.0], [0.0, 4.0, 6.0]),
    _earlier_use: ([1.0, 1.0, 1.0], [3.0, 3.0, 3.0]),
    _only_an_earlier_use: (None, [3.0, 3.0, 3.0]),
    _hook: ([4.0, 8.0, 12.0], [80.0, 160.0, 240.0]),
}


@pytest.mark.parametrize("program", RETAINED, ids=lambda f: f.__name__)
def test_retained_gradient_is_that_of_the_value_it_became(program):
    w = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = w * 1
    y.retain_grad()
    result = program(y)
    loss, *views = result if isinstance(result, tuple) else (result,)
    loss.backward()
    for value, expected in zip((y, w, *views), RETAINED[program], strict=True):
        if expected is None:
            assert value.grad is None
        else:
            np.testing.assert_array_equal(value.grad.data, expected)


def test_a_retained_value_that_becomes_a_constant_keeps_nothing():
    w = Tensor([1.0, 2.0], requires_grad=True)
    y = w * 1
    y.retain_grad()
    y //= 2
    (y * w).sum().backward()
    np.testing.assert_array_equal(w.grad.data, y.data)


@pytest.mark.parametrize("start", [2.0, [2.0, 3.0]])
def test_new_numbers_for_a_computed_value_keep_its_place_in_the_graph(start):
    for change in ("in place", "data"):
        w = Tensor(start, requires_grad=True)
        y = w * 2
        if change == "data":
            y.data = y.data * 3
        else:
            with no_grad():
                y *= 3
        (y * y).sum().backward()
        np.testing.assert_array_equal(w.grad.data, 24 * np.asarray(start))
    with pytest.raises(InPlaceError, match="cannot become"):
        y.data = np.ones(7)


def test_without_recording_a_bad_place_is_named_too():
    x = Tensor([1.0, 2.0], requires_grad=True)
    with (
        no_grad(),
        pytest.raises(IndexingError, match=r"setitem\(\(2,\) float64, 1.0\)[\s\S]*inplace"),
    ):
        x[7] = 1.0
    assert x.data.tolist() == [1.0, 2.0]


def test_a_pair_of_results_may_be_written_in_part():
    """NumPy takes None in out= for a result that needs no place."""
    quotient = np.zeros(2)
    y = Tensor([5.0, 7.0])
    made = np.divmod(y, 3.0, out=(quotient, None))
    assert quotient.tolist() == [1.0, 2.0]
    assert np.asarray(made[1]).tolist() == [2.0, 1.0]
