"""scipy.special, with the functions that are not ufuncs made differentiable; values are SciPy's."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.operations.declare import elementwise, primitive
from autograd_core.operations.primitive import Constant, Primitive
from autograd_core.rules.reductions import expand
from autograd_core.rules.scipy_integrals import lambert
from autograd_core.rules.scipy_ufuncs import sp as _special
from autograd_core.rules.scipy_zeta import hurwitz, riemann
from autograd_core.scipy.guards import guarded
from autograd_core.scipy.spherical import (
    perm,
    softplus,
    sph_harm_y,
    spherical_in,
    spherical_jn,
    spherical_kn,
    spherical_yn,
)
from autograd_core.scipy.values import as_floats, is_traced, refuse

__all__ = ["comb", "factorial", "lambertw", "log_softmax", "logsumexp", "multigammaln", "perm",
           "polygamma", "softmax", "softplus", "sph_harm_y", "spherical_in", "spherical_jn",
           "spherical_kn", "spherical_yn", "zeta"]  # fmt: skip


def __getattr__(name: str) -> Any:
    return guarded(_special, name)  # the ufuncs work as they are


_polygamma: Primitive = elementwise(
    lambda n, x: _special.polygamma(n, x),
    None,
    lambda y, n, x: _polygamma(np.add(n, 1), x),
    name="scipy polygamma",
)


def polygamma(n: Any, x: Any) -> Any:
    """Return the n-th derivative of the digamma function; differentiable in x.

    Examples
    --------
    >>> import numpy as np
    >>> float(polygamma(1, np.array(1.0)).round(6)) == round(np.pi**2 / 6, 6)
    True
    """
    return _polygamma(n, x) if is_traced(n, x) else _special.polygamma(n, x)


_multigammaln: Primitive = elementwise(
    lambda a, d: np.asarray(_special.multigammaln(a, d))[()],
    lambda y, a, *, d: _multi_slope(a, d),
    name="multigammaln",
)


def _multi_slope(a: Any, d: int) -> Any:
    return sum((_special.psi(a - 0.5 * j) for j in range(1, d)), _special.psi(a))


def multigammaln(a: Any, d: int) -> Any:
    """Return the log of the multivariate gamma function; differentiable in a.

    Examples
    --------
    >>> float(multigammaln(2.0, 1))
    0.0
    """
    return _multigammaln(a, d=d) if is_traced(a) else _special.multigammaln(a, d)


def zeta(x: Any, q: Any = None, out: Any = None) -> Any:
    """Return the zeta function of Riemann, or with q that of Hurwitz; differentiable in both.

    Parameters
    ----------
    x : array
        The exponent.
    q : array, optional
        The shift.
    out : array, optional
        As SciPy's; refused with traced values.

    Returns
    -------
    array

    Raises
    ------
    UnsupportedError
        With `out` and a traced value.

    Examples
    --------
    >>> float(zeta(2.0).round(6))
    1.644934
    """
    if not is_traced(x, q, out):
        return _special.zeta(x, q, out)
    if out is not None:
        raise refuse("special.zeta", "out= cannot hold a derivative.", "Use the value returned.")
    return riemann(as_floats(x)) if q is None else hurwitz(as_floats(x), as_floats(q))


def lambertw(z: Any, k: Any = 0, tol: float = 1e-8) -> Any:
    """Return a branch of Lambert's function, complex numbers as SciPy's; differentiable in z.

    Parameters
    ----------
    z : array
    k : int
        The branch.
    tol : float
        As SciPy's.

    Returns
    -------
    array of complex numbers

    Examples
    --------
    >>> complex(lambertw(0.0))
    0j
    """
    if not is_traced(z, k, tol):
        return _special.lambertw(z, k, tol)
    return lambert(as_floats(z), np.asarray(k, dtype=np.dtype("long")), tol)


def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:  # noqa: N803
    """Return the number of combinations of k of N things; differentiable in both.

    Parameters
    ----------
    N, k : array
    exact, repetition : bool
        As SciPy's; refused with traced values.

    Returns
    -------
    array

    Raises
    ------
    UnsupportedError
        With `exact` or `repetition` and a traced value.

    Examples
    --------
    >>> float(comb(4.0, 2.0))
    6.0
    """
    if not is_traced(N, k):
        return _special.comb(N, k, exact=exact, repetition=repetition)
    if exact or repetition:
        raise refuse("special.comb", f"exact={exact}, repetition={repetition} is not supported on "
                     "a traced value.", "Leave them out.")  # fmt: skip
    counted = (k <= N) & (N >= 0) & (k >= 0)
    return np.where(counted, _special.binom(N, k), 0.0)


def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    """Return n!, of any numbers; differentiable.

    Parameters
    ----------
    n : array
    exact, extend
        As SciPy's; with a traced value `exact` is refused, and `extend` is "zero".

    Returns
    -------
    array

    Raises
    ------
    UnsupportedError
        With `exact`, or another `extend`, and a traced value.

    Examples
    --------
    >>> float(factorial(3.0))
    6.0
    """
    if not is_traced(n):
        more = {} if extend == "zero" else {"extend": extend}
        return _special.factorial(n, exact, **more)
    if exact or extend != "zero":
        raise refuse("special.factorial", f"exact={exact}, extend={extend!r} is not supported on a "
                     "traced value.", "Write special.gamma(n + 1).")  # fmt: skip
    n = as_floats(n)
    return np.where(n < 0, 0.0, _special.gamma(np.where(n < 0, 0.0, n) + 1.0))


# --- sums of exponentials -------------------------------------------------------


def _sum_value(a: Any, b: Any, axis: Any = None, keepdims: bool = False, sign: bool = False) -> Any:
    if sign:
        return np.asarray(_special.logsumexp(a, axis, b, keepdims, True)[0])[()]
    return np.asarray(_special.logsumexp(a, axis, b, keepdims))[()]


def _sum_sign(a: Any, b: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.asarray(_special.logsumexp(a, axis, b, keepdims, True)[1])[()]


_signs = Constant(_sum_sign)


def _unit(y: Any, a: Any, b: Any, axis: Any, keepdims: bool, sign: bool) -> Any:
    """Return e^a over the sum: the derivative by b."""
    wide = a + 0 * b  # b may be the larger
    top = expand(y, wide, axis, keepdims)
    gone = np.isneginf(np.real(a))  # no share, though the sum be 0 too
    made = np.exp(np.where(gone, -np.inf, a - np.where(gone, 0, top)))
    if sign:
        made = made * expand(_signs(a, b, axis=axis, keepdims=keepdims), wide, axis, keepdims)
    return made


def _sum_pull(g: Any, y: Any, a: Any, b: Any, *, axis: Any = None, keepdims: bool = False,
              sign: bool = False) -> Any:  # fmt: skip
    return expand(g, a + 0 * b, axis, keepdims) * _unit(y, a, b, axis, keepdims, sign)


def _sum_push(t: Any, y: Any, a: Any, b: Any, *, axis: Any = None, keepdims: bool = False,
              sign: bool = False) -> Any:  # fmt: skip
    return np.sum(t * _unit(y, a, b, axis, keepdims, sign), axis=axis, keepdims=keepdims)


_logsumexp: Primitive = primitive(
    _sum_value,
    vjp=[
        lambda g, y, a, b, **how: _sum_pull(g, y, a, b, **how) * b,
        _sum_pull,
    ],
    jvp=[
        lambda t, y, a, b, **how: _sum_push(t * b, y, a, b, **how),
        _sum_push,
    ],
    arity=2,
    name="scipy logsumexp",
    category="reduction",
)


_plain: Primitive = primitive(  # one argument: a reduction, which vmap knows by its name
    lambda a, *, axis=None, keepdims=False: _sum_value(a, None, axis, keepdims),
    vjp=[lambda g, y, a, **how: _sum_pull(g, y, a, 1.0, **how)],
    jvp=[lambda t, y, a, **how: _sum_push(t, y, a, 1.0, **how)],
    arity=1,
    name="logsumexp",
    category="reduction",
)


def logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """Return log(sum(b * exp(a))), safe from overflow; differentiable in a and b.

    With `return_sign` log of the sum's size, and its sign, which has no derivative.

    Examples
    --------
    >>> float(logsumexp([1000.0, 1000.0]).round(4))
    1000.6931
    """
    if not is_traced(a, b):
        return _special.logsumexp(a, axis, b, keepdims, return_sign)
    if b is None and not return_sign:
        return _plain(as_floats(a), axis=axis, keepdims=keepdims)
    a, b = as_floats(a), as_floats(1.0 if b is None else b)
    if return_sign and np.iscomplexobj(a):
        raise refuse("special.logsumexp", "return_sign=True of complex numbers has no derivative "
                     "here.", "Leave it out: the logarithm is complex then.")  # fmt: skip
    made = _logsumexp(a, b, axis=axis, keepdims=keepdims, sign=bool(return_sign))
    return (made, _signs(a, b, axis=axis, keepdims=keepdims)) if return_sign else made


_softmax: Primitive = primitive(
    lambda x, *, axis: _special.softmax(x, axis),
    vjp=[lambda g, y, x, *, axis: y * (g - np.sum(g * y, axis=axis, keepdims=True))],
    jvp=[lambda t, y, x, *, axis: y * (t - np.sum(t * y, axis=axis, keepdims=True))],
    arity=1,
    name="softmax",
    category="reduction",
)
_log_softmax: Primitive = primitive(
    lambda x, *, axis: _special.log_softmax(x, axis),
    vjp=[lambda g, y, x, *, axis: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True)],
    jvp=[lambda t, y, x, *, axis: t - np.sum(np.exp(y) * t, axis=axis, keepdims=True)],
    arity=1,
    name="log_softmax",
    category="reduction",
)


def softmax(x: Any, axis: Any = None) -> Any:
    """Return exp(x) / sum(exp(x)).

    Examples
    --------
    >>> softmax([0.0, 0.0])
    array([0.5, 0.5])
    """
    return _softmax(x, axis=axis) if is_traced(x) else _special.softmax(x, axis)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """Return x - logsumexp(x).

    Examples
    --------
    >>> log_softmax([0.0]).tolist()
    [0.0]
    """
    return _log_softmax(x, axis=axis) if is_traced(x) else _special.log_softmax(x, axis)
