"""gradcheck: passes what is right, and names the operation that is wrong."""

import numpy as np
import pytest

from autograd_core import (
    DTypeError,
    GradcheckError,
    Tensor,
    elementwise,
    gradcheck,
    primitive,
    stop_gradient,
)

X = np.array([0.3, 1.2, -0.7])


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (np.sin, (0.5,)),
        (lambda x: np.sum(np.tanh(x)), (X,)),
        (lambda x, y: {"a": x @ y, "b": [np.outer(x, y), np.exp(x[0])]}, (X, X + 1)),
        (lambda d, n: np.sum(d["w"][1] ** n), ({"w": (X, X)}, 3)),
        (lambda x: np.abs(x), (X,)),  # no complex derivative: the differences must do
        (lambda x: np.linalg.inv(x @ x.T + np.eye(3)), (np.outer(X, X) + np.eye(3),)),
    ],
)
def test_right_functions_pass(f, args):
    assert gradcheck(f, *args)


def test_float32():
    assert gradcheck(lambda x: np.sum(np.sin(x) ** 2), X.astype(np.float32))


def test_tensors_from_outside():
    w = Tensor(np.outer(X, X), requires_grad=True)
    assert gradcheck(lambda x: np.tanh(w @ x), X, wrt=[w])
    assert w.is_leaf
    assert w.grad is None


WRONG = {
    "wrong sign": elementwise(lambda x: x * 1, lambda y, x: -np.ones_like(x), name="flipped"),
    "forgotten factor": primitive(lambda x: x**2, vjp=[lambda g, y, x: g * x], name="halved"),
    "modes differ": primitive(
        lambda x: x**3,
        vjp=[lambda g, y, x: g * 3 * x**2],
        jvp=[lambda t, y, x: t * 2 * x**2],
        name="disagreeing",
    ),
    "swapped arguments": primitive(
        lambda a, b: a * b**2,
        vjp=[lambda g, y, a, b: g * 2 * a * b, lambda g, y, a, b: g * b**2],
        name="swapped",
    ),
}


@pytest.mark.parametrize("fault", WRONG)
def test_names_the_wrong_operation_and_its_line(fault):
    bad = WRONG[fault]

    def model(x):
        h = np.tanh(x) * 2
        h = bad(h, 2 * h + 1) if bad.arity == 2 else bad(h)  # the faulty line
        return np.sum(np.exp(h) * h)

    with pytest.raises(GradcheckError) as caught:
        gradcheck(model, X)
    text = str(caught.value)
    assert f"The rule of {bad.name} is wrong" in text
    assert "the faulty line" in text


def test_second_order_fault_is_found():
    # right at first order; its derivative is hidden from the second by a cut
    cut = primitive(lambda x: x**3, vjp=[lambda g, y, x: g * 3 * stop_gradient(x) ** 2], name="cut")
    assert gradcheck(cut, X, order=1, modes=["reverse"])
    with pytest.raises(GradcheckError, match="second order"):
        gradcheck(cut, X)


def test_a_cut_is_not_blamed_on_a_rule():
    with pytest.raises(GradcheckError, match="look for a cut"):
        gradcheck(lambda x: np.sum(x * stop_gradient(x)), X)


def test_nothing_to_check():
    with pytest.raises(DTypeError, match="no floating-point argument"):
        gradcheck(lambda n: n, 3)
    with pytest.raises(DTypeError, match="nothing of floating-point kind"):
        gradcheck(lambda x: x > 0, X)
