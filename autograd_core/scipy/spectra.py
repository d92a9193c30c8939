"""Spectra of signals: scipy.signal's values, and the derivative of the same steps in NumPy.

The steps: cut into segments, detrended, windowed, transformed; squared and averaged for densities.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.signal as _signal

from autograd_core.operations.primitive import innermost_array
from autograd_core.rules.indexing import scatter
from autograd_core.scipy.detrending import detrend as detrended
from autograd_core.scipy.values import as_floats, is_traced, refuse, refuse_slopes_in, valued


class _Plan:
    """How a signal is cut and scaled; the parameters are SciPy's."""

    def __init__(
        self,
        n: int,
        fs: float,
        window: Any,
        nperseg: Any,
        noverlap: Any,
        nfft: Any,
        scaling: str,
    ) -> None:
        named = isinstance(window, (str, tuple))
        length = nperseg if nperseg is not None else 256 if named else len(window)
        self.length = min(int(length), n)
        self.window = (
            _signal.get_window(window, self.length) if named else np.asarray(window, float)
        )
        overlap = self.length // 2 if noverlap is None else int(noverlap)
        self.step = self.length - overlap
        self.nfft = self.length if nfft is None else int(nfft)
        if scaling == "density" or scaling == "psd":
            self.scale = 1.0 / (fs * float(np.sum(self.window**2)))
        else:
            self.scale = 1.0 / float(np.sum(self.window)) ** 2

    def segments(self, x: Any, detrend: Any) -> Any:
        """Return the windowed segments along a new axis before the last."""
        starts = np.arange(0, x.shape[-1] - self.length + 1, self.step)
        parts = x[..., starts[:, None] + np.arange(self.length)]
        if detrend:
            parts = detrend(parts) if callable(detrend) else detrended(parts, type=detrend)
        return parts * self.window

    def transformed(self, x: Any, detrend: Any, onesided: bool) -> Any:
        """Return the transforms of the segments, frequencies last."""
        parts = self.segments(x, detrend)
        return np.fft.rfft(parts, self.nfft) if onesided else np.fft.fft(parts, self.nfft)

    def doubled(self, spectrum: Any) -> Any:
        """Return a one-sided density: frequencies that have a negative twin count twice."""
        weights = np.full(spectrum.shape[-1], 2.0)
        weights[0] = 1.0
        if self.nfft % 2 == 0:
            weights[-1] = 1.0
        return spectrum * weights


def _turned(x: Any, axis: int) -> Any:
    return np.moveaxis(x, axis, -1)


def _longer(x: Any, n: int) -> Any:
    """Return a signal with zeros after it."""
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, n - x.shape[-1])])


def _densities(x: Any, y: Any, onesided: bool, detrend: Any, plan: _Plan) -> Any:
    """Return the cross densities of the segments, frequencies last."""
    onesided = onesided and not (np.iscomplexobj(x) or np.iscomplexobj(y))
    first = plan.transformed(x, detrend, onesided)
    second = first if y is x else plan.transformed(y, detrend, onesided)
    made = np.conj(first) * second * plan.scale
    made = plan.doubled(made) if onesided else made
    return np.real(made) if y is x else made


