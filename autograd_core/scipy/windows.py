"""scipy.ndimage's filters that choose one element of each window, and vectorized_filter.

A minimum, a median or any rank is one of the window's elements: which one, SciPy's own value says,
and so it does for every boundary and origin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.ndimage as _ndimage

from autograd_core.operations.primitive import Constant
from autograd_core.scipy.declared import declared
from autograd_core.scipy.values import as_floats, is_traced, refuse

HOME = "autograd_core.scipy.ndimage"


def _shares(x: Any, footprint: Any, rank: Any, how: dict[str, Any]) -> tuple[Any, Any]:
    """Return, of each window, its elements' places in x, and the share of each in the value.

    Elements that equal the value share it. The place -1 is beyond a border, where `cval` stands.
    """
    y = _ndimage.rank_filter(x, rank, footprint=footprint, **how)
    beyond = {**how, "cval": -1.0}
    padded = np.append(x.ravel(), np.asarray(how["cval"]).astype(x.dtype))
    numbers = np.arange(float(x.size)).reshape(x.shape)
    found = []
    for element in np.argwhere(footprint):
        one = np.zeros(footprint.shape, dtype=bool)
        one[tuple(element)] = True
        found.append(_ndimage.rank_filter(numbers, 0, footprint=one, **beyond).astype(np.intp))
    places = np.stack(found)
    equal = padded[places] == y
    with np.errstate(invalid="ignore"):  # NaN where the value is NaN
        return places, (equal / np.sum(equal, axis=0)).astype(x.dtype)


_places = Constant(_shares)


def chosen(x: Any, footprint: Any, rank: int, how: dict[str, Any]) -> Any:
    """Return the rank filter of x as a composition."""
    places, share = _places(x, footprint, rank, how)
    border = np.asarray(how["cval"]).astype(x.dtype)
    return np.sum(share * np.append(np.ravel(x), border)[places], axis=0)


def _footprint(size: Any, footprint: Any, count: int) -> Any:
    if footprint is not None:
        return np.asarray(footprint, dtype=bool)
    return np.ones(np.broadcast_to(size, (count,)), dtype=bool)


def _ranked(rank_of: Callable[..., int]) -> Callable[..., Any]:
    """Return a rank filter: `rank_of` gives the rank, from the window's size and a setting."""

    def composition(
        x: Any, *, size: Any, footprint: Any, output: Any, mode: Any, cval: float, origin: Any,
        axes: Any = None, **setting: Any,
    ) -> Any:  # fmt: skip
        count = x.ndim if axes is None else np.size(axes)
        window = _footprint(size, footprint, count)
        rank = rank_of(int(np.count_nonzero(window)), *setting.values())
        how = {"mode": mode, "cval": cval, "origin": origin}
        if axes is not None:
            how["axes"] = axes
        return chosen(x, window, rank, how)

    return composition


def _percentile(count: int, percentile: float) -> int:
    percentile = percentile + 100.0 if percentile < 0 else percentile
    return count - 1 if percentile == 100.0 else int(float(count) * percentile / 100.0)


def _along_one(last: bool) -> Callable[..., Any]:
    def composition(
        x: Any, *, size: int, axis: int, output: Any, mode: str, cval: float, origin: int
    ) -> Any:
        shape, places = [1] * x.ndim, [0] * x.ndim
        shape[axis], places[axis] = size, origin
        how = {"mode": mode, "cval": cval, "origin": places}
        return chosen(x, np.ones(shape, dtype=bool), size - 1 if last else 0, how)

    return composition


def _filter(name: str, composition: Callable[..., Any]) -> Callable[..., Any]:
    return declared(getattr(_ndimage, name), composition, "input", home=HOME)


minimum_filter = _filter("minimum_filter", _ranked(lambda count: 0))
maximum_filter = _filter("maximum_filter", _ranked(lambda count: count - 1))
median_filter = _filter("median_filter", _ranked(lambda count: count // 2))
rank_filter = _filter("rank_filter", _ranked(lambda count, rank: rank % count))
percentile_filter = _filter("percentile_filter", _ranked(_percentile))
minimum_filter1d = _filter("minimum_filter1d", _along_one(False))
maximum_filter1d = _filter("maximum_filter1d", _along_one(True))


def vectorized_filter(
    input: Any, function: Callable[..., Any], *, size: Any = None, footprint: Any = None,
    output: Any = None, mode: str = "reflect", cval: Any = None, origin: Any = None,
    axes: Any = None, batch_memory: float = 2**30,
) -> Any:  # fmt: skip
    """Apply a function to the window around each element; differentiable in the input.

    Parameters
    ----------
    input : array
    function : callable
        ``function(windows, axis=axes)``, of NumPy's functions if the input is traced.
    size, footprint, mode, cval, origin, axes, batch_memory
        As SciPy's; all windows of a traced input are in memory at once.
    output : array or dtype, optional
        As SciPy's; refused with a traced input.

    Returns
    -------
    array

    Raises
    ------
    UnsupportedError
        With `output` and a traced input.

    Examples
    --------
    >>> import numpy as np
    >>> vectorized_filter(np.array([1.0, 4.0, 1.0]), np.mean, size=3)
    array([2., 2., 2.])
    """
    how = {"size": size, "footprint": footprint, "mode": mode, "cval": cval, "origin": origin,
           "axes": axes}  # fmt: skip
    if not is_traced(input, cval):
        return _ndimage.vectorized_filter(input, function, output=output,
                                          batch_memory=batch_memory, **how)  # fmt: skip
    if output is not None or is_traced(cval):
        raise refuse("ndimage.vectorized_filter", "output= and a traced cval are not supported.",
                     "Use the value that is returned, and a number as cval.")  # fmt: skip
    x = as_floats(input)
    seen: list[Any] = []

    def note(windows: Any, axis: Any) -> Any:
        seen.extend((windows.astype(np.intp), axis))
        return np.zeros(windows.shape[: windows.ndim - np.size(axis)])

    numbers = np.arange(1.0, x.size + 1).reshape(x.shape)  # and 0 beyond a constant border
    beyond = {} if cval is None else {"cval": 0.0}
    _ndimage.vectorized_filter(numbers, note, batch_memory=np.inf, **{**how, **beyond})
    if not seen:
        return x * 1.0
    places, axis = seen
    border = np.full(1, 0.0 if cval is None else cval, x.dtype)
    made = function(np.concatenate([border, np.ravel(x)])[places], axis=axis)
    chosen_axes = range(-x.ndim, 0) if axes is None else np.atleast_1d(axes).tolist()
    return np.moveaxis(made, range(-len(chosen_axes), 0), list(chosen_axes))
