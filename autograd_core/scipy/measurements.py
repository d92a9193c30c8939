"""scipy.ndimage's measurements of labelled regions: sums, means, variances, extrema, centres."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage as _ndimage

from autograd_core.operations.primitive import Constant
from autograd_core.rules.indexing import scatter
from autograd_core.scipy.declared import declared
from autograd_core.scipy.values import as_floats, is_traced, refuse_traced

HOME = "autograd_core.scipy.ndimage"


class _Regions:
    """Which elements of an array belong to which of the regions that are asked for."""

    def __init__(self, x: Any, labels: Any, index: Any) -> None:
        whole = labels is None
        labels = np.asarray(1 if whole else labels)
        shape = np.broadcast_shapes(np.shape(x), labels.shape)
        self.numbers = np.ravel(np.broadcast_to(x, shape))
        labels = np.broadcast_to(labels, shape).ravel()
        if whole or index is None:
            labels, index = (labels > 0).astype(int), 1
        self.shape = np.shape(index)
        known, self.group = np.unique(labels, return_inverse=True)
        self.count = known.size
        asked = np.ravel(index)
        place = np.minimum(np.searchsorted(known, asked), max(known.size - 1, 0))
        found = (known[place] == asked) if known.size else np.zeros(asked.shape, bool)
        self.place = np.where(found, place, known.size)  # what nobody has is a region of its own

    def sums(self, x: Any) -> Any:
        """Return the sum of each group of labels, and 0 of what is not there."""
        return scatter(x, index=(self.group,), shape=(self.count + 1,))

    def asked(self, groups: Any) -> Any:
        """Return what was asked for, from what was computed for every group."""
        return np.reshape(groups[self.place], self.shape)

    def sizes(self) -> Any:
        """Return the number of elements of each group; 1 of what is not there."""
        counts = np.bincount(self.group, minlength=self.count + 1)
        return np.maximum(counts, 1).astype(self.numbers.dtype)

    def means(self) -> Any:
        return self.sums(self.numbers) / self.sizes()


def _sum(x: Any, *, labels: Any, index: Any) -> Any:
    regions = _Regions(x, labels, index)
    return regions.asked(regions.sums(regions.numbers))


def _mean(x: Any, *, labels: Any, index: Any) -> Any:
    regions = _Regions(x, labels, index)
    return regions.asked(regions.means())


def _variance(x: Any, *, labels: Any, index: Any) -> Any:
    regions = _Regions(x, labels, index)
    centred = regions.numbers - regions.means()[regions.group]
    return regions.asked(regions.sums(np.real(centred * np.conj(centred))) / regions.sizes())


def _deviation(x: Any, *, labels: Any, index: Any) -> Any:
    variance = _variance(x, labels=labels, index=index)
    same = variance == 0  # derivative 0, as np.std has it
    return np.where(same, 0.0, np.sqrt(np.where(same, 1.0, variance)))


def _extreme(name: str) -> Any:
    function = getattr(_ndimage, name)

    def shares(x: Any, group: Any, count: int) -> Any:
        """Return each element's share in the extreme of its group: equals share it."""
        equal = x == function(x, group, np.arange(count))[group]
        return (equal / np.bincount(group, equal)[group]).astype(x.dtype)

    shared = Constant(shares)

    def composition(x: Any, *, labels: Any, index: Any) -> Any:
        regions = _Regions(x, labels, index)
        numbers = regions.numbers
        return regions.asked(regions.sums(numbers * shared(numbers, regions.group, regions.count)))

    return composition


def _measured(name: str, composition: Any) -> Any:
    return declared(getattr(_ndimage, name), composition, "input", home=HOME)


sum = _measured("sum", _sum)
sum_labels = _measured("sum_labels", _sum)
mean = _measured("mean", _mean)
variance = _measured("variance", _variance)
standard_deviation = _measured("standard_deviation", _deviation)
minimum, maximum = (_measured(name, _extreme(name)) for name in ("minimum", "maximum"))


def center_of_mass(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Return the centre of mass of an array, or of each of its regions; differentiable in it.

    Parameters
    ----------
    input : array
        The masses.
    labels, index
        As SciPy's.

    Returns
    -------
    tuple of numbers, or list of tuples
        As SciPy's.

    Examples
    --------
    >>> import numpy as np
    >>> tuple(map(float, center_of_mass(np.array([[1.0, 3.0]]))))
    (0.0, 0.75)
    """
    refuse_traced("ndimage.center_of_mass", "Pass labels and index as constants.", labels, index)
    if not is_traced(input):
        return _ndimage.center_of_mass(input, labels, index)
    x = as_floats(input)
    whole = sum_labels(x, labels, index)
    grids = np.indices(np.shape(x)).astype(float)
    centres = [sum_labels(x * grid, labels, index) / whole for grid in grids]
    if np.ndim(centres[0]) == 0:
        return tuple(centres)
    return [tuple(row) for row in zip(*(list(c) for c in centres), strict=True)]
