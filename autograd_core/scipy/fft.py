"""scipy.fft: cosine and sine transforms, and NumPy's transforms under SciPy's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.fft as _fft

from autograd_core.operations.declare import linear
from autograd_core.operations.primitive import Primitive
from autograd_core.scipy.values import as_floats, guarded, is_traced

_SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}
_INVERSE = {1: 1, 2: 3, 3: 2, 4: 4}
_NUMPYS = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "ifft2", "rfft2", "irfft2",
           "fftn", "ifftn", "rfftn", "irfftn", "fftshift", "ifftshift")  # fmt: skip


def __getattr__(name: str) -> Any:
    return _numpys(name) if name in _NUMPYS else guarded(_fft, name)


__all__ = ["dct", "dctn", "dst", "dstn", "idct", "idctn", "idst", "idstn"]


def _numpys(name: str) -> Callable[..., Any]:
    """Return a function of SciPy's; of traced values NumPy computes the same."""
    scipys, numpys = getattr(_fft, name), getattr(np.fft, name)

    def call(x: Any, *args: Any, overwrite_x: bool = False, **more: Any) -> Any:
        more = {k: v for k, v in more.items() if k not in ("workers", "plan")}
        return (numpys if is_traced(x) else scipys)(x, *args, **more)

    call.__name__ = call.__qualname__ = name
    return call


def _ends(x: Any, axes: tuple[int, ...], places: tuple[int, ...], factor: float) -> Any:
    """Multiply the first or the last element along each axis."""
    for axis in axes:
        if places:
            scale = np.ones((x.shape[axis],) + (1,) * (x.ndim - 1 - axis))
            scale[list(places)] *= factor
            x = x * scale
    return x


# Where SciPy scales elements by the root of 2 so that the matrix is orthogonal: of x, and of y.
_ORTHOGONAL = {
    ("dct", 1): ((0, -1), (0, -1)), ("dct", 2): ((), (0,)), ("dct", 3): ((0,), ()),
    ("dst", 2): ((), (-1,)), ("dst", 3): ((-1,), ()),
}  # fmt: skip


def _transpose(g: Any, x: Any, *, kind: str, number: int, axes: Any, norm: Any, ortho: bool) -> Any:
    """Apply the transpose: the orthogonal transform's inverse, between factors at the ends."""
    before, after = ((), ()) if ortho else _ORTHOGONAL.get((kind, number), ((), ()))
    g = _ends(g, axes, after, 2**0.5)
    for axis in axes:
        n = g.shape[axis] + {("dct", 1): -1, ("dst", 1): 1}.get((kind, number), 0)
        g = g * {"backward": 2.0 * n, "ortho": 1.0, "forward": 0.5 / n}[norm or "backward"]
    made = _transform(
        g, kind=kind, number=_INVERSE[number], axes=axes, norm=_SWAPPED[norm], ortho=True
    )
    return _ends(made, axes, before, 0.5**0.5)


_transform: Primitive = linear(
    lambda x, *, kind, number, axes, norm, ortho: getattr(_fft, f"{kind}n")(
        x, number, axes=axes, norm=norm, orthogonalize=ortho
    ),
    _transpose,
    name="cosine or sine transform",
    category="fft",
)


def _several(name: str, kind: str, inverse: bool) -> Callable[..., Any]:
    scipys = getattr(_fft, name)

    def call(
        x: Any, type: int = 2, s: Any = None, axes: Any = None, norm: Any = None,
        overwrite_x: bool = False, workers: Any = None, *, orthogonalize: bool | None = None,
    ) -> Any:  # fmt: skip
        if not is_traced(x):
            return scipys(x, type, s, axes, norm, overwrite_x, workers, orthogonalize=orthogonalize)
        x = as_floats(x)
        if axes is None:
            axes = range(x.ndim) if s is None else range(x.ndim - len(np.atleast_1d(s)), x.ndim)
        places = tuple(int(k) % x.ndim for k in np.atleast_1d(axes))
        for k, n in zip(places, np.atleast_1d(s).tolist() if s is not None else (), strict=False):
            length = x.shape[k]
            if n > length:
                x = np.pad(x, [(0, n - length if j == k else 0) for j in range(x.ndim)])
            x = x[(slice(None),) * k + (slice(0, n),)]
        return _transform(
            x, kind=kind, axes=places, norm=_SWAPPED[norm] if inverse else norm,
            number=_INVERSE[type] if inverse else type,
            ortho=norm == "ortho" if orthogonalize is None else orthogonalize,
        )  # fmt: skip

    return _described(call, name)


def _one(name: str, several: Callable[..., Any]) -> Callable[..., Any]:
    scipys = getattr(_fft, name)

    def call(
        x: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None,
        overwrite_x: bool = False, workers: Any = None, orthogonalize: bool | None = None,
    ) -> Any:  # fmt: skip
        if not is_traced(x):
            return scipys(x, type, n, axis, norm, overwrite_x, workers, orthogonalize)
        return several(x, type, n, axis, norm, orthogonalize=orthogonalize)

    return _described(call, name)


def _described(call: Callable[..., Any], name: str) -> Callable[..., Any]:
    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"As scipy.fft.{name}; differentiable in x."
    return call


dctn, idctn = _several("dctn", "dct", False), _several("idctn", "dct", True)
dstn, idstn = _several("dstn", "dst", False), _several("idstn", "dst", True)
dct, idct = _one("dct", dctn), _one("idct", idctn)
dst, idst = _one("dst", dstn), _one("idst", idstn)
