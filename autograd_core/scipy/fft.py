"""scipy.fft: cosine and sine transforms, and NumPy's transforms under SciPy's names."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.fft as _fft
from numpy.lib.array_utils import normalize_axis_index

from autograd_core.operations.declare import linear
from autograd_core.operations.primitive import Primitive
from autograd_core.scipy.declared import by_matrix, declared
from autograd_core.scipy.guards import guarded
from autograd_core.scipy.values import as_floats, is_traced, refuse

_SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}
_INVERSE = {1: 1, 2: 3, 3: 2, 4: 4}
_NUMPYS = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "ifft2", "rfft2", "irfft2",
           "fftn", "ifftn", "rfftn", "irfftn", "fftshift", "ifftshift")  # fmt: skip


_HERMITIAN = {"hfft2": "irfft2", "hfftn": "irfftn", "ihfft2": "rfft2", "ihfftn": "rfftn"}


def __getattr__(name: str) -> Any:
    return _numpys(name) if name in (*_NUMPYS, *_HERMITIAN) else guarded(_fft, name)


__all__ = ["dct", "dctn", "dst", "dstn", "fht", "idct", "idctn", "idst", "idstn", "ifht"]


def _numpys(name: str) -> Callable[..., Any]:
    """Return a function of SciPy's; of traced values NumPy computes the same."""
    scipys = getattr(_fft, name)
    numpys = getattr(np.fft, _HERMITIAN.get(name, name))

    def call(*args: Any, **more: Any) -> Any:
        if not is_traced(args, more):
            return scipys(*args, **more)
        how = inspect.signature(scipys).bind(*args, **more).arguments
        x = as_floats(how.pop("x"))
        how = {k: v for k, v in how.items() if k not in ("workers", "plan", "overwrite_x")}
        for several in ("s", "axes"):  # where SciPy takes a number too
            if how.get(several) is not None:
                how[several] = tuple(np.atleast_1d(how[several]).tolist())
        if name not in _HERMITIAN:
            return numpys(x, **how)
        how["norm"] = _SWAPPED[how.get("norm")]
        return np.conj(numpys(x, **how)) if name.startswith("i") else numpys(np.conj(x), **how)

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


def _value(x: Any, *, kind: str, number: int, axes: Any, norm: Any, ortho: bool) -> Any:
    if np.iscomplexobj(x):  # there SciPy forgets `orthogonalize`
        how = {"kind": kind, "number": number, "axes": axes, "norm": norm, "ortho": ortho}
        return _value(np.real(x), **how) + 1j * _value(np.imag(x), **how)
    return getattr(_fft, f"{kind}n")(x, number, axes=axes, norm=norm, orthogonalize=ortho)


_transform: Primitive = linear(
    _value,
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
        usual = norm == "ortho"
        ortho = usual if orthogonalize is None else bool(orthogonalize)
        if x.dtype.kind == "c" and ortho != usual:
            raise refuse(f"fft.{name}", f"SciPy ignores orthogonalize={ortho} of complex numbers.",
                         "Transform x.real and x.imag, each for itself.")  # fmt: skip
        lengths = [] if s is None else np.atleast_1d(s).tolist()
        if axes is None:
            axes = range(x.ndim) if s is None else range(x.ndim - len(lengths), x.ndim)
        places = tuple(normalize_axis_index(int(k), x.ndim) for k in np.atleast_1d(axes))
        if s is not None and len(lengths) != len(places):
            raise ValueError("when given, axes and shape arguments have to be of the same length")
        for k, n in zip(places, lengths, strict=False):
            length = x.shape[k]
            if n == -1:
                continue
            if n < 1:
                raise ValueError(f"invalid number of data points ({n}) specified")
            if n > length:
                x = np.pad(x, [(0, n - length if j == k else 0) for j in range(x.ndim)])
            x = x[(slice(None),) * k + (slice(0, n),)]
        return _transform(
            x, kind=kind, axes=places, norm=_SWAPPED[norm] if inverse else norm,
            number=_INVERSE[type] if inverse else type,
            ortho=ortho,
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


def _hankel(name: str, array: str) -> Callable[..., Any]:
    function = getattr(_fft, name)

    def composition(x: Any, **how: Any) -> Any:
        return by_matrix(x, -1, lambda m: function(m.T, **how).T)

    return declared(function, composition, array, home=__name__)


fht, ifht = _hankel("fht", "a"), _hankel("ifht", "A")
