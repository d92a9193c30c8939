"""Convolutions and recursive filters, differentiable; values are SciPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as _signal

from autograd_core.operations.declare import bilinear as _bilinear
from autograd_core.operations.declare import primitive as _primitive
from autograd_core.operations.primitive import Primitive
from autograd_core.scipy.values import as_floats, is_traced, refuse, valued


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
    made = plain_convolve(np.pad(g, widths), np.flip(other), mode="full", method=method)
    cut = tuple(slice(m - 1, m - 1 + n) for n, m in zip(x.shape, other.shape, strict=True))
    return made[cut]


plain_convolve: Primitive = _bilinear(
    lambda a, b, mode="full", method="auto": _signal.convolve(a, b, mode, method),
    lambda g, a, b, *, mode="full", method="auto": _back(g, a, b, a, b, mode, method),
    lambda g, a, b, *, mode="full", method="auto": _back(g, b, a, a, b, mode, method),
    name="convolve",
)


def turned(x: Any) -> Any:
    """Return what a correlation convolves with."""
    return np.conj(np.flip(x))


_correlate: Primitive = _bilinear(  # the convolution with what is turned, and conjugated
    lambda a, b, mode="full", method="auto": _signal.correlate(a, b, mode, method),
    lambda g, a, b, *, mode="full", method="auto": _back(g, a, turned(b), a, b, mode, method),
    lambda g, a, b, *, mode="full", method="auto": turned(_back(g, b, a, a, b, mode, method)),
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
    return plain_convolve(as_floats(in1), as_floats(in2), mode=mode, method=method)


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


def _by_transforms(name: str) -> Primitive:
    """Declare one of SciPy's convolutions by Fourier transforms; all have one gradient."""
    function = getattr(_signal, name)
    return _bilinear(
        lambda a, b, mode="full": function(a, b, mode),
        lambda g, a, b, *, mode="full": _back(g, a, b, a, b, mode, "fft"),
        lambda g, a, b, *, mode="full": _back(g, b, a, a, b, mode, "fft"),
        name=name,
    )


_fft, _overlapping = _by_transforms("fftconvolve"), _by_transforms("oaconvolve")


def _along_all_axes(operation: Primitive, in1: Any, in2: Any, mode: str, axes: Any) -> Any:
    if not is_traced(in1, in2):
        return getattr(_signal, operation.name)(in1, in2, mode, axes)
    if axes is not None:
        raise refuse(
            f"signal.{operation.name}", "axes= is not supported on a traced value.",
            "Leave it out, or use vmap over the other axes.",
        )  # fmt: skip
    return operation(as_floats(in1), as_floats(in2), mode=mode)


def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """Convolve by Fourier transforms; differentiable in both, along all axes.

    Examples
    --------
    >>> import numpy as np
    >>> fftconvolve(np.array([1.0, 2.0]), np.array([1.0, 1.0])).round(6)
    array([1., 3., 2.])
    """
    return _along_all_axes(_fft, in1, in2, mode, axes)


def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """Convolve by the overlap-add method; differentiable in both, along all axes.

    Examples
    --------
    >>> import numpy as np
    >>> oaconvolve(np.array([1.0, 2.0]), np.array([1.0, 1.0])).round(6)
    array([1., 3., 2.])
    """
    return _along_all_axes(_overlapping, in1, in2, mode, axes)


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


# --- with a state ---------------------------------------------------------------------------------


def _coefficients(b: Any, a: Any) -> tuple[Any, Any]:
    """Return numerator and denominator of one length, divided by a[0]."""
    b, a = b / a[0], a / a[0]
    n = max(b.shape[0], a.shape[0])
    return np.pad(b, (0, n - b.shape[0])), np.pad(a, (0, n - a.shape[0]))


def with_state(b: Any, a: Any, x: Any, zi: Any) -> tuple[Any, Any]:
    """Filter along the last axis from a state; return the output and the state at the end.

    The state is a numerator of its own: Y = (B X + Zi) / A.
    """
    b, a = _coefficients(b, a)
    n, order = x.shape[-1], b.shape[0] - 1
    impulse = np.zeros(n)
    impulse[0] = 1.0
    answer = np.concatenate([_filter(np.ones_like(a[:1]), a, impulse), np.zeros(1)])
    ages = np.arange(n) - np.arange(order)[:, None]  # of each number of the state, at each time
    y = _filter(b, a, x) + zi @ answer[np.where(ages >= 0, ages, n)]
    last = min(n, order)
    lines = (1,) * (x.ndim - 1) + (-1,)
    inputs = plain_convolve(x[..., n - last :], np.reshape(b, lines), mode="full")
    outputs = plain_convolve(y[..., n - last :], np.reshape(a, lines), mode="full")
    end = (inputs - outputs)[..., last:]
    if n < order:  # what has not come out yet
        end = end + np.concatenate([zi[..., n:], np.zeros_like(zi[..., :n])], axis=-1)
    return y, end


def _from_state(k: int) -> Primitive:
    def composition(b: Any, a: Any, x: Any, zi: Any, *, axis: int) -> Any:
        x, zi = (np.moveaxis(v, axis, -1) for v in (x, zi))
        return np.moveaxis(with_state(b, a, x, zi)[k], -1, axis)

    return valued(
        lambda b, a, x, zi, *, axis: _signal.lfilter(b, a, x, axis, zi)[k],
        composition,
        "lfilter",
        arity=4,
    )


_output_from, _state_after = _from_state(0), _from_state(1)


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
        The filter's state at the start: shaped like x, but along the axis as long as the filter's
        order.

    Returns
    -------
    array, shaped like x
        With `zi` also the state at the end.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> grad(lambda a: lfilter([1.0], np.stack([1.0, -a]), np.array([1.0, 0.0, 0.0]))[2])(0.5)
    1.0
    """
    if not is_traced(b, a, x, zi):
        return _signal.lfilter(b, a, x, axis) if zi is None else _signal.lfilter(b, a, x, axis, zi)
    b, a = (np.atleast_1d(as_floats(v)) for v in (b, a))
    if zi is not None and np.size(zi):
        x, zi = as_floats(x), as_floats(zi)
        if not x.shape[axis]:  # SciPy's state is then memory that nobody wrote
            return x * 1.0, zi * 1.0
        given = b, a, x, zi
        return _output_from(*given, axis=axis), _state_after(*given, axis=axis)
    made = np.moveaxis(_filter(b, a, np.moveaxis(as_floats(x), axis, -1)), -1, axis)
    return made if zi is None else (made, zi)  # the state of a filter of order 0
