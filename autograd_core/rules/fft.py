"""numpy.fft.  The transform's matrix is symmetric, so each is its own transpose, up to lengths.

The transposes carry no conjugate: see docs/decisions on complex numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autograd_core.operations.declare import linear
from autograd_core.operations.kinds import beside
from autograd_core.operations.lines import in_lines
from autograd_core.operations.primitive import implements


def _fitted(g: Any, axis: int, n: int) -> Any:
    """Cut an axis to length n, or lengthen it with zeros."""
    length = g.shape[axis]
    axis = normalize_axis_index(axis, g.ndim)
    if n <= length:
        return g[(*(slice(None),) * axis, slice(0, n))]
    return np.pad(g, [(0, n - length if k == axis else 0) for k in range(g.ndim)])


def _own_transpose(transform: Any) -> Any:
    def transpose(g: Any, x: Any, *, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
        return _fitted(transform(g, axis=axis, norm=norm), axis, x.shape[axis])

    return transpose


def _rfft_transpose(g: Any, x: Any, *, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    length = x.shape[axis] if n is None else n
    return _fitted(np.real(np.fft.fft(g, length, axis, norm)), axis, x.shape[axis])


def _irfft_transpose(g: Any, x: Any, *, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    length = g.shape[axis]
    half = length // 2 + 1
    counted = beside(g, np.full(half, 2.0, dtype=g.dtype))  # the other half is implied
    counted[0] = 1.0
    if length % 2 == 0:
        counted[-1] = 1.0
    counted = counted.reshape((-1,) + (1,) * (g.ndim - 1 - normalize_axis_index(axis, g.ndim)))
    return _fitted(
        _fitted(np.fft.ifft(g, None, axis, norm), axis, half) * counted, axis, x.shape[axis]
    )


def _transform(run: Any, transpose: Any) -> Any:
    return linear(run, in_lines(transpose, -1), lines=in_lines(run, -1), category="fft")


fft = _transform(np.fft.fft, _own_transpose(np.fft.fft))
ifft = _transform(np.fft.ifft, _own_transpose(np.fft.ifft))
rfft = _transform(np.fft.rfft, _rfft_transpose)
irfft = _transform(np.fft.irfft, _irfft_transpose)

_SWAPPED: dict[Any, Any] = {
    None: "forward",
    "backward": "forward",
    "ortho": "ortho",
    "forward": "backward",
}


def _swapped(norm: Any) -> Any:
    if norm not in _SWAPPED:
        raise ValueError(
            f'Invalid norm value {norm!r}; should be "backward", "ortho" or "forward".'
        )
    return _SWAPPED[norm]


@implements(np.fft.hfft)
def hfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: None = None) -> Any:
    """Transform of a signal with Hermitian symmetry."""
    return np.fft.irfft(np.conj(a), n, axis, _swapped(norm))


@implements(np.fft.ihfft)
def ihfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: None = None) -> Any:
    """Inverse of `hfft`."""
    return np.conj(np.fft.rfft(a, n, axis, _swapped(norm)))


def _lengths(a: Any, s: Any, axes: Any, last_real: bool = False) -> tuple[list[int], list[int]]:
    """Return the lengths and the axes that NumPy's defaults mean."""
    if axes is None:
        axes = range(a.ndim) if s is None else range(-len(s), 0)
    axes = list(axes)
    if s is None:
        s = [a.shape[k] for k in axes]
        if last_real:
            s[-1] = 2 * (s[-1] - 1)
    if len(s) != len(axes):
        raise ValueError("Shape and axes have different lengths.")
    return [a.shape[k] if n == -1 else n for n, k in zip(s, axes, strict=True)], axes


def _several(transform: Any, default: Any) -> Any:
    def run(a: Any, s: Any = None, axes: Any = default, norm: Any = None, out: None = None) -> Any:
        lengths, axes = _lengths(a, s, axes)
        for n, k in zip(lengths[::-1], axes[::-1], strict=True):
            a = transform(a, n, k, norm)
        return a

    return run


def _several_real(default: Any) -> Any:
    def run(a: Any, s: Any = None, axes: Any = default, norm: Any = None, out: None = None) -> Any:
        lengths, axes = _lengths(a, s, axes)
        a = np.fft.rfft(a, lengths[-1], axes[-1], norm)
        for n, k in zip(lengths[-2::-1], axes[-2::-1], strict=True):
            a = np.fft.fft(a, n, k, norm)
        return a

    return run


def _several_to_real(default: Any) -> Any:
    def run(a: Any, s: Any = None, axes: Any = default, norm: Any = None, out: None = None) -> Any:
        lengths, axes = _lengths(a, s, axes, last_real=True)
        for n, k in zip(lengths[:-1], axes[:-1], strict=True):
            a = np.fft.ifft(a, n, k, norm)
        return np.fft.irfft(a, lengths[-1], axes[-1], norm)

    return run


for _one, _two, _many in (
    (np.fft.fft, np.fft.fft2, np.fft.fftn),
    (np.fft.ifft, np.fft.ifft2, np.fft.ifftn),
):
    implements(_two)(_several(_one, (-2, -1)))
    implements(_many)(_several(_one, None))
implements(np.fft.rfft2)(_several_real((-2, -1)))
implements(np.fft.rfftn)(_several_real(None))
implements(np.fft.irfft2)(_several_to_real((-2, -1)))
implements(np.fft.irfftn)(_several_to_real(None))


def _shift(sign: int) -> Any:
    def run(x: Any, axes: Any = None) -> Any:
        axes = (
            tuple(range(x.ndim)) if axes is None else (axes,) if np.ndim(axes) == 0 else tuple(axes)
        )
        by = tuple(x.shape[k] // 2 if sign > 0 else -(x.shape[k] // 2) for k in axes)
        return np.roll(x, by, axes)

    return run


implements(np.fft.fftshift)(_shift(1))
implements(np.fft.ifftshift)(_shift(-1))