def _averaged(made: Any, average: str) -> Any:
    """Return the average over the segments: the axis before the last."""
    if average == "mean":
        return np.mean(made, axis=-2)
    n = made.shape[-2]
    even = 2.0 * np.arange(1, (n - 1) // 2 + 1)
    bias = 1.0 + float(np.sum(1.0 / (even + 1) - 1.0 / even))
    if np.iscomplexobj(made):
        return (np.median(np.real(made), -2) + 1j * np.median(np.imag(made), -2)) / bias
    return np.median(made, axis=-2) / bias


def _cross(
    x: Any,
    y: Any,
    fs: Any,
    window: Any,
    nperseg: Any,
    noverlap: Any,
    nfft: Any,
    detrend: Any,
    return_onesided: bool,
    scaling: str,
    axis: int,
    average: str = "mean",
) -> Any:
    x, y = _turned(x, axis), None if y is None else _turned(y, axis)
    n = x.shape[-1] if y is None else max(x.shape[-1], y.shape[-1])
    plan = _Plan(n, fs, window, nperseg, noverlap, nfft, scaling)
    if y is None:
        made = _densities(x, x, return_onesided, detrend, plan)
    else:
        made = _densities(_longer(x, n), _longer(y, n), return_onesided, detrend, plan)
    return np.moveaxis(_averaged(made, average), -1, axis)


def _named(function: str, arity: int, **changed: Any) -> Any:
    """Declare a density: SciPy's value, the derivative of `_cross`."""
    own = getattr(_signal, function)

    def composition(*arrays: Any, how: Any) -> Any:
        given = {**dict(how), **changed}
        return _cross(arrays[0], arrays[1] if arity == 2 else None, **given)

    return valued(lambda *arrays, how: own(*arrays, **dict(how))[1], composition, function, arity)


_welch, _csd = _named("welch", 1), _named("csd", 2)


def _frequencies(function: Callable[..., Any], x: Any, how: dict[str, Any]) -> Any:
    """Return the results that follow from the shapes: SciPy's, of zeros."""
    plain = innermost_array(x)
    return function(np.zeros(np.shape(x), plain.dtype), **how)


def welch(
    x: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: Any = None,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
) -> Any:
    """Return frequencies and the power spectral density by Welch's method.

    Examples
    --------
    >>> import numpy as np
    >>> f, density = welch(np.cos(np.arange(32.0)), nperseg=16)
    >>> density.shape
    (9,)
    """
    refuse_slopes_in("signal.welch", fs=fs, window=window)
    how = {"fs": fs, "window": window, "nperseg": nperseg, "noverlap": noverlap, "nfft": nfft,
           "detrend": detrend, "return_onesided": return_onesided, "scaling": scaling,
           "axis": axis, "average": average}  # fmt: skip
    if not is_traced(x):
        return _signal.welch(x, **how)
    x = as_floats(x)
    return _frequencies(_signal.welch, x, how)[0], _welch(x, how=tuple(how.items()))


def periodogram(
    x: Any,
    fs: float = 1.0,
    window: Any = "boxcar",
    nfft: Any = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
) -> Any:
    """Return frequencies and the power spectral density of the whole signal.

    Examples
    --------
    >>> import numpy as np
    >>> periodogram(np.cos(np.arange(32.0)))[1].shape
    (17,)
    """
    refuse_slopes_in("signal.periodogram", fs=fs, window=window)
    if not is_traced(x):
        return _signal.periodogram(x, fs, window, nfft, detrend, return_onesided, scaling, axis)
    x = as_floats(x)
    n = x.shape[axis]
    if nfft is not None and nfft < n:
        raise refuse("signal.periodogram", f"nfft={nfft} below the length of the signal, {n}, is "
                     "not supported on a traced value.", "Cut the signal: x[:nfft].")  # fmt: skip
    return welch(x, fs, window, n, 0, nfft, detrend, return_onesided, scaling, axis)


def csd(
    x: Any,
    y: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: Any = None,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
) -> Any:
    """Return frequencies and the cross spectral density of two signals.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(32.0)
    >>> csd(np.cos(x), np.sin(x), nperseg=16)[1].shape
    (9,)
    """
    refuse_slopes_in("signal.csd", fs=fs, window=window)
    how = {"fs": fs, "window": window, "nperseg": nperseg, "noverlap": noverlap, "nfft": nfft,
           "detrend": detrend, "return_onesided": return_onesided, "scaling": scaling,
           "axis": axis, "average": average}  # fmt: skip
    if not is_traced(x, y):
        return _signal.csd(x, y, **how)
    x, y = as_floats(x), as_floats(y)
    if y is x:
        return welch(x, **how)
    longer = x if x.shape[axis] >= y.shape[axis] else y
    return _frequencies(_signal.welch, longer, how)[0], _csd(x, y, how=tuple(how.items()))


def coherence(
    x: Any,
    y: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: Any = None,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = "constant",
    axis: int = -1,
) -> Any:
    """Return frequencies and the coherence: |Pxy|² / (Pxx Pyy).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.cos(np.arange(32.0))
    >>> coherence(x, 2 * x, nperseg=16)[1].round(6).min()
    np.float64(1.0)
    """
    refuse_slopes_in("signal.coherence", fs=fs, window=window)
    if not is_traced(x, y):
        return _signal.coherence(x, y, fs, window, nperseg, noverlap, nfft, detrend, axis)
    how = {"fs": fs, "window": window, "nperseg": nperseg, "noverlap": noverlap, "nfft": nfft,
           "detrend": detrend, "axis": axis}  # fmt: skip
    x, y = as_floats(x), as_floats(y)
    return _frequencies(_signal.welch, x, how)[0], _coherence(x, y, how=tuple(how.items()))


def _share(x: Any, y: Any, *, how: Any) -> Any:
    how = {**dict(how), "return_onesided": True, "scaling": "density"}
    both = _cross(x, y, **how)
    square = np.real(both) ** 2 + np.imag(both) ** 2
    return square / _cross(x, None, **how) / _cross(y, None, **how)


_coherence = valued(
    lambda x, y, *, how: _signal.coherence(x, y, **dict(how))[1], _share, "coherence", 2
)


# --- transforms over time -------------------------------------------------------


def _over_time(
    x: Any,
    fs: Any,
    window: Any,
    nperseg: Any,
    noverlap: Any,
    nfft: Any,
    detrend: Any,
    return_onesided: bool,
    boundary: Any,
    padded: bool,
    axis: int,
    scaling: str,
) -> Any:
    x = _turned(x, axis)
    plan = _Plan(x.shape[-1], fs, window, nperseg, noverlap, nfft, scaling)
    if boundary == "zeros":
        x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(plan.length // 2,) * 2])
    if padded:
        x = _longer(x, x.shape[-1] + (plan.length - x.shape[-1]) % plan.step)
    onesided = return_onesided and not np.iscomplexobj(x)
    made = plan.transformed(x, detrend, onesided) * plan.scale**0.5
    return np.moveaxis(made, (-1, -2), (axis, -1)) if axis != -1 else np.swapaxes(made, -1, -2)


_stft = valued(
    lambda x, how: _signal.stft(x, **dict(how))[2], lambda x, how: _over_time(x, **dict(how)),
    "stft", 1,
)  # fmt: skip


def stft(
    x: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: int = 256,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = False,
    return_onesided: bool = True,
    boundary: Any = "zeros",
    padded: bool = True,
    axis: int = -1,
    scaling: str = "spectrum",
) -> Any:
    """Return frequencies, times and the short-time Fourier transform; linear in the signal.

    Examples
    --------
    >>> import numpy as np
    >>> f, times, z = stft(np.cos(np.arange(32.0)), nperseg=8)
    >>> z.shape
    (5, 9)
    """
    refuse_slopes_in("signal.stft", fs=fs, window=window)
    how = {"fs": fs, "window": window, "nperseg": nperseg, "noverlap": noverlap, "nfft": nfft,
           "detrend": detrend, "return_onesided": return_onesided, "boundary": boundary,
           "padded": padded, "axis": axis, "scaling": scaling}  # fmt: skip
    if not is_traced(x):
        return _signal.stft(x, **how)
    if boundary not in ("zeros", None):
        raise refuse("signal.stft", f"boundary={boundary!r} is not supported on a traced value.",
                     "Use 'zeros' or None, or pad the signal with np.pad.")  # fmt: skip
    x = as_floats(x)
    f, times, _ = _frequencies(_signal.stft, x, how)
    return f, times, _stft(x, how=tuple(how.items()))


def _in_time(
    z: Any,
    fs: Any,
    window: Any,
    nperseg: Any,
    noverlap: Any,
    nfft: Any,
    input_onesided: bool,
    boundary: bool,
    time_axis: int,
    freq_axis: int,
    scaling: str,
) -> Any:
    """Return the signal: segments transformed back, added where they overlap, unweighted."""
    z = np.moveaxis(z, (freq_axis, time_axis), (-1, -2))
    full = 2 * (z.shape[-1] - 1) if input_onesided else z.shape[-1]
    length = (full if nfft is None else int(nfft)) if nperseg is None else int(nperseg)
    plan = _Plan(length, fs, window, length, noverlap, nfft, scaling)
    back = np.fft.irfft(z, plan.nfft) if input_onesided else np.fft.ifft(z, plan.nfft)
    parts = back[..., : plan.length] * plan.window / plan.scale**0.5
    count = z.shape[-2]
    n = plan.length + (count - 1) * plan.step
    places = np.arange(count)[:, None] * plan.step + np.arange(plan.length)
    made = scatter(parts, index=(..., places), shape=(*parts.shape[:-2], n))
    weight = np.bincount(places.ravel(), np.tile(plan.window**2, count), minlength=n)
    made = made / np.where(weight > 1e-10, weight, 1.0)
    if boundary:
        half = plan.length // 2
        made = made[..., half : n - half]
    made = made if input_onesided is False or not np.iscomplexobj(made) else np.real(made)
    ndim, time, freq = z.ndim, time_axis % z.ndim, freq_axis % z.ndim
    return made if ndim == 2 else np.moveaxis(made, -1, time - (freq < time))


_istft = valued(
    lambda z, how: _signal.istft(z, **dict(how))[1], lambda z, how: _in_time(z, **dict(how)),
    "istft", 1,
)  # fmt: skip


def istft(
    Zxx: Any,  # noqa: N803 - SciPy's name
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: Any = None,
    noverlap: Any = None,
    nfft: Any = None,
    input_onesided: bool = True,
    boundary: bool = True,
    time_axis: int = -1,
    freq_axis: int = -2,
    scaling: str = "spectrum",
) -> Any:
    """Return times and the signal of a short-time Fourier transform; linear in it.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.cos(np.arange(32.0))
    >>> np.allclose(istft(stft(x, nperseg=8)[2], nperseg=8)[1], x)
    True
    """
    refuse_slopes_in("signal.istft", fs=fs, window=window)
    how = {"fs": fs, "window": window, "nperseg": nperseg, "noverlap": noverlap, "nfft": nfft,
           "input_onesided": input_onesided, "boundary": boundary, "time_axis": time_axis,
           "freq_axis": freq_axis, "scaling": scaling}  # fmt: skip
    if not is_traced(Zxx):
        return _signal.istft(Zxx, **how)
    return _frequencies(_signal.istft, Zxx, how)[0], _istft(Zxx, how=tuple(how.items()))


__all__ = ["coherence", "csd", "istft", "periodogram", "stft", "welch"]
