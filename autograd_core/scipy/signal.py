"""scipy.signal.convolve and correlate, differentiable, in any number of dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as _signal

from autograd_core.operations.declare import bilinear as _bilinear
from autograd_core.operations.primitive import Primitive
from autograd_core.scipy.values import as_floats, guarded, is_traced, refuse


def __getattr__(name: str) -> Any:
    return guarded(_signal, name)


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
