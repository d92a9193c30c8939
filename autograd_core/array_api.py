"""The array API namespace of traced values: the Python array standard, version 2024.12.

``x.__array_namespace__()`` of a Tensor, a Dual and every other traced value returns this module.
Code written against the standard, such as SciPy's under ``SCIPY_ARRAY_API=1``, then runs on traced
values.  The functions are NumPy's own, which dispatch to the derivative rules.  Two things differ:
a result that NumPy would return as a plain array is a constant Tensor here, so that a program
meets one kind of array only, and functions that make arrays keep the derivatives of what they get.
NumPy's functions beyond the standard, such as ``pad``, are here too, as in NumPy's own namespace.

Source: https://data-apis.org/array-api/2024.12/
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from types import FrameType, SimpleNamespace
from typing import Any, cast

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.engine.tensor import untracked as _held
from autograd_core.engine.trace_borders import note_asked
from autograd_core.numpy import creation
from autograd_core.operations.boxed import Boxed, bare
from autograd_core.operations.nested_sequences import holds, join
from autograd_core.operations.other_libraries import scipy_function

__array_api_version__ = "2024.12"
VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12")


def _names(text: str) -> list[str]:
    return text.split()


_UNCHANGED = _names("""
abs acos acosh add all any argmax argmin asin asinh atan atan2 atanh bitwise_and bitwise_invert
bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor broadcast_arrays broadcast_to ceil
concat conj copysign cos cosh count_nonzero diff divide equal
exp expand_dims expm1 flip floor floor_divide greater greater_equal hypot imag isfinite isinf isnan
less less_equal log log10 log1p log2 logaddexp logical_and logical_not logical_or logical_xor
matmul matrix_transpose max maximum mean meshgrid min minimum moveaxis multiply negative nextafter
nonzero not_equal permute_dims positive pow real reciprocal remainder repeat roll
round searchsorted sign signbit sin sinh sqrt square squeeze stack std subtract take
take_along_axis tan tanh tensordot tile tril triu trunc unique_values unstack var vecdot where
""")
_LINALG = _names("""
cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power
matrix_transpose outer qr slogdet solve svd svdvals tensordot trace vecdot vector_norm
""")
_FFT = _names("""
fft ifft fftn ifftn rfft irfft rfftn irfftn hfft ihfft fftshift ifftshift
""")
_DTYPES = _names("""
bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128
""")
_MADE = _names("arange empty eye from_dlpack linspace ones zeros")
_LIKE = _names("empty_like ones_like zeros_like")
_ADDING = _names("cumulative_prod cumulative_sum prod sum")
_UNIQUE = _names("unique_all unique_counts unique_inverse")
_SAME = _names("can_cast e inf isdtype nan newaxis pi")
_INFO = cast(Any, np).__array_namespace_info__


def _constant(value: Any) -> Any:
    """Return a plain array as a constant Tensor, also in tuples; other values as they are."""
    if isinstance(value, (np.ndarray, np.generic)):
        return _held(value)
    if isinstance(value, (tuple, list)):
        parts = [_constant(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def _on_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def method(*args: Any, **keywords: Any) -> Any:
        return _constant(function(*args, **keywords))

    return method


def check_device(device: Any, operation: str) -> None:
    """Refuse a device other than the processor's own memory."""
    if device not in (None, "cpu"):
        raise errors.OperandError(
            f'{operation}: device={device!r}; arrays live on "cpu" here.', Location.of_caller()
        )


def _making(function: Callable[..., Any]) -> Callable[..., Any]:
    """Take the standard's ``device=``."""

    @wraps(function)
    def method(*args: Any, device: Any = None, **keywords: Any) -> Any:
        check_device(device, function.__name__)
        return _constant(function(*args, **keywords))

    return method


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: Any = None) -> Any:
    """Return a traced value as it is; anything else as a constant Tensor.

    Parameters
    ----------
    obj : array_like
        Also lists of traced values, which are stacked.
    dtype : dtype, optional
        What to cast to.
    device : str, optional
        ``"cpu"``.
    copy : bool, optional
        True for memory of its own.

    Returns
    -------
    Tensor or traced value
        With the derivatives of `obj`.

    Raises
    ------
    OperandError
        For another device, or if ``copy=False`` cannot be kept.

    Examples
    --------
    >>> from autograd_core import grad
    >>> grad(lambda x: asarray([x[0], 2 * x[1]]).sum())(np.ones(2))
    array([1., 2.])
    """
    check_device(device, "asarray")
    if not holds(obj):
        if copy is None:
            copy = None if isinstance(obj, (np.ndarray, np.generic)) else True
        return _held(np.array(obj, dtype=dtype, copy=copy))
    made = obj
    if not isinstance(obj, Boxed):
        if copy is False:
            raise errors.OperandError(
                "asarray: a list cannot become an array without a copy; leave out copy=False.",
                Location.of_caller(),
            )
        made = _constant(join(obj, operation="asarray"))
        copy = None
    if dtype is not None and made.dtype != dtype:
        if copy is False:
            raise errors.OperandError(
                f"asarray: from {made.dtype} to {np.dtype(dtype)} needs a copy; leave out "
                "copy=False.",
                Location.of_caller(),
            )
        return _constant(made.astype(dtype))
    return _constant(made.copy()) if copy else made


