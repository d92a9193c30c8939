"""Histograms: the counts are constants, the edges follow the smallest and the largest value."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.operations.primitive import Constant, implements, innermost_array, unwrapped

_counts = Constant(lambda a, edges, weights: np.histogram(a, edges, weights=weights)[0])
_counts_of_all = Constant(
    lambda sample, weights, *edges: np.histogramdd(sample, edges, weights=weights)[0]
)


def _untracked(weights: Any) -> None:
    met: list[Any] = []
    unwrapped(weights, met)
    if any(b._level for b in met):
        raise TypeError(
            "weights= is not supported on a traced value; "
            "use np.bincount(np.digitize(x, edges), weights=w)."
        )


@implements(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """Edges of equal bins, from the smallest to the largest value or over a range."""
    _untracked(weights)
    if isinstance(bins, str):
        raise TypeError(
            f"bins={bins!r} chooses widths by the values, which has no derivative rule; give the "
            "number of bins or their edges, or pass x.detach()."
        )
    if np.ndim(bins):
        return bins if hasattr(bins, "dtype") else np.asarray(bins)
    if range is not None:
        first, last = range
        if np.any(innermost_array(first) > innermost_array(last)):
            raise ValueError("max must be larger than min in range parameter.")
    elif np.size(a):
        first, last = np.min(a), np.max(a)
    else:
        first, last = 0.0, 1.0
    equal = innermost_array(first) == innermost_array(last)
    if np.any(equal):  # of a batch, in some of the examples
        equal = np.equal(first, last)
        first, last = np.where(equal, first - 0.5, first), np.where(equal, last + 0.5, last)
    kind = np.result_type(first, last, a)
    return np.linspace(first, last, bins + 1, dtype=kind if kind.kind == "f" else float)


@implements(np.histogram)
def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    """Count values by bin."""
    edges = histogram_bin_edges(a, bins, range, weights)
    counts = _counts(a, edges, weights)
    if density:
        counts = counts / np.diff(edges) / np.sum(counts)
    return counts, edges


@implements(np.histogramdd)
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    """Count points by cell."""
    columns = list(np.atleast_2d(sample).T) if hasattr(sample, "dtype") else list(sample)
    if isinstance(sample, (tuple, list)):  # NumPy makes one array of them
        columns = list(np.stack(columns))
    n = len(columns)
    bins = [bins] * n if np.ndim(bins) == 0 else bins
    if len(bins) != n:
        raise ValueError("one number of bins, or one array of edges, for each axis.")
    ranges = [None] * n if range is None else range
    edges = [
        histogram_bin_edges(c, b, r, weights) for c, b, r in zip(columns, bins, ranges, strict=True)
    ]
    counts = _counts_of_all(np.stack(columns, axis=-1), weights, *edges)
    if density:
        total = np.sum(counts)
        for axis, e in enumerate(edges):
            shape = tuple(-1 if k == axis else 1 for k, _ in enumerate(edges))
            counts = counts / np.reshape(np.diff(e), shape)
        counts = counts / total
    return counts, edges


@implements(np.histogram2d)
def histogram2d(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,
    density: Any = None,
    weights: Any = None,
) -> Any:
    """Count pairs by cell."""
    if np.ndim(bins) == 1 and len(bins) not in (1, 2):
        bins = [bins, bins]
    counts, edges = histogramdd((x, y), bins, range, density, weights)
    return counts, edges[0], edges[1]
