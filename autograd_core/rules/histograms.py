"""Histograms: the counts are constants, the edges follow the smallest and the largest value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.operations.primitive import Constant, bare, implements, innermost_array

_counts = Constant(lambda a, edges: np.histogram(a, edges)[0])
_counts_of_all = Constant(lambda sample, *edges: np.histogramdd(sample, edges)[0])


def _cells_of(sample: Any, *edges: Any) -> Any:
    """Return the number of each point's cell, the last one that of those outside."""
    place: Any = 0
    outside: Any = False
    for x, e in zip(np.moveaxis(sample, -1, 0), edges, strict=True):
        found = np.searchsorted(e, x, side="right") - 1
        found = np.where(x == e[-1], len(e) - 2, found)  # the last cell has its right edge
        outside = outside | (found < 0) | (found > len(e) - 2) | (x != x)
        place = place * (len(e) - 1) + found
    return np.where(outside, math.prod(len(e) - 1 for e in edges), place)


_cells = Constant(_cells_of)


def _weighted(columns: list[Any], edges: list[Any], weights: Any) -> Any:
    """Return the sums of the weights by cell."""
    weights = weights if hasattr(weights, "dtype") else np.asarray(weights)
    sample = np.stack([np.ravel(c) for c in columns], axis=-1)
    if np.shape(weights) not in (np.shape(columns[0]), (sample.shape[0],)):
        raise ValueError("weights should have the same shape as a.")
    shape = tuple(np.shape(e)[0] - 1 for e in edges)
    n = math.prod(shape)
    cells, weights = _cells(sample, *edges), np.ravel(weights)
    if weights.dtype.kind == "c":
        real = np.bincount(cells, weights=np.real(weights), minlength=n + 1)
        sums = real + 1j * np.bincount(cells, weights=np.imag(weights), minlength=n + 1)
    else:
        sums = np.bincount(cells, weights=weights, minlength=n + 1)
    return np.reshape(sums[:n], shape)


@implements(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """Edges of equal bins, from the smallest to the largest value or over a range."""
    if weights is not None and np.shape(weights) != np.shape(a):
        raise ValueError("weights should have the same shape as a.")
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
    if weights is None:
        counts = _counts(a, edges)
    else:
        counts = _weighted([a], [edges], weights)
        kind = bare(weights).dtype if hasattr(weights, "dtype") else counts.dtype
        counts = counts.astype(kind) if kind.kind in "fc" else counts
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
    edges = [histogram_bin_edges(c, b, r) for c, b, r in zip(columns, bins, ranges, strict=True)]
    if weights is None:
        counts = _counts_of_all(np.stack(columns, axis=-1), *edges)
    else:
        counts = _weighted(columns, edges, weights)
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