def astype(x: Any, dtype: Any, /, *, copy: Any = True, device: Any = None) -> Any:
    """Cast; as ``x.astype``."""
    check_device(device, "astype")
    return _constant(x.astype(dtype, copy=copy))


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array of one value, whose derivative is kept."""
    check_device(device, "full")
    return _constant(creation.full(shape, fill_value, dtype))


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array of one value, shaped like another."""
    return full(x.shape, fill_value, dtype=x.dtype if dtype is None else dtype, device=device)


def _like(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def method(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
        check_device(device, function.__name__)
        return _constant(function(x, dtype=dtype))

    return method


def sort(x: Any, /, *, axis: int = -1, descending: Any = False, stable: Any = True) -> Any:
    """Sort along an axis."""
    made = cast(Any, np.sort)(x, axis=axis, stable=stable)
    return _constant(np.flip(made, axis=axis) if descending else made)


def argsort(x: Any, /, *, axis: int = -1, descending: Any = False, stable: Any = True) -> Any:
    """Return the positions that sort along an axis; a constant."""
    if not descending:
        return _constant(cast(Any, np.argsort)(x, axis=axis, stable=stable))
    # of equal elements the first stays first: positions counted from the end of the flipped array
    places = cast(Any, np.argsort)(np.flip(x, axis=axis), axis=axis, stable=stable)
    return _constant(x.shape[axis] - 1 - np.flip(places, axis=axis))


def result_type(*arrays_and_dtypes: Any) -> Any:
    """Return the dtype that an operation on these gives."""
    plain = [
        np.empty((1,) * cast(Any, x).ndim, _dtype_of(x)) if isinstance(x, Boxed) else x
        for x in arrays_and_dtypes
    ]
    return np.result_type(*plain)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """Return x between two limits; the derivative on the limits is 1."""
    return _constant(cast(Any, np.clip)(x, min, max))


def _adding(function: Callable[..., Any]) -> Callable[..., Any]:
    """Sum or multiply; of a ``dtype=`` that carries no derivative the result is a constant."""

    @wraps(function)
    def method(x: Any, /, *args: Any, dtype: Any = None, **keywords: Any) -> Any:
        if dtype is None:
            return _constant(function(x, *args, **keywords))
        if np.dtype(dtype).kind in "fc":
            return _constant(function(x, *args, dtype=dtype, **keywords))
        return astype(_constant(function(astype(x, dtype), *args, **keywords)), dtype)

    return method


def _cutting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Take the cut-off ``rtol=`` as an array, too, as the standard has it."""

    @wraps(function)
    def method(x: Any, /, *, rtol: Any = None, **keywords: Any) -> Any:
        if isinstance(rtol, Boxed) and not rtol._level:
            rtol = bare(rtol)
        return _constant(function(x, rtol=rtol, **keywords))

    return method


def reshape(x: Any, /, shape: Any, *, copy: Any = None) -> Any:
    """Return the elements in another shape; with ``copy=True`` in memory of their own."""
    made = np.reshape(x, shape) if copy else cast(Any, np.reshape)(x, shape, copy=copy)
    return _constant(made.copy() if copy else made)


def _unique(function: Callable[..., Any]) -> Callable[..., Any]:
    """Take the values from x, with their derivatives; positions and counts are constants."""

    @wraps(function)
    def method(x: Any, /) -> Any:
        values = np.take(np.ravel(x), np.unique_all(bare(x)).indices)
        return _constant(function(bare(x))._replace(values=values))

    return method


def _dtype_of(given: Any) -> Any:
    return cast(Any, given).dtype if isinstance(given, (Boxed, np.ndarray)) else given


def finfo(type: Any, /) -> Any:
    """Return the limits of a floating-point dtype, as Python numbers."""
    limits = np.finfo(_dtype_of(type))
    names = ("eps", "max", "min", "smallest_normal")
    return SimpleNamespace(
        bits=limits.bits,
        dtype=limits.dtype,
        **{name: float(getattr(limits, name)) for name in names},
    )


def iinfo(type: Any, /) -> Any:
    """Return the limits of an integer dtype, as Python numbers."""
    limits = np.iinfo(_dtype_of(type))
    return SimpleNamespace(
        bits=limits.bits, dtype=limits.dtype, max=int(limits.max), min=int(limits.min)
    )


def _special(name: str) -> Any:
    """Return SciPy's function of that name that keeps derivatives (SciPy asks for it)."""
    from importlib import import_module

    ours: Any = import_module("autograd_core.scipy.special")
    found = getattr(ours, name, None) if name in ours.__all__ else None
    if found is None:  # the ufunc itself, not what SciPy wraps around it, which would ask again
        found = getattr(import_module("autograd_core.rules.scipy_ufuncs").sp, name)
    return _on_tensors(found)


class Extension:
    """An extension of the standard, or one of SciPy's modules, as an attribute of the namespace."""

    def __init__(self, name: str, made: dict[str, Any], find: Any = None) -> None:
        self.__name__ = f"{__name__}.{name}"
        self.__dict__.update(made)
        self._find = find

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or self._find is None:
            raise AttributeError(f"{self.__name__} has no {name}")
        found = self._find(name)
        setattr(self, name, found)
        return found

    def __repr__(self) -> str:
        return f"<{self.__name__}>"


def _fft_functions() -> dict[str, Any]:
    def frequencies(function: Callable[..., Any]) -> Callable[..., Any]:
        def method(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
            check_device(device, function.__name__)
            made = function(n, d)
            return _constant(made if dtype is None else made.astype(dtype))

        method.__name__, method.__doc__ = function.__name__, function.__doc__
        return method

    made = {name: _on_tensors(getattr(np.fft, name)) for name in _FFT}
    return made | {name: frequencies(getattr(np.fft, name)) for name in ("fftfreq", "rfftfreq")}


__all__ = [
    *(*_UNCHANGED, *_DTYPES, *_MADE, *_LIKE, *_SAME, *_UNIQUE, *_ADDING),
    *_names(
        "argsort asarray astype fft finfo full full_like iinfo linalg reshape result_type sort"
    ),
]
globals().update(
    {name: _on_tensors(getattr(np, name)) for name in _UNCHANGED}
    | {name: _making(getattr(np, name)) for name in _MADE}
    | {name: _like(getattr(np, name)) for name in _LIKE}
    | {name: _adding(getattr(np, name)) for name in _ADDING}
    | {name: _unique(getattr(np, name)) for name in _UNIQUE}
    | {name: getattr(np, name) for name in (*_DTYPES, *_SAME)}
)
linalg = Extension(
    "linalg",
    {name: _on_tensors(getattr(np.linalg, name)) for name in _LINALG}
    | {name: _cutting(getattr(np.linalg, name)) for name in ("matrix_rank", "pinv")},
)
fft = Extension("fft", _fft_functions())
special = Extension("special", {}, _special)


def __array_namespace_info__() -> Any:  # noqa: N807 - the standard's name
    """Return what the namespace can do: its devices, dtypes, capabilities; NumPy's answers."""
    return _INFO()


def __getattr__(name: str) -> Any:
    """Return a function of NumPy's beyond the standard, as NumPy's own namespace has them."""
    found = None if name.startswith("_") else getattr(np, name, None)
    if not isinstance(found, np.ufunc) and not hasattr(found, "_implementation"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = _on_tensors(cast(Any, found))
    return globals()[name]


def _refuse_plain_arrays(asking: FrameType) -> None:
    """Refuse if array-api-compat, which SciPy uses, asks on behalf of plain arrays as well.

    It would only say that there are two namespaces, and not what to write.
    """
    if asking.f_code.co_name != "array_namespace" or "array_api" not in asking.f_code.co_filename:
        return
    plain = [x for x in asking.f_locals.get("xs", ()) if isinstance(x, (np.ndarray, np.generic))]
    if plain:
        raise errors.OperandError(
            f"{'.'.join(scipy_function() or ('__array_namespace__',))}: an array of shape "
            f"{plain[0].shape} stands beside a traced value, and code of the array API standard "
            "allows one kind of array only; give Tensor(a) for the plain array a.",
            Location.of_caller(),
        )


def array_api_namespace(value: Any, api_version: str | None = None) -> Any:
    """Return this module, for ``x.__array_namespace__()``.

    From then on constants that meet in x's run of forward mode or vmap are Tensors, as in reverse
    mode (decision 204): code of the standard allows one kind of array only.
    """
    if api_version not in (None, *VERSIONS):
        raise errors.OperandError(
            f"__array_namespace__: version {api_version!r} of the array API; known are "
            f"{', '.join(VERSIONS)}.",
            Location.of_caller(),
        )
    _refuse_plain_arrays(sys._getframe(2))
    note_asked(value)
    return sys.modules[__name__]


def __dir__() -> list[str]:
    return sorted(__all__)
