"""``x.at[i].set(v)`` and its kin: JAX's values, and derivatives in every mode."""

import numpy as np
import pytest

from autograd_core import (
    AutogradError,
    DTypeError,
    OperandError,
    Tensor,
    UnsupportedError,
    compile,
    grad,
    hvp,
    jacobian,
    jvp,
    vmap,
)

X = np.array([[0.7, -1.2, 2.0], [1.5, 0.4, -0.3]])
V = np.array([0.8, 1.7])

INDICES = {
    "element": (0, 1),
    "row": 1,
    "slice": (slice(None), slice(None, None, -2)),
    "mask": X > 0.5,
    "repeated": ([0, 1, 0], [2, 1, 2]),
    "all": ...,
    "new axis": (None, 1),
    "none": (slice(0, 0),),
}
NUMPYS = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply, "mul": np.multiply,
          "divide": np.divide, "min": np.minimum, "max": np.maximum}  # fmt: skip


def _reference(x, name, index, value):
    """Return what NumPy does in place."""
    made = np.array(x)
    if name == "set":
        made[index] = value
    else:
        NUMPYS[name].at(made, index, value)
    return made


@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("name", ["set", *NUMPYS])
def test_updates(name, index):
    place = INDICES[index]
    update = lambda x, v: getattr(x.at[place], name)(v[0] * 1.5 + v[1])
    number = V[0] * 1.5 + V[1]
    expected = _reference(X, name, place, number)
    np.testing.assert_allclose(update(Tensor(X), V).data, expected, rtol=1e-15)
    W = np.cos(np.arange(6.0)).reshape(2, 3)
    value = lambda x, v: np.sum(W * update(x, v) ** 2)
    plain = lambda x, v: np.sum(W * _reference(x, name, place, v[0] * 1.5 + v[1]) ** 2)
    h = 1e-6
    differences = [
        np.array([(plain(X + h * e, V) - plain(X - h * e, V)) / (2 * h)
                  for e in np.eye(6).reshape(6, 2, 3)]).reshape(2, 3),
        np.array([(plain(X, V + h * e) - plain(X, V - h * e)) / (2 * h) for e in np.eye(2)]),
    ]  # fmt: skip
    for found, right in zip(grad(value, argnums=(0, 1))(X, V), differences, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-6, atol=1e-6)
    slope = jvp(value, (X, V), (X, V))[1]
    along = np.sum(differences[0] * X) + differences[1] @ V
    assert slope == pytest.approx(along, rel=1e-6, abs=1e-6)
    assert compile(value)(X, V)[0] == pytest.approx(plain(X, V), rel=1e-12)
    if index != "mask":  # under vmap a mask differs from example to example
        batch = np.stack([X, X[::-1] * 1.1])
        made = vmap(update, in_axes=(0, None))(batch, V)
        right = np.stack([_reference(x, name, place, number) for x in batch])
        np.testing.assert_allclose(made, right, rtol=1e-15)
    slopes = grad(value, argnums=(0, 1))
    along = lambda x, v: sum(np.sum(g * d) for g, d in zip(slopes(x, v), (X, V), strict=True))
    ahead, back = hvp(value, (X, V), (X, V)), grad(along, argnums=(0, 1))(X, V)
    for a, b in zip(ahead, back, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)


def test_values_of_a_younger_trace_go_into_older_ones():
    """In place this is refused: the result here is a value of its own."""
    rows = vmap(lambda x: jacobian(lambda v: x.at[0].set(v[1] * x[1]))(V))(X)
    expected = np.zeros((2, 3, 2))
    expected[:, 0, 1] = X[:, 1]
    np.testing.assert_array_equal(rows, expected)
    mixed = jvp(lambda a: grad(lambda b: a.at[1].multiply(b)[1] ** 2)(3.0), (X[0],), (X[0],))[1]
    assert mixed == pytest.approx(2 * 2 * 3.0 * X[0, 1] ** 2)


def test_an_index_may_differ_between_examples():
    places = np.array([2, 0])
    for name in ("set", "add"):
        made = vmap(lambda x, k, name=name: getattr(x.at[k], name)(9.0))(X, places)
        right = [_reference(x, name, k, 9.0) for x, k in zip(X, places, strict=True)]
        np.testing.assert_array_equal(made, right)


def test_the_rest_of_jaxs_names():
    x = Tensor(X)
    np.testing.assert_array_equal(x.at[0].get().data, X[0])
    np.testing.assert_array_equal(x.at[1].apply(np.square).data, _reference(X, "set", 1, X[1] ** 2))
    np.testing.assert_array_equal(
        x.at[..., 0].power(2.0, unique_indices=True).data,
        _reference(X, "set", (..., 0), X[..., 0] ** 2.0),
    )
    assert x.at[0].set(np.ones(3), mode="promise_in_bounds").data[0].tolist() == [1, 1, 1]
    np.testing.assert_array_equal(x.data, X)
    f = lambda v: Tensor(X).at[0].set([v[0], 1.0, v[1]]).sum()
    np.testing.assert_array_equal(grad(f)(V), [1.0, 1.0])
    small = Tensor(X.astype(np.float32)).at[0, 0].add(np.float64(1.0))
    assert small.dtype == np.float32
    assert Tensor(2.0).at[()].set(5.0).item() == 5.0
    assert Tensor(2.0).at[...].multiply(5.0).item() == 10.0


def test_what_is_refused():
    def refused(kind, match, f):
        with pytest.raises(kind, match=match) as caught:
            grad(lambda x: np.sum(f(x)))(X)
        assert "test_updates.py" in str(caught.value)

    refused(UnsupportedError, "IndexError", lambda x: x.at[0].set(1.0, mode="drop"))
    refused(OperandError, "say which elements", lambda x: x.at.set(1.0))
    refused(DTypeError, "does not fit", lambda x: x.at[0].set(1j))
    refused(DTypeError, "does not fit", lambda x: Tensor(np.arange(3)).at[0].add(x[0, 0]))
    refused(AutogradError, "out of bounds", lambda x: x.at[7].set(1.0))
    refused(AutogradError, "broadcast", lambda x: x.at[0].set(np.ones(2)))
