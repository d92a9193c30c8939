"""scipy.special, with the functions that are not ufuncs made differentiable."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as _special

from autograd_core.rules.scipy_special import polygamma as _polygamma
from autograd_core.rules.special import logsumexp as _logsumexp


def __getattr__(name: str) -> Any:
    return getattr(_special, name)  # the ufuncs work as they are


def polygamma(n: int, x: Any) -> Any:
    """Return the n-th derivative of the digamma function.

    Examples
    --------
    >>> import numpy as np
    >>> float(polygamma(1, np.array(1.0)).round(6)) == round(np.pi**2 / 6, 6)
    True
    """
    return _special.psi(x) if n == 0 else _polygamma(_array(x), n=n)


def _array(x: Any) -> Any:
    return x if hasattr(x, "dtype") else np.asarray(x, dtype=float)


def multigammaln(a: Any, d: int) -> Any:
    """Return the log of the multivariate gamma function.

    Examples
    --------
    >>> float(multigammaln(2.0, 1))
    0.0
    """
    made: Any = 0.25 * d * (d - 1) * float(np.log(np.pi))
    for j in range(d):
        made = made + _special.gammaln(a - 0.5 * j)
    return made


def logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """Return log(sum(b * exp(a))), safe from overflow.

    Examples
    --------
    >>> float(logsumexp([1000.0, 1000.0]).round(4))
    1000.6931
    """
    if return_sign:
        raise TypeError("logsumexp: return_sign= is not supported; take signs outside.")
    a = _array(a)
    if b is not None:
        a = a + np.log(_array(b))
    return _logsumexp(a, axis=axis, keepdims=keepdims)


def softmax(x: Any, axis: Any = None) -> Any:
    """Return exp(x) / sum(exp(x)).

    Examples
    --------
    >>> softmax([0.0, 0.0])
    array([0.5, 0.5])
    """
    return np.exp(log_softmax(x, axis))


def log_softmax(x: Any, axis: Any = None) -> Any:
    """Return x - logsumexp(x).

    Examples
    --------
    >>> log_softmax([0.0]).tolist()
    [0.0]
    """
    x = _array(x)
    return x - _logsumexp(x, axis=axis, keepdims=True)
