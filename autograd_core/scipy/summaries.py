"""scipy.stats' summaries of samples, differentiable: means, moments, scores and entropy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats as _stats

from autograd_core.rules.scipy_ufuncs import sp
from autograd_core.scipy.declared import declared
from autograd_core.scipy.values import refuse

HOME = "autograd_core.scipy.stats"


def _settings(name: str) -> Callable[[dict[str, Any]], None]:
    """Return what refuses the settings that have no rule."""

    def check(how: dict[str, Any]) -> None:
        if how.get("dtype") is not None:
            raise refuse(f"stats.{name}", "dtype= is not supported on traced values.",
                         "Write a.astype(dtype) before.")  # fmt: skip
        if how["nan_policy"] != "propagate":
            raise refuse(f"stats.{name}", f"nan_policy={how['nan_policy']!r} is not supported on "
                         "traced values.", "Leave out what is NaN before.")  # fmt: skip
        if np.ndim(how.get("order", 1)):
            raise refuse(f"stats.{name}", "several orders are not supported on traced values.",
                         "Ask for one after the other.")  # fmt: skip

    return check


def _summary(name: str, composition: Callable[..., Any], *arrays: str) -> Any:
    """Declare a summary along an axis. `composition` gets the axis last among the axes."""

    def of(*xs: Any, axis: Any, nan_policy: str, keepdims: bool, dtype: Any = None,
           **how: Any) -> Any:  # fmt: skip
        if axis is None:
            ndim, xs = xs[0].ndim, tuple(np.reshape(x, (-1,)) for x in xs)
            made = composition(*xs, axis=0, **how)
            return np.reshape(made, (1,) * ndim) if keepdims else made
        made = composition(*xs, axis=axis, **how)
        return np.expand_dims(made, axis) if keepdims else made

    return declared(getattr(_stats, name), of, *(arrays or ("a",)), home=HOME,
                    check=_settings(name))  # fmt: skip


def _weighted(x: Any, weights: Any, axis: Any) -> Any:
    return np.average(x, axis=axis, weights=weights)


def _central(a: Any, order: int, axis: Any, center: Any = None) -> Any:
    center = np.mean(a, axis=axis, keepdims=True) if center is None else center
    return np.mean((a - center) ** order, axis=axis)


def _count(a: Any, axis: Any) -> int:
    return math.prod(a.shape[k] for k in (axis if isinstance(axis, tuple) else (axis,)))


def _sem(a: Any, *, axis: Any, ddof: int) -> Any:
    return np.std(a, axis=axis, ddof=ddof) / np.sqrt(_count(a, axis))


def _skew(a: Any, *, axis: Any, bias: bool) -> Any:
    made = _central(a, 3, axis) / _central(a, 2, axis) ** 1.5
    n = _count(a, axis)
    return made if bias or n <= 2 else np.sqrt((n - 1.0) * n) / (n - 2.0) * made


def _kurtosis(a: Any, *, axis: Any, fisher: bool, bias: bool) -> Any:
    made = _central(a, 4, axis) / _central(a, 2, axis) ** 2
    n = _count(a, axis)
    if not bias and n > 3:
        made = ((n * n - 1.0) * made - 3.0 * (n - 1.0) ** 2) / ((n - 2.0) * (n - 3.0)) + 3.0
    return made - 3.0 if fisher else made


def _moment(a: Any, *, axis: Any, order: Any, center: Any) -> Any:
    if order == 1 and center is None:
        return 0.0 * np.mean(a, axis=axis)
    return _central(a, int(order), axis, center)


def _variation(a: Any, *, axis: Any, ddof: int) -> Any:
    return np.std(a, axis=axis, ddof=ddof) / np.mean(a, axis=axis)


def _entropy(pk: Any, qk: Any = None, *, base: Any, axis: Any) -> Any:
    pk = pk / np.sum(pk, axis=axis, keepdims=True)
    if qk is None:
        made = np.sum(sp.entr(pk), axis=axis)
    else:
        made = np.sum(sp.rel_entr(pk, qk / np.sum(qk, axis=axis, keepdims=True)), axis=axis)
    return made if base is None else made / np.log(base)


sem = _summary("sem", _sem)
gmean = _summary("gmean", lambda a, *, axis, weights: np.exp(_weighted(np.log(a), weights, axis)))
hmean = _summary("hmean", lambda a, *, axis, weights: 1.0 / _weighted(1.0 / a, weights, axis))
pmean = _summary(
    "pmean", lambda a, *, axis, weights, p: _weighted(a**p, weights, axis) ** (1.0 / p)
)
skew, kurtosis = _summary("skew", _skew), _summary("kurtosis", _kurtosis)
moment, variation = _summary("moment", _moment), _summary("variation", _variation)
_entropy_of_one = _summary("entropy", lambda pk, *, qk, **how: _entropy(pk, **how), "pk")
_entropy_of_two = _summary("entropy", _entropy, "pk", "qk")


def entropy(
    pk: Any, qk: Any = None, base: Any = None, axis: Any = 0, *, nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:  # fmt: skip
    """Return the entropy of probabilities, or their divergence from others; differentiable in both.

    Parameters
    ----------
    pk, qk : array
        Divided by their sums.
    base, axis, nan_policy, keepdims
        As SciPy's.

    Returns
    -------
    array

    Examples
    --------
    >>> import numpy as np
    >>> float(entropy(np.array([0.5, 0.5]), base=2))
    1.0
    """
    how = {"base": base, "axis": axis, "nan_policy": nan_policy, "keepdims": keepdims}
    return _entropy_of_one(pk, **how) if qk is None else _entropy_of_two(pk, qk, **how)


def _scores(a: Any, *, axis: Any, ddof: int, nan_policy: str) -> Any:
    spread = np.std(a, axis=axis, ddof=ddof, keepdims=True)
    return (a - np.mean(a, axis=axis, keepdims=True)) / spread


zscore = declared(_stats.zscore, _scores, "a", home=HOME, check=_settings("zscore"))

__all__ = ["entropy", "gmean", "hmean", "kurtosis", "moment", "pmean", "sem", "skew", "variation",
           "zscore"]  # fmt: skip
