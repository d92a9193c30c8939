"""scipy.signal's filters of other kinds: medians, Wiener's, deconvolution, the bilinear map."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.signal as _signal

from autograd_core.operations.primitive import innermost_array
from autograd_core.scipy.convolutions import convolve, correlate, lfilter
from autograd_core.scipy.declared import declared
from autograd_core.scipy.values import as_floats, is_traced, refuse_slopes_in
from autograd_core.scipy.windows import chosen

HOME = "autograd_core.scipy.signal"


def _median(x: Any, size: Any) -> Any:
    shape = np.broadcast_to(3 if size is None else size, (x.ndim,))
    window = np.ones(shape, dtype=bool)
    return chosen(x, window, window.size // 2, {"mode": "constant", "cval": 0.0, "origin": 0})


medfilt = declared(
    _signal.medfilt,
    lambda x, *, kernel_size: _median(np.reshape(x, (1,)) if x.ndim == 0 else x, kernel_size),
    "volume",
    home=HOME,
)
medfilt2d = declared(
    _signal.medfilt2d, lambda x, *, kernel_size: _median(x, kernel_size), "input", home=HOME
)


def _wiener(x: Any, noise: Any = None, *, mysize: Any) -> Any:
    shape = np.broadcast_to(3 if mysize is None else mysize, (x.ndim,))
    window = np.ones(shape, dtype=x.dtype)
    mean = correlate(x, window, "same") / window.size
    variance = correlate(x * x, window, "same") / window.size - mean * mean
    noise = np.mean(variance) if noise is None else noise
    smooth = variance < noise
    kept = 1.0 - noise / np.where(smooth, 1.0, variance)
    return np.where(smooth, mean, mean + (x - mean) * kept)


_wiener_of_one = declared(
    _signal.wiener, lambda x, *, mysize, noise: _wiener(x, mysize=mysize), "im", home=HOME
)
_wiener_of_both = declared(_signal.wiener, _wiener, "im", "noise", home=HOME)


def wiener(im: Any, mysize: Any = None, noise: Any = None) -> Any:
    """Filter by Wiener's method; differentiable in the image and in the noise.

    Parameters
    ----------
    im : array
    mysize : int or sequence of int, optional
        The size of the window.
    noise : float, optional
        The power of the noise; by default the mean of the local variances.

    Returns
    -------
    array, shaped like im

    Examples
    --------
    >>> import numpy as np
    >>> wiener(np.array([1.0, 2.0, 1.0]), 3, 9.0).round(3)  # so much noise: the means
    array([1.   , 1.333, 1.   ])
    """
    return _wiener_of_one(im, mysize) if noise is None else _wiener_of_both(im, mysize, noise)


def deconvolve(signal: Any, divisor: Any) -> Any:
    """Divide polynomials: signal = convolve(divisor, quotient) + remainder; differentiable in both.

    Parameters
    ----------
    signal, divisor : array, one axis

    Returns
    -------
    quotient, remainder : array

    Examples
    --------
    >>> import numpy as np
    >>> deconvolve(np.array([1.0, 3.0, 2.0]), np.array([1.0, 1.0]))[0]
    array([1., 2.])
    """
    if not is_traced(signal, divisor):
        return _signal.deconvolve(signal, divisor)
    signal, divisor = (np.atleast_1d(as_floats(v)) for v in (signal, divisor))
    for name, v in (("signal", signal), ("divisor", divisor)):
        if v.ndim != 1 or not v.size:
            raise ValueError(f"Parameter {name} must be non-empty 1d array, but its shape is "
                             f"{v.shape}!")  # fmt: skip
    if divisor.size > signal.size:
        return np.zeros(0), signal
    impulse = np.zeros(signal.size - divisor.size + 1)
    impulse[0] = 1.0
    quotient = lfilter(signal, divisor, impulse)
    return quotient, signal - convolve(divisor, quotient, "full")


def _leading_zeros(x: Any, least: float) -> int:
    """Return how many coefficients in front count as 0."""
    small = np.abs(innermost_array(x)) <= least
    kept = np.flatnonzero(~np.all(small.reshape(-1, small.shape[-1]), axis=0))
    return int(kept[0]) if kept.size else small.shape[-1] - 1


def bilinear(b: Any, a: Any, fs: float = 1.0) -> Any:
    """Turn an analog filter into a digital one; differentiable in the coefficients.

    Parameters
    ----------
    b, a : array, one axis
        Numerator and denominator.
    fs : float
        The sampling rate.

    Returns
    -------
    b, a : array
        Of the digital filter, with a[0] = 1.

    Examples
    --------
    >>> import numpy as np
    >>> [c.tolist() for c in bilinear(np.array([1.0]), np.array([1.0, 0.0]), 0.5)]
    [[1.0, 1.0], [1.0, -1.0]]
    """
    if not is_traced(b, a, fs):
        return _signal.bilinear(b, a, fs)
    refuse_slopes_in("signal.bilinear", fs=fs)
    b, a = (np.atleast_1d(as_floats(v)) for v in (b, a))
    for name, v in (("a", a), ("b", b)):
        if v.ndim != 1:
            raise ValueError(f"Parameter {name} is not a 1d array since {name}.shape={v.shape}")
    b, a = (v[_leading_zeros(v, 0.0) :] for v in (b, a))
    order = max(len(b), len(a)) - 1
    factor = np.sqrt(2.0 * fs)
    plus = np.polynomial.Polynomial([1.0, 1.0]) / factor
    minus = np.polynomial.Polynomial([-1.0, 1.0]) * factor
    powers = [plus ** (order - q) * minus**q for q in range(order + 1)]
    matrix = np.stack([p.coef[::-1] for p in powers], axis=1)
    top, below = (matrix[:, : len(v)] @ v[::-1] for v in (b, a))
    below = below[_leading_zeros(below, 0.0) :]
    top, below = top / below[0], below / below[0]
    lost = _leading_zeros(top, 1e-14)
    if lost:
        warnings.warn("Badly conditioned filter coefficients (numerator): the results may be "
                      "meaningless", _signal.BadCoefficients, stacklevel=2)  # fmt: skip
    return top[lost:], below
