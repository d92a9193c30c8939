"""Order statistics, statistics that skip NaN, covariance."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autograd_core.operations.kinds import beside
from autograd_core.operations.primitive import bare, implements, innermost_array
from autograd_core.rules.reductions import as_dtype, in_single, kept

_given = np._NoValue


def _last_axis(a: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """Return a with the axes flattened into the last, and those axes counted from 0."""
    if axis is None:
        axes = tuple(range(a.ndim))
    else:
        axes = tuple(
            normalize_axis_index(k, a.ndim) for k in (axis if isinstance(axis, tuple) else (axis,))
        )
    kept = [k for k in range(a.ndim) if k not in axes]
    moved = np.transpose(a, [*kept, *axes])
    length = int(np.prod([a.shape[k] for k in axes], dtype=int))
    return moved.reshape((*(a.shape[k] for k in kept), length)), axes


# (alpha, beta) of R. Hyndman and Y. Fan, "Sample quantiles in statistical packages" (1996)
_PARAMETERS = {
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
    "interpolated_inverted_cdf": (0.0, 1.0),
}
_ROUNDING = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint, "midpoint": None}


def _place(q: Any, n: Any, method: str) -> Any:
    """Return where quantile q stands among n sorted values, as a fractional index."""
    if method == "linear":
        return (n - 1) * q
    if method in _PARAMETERS:
        alpha, beta = _PARAMETERS[method]
        return n * q + (alpha + q * (1 - alpha - beta)) - 1
    if method not in _ROUNDING:
        raise TypeError(
            f"quantile: method={method!r} has no derivative rule; use one of "
            f"{', '.join(['linear', *_PARAMETERS, *_ROUNDING])}."
        )
    virtual = bare((n - 1) * q)
    rounded = _ROUNDING[method]
    return (np.floor(virtual) + np.ceil(virtual)) / 2 if rounded is None else rounded(virtual)


def _most(kind: Any) -> float:
    """Return how many places numbers of a kind can tell apart."""
    return 2 / float(np.finfo(kind).eps)


def _quantile(
    a: Any, q: Any, kind: Any, axis: Any, method: str, keepdims: bool, skip_nan: bool,
    middle: bool = False,
) -> Any:  # fmt: skip
    if skip_nan and not a.size:
        return nanmean(a, axis, keepdims=keepdims)  # as NumPy does, whatever q
    rows, axes = _last_axis(a, axis)
    if not rows.shape[-1] and not skip_nan:
        raise IndexError("quantile: the axis is empty")
    ordered = np.sort(rows, axis=-1)  # NaN last
    missing = np.isnan(bare(rows))
    n = np.sum(~missing, axis=-1, keepdims=True) if skip_nan else rows.shape[-1]
    shape = np.shape(q)
    wanted = beside(rows, np.reshape(q, (-1, *(1,) * rows.ndim)))
    if rows.shape[-1] > _most(wanted.dtype):  # places that q's precision cannot tell
        wanted = wanted.astype(np.float64)
    place = _place(wanted, n.astype(wanted.dtype) if skip_nan else n, method)
    place = np.clip(place, 0, np.maximum(n - 1, 0).astype(wanted.dtype))
    low = np.floor(bare(place)).astype(int)
    high = np.minimum(low + 1, np.maximum(n - 1, 0))
    full = np.broadcast_to(ordered, (int(np.prod(shape, dtype=int)), *ordered.shape))
    low, high = (np.broadcast_to(k, (*full.shape[:-1], 1)) for k in (low, high))
    below = np.take_along_axis(full, low, -1)[..., 0]
    if method in ("lower", "higher", "nearest"):
        made = below
    else:
        above = np.take_along_axis(full, high, -1)[..., 0]
        fraction = (place - low.astype(place.dtype))[..., 0]
        fraction = fraction if fraction.dtype == kind else fraction.astype(kind)
        if middle:  # not the difference: between infinities it is NaN
            made = np.where(fraction == 0, below, below * 0.5 + above * 0.5)
        else:
            made = below + (above - below) * fraction
    bad = (n == 0)[..., 0] if skip_nan else missing.any(axis=-1)
    if np.any(innermost_array(bad)):
        made = np.where(bad, np.nan if skip_nan else full[..., -1], made)  # NaN, with its gradient
    made = made.reshape((*shape, *made.shape[1:]))
    if keepdims:
        made = np.expand_dims(made, tuple(len(shape) + k for k in sorted(axes)))
    return made


def _quantile_of(scale: float, skip_nan: bool, name: str) -> Any:
    def run(
        a: Any,
        q: Any,
        axis: Any = None,
        out: None = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: bool = False,
        *,
        weights: None = None,
        interpolation: None = None,
    ) -> Any:
        if weights is not None:
            raise TypeError(f"{name}: weights= is not supported on a traced value.")
        a = a if hasattr(a, "dtype") else np.asarray(a, dtype=float)
        kind = None
        if type(q) in (int, float) and a.dtype.kind == "f":
            kind = a.dtype  # a Python number does not decide the precision
            q = np.float64(q)
        q = beside(a, q if hasattr(q, "dtype") else np.asarray(q))
        if q.dtype.kind in "iu" and scale == 1.0:  # 0 and 1, which need no product of a float64
            kind = a.dtype if a.dtype.kind == "f" else np.dtype(float)
            q = q.astype(float)
        if a.dtype.kind == "c":
            raise TypeError(f"{name}: complex numbers have no order.")
        given = innermost_array(q)
        if not np.all((given >= 0) & (given <= scale)):
            raise ValueError(f"{name}: q must be in the range [0, {scale:g}]")
        q = q / q.dtype.type(scale)
        kind = q.dtype if kind is None else kind
        return _quantile(a, q, kind, axis, method, kept(keepdims), skip_nan)

    return run


quantile = implements(np.quantile)(_quantile_of(1.0, False, "quantile"))
nanquantile = implements(np.nanquantile)(_quantile_of(1.0, True, "nanquantile"))
implements(np.percentile)(_quantile_of(100.0, False, "percentile"))
implements(np.nanpercentile)(_quantile_of(100.0, True, "nanpercentile"))


def _middle(a: Any, axis: Any, keepdims: Any, skip_nan: bool) -> Any:
    if a.dtype.kind == "c":
        raise TypeError("median: complex numbers have no order.")
    kind = a.dtype if a.dtype.kind == "f" else np.dtype(float)
    half = np.asarray(0.5)
    return _quantile(a, half, kind, axis, "linear", kept(keepdims), skip_nan, middle=True)


@implements(np.median)
def median(
    a: Any,
    axis: Any = None,
    out: None = None,
    overwrite_input: bool = False,
    keepdims: bool = False,
) -> Any:
    """Middle value, or the mean of the two middle ones."""
    if not a.size:
        return np.mean(a, axis=axis, keepdims=kept(keepdims))
    return _middle(a, axis, keepdims, False)


@implements(np.nanmedian)
def nanmedian(
    a: Any,
    axis: Any = None,
    out: None = None,
    overwrite_input: bool = False,
    keepdims: bool = False,
) -> Any:
    """As `median`, skipping NaN."""
    return _middle(a, axis, keepdims, True)


def _zeroed(a: Any) -> tuple[Any, Any]:
    """Return a with NaN replaced by 0, and where there was none."""
    there = ~np.isnan(bare(a))
    return np.where(there, a, 0), there


@implements(np.nansum)
def nansum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: Any = False,
    **rare: Any,
) -> Any:
    """Sum that counts NaN as 0; `rare` are initial= and where=."""
    return np.sum(_zeroed(a)[0], axis=axis, dtype=dtype, keepdims=kept(keepdims), **rare)


@implements(np.nanprod)
def nanprod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: Any = False,
    **rare: Any,
) -> Any:
    """Product that counts NaN as 1; `rare` are initial= and where=."""
    ones = np.where(np.isnan(bare(a)), 1, a)
    return np.prod(ones, axis=axis, dtype=dtype, keepdims=kept(keepdims), **rare)


@implements(np.nanmean)
@in_single
def nanmean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: Any = False,
    where: Any = True,
) -> Any:
    """Mean of what is not NaN."""
    keepdims = kept(keepdims)
    values, there = _zeroed(as_dtype(a, dtype))
    n = np.sum(there & where, axis=axis, keepdims=keepdims, dtype=values.dtype)
    return np.sum(values, axis=axis, keepdims=keepdims, where=where) / n


@implements(np.nanvar)
@in_single
def nanvar(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: Any = False,
    *,
    correction: Any = _given,
    where: Any = True,
    mean: Any = None,
) -> Any:
    """Variance of what is not NaN."""
    keepdims = kept(keepdims)
    ddof = ddof if correction is _given else correction
    if dtype is not None and np.dtype(dtype).kind == "c" != a.dtype.kind:
        return nanvar(a, axis, ddof=ddof, keepdims=keepdims, where=where, mean=mean).astype(dtype)
    a = as_dtype(a, dtype)
    there = ~np.isnan(bare(a)) & where
    n = np.sum(there, axis=axis, keepdims=keepdims, dtype=a.dtype.newbyteorder("="))
    if mean is None or mean is np._NoValue:
        mean = nanmean(a, axis=axis, keepdims=True, where=where)
    d = np.where(there, a - mean, 0)
    square = np.real(d * np.conj(d)) if a.dtype.kind == "c" else d * d
    n = np.real(n) if a.dtype.kind == "c" else n
    free = n - n.dtype.type(ddof)
    made = np.sum(square, axis=axis, keepdims=keepdims) / np.maximum(free, 0)
    return np.where(free > 0, made, made.dtype.type(np.nan))


@implements(np.nanstd)
@in_single
def nanstd(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: Any = False,
    *,
    correction: Any = _given,
    where: Any = True,
    mean: Any = None,
) -> Any:
    """Square root of `nanvar`; its derivative at constants is 0."""
    from autograd_core.rules.linalg import root

    if dtype is not None and np.dtype(dtype).kind == "c" != a.dtype.kind:
        made = nanstd(a, axis, ddof=ddof, keepdims=keepdims, correction=correction, where=where,
                      mean=mean)  # fmt: skip
        return made.astype(dtype)
    return root(nanvar(a, axis, dtype, ddof=ddof, keepdims=keepdims, correction=correction,
                       where=where, mean=mean))  # fmt: skip


def _nan_extreme(extreme: Any, worst: float) -> Any:
    def run(
        a: Any,
        axis: Any = None,
        out: None = None,
        keepdims: Any = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        keepdims = kept(keepdims)
        if a.dtype.kind in "biu":
            return extreme(a, axis=axis, keepdims=keepdims, initial=initial, where=where)
        there = ~np.isnan(bare(a))
        filled = np.where(there, a, a.dtype.type(worst))
        made = extreme(filled, axis=axis, keepdims=keepdims, initial=initial, where=where)
        if not (initial is None or initial is np._NoValue):
            return made
        none = ~np.any(there, axis=axis, keepdims=keepdims)
        return np.where(none, a.dtype.type(np.nan), made) if np.any(innermost_array(none)) else made

    return run


implements(np.nanmax)(_nan_extreme(np.max, -np.inf))
implements(np.nanmin)(_nan_extreme(np.min, np.inf))


@implements(np.average)
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False
) -> Any:
    """Weighted mean."""
    keepdims = kept(keepdims)
    if weights is None:
        made = np.mean(a, axis=axis, keepdims=keepdims)
        if not np.size(made):
            raise ZeroDivisionError("there is nothing to take the average of.")
        return (made, np.full_like(made, np.size(a) // max(np.size(made), 1))) if returned else made
    weights = beside(a, weights if hasattr(weights, "shape") else np.asarray(weights))
    whole = np.result_type(a.dtype, weights.dtype, *([] if a.dtype.kind in "fc" else [float]))
    kind = np.float32 if whole == np.float16 else whole  # which can count the weights
    a, weights = (v if v.dtype == kind else v.astype(kind) for v in (a, weights))
    if np.shape(weights) != np.shape(a):
        weights = _spread(weights, np.shape(a), axis)
    total = np.sum(np.broadcast_to(weights, np.shape(a)), axis=axis, keepdims=keepdims)
    if np.any(innermost_array(total) == 0):
        raise ZeroDivisionError("the weights sum to zero.")
    made = np.sum(a * weights, axis=axis, keepdims=keepdims) / total
    made = made if kind == whole else made.astype(whole)
    return (made, total.astype(whole)) if returned else made


def _spread(weights: Any, shape: tuple[int, ...], axis: Any) -> Any:
    """Put the axes of weights, one for each of the given axes, to their places."""
    if axis is None:
        raise TypeError("axis must be specified when shapes of a and weights differ.")
    axes = [
        normalize_axis_index(k, len(shape)) for k in (axis if isinstance(axis, tuple) else (axis,))
    ]
    if np.shape(weights) != tuple(shape[k] for k in axes):
        raise ValueError("shape of weights must be consistent with shape of a along the axis.")
    weights = np.transpose(weights, sorted(range(len(axes)), key=axes.__getitem__))
    return np.expand_dims(weights, tuple(k for k in range(len(shape)) if k not in axes))


@implements(np.ptp)
def ptp(a: Any, axis: Any = None, out: None = None, keepdims: bool = False) -> Any:
    """Largest minus smallest."""
    keepdims = kept(keepdims)
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


@implements(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """Covariance matrix of variables in rows (or columns)."""
    given = [v if hasattr(v, "dtype") else np.asarray(v) for v in (m, y) if v is not None]
    if any(v.ndim > 2 for v in given):
        raise ValueError("an array of variables has one or two axes.")
    if ddof is not None and ddof != int(ddof):
        raise ValueError("ddof must be an integer.")
    kind = np.result_type(*(v.dtype for v in given), float) if dtype is None else dtype
    if np.dtype(kind).kind not in "fc":
        raise TypeError(f"dtype={np.dtype(kind)} cannot hold a mean; give a floating-point dtype.")
    parts = [_variables(v, rowvar, k == 0) for k, v in enumerate(given)]
    if not parts[0].shape[0]:
        # of double precision whatever goes in, as NumPy has it
        return beside(parts[0], np.zeros((0, 0)))
    work = np.float32 if kind == np.float16 else kind  # sums of halves overflow
    x = np.concatenate([p.astype(work) for p in parts], axis=0)
    ddof = (0 if bias else 1) if ddof is None else ddof
    weights = None
    for given in (fweights, aweights):
        if given is not None:
            weights = np.multiply(1.0 if weights is None else weights, beside(x, given))
    if weights is None:
        total: Any = x.shape[1]
        d = x - np.mean(x, axis=1, keepdims=True)
        scaled = d
        factor = total - ddof
    else:
        total = np.sum(weights)
        d = x - (np.sum(x * weights, axis=1) / total)[:, None]
        scaled = d * weights
        if ddof == 0:
            factor = total
        elif aweights is None:
            factor = total - ddof
        else:
            factor = total - ddof * np.sum(weights * beside(x, aweights)) / total
    if np.any(innermost_array(factor) <= 0):
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=3)
        factor = np.where(bare(factor) <= 0, 0.0, factor)
    made = np.matmul(scaled, np.conj(d).T) * np.true_divide(1, factor)
    return np.squeeze(made if made.dtype == kind else made.astype(kind))


# NumPy 2.2 on: one row of a matrix is as many variables as it has columns, if rowvar is False
_ROWS_ARE_ROWS = np.lib.NumpyVersion(np.__version__) >= "2.2.0"


def _variables(m: Any, rowvar: bool, first: bool) -> Any:
    flat = m.ndim < 2
    m = np.atleast_2d(m)
    alone = flat if first and _ROWS_ARE_ROWS else m.shape[0] == 1
    return m if rowvar or alone else m.T


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """Correlation coefficients."""
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    scale = np.sqrt(np.real(np.diag(c)))
    made = c / scale[:, None] / scale[None, :]
    # NumPy cuts what rounding leaves beyond 1; the derivative there is that of the quotient
    exact = bare(made)
    cut = np.clip(np.real(exact), -1, 1)
    if exact.dtype.kind == "c":
        cut = cut + 1j * np.clip(np.imag(exact), -1, 1)
    return made - (exact - cut)
