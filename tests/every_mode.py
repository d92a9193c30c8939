"""Every mode of one function, each against differences of what NumPy or SciPy computes."""

import warnings

import numpy

from autograd_core import (
    IndependentWarning,
    Tensor,
    checkpoint,
    compile,
    grad,
    gradcheck,
    hessian,
    jacobian,
    jvp,
    linearize,
    vmap,
)

STEP = 1e-5


def check_every_mode(f, x, plain=None, rtol=1e-6, by_hand=False, second=True):
    """Raise if a value or a derivative of f at the vector x is not that of `plain`.

    Parameters
    ----------
    f : callable
        From a vector to a number.
    x : array (n,)
        Where.
    plain : callable, optional
        The same function as the library itself computes it; f without traced values if left out.
    rtol : float
        Of first derivatives.
    by_hand : bool
        Check a Tensor made by hand too.
    second : bool
        Check second derivatives too.
    """
    plain = plain or f
    n = len(x)
    units = numpy.eye(n)
    steps = STEP * units
    value = plain(x)
    expected = numpy.array([(plain(x + s) - plain(x - s)) / (2 * STEP) for s in steps])
    direction = numpy.arange(1.0, n + 1)

    def check(found, rtol=rtol, expected=expected):
        numpy.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol / 10)

    numpy.testing.assert_allclose(f(x), value, rtol=1e-13, atol=1e-14)
    check(grad(f)(x))
    pushed, slope = jvp(f, (x,), (direction,))
    numpy.testing.assert_allclose(pushed, value, rtol=1e-12, atol=1e-14)
    check(slope, expected=expected @ direction)
    check(jacobian(f)(x))
    check(grad(checkpoint(f))(x))
    check([linearize(f, x)[1](d) for d in units])
    batch = numpy.stack([x, x + 0.05])
    numpy.testing.assert_allclose(vmap(f)(batch), [value, plain(x + 0.05)], rtol=1e-12, atol=1e-14)
    check(vmap(grad(f))(batch)[0])
    compiled, slope = compile(f)(x)
    numpy.testing.assert_allclose(compiled, value, rtol=1e-12, atol=1e-14)
    check(slope)
    if by_hand:
        t = Tensor(x, requires_grad=True)
        f(t).backward()
        check(t.grad.data)
    if second:
        check_second(f, x)


def check_second(f, x):
    """Raise if a second derivative of f is not what differences of the first give."""
    steps = STEP * numpy.eye(len(x))
    curved = numpy.array([(grad(f)(x + s) - grad(f)(x - s)) / (2 * STEP) for s in steps])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IndependentWarning)  # of a linear function
        forward = numpy.array([jvp(grad(f), (x,), (s / STEP,))[1] for s in steps])
        reverse = numpy.array([grad(lambda x, s=s: jvp(f, (x,), (s / STEP,))[1])(x) for s in steps])
        for found in (hessian(f)(x), forward, reverse):
            numpy.testing.assert_allclose(found, curved, rtol=1e-5, atol=1e-5)
        assert gradcheck(f, x)
