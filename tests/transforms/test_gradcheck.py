"""gradcheck: passes what is right, and names the operation that is wrong."""

import numpy as np
import pytest
from cases import EVERY

import autograd_core.numpy as ours
from autograd_core import (
    DTypeError,
    GradcheckError,
    OverwrittenError,
    Tensor,
    elementwise,
    gradcheck,
    primitive,
    stop_gradient,
)
from autograd_core.base import tree
from autograd_core.scipy import linalg, stats

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
    assert gradcheck(lambda x: np.tanh(w @ x), X, parameters=[w])
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
    "a name that the engine has too": primitive(
        lambda x: x * 2.0, vjp=[lambda g, y, x: g * 3.0], jvp=[lambda t, y, x: t * 2.0], name="part"
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
    with pytest.raises(DTypeError, match="no floating-point values"):
        gradcheck(lambda x: x > 0, X)


def written(x):
    x *= 2
    return np.sum(np.sin(x))


def written_part(x, counts):
    counts += 1
    x[0] = x[1] * counts[0]
    return np.sum(x**2)


def test_functions_that_write_their_arguments():
    x, counts = X.copy(), np.array([1])
    assert gradcheck(written, x)
    assert gradcheck(written_part, x, counts)
    assert (x == X).all()
    assert counts[0] == 1


def test_random_functions_are_called_random():
    rng = np.random.default_rng(0)
    with pytest.raises(GradcheckError, match="random, or keeps a state: two values"):
        gradcheck(lambda x: np.sum(np.sin(x) * rng.normal(size=3)), X)
    noisy = primitive(lambda x: x**2, vjp=[lambda g, y, x: g * x * rng.normal()], name="noisy")
    with pytest.raises(GradcheckError, match="random, or keeps a state: two gradients"):
        gradcheck(lambda x: np.sum(noisy(x)), X)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_points_where_there_is_nothing_to_check():
    with pytest.raises(GradcheckError, match="not finite at these arguments"):
        gradcheck(np.log, np.array([1.0, -1.0]))
    with pytest.raises(GradcheckError, match="eigh has no derivative at this point"):
        gradcheck(lambda a: np.linalg.eigh(a)[1], np.eye(3))
    with pytest.raises(DTypeError, match="no floating-point argument"):
        gradcheck(lambda n: n * 2, 3)


S = np.array([[4.0, 0.5, -0.3], [0.5, 3.0, 0.2], [-0.3, 0.2, 1.0]])


@pytest.mark.parametrize(
    "f",
    [
        np.linalg.eigh,
        np.linalg.eigvalsh,
        np.linalg.cholesky,
        lambda a: np.linalg.cholesky(a, upper=True),
        lambda a: np.linalg.eigvalsh(a + np.eye(3), UPLO="U"),
        lambda a: np.linalg.cholesky(np.stack([a, 2 * a])),
        lambda a: np.linalg.svd(a, hermitian=True).S,
        lambda a: np.linalg.pinv(a, hermitian=True),
        lambda a: np.linalg.svd(a, hermitian=True, compute_uv=False),
        linalg.cholesky,
        lambda a: linalg.cholesky(a, lower=True),
        lambda a: np.triu(linalg.cho_factor(a)[0]),
        lambda a: linalg.cho_solve(linalg.cho_factor(a, lower=True), X),
        lambda a: stats.multivariate_normal.logpdf(X, None, a),
        lambda a: 10 * stats.multivariate_normal.pdf(X / 2, None, a),
        lambda a: stats.multivariate_normal(None, a).entropy(),
    ],
)
def test_functions_of_symmetric_matrices(f):
    assert gradcheck(f, S)
    assert gradcheck(f, S, symmetric=True)
    with pytest.raises(GradcheckError, match="take their matrix as symmetric"):
        gradcheck(f, S, symmetric=False)


def test_a_wrong_rule_is_found_behind_a_decomposition():
    with pytest.raises(GradcheckError, match="The rule of flipped is wrong"):
        gradcheck(lambda a: WRONG["wrong sign"](np.linalg.eigvalsh(a)), S)
    with pytest.raises(GradcheckError, match="take their matrix as symmetric"):
        gradcheck(np.linalg.eigvalsh, S + np.triu(S, 1))


PARTS = {"c": (np.real, np.imag)}


@pytest.mark.part
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::autograd_core.IndependentWarning")
@pytest.mark.parametrize(
    "case",
    [
        c if k % 3 == 0 or c.name == "setitem-multiply"
        else pytest.param(c, marks=pytest.mark.exhaustive)
        for k, c in enumerate(EVERY)
    ],
    ids=str,
)  # fmt: skip
def test_no_row_of_the_table_fails(case):
    def f(*args):
        parts = tree.leaves(case.f(*args))
        return [h(p) for p in parts for h in PARTS.get(np.result_type(p).kind, (np.positive,))]

    assert gradcheck(f, *case.arguments(), order=case.order)


def divided(x):
    r = np.exp(x)
    r /= np.sum(r)
    return r


def squared_in_place(x):
    y = np.tanh(x) * x
    y *= y
    y[1:] = y[:-1] * y[1:]
    return y


def filled(x):
    made = ours.zeros(3)
    made[0], made[1:] = x[0] * x[1], np.sin(x[:2])
    made[1] *= made[0]
    return made


IN_PLACE = {
    "a divided result": divided,
    "a squared product": squared_in_place,
    "a made array": filled,
    "an argument": written,
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_values_written_in_place_are_checked_as_transforms_take_them(name):
    """A tape by hand may refuse what is overwritten; transforms need not, and are right."""
    f = IN_PLACE[name]
    assert gradcheck(f, X)
    wrong = elementwise(lambda x: x * 1.0, lambda y, x: 2 + 0 * x, name="doubled")
    with pytest.raises(GradcheckError, match="The rule of doubled is wrong"):
        gradcheck(lambda x: f(wrong(x)), X)


def test_a_tape_by_hand_still_says_what_was_overwritten():
    x = Tensor(X, requires_grad=True)
    with pytest.raises(OverwrittenError, match="exp"):
        np.sum(divided(x) * X).backward()


def test_parameters_are_checked_beside_values_written_in_place():
    w = Tensor(X, requires_grad=True)
    assert gradcheck(lambda x: divided(w * x), X, parameters=[w])
    assert w.is_leaf


TWO = np.array([0.3, 0.8])


def test_gradcheck_of_mixed_precision():
    assert gradcheck(lambda a, b: np.sum(a * b), TWO.astype(np.float32), TWO)


def test_gradcheck_names_a_rule_that_is_a_little_wrong():
    off = elementwise(lambda x: x**2, lambda y, x: 2.0001 * x, name="a little off")
    with pytest.raises(GradcheckError, match="The rule of a little off is wrong"):
        gradcheck(lambda x: np.sum(off(x) * np.exp(x)), TWO)


def test_gradcheck_of_complex_and_constant_results():
    with pytest.raises(DTypeError, match="complex"):
        gradcheck(lambda x: x * 1j, TWO)
