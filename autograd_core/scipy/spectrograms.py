"""scipy.signal.spectrogram: the densities, or the transforms, of a signal's segments."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as _signal

from autograd_core.operations.primitive import innermost_array
from autograd_core.scipy.spectra import _densities, _Plan, _turned
from autograd_core.scipy.values import as_floats, is_traced, refuse_slopes_in, valued


def _powers(x: Any, *, how: Any) -> Any:
    how = dict(how)
    axis = how["axis"]
    x = _turned(x, axis)
    plan = _Plan(x.shape[-1], how["fs"], how["window"], how["nperseg"], how["noverlap"],
                 how["nfft"], how["scaling"])  # fmt: skip
    if how["mode"] == "psd":
        made = _densities(x, x, how["return_onesided"], how["detrend"], plan)
    else:
        onesided = how["return_onesided"] and not np.iscomplexobj(x)
        made = plan.transformed(x, how["detrend"], onesided) * np.sqrt(plan.scale)
    return np.moveaxis(made, -1, axis if axis >= 0 else axis - 1)


_spectrogram = valued(
    lambda x, *, how: _signal.spectrogram(x, **dict(how))[2], _powers, "spectrogram", 1
)


def spectrogram(
    x: Any,
    fs: float = 1.0,
    window: Any = ("tukey", 0.25),
    nperseg: Any = None,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    mode: str = "psd",
) -> Any:
    """Return frequencies, times and the densities of a signal's segments; differentiable in x.

    Parameters
    ----------
    x : array
        The signal.
    fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis, mode
        As SciPy's. The derivative of a magnitude that is 0 counts as 0.

    Returns
    -------
    f, t, Sxx : array

    Examples
    --------
    >>> import numpy as np
    >>> spectrogram(np.cos(np.arange(32.0)), nperseg=16)[2].shape
    (9, 2)
    """
    refuse_slopes_in("signal.spectrogram", fs=fs, window=window)
    how = {"fs": fs, "window": window, "nperseg": nperseg, "noverlap": noverlap, "nfft": nfft,
           "detrend": detrend, "return_onesided": return_onesided, "scaling": scaling,
           "axis": axis, "mode": mode}  # fmt: skip
    if not is_traced(x):
        return _signal.spectrogram(x, **how)
    x = as_floats(x)
    if noverlap is None:  # less than welch has
        named = isinstance(window, (str, tuple))
        length = nperseg if nperseg is not None else 256 if named else len(window)
        how["noverlap"] = min(int(length), x.shape[axis]) // 8
    plain = innermost_array(x)
    # SciPy checks the arguments
    f, t, _ = _signal.spectrogram(np.zeros(np.shape(x), plain.dtype), **how)
    if mode in ("psd", "complex"):
        return f, t, _spectrogram(x, how=tuple(how.items()))
    made = _spectrogram(x, how=tuple({**how, "mode": "complex"}.items()))
    if mode == "magnitude":
        return f, t, np.abs(made)
    angles = np.angle(made)
    return f, t, np.unwrap(angles, axis=axis if axis >= 0 else axis - 1) if mode == "phase" else (
        angles)  # fmt: skip
