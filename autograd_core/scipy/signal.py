"""scipy.signal's convolutions, filters and resampling, differentiable; values are SciPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as _signal

from autograd_core.operations.declare import bilinear as _bilinear
from autograd_core.operations.declare import linear as _linear
from autograd_core.operations.declare import primitive as _primitive
from autograd_core.operations.primitive import Primitive
from autograd_core.scipy.declared import by_matrix as _by_matrix
from autograd_core.scipy.declared import declared as _declared
from autograd_core.scipy.values import as_floats, guarded, is_traced, refuse


def __getattr__(name: str) -> Any:
    return guarded(_signal, name)


__all__ = ["convolve", "convolve2d", "correlate", "correlate2d", "decimate", "detrend",
           "fftconvolve", "filtfilt", "hilbert", "lfilter", "resample", "resample_poly",
           "savgol_filter", "sosfilt", "sosfiltfilt", "upfirdn"]  # fmt: skip


def _place(n: int, m: int, mode: str) -> int:
    """Return where the result of a mode begins in the full convolution."""
    return {"full": 0, "same": (m - 1) // 2, "valid": min(n, m) - 1}[mode]


def _back(g: Any, x: Any, other: Any, a: Any, b: Any, mode: str, method: str) -> Any:
    """Return the gradient of x: the full gradient correlated with the other operand."""
    if g.ndim == 0:
        return g * other
    widths = []
    for k in range(g.ndim):
        before = _place(a.shape[k], b.shape[k], mode)
        widths.append((before, a.shape[k] + b.shape[k] - 1 - before - g.shape[k]))
    made = _convolve(np.pad(g, widths), np.flip(other), mode="full", method=method)
    cut = tuple(slice(m - 1, m - 1 + n) for n, m in zip(x.shape, other.shape, strict=True))
    return made[cut]


_convolve: Primitive = _bilinear(
    lambda a, b, mode="full", method="auto": _signal.convolve(a, b, mode, method),
    lambda g, a, b, *, mode="full", method="auto": _back(g, a, b, a, b, mode, method),
    lambda g, a, b, *, mode="full", method="auto": _back(g, b, a, a, b, mode, method),
    name="convolve",
)


def _turned(x: Any) -> Any:
    return np.conj(np.flip(x))


_correlate: Primitive = _bilinear(  # the convolution with what is turned, and conjugated
    lambda a, b, mode="full", method="auto": _signal.correlate(a, b, mode, method),
    lambda g, a, b, *, mode="full", method="auto": _back(g, a, _turned(b), a, b, mode, method),
    lambda g, a, b, *, mode="full", method="auto": _turned(_back(g, b, a, a, b, mode, method)),
    name="scipy correlate",
)


def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """Convolve two arrays of the same number of dimensions; differentiable in both.

    Examples
    --------
    >>> import numpy as np
    >>> convolve(np.array([1.0, 2.0]), np.array([1.0, 1.0]), method="direct")
    array([1., 3., 2.])
    """
    if not is_traced(in1, in2):
        return _signal.convolve(in1, in2, mode, method)
    return _convolve(as_floats(in1), as_floats(in2), mode=mode, method=method)


def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """Correlate two arrays, the second conjugated; differentiable in both.

    Examples
    --------
    >>> import numpy as np
    >>> correlate(np.array([1.0, 2.0]), np.array([0.0, 1.0]), "valid", method="direct")
    array([2.])
    """
    if not is_traced(in1, in2):
        return _signal.correlate(in1, in2, mode, method)
    return _correlate(as_floats(in1), as_floats(in2), mode=mode, method=method)


_fft: Primitive = _bilinear(
    lambda a, b, mode="full": _signal.fftconvolve(a, b, mode),
    lambda g, a, b, *, mode="full": _back(g, a, b, a, b, mode, "fft"),
    lambda g, a, b, *, mode="full": _back(g, b, a, a, b, mode, "fft"),
    name="fftconvolve",
)


def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """Convolve by Fourier transforms; differentiable in both, along all axes.

    Examples
    --------
    >>> import numpy as np
    >>> fftconvolve(np.array([1.0, 2.0]), np.array([1.0, 1.0])).round(6)
    array([1., 3., 2.])
    """
    if not is_traced(in1, in2):
        return _signal.fftconvolve(in1, in2, mode, axes)
    if axes is not None:
        raise refuse(
            "signal.fftconvolve", "axes= is not supported on a traced value.",
            "Leave it out, or use vmap over the other axes.",
        )  # fmt: skip
    return _fft(as_floats(in1), as_floats(in2), mode=mode)


# --- recursive filters ----------------------------------------------------------------------------

# a y = b x: so dy is the filter of dx, that of db, and minus that of da applied to y.


def _turned_axis(x: Any) -> Any:
    return x[..., ::-1]


def _back_of(g: Any, a: Any, x: Any, n: int) -> Any:
    """Return the gradient of n coefficients b, of the filter b / a of x."""
    inner = _filter(np.ones_like(a[:1]), a, x)
    n_out = x.shape[-1]
    parts = [np.sum(g[..., k:] * inner[..., : n_out - k]) for k in range(min(n, n_out))]
    return np.stack(parts + [np.sum(g[..., :0])] * (n - len(parts)))


_filter: Primitive = _primitive(
    lambda b, a, x: _signal.lfilter(b, a, x),
    vjp=[
        lambda g, y, b, a, x: _back_of(g, a, x, b.shape[0]),
        lambda g, y, b, a, x: -_back_of(g, a, y, a.shape[0]),
        lambda g, y, b, a, x: _turned_axis(_filter(b, a, _turned_axis(g))),
    ],
    jvp=[
        lambda t, y, b, a, x: _filter(t, a, x),
        lambda t, y, b, a, x: -_filter(t, a, y),
        lambda t, y, b, a, x: _filter(b, a, t),
    ],
    name="lfilter",
    category="scipy",
)


def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """Filter along an axis by b / a; differentiable in x and in the coefficients.

    Parameters
    ----------
    b, a : array, one axis
        Numerator and denominator, as SciPy's.
    x : array
        The signal.
    axis : int
        The axis of time.
    zi : array, optional
        The filter's state; refused on traced values.

    Returns
    -------
    array, shaped like x
        With `zi` also the state at the end.

    Raises
    ------
    UnsupportedError
        With `zi` and a traced value.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> grad(lambda a: lfilter([1.0], np.stack([1.0, -a]), np.array([1.0, 0.0, 0.0]))[2])(0.5)
    1.0
    """
    if not is_traced(b, a, x, zi):
        return _signal.lfilter(b, a, x, axis) if zi is None else _signal.lfilter(b, a, x, axis, zi)
    if zi is not None:
        raise refuse(
            "signal.lfilter", "zi= is not supported on a traced value.",
            "Leave it out, and put the samples before the first in front of x.",
        )  # fmt: skip
    b, a = (np.atleast_1d(as_floats(v)) for v in (b, a))
    return np.moveaxis(_filter(b, a, np.moveaxis(as_floats(x), axis, -1)), -1, axis)


def _sections(sos: Any, x: Any, *, axis: int, zi: Any) -> Any:
    if zi is not None:
        raise refuse("signal.sosfilt", "zi= is not supported on a traced value.", "Leave it out.")
    for k in range(sos.shape[0]):
        x = lfilter(sos[k, :3], sos[k, 3:], x, axis)
    return x


sosfilt = _declared(_signal.sosfilt, _sections, "sos", "x", home=__name__)

# --- linear in the signal -------------------------------------------------------------------------

_detrend: Primitive = _linear(  # a projection onto what is left, which is its own transpose
    lambda data, *, axis, kind, bp: _signal.detrend(data, axis, kind, bp),
    lambda g, data, *, axis, kind, bp: _detrend(g, axis=axis, kind=kind, bp=bp),
    name="detrend",
)


def detrend(
    data: Any, axis: int = -1, type: str = "linear", bp: Any = 0, overwrite_data: bool = False
) -> Any:
    """Subtract the line, or the mean, along an axis; differentiable in data.

    Parameters
    ----------
    data, axis, type, bp, overwrite_data
        As SciPy's. Traced values are never overwritten.

    Returns
    -------
    array, shaped like data

    Examples
    --------
    >>> import numpy as np
    >>> np.abs(detrend(np.array([1.0, 2.0, 3.0]))).max() < 1e-12
    np.True_
    """
    if not is_traced(data):
        return _signal.detrend(data, axis, type, bp, overwrite_data)
    return _detrend(as_floats(data), axis=axis, kind=type, bp=bp)


def _mapped(name: str, array: str = "x", **fixed: Any) -> Any:
    """Declare a function that is linear along an axis, by its matrix."""
    function = getattr(_signal, name)

    def composition(x: Any, *, axis: int = -1, **how: Any) -> Any:
        how = {**how, **fixed}
        return _by_matrix(x, axis, lambda m: function(**{array: m}, axis=0, **how))

    return _declared(function, composition, array, home=__name__)


decimate, filtfilt, hilbert = _mapped("decimate"), _mapped("filtfilt"), _mapped("hilbert")
resample_poly, savgol_filter = _mapped("resample_poly"), _mapped("savgol_filter")
sosfiltfilt, upfirdn = _mapped("sosfiltfilt"), _mapped("upfirdn")


def _resample(x: Any, *, num: int, t: Any, axis: int, window: Any, domain: str) -> Any:
    if t is not None:
        raise refuse("signal.resample", "t= is not supported on a traced value.", "Leave it out.")
    how = {"num": num, "window": window, "domain": domain}
    return _by_matrix(x, axis, lambda m: _signal.resample(m, axis=0, **how))


resample = _declared(_signal.resample, _resample, "x", home=__name__)

# --- images ---------------------------------------------------------------------------------------


def _image(turn: bool) -> Any:
    """Return convolve2d, or correlate2d with `turn`: the larger one padded, then convolved."""

    def composition(in1: Any, in2: Any, *, mode: str, boundary: str, fillvalue: float = 0.0) -> Any:
        in2 = _turned(in2) if turn else in2
        if boundary == "fill" and fillvalue == 0:
            full = _convolve(in1, in2, mode="full")
            return _cut(full, in1.shape, in2.shape, mode, turn)
        if mode == "valid":
            return _cut(_convolve(in1, in2, mode="full"), in1.shape, in2.shape, mode, turn)
        widths = [(m - 1, m - 1) for m in in2.shape]
        how = {"wrap": "wrap", "symm": "symmetric", "fill": "constant"}[boundary]
        more = {"constant_values": fillvalue} if boundary == "fill" else {}
        wide = np.pad(in1, widths, mode=how, **more)  # type: ignore[call-overload]
        full = _convolve(wide, in2, mode="valid")
        return _cut(full, in1.shape, in2.shape, mode, turn)

    return composition


def _cut(full: Any, first: Any, second: Any, mode: str, turn: bool) -> Any:
    """Cut what a mode keeps from a full convolution."""
    if mode == "full":
        return full
    parts = []
    for n, m in zip(first, second, strict=True):
        start, length = ((m - 1) // 2, n) if mode == "same" else (m - 1, n - m + 1)
        if mode == "same" and turn:
            start = m // 2
        if mode == "valid" and n < m:
            start, length = n - 1, m - n + 1
        parts.append(slice(start, start + length))
    return full[tuple(parts)]


convolve2d = _declared(_signal.convolve2d, _image(False), "in1", "in2", home=__name__)
correlate2d = _declared(_signal.correlate2d, _image(True), "in1", "in2", home=__name__)
