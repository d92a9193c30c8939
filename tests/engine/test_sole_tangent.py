"""One callable jvp and one callable vjp of one argument take the tangent and g in the same form."""

import numpy as np
import pytest

from autograd_core import (
    AutogradError,
    RuleError,
    Tensor,
    grad,
    gradcheck,
    hessian,
    jvp,
    primitive,
    vmap,
)

POINT = np.array([0.5, -1.2, 2.0])


def cube(pushed, name):
    return primitive(lambda x: x**3, vjp=lambda g, y, x: g * 3 * x**2, jvp=pushed, name=name)


FORMS = {
    "left": lambda t, y, x: t * 3 * x**2,
    "right": lambda t, y, x: 3 * x**2 * t,
    "an integer first": lambda t, y, x: 3 * (t * x * x),
    "a function": lambda t, y, x: np.multiply(np.multiply(t, 3), np.square(x)),
    "a list of one": lambda t, y, x: t[0] * 3 * x**2,
    "unpacked": lambda t, y, x: 3 * x**2 * sum(t),
    "where": lambda t, y, x: np.where(x > 1e9, 0.0 * t, t) * 3 * x**2,
    "a method": lambda t, y, x: t.reshape(np.shape(x)) * 3 * x**2,
    "hypot and where": lambda t, y, x: np.where(x > 0, t, t) * 3 * np.hypot(x, 0.0 * x) ** 2,
    "added": lambda t, y, x: (t + t + t) * x**2,
}


@pytest.mark.filterwarnings("ignore::autograd_core.LoopWarning")
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_derivative_in_every_mode(form):
    made = cube(FORMS[form], f"cube, {form}")
    eps = 1e-6
    slope = ((POINT + eps) ** 3 - (POINT - eps) ** 3) / (2 * eps)
    _, tangent = jvp(made, (POINT,), (np.ones(3),))
    np.testing.assert_allclose(tangent, slope, rtol=1e-8)
    assert isinstance(tangent, np.ndarray)
    assert gradcheck(made, POINT)
    total = lambda x: np.sum(made(x))
    np.testing.assert_allclose(hessian(total)(POINT), np.diag(6 * POINT), atol=1e-9)
    twice = jvp(lambda x: jvp(made, (x,), (np.ones(3),))[1], (POINT,), (np.ones(3),))[1]
    np.testing.assert_allclose(twice, 6 * POINT, rtol=1e-9)
    over = grad(lambda x: np.sum(jvp(made, (x,), (np.ones(3),))[1]))(POINT)
    np.testing.assert_allclose(over, 6 * POINT, rtol=1e-9)
    rows = vmap(lambda x: jvp(made, (x,), (np.ones(3),))[1])(np.stack([POINT, 2 * POINT]))
    np.testing.assert_allclose(rows, [slope, 4 * slope], rtol=1e-8)
    assert float(jvp(made, (2.0,), (1.0,))[1]) == 12.0


def test_a_rule_that_hands_the_tangent_on():
    same = primitive(lambda x: x * 1.0, jvp=lambda t, y, x: t, name="same")
    _, tangent = jvp(same, (POINT,), (2 * POINT,))
    assert type(tangent) is np.ndarray
    np.testing.assert_array_equal(tangent, 2 * POINT)
    np.testing.assert_array_equal(grad(lambda x: np.sum(same(x) ** 2))(POINT), 2 * POINT)
    both = primitive(lambda x: (x * 1.0, x * 2.0), jvp=lambda t, y, x: (t, 2 * t), multiple=True,
                     name="both")  # fmt: skip
    tangents = jvp(lambda x: both(x), (POINT,), (POINT,))[1]
    np.testing.assert_array_equal(tangents[0], POINT)
    np.testing.assert_array_equal(tangents[1], 2 * POINT)


@pytest.mark.parametrize("index", [1, slice(1, None), (0, 1), Ellipsis, np.array([True])])
def test_what_could_mean_either_is_refused(index):
    shifted = primitive(lambda x: x[1:] * 1.0, jvp=lambda t, y, x: t[index], name="shifted")
    with pytest.raises(RuleError, match=r"shifted: .*write jvp=\[rule\]"):
        jvp(shifted, (POINT,), (POINT,))


def test_several_arguments_get_the_list():
    area = primitive(lambda a, b: a * b, vjp=lambda g, y, a, b: (g * b, g * a),
                     jvp=lambda t, y, a, b: t[0] * b + a * t[1], name="area")  # fmt: skip
    assert gradcheck(area, 2.0, 3.0)
    x = Tensor(2.0, requires_grad=True)
    area(x, x).backward()
    assert float(x.grad.data) == 4.0


@pytest.mark.parametrize(
    "form",
    [lambda t, y, x: np.asarray(t) * 3 * x**2, lambda t, y, x: float(t) * 3 * x**2],
    ids=["asarray", "float"],
)
def test_a_rule_may_ask_for_the_array_or_the_number(form):
    """Right where the tangent is plain; a tangent that is traced itself is never lost."""
    made = primitive(lambda x: x**3, vjp=lambda g, y, x: g * 3 * x**2, jvp=form, name="cube")
    np.testing.assert_array_equal(jvp(made, (2.0,), (0.5,))[1], 6.0)
    with pytest.raises(AutogradError):
        jvp(lambda v: jvp(made, (2.0,), (v,))[1], (0.5,), (1.0,))
