"""scipy.signal's convolutions, filters and resampling, differentiable; values are SciPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as _signal

from autograd_core.scipy.convolutions import (
    convolve,
    correlate,
    fftconvolve,
    lfilter,
    oaconvolve,
    plain_convolve,
    turned,
)
from autograd_core.scipy.declared import by_matrix as _by_matrix
from autograd_core.scipy.declared import declared as _declared
from autograd_core.scipy.detrending import detrend
from autograd_core.scipy.filter_design import bilinear, deconvolve, medfilt, medfilt2d, wiener
from autograd_core.scipy.guards import guarded
from autograd_core.scipy.spectra import (
    coherence,
    csd,
    istft,
    periodogram,
    stft,
    welch,
)
from autograd_core.scipy.spectrograms import spectrogram
from autograd_core.scipy.values import as_floats, is_traced, refuse


def __getattr__(name: str) -> Any:
    return guarded(_signal, name)


__all__ = ["bilinear", "coherence", "convolve", "convolve2d", "correlate", "correlate2d", "csd",
           "czt", "decimate", "deconvolve", "detrend", "fftconvolve", "filtfilt", "hilbert",
           "istft", "lfilter", "medfilt", "medfilt2d", "oaconvolve", "periodogram", "resample",
           "resample_poly", "savgol_filter", "sosfilt", "sosfiltfilt", "spectrogram", "stft",
           "upfirdn", "welch", "wiener", "zoom_fft"]  # fmt: skip


def _sections(sos: Any, x: Any, *, axis: int, zi: Any) -> Any:
    for k in range(sos.shape[0]):
        x = lfilter(sos[k, :3], sos[k, 3:], x, axis)
    return x


_sosfilt = _declared(_signal.sosfilt, _sections, "sos", "x", home=__name__)


def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """Filter along an axis by sections of the second order; differentiable in all arrays.

    Parameters
    ----------
    sos : array (n, 6)
        The coefficients of each section.
    x : array
        The signal.
    axis : int
        The axis of time.
    zi : array (n, ..., 2, ...), optional
        The state of each section.

    Returns
    -------
    array, shaped like x
        With `zi` also the state at the end.

    Examples
    --------
    >>> import numpy as np
    >>> sosfilt(np.array([[1.0, 0.0, 0.0, 1.0, -0.5, 0.0]]), np.array([1.0, 0.0, 0.0])).tolist()
    [1.0, 0.5, 0.25]
    """
    if not is_traced(zi) and (zi is None or not is_traced(sos, x)):
        more = () if zi is None else (zi,)
        return _signal.sosfilt(sos, x, axis, zi) if more else _sosfilt(sos, x, axis)
    sos, x, zi = as_floats(sos), as_floats(x), as_floats(zi)
    ends = []
    for k in range(sos.shape[0]):
        x, end = lfilter(sos[k, :3], sos[k, 3:], x, axis, zi[k])
        ends.append(end)
    return x, np.stack(ends)


# --- linear in the signal -------------------------------------------------------------------------


def _mapped(name: str, array: str = "x", **fixed: Any) -> Any:
    """Declare a function that is linear along an axis, by its matrix."""
    function = getattr(_signal, name)

    def composition(x: Any, *, axis: int = -1, **how: Any) -> Any:
        how = {**how, **fixed}
        return _by_matrix(x, axis, lambda m: function(**{array: m}, axis=0, **how))

    return _declared(function, composition, array, home=__name__)


decimate, filtfilt, hilbert = _mapped("decimate"), _mapped("filtfilt"), _mapped("hilbert")
savgol_filter = _mapped("savgol_filter")
czt, zoom_fft = _mapped("czt"), _mapped("zoom_fft")
sosfiltfilt, upfirdn = _mapped("sosfiltfilt"), _mapped("upfirdn")


_LEVELS: dict[str, Any] = {
    "mean": np.mean,
    "median": np.median,
    "maximum": np.max,
    "minimum": np.min,
}


def _resample_poly(x: Any, *, axis: int, padtype: str, **how: Any) -> Any:
    if padtype not in _LEVELS:
        return _by_matrix(x, axis, lambda m: _signal.resample_poly(m, axis=0, padtype=padtype,
                                                                   **how))  # fmt: skip
    level: Any = _LEVELS[padtype](x, axis=axis, keepdims=True)  # taken off, and put back
    return level + _by_matrix(x - level, axis, lambda m: _signal.resample_poly(m, axis=0, **how))


resample_poly = _declared(_signal.resample_poly, _resample_poly, "x", home=__name__)


def _resample(x: Any, *, num: int, t: Any, axis: int, window: Any, domain: str) -> Any:
    how = {"num": num, "window": window, "domain": domain}
    return _by_matrix(x, axis, lambda m: _signal.resample(m, axis=0, **how))


def _without_t(how: dict[str, Any]) -> None:
    if how["t"] is not None:
        raise refuse("signal.resample", "t= is not supported on a traced value.", "Leave it out.")


resample = _declared(_signal.resample, _resample, "x", home=__name__, check=_without_t)

# --- images ---------------------------------------------------------------------------------------


def _image(turn: bool) -> Any:
    """Return convolve2d, or correlate2d with `turn`: the larger one padded, then convolved."""

    def valid(in1: Any, in2: Any) -> Any:
        made = _cut(plain_convolve(in1, in2, mode="full"), in1.shape, in2.shape, "valid", turn)
        smaller = any(n < m for n, m in zip(in1.shape, in2.shape, strict=True))
        return np.conj(made) if turn and smaller else made  # SciPy conjugates the smaller one

    def composition(in1: Any, in2: Any, *, mode: str, boundary: str, fillvalue: float = 0.0) -> Any:
        in2 = turned(in2) if turn else in2
        if boundary == "fill" and fillvalue == 0 and mode != "valid":
            full = plain_convolve(in1, in2, mode="full")
            return _cut(full, in1.shape, in2.shape, mode, turn)
        if mode == "valid":
            return valid(in1, in2)
        widths = [(m - 1, m - 1) for m in in2.shape]
        how = {"wrap": "wrap", "symm": "symmetric", "fill": "constant"}[boundary]
        more = {"constant_values": fillvalue} if boundary == "fill" else {}
        wide = np.pad(in1, widths, mode=how, **more)  # type: ignore[call-overload]
        full = plain_convolve(wide, in2, mode="valid")
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
