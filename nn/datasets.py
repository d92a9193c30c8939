"""Datasets made of others: parts, sequences of them, rows side by side; and those without a length.

A dataset is anything with ``len()`` and ``[index]``; an `IterableDataset` yields its items.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.extend import explains_wrong_calls, foreign

from .errors import DataError
from .random import generator as shared


@explains_wrong_calls
class ArrayDataset:
    """Arrays of equal length, taken together row by row.

    Parameters
    ----------
    *arrays : array_like, shape (n, ...)
        Inputs, targets, ...
    check_finite : bool
        Refuse NaN and infinities, which would silently ruin every weight.

    Raises
    ------
    DataError
        If there are no rows, the lengths differ, or a value is not finite.

    Examples
    --------
    >>> data = ArrayDataset([[0.0], [1.0], [2.0]], [0, 1, 1])
    >>> len(data), data[1]
    (3, (array([1.]), np.int64(1)))
    """

    def __init__(self, *arrays: Any, check_finite: bool = True) -> None:
        if not arrays:
            raise DataError("ArrayDataset: give at least one array.")
        self.arrays = tuple(_as_array(a, k) for k, a in enumerate(arrays))
        lengths = [len(a) for a in self.arrays]
        if len(set(lengths)) > 1:
            raise DataError(
                f"ArrayDataset: the arrays have {' and '.join(map(str, lengths))} rows; "
                "inputs and targets must be of equal length."
            )
        if not lengths[0]:
            raise DataError("ArrayDataset: the data are empty.")
        if check_finite:
            for k, array in enumerate(self.arrays):
                refuse_nonfinite(array, f"array {k}")

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(a[index] for a in self.arrays)


def _as_array(value: Any, k: int) -> Any:
    try:
        array = value.data if isinstance(value, Tensor) else value
        array = array if foreign(array) is not None else np.asarray(array)
    except ValueError as error:
        raise DataError(f"data: array {k} does not form an array: {error}") from error
    if array.ndim == 0 or array.dtype.kind not in "biufc":
        raise DataError(
            f"data: array {k} has shape {array.shape} and dtype {array.dtype}; "
            "give rows of numbers."
        )
    return array


def refuse_nonfinite(array: Any, what: str) -> None:
    """Raise `DataError` with the first row that holds NaN or an infinity."""
    if array.dtype.kind not in "fc" or np.isfinite(array).all():
        return
    row = int(np.argmax(~np.isfinite(array).reshape(len(array), -1).all(axis=1)))
    raise DataError(
        f"data: {what} holds NaN or Inf, first in row {row}; remove such rows or fill them in."
    )


class Dataset:
    """Base class of datasets: a subclass defines ``__getitem__`` and ``__len__``.

    Examples
    --------
    >>> import nn
    >>> class Squares(nn.data.Dataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         return index**2
    >>> [x.tolist() for (x,) in nn.DataLoader(Squares(), batch_size=2)]
    [[0, 1], [4]]
    """

    def __getitem__(self, index: Any) -> Any:
        """Return an item; every subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} defines no __getitem__().")

    def __add__(self, other: Any) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset:
    """Base class of datasets that yield their items: a subclass defines ``__iter__``.

    Examples
    --------
    >>> import nn
    >>> class Stream(nn.data.IterableDataset):
    ...     def __iter__(self):
    ...         return iter(range(3))
    >>> [x.tolist() for (x,) in nn.DataLoader(Stream(), batch_size=2)]
    [[0, 1], [2]]
    """

    def __iter__(self) -> Iterator[Any]:
        """Yield the items; every subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} defines no __iter__().")

    def __add__(self, other: Any) -> ChainDataset:
        return ChainDataset([self, other])


def _listed(owner: str, datasets: Iterable[Any]) -> list[Any]:
    found = list(datasets)
    if not found:
        raise DataError(f"{owner}: give at least one dataset.")
    return found


@explains_wrong_calls
class StackDataset(Dataset):
    """Datasets of one length side by side: item k is the tuple, or dict, of their items k.

    Parameters
    ----------
    *args : dataset
        For items that are tuples.
    **kwargs : dataset
        Or, by name, for items that are dicts.

    Raises
    ------
    DataError
        If there are none, both forms are used, or the lengths differ.

    Examples
    --------
    >>> import nn
    >>> nn.data.StackDataset([1, 2], "ab")[1]
    (2, 'b')
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if bool(args) == bool(kwargs):
            raise DataError("StackDataset: give datasets either by position or by name.")
        self.datasets: Any = args or kwargs
        lengths = {len(d) for d in (args or kwargs.values())}
        if len(lengths) > 1:
            raise DataError(f"StackDataset: the datasets have lengths {sorted(lengths)}.")
        self._length = lengths.pop()

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: d[index] for name, d in self.datasets.items()}
        return tuple(d[index] for d in self.datasets)


@explains_wrong_calls
class ConcatDataset(Dataset):
    """Datasets one after the other.

    Parameters
    ----------
    datasets : iterable of datasets
        Each with a length.

    Attributes
    ----------
    cumulative_sizes : list of int
        Where each of them ends.

    Raises
    ------
    DataError
        If there are none, or one has no length.

    Examples
    --------
    >>> import nn
    >>> both = nn.data.ConcatDataset([[1, 2, 3], [4, 5]])
    >>> len(both), both[3], both[-1]
    (5, 4, 5)
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = _listed("ConcatDataset", datasets)
        for d in self.datasets:
            if isinstance(d, IterableDataset) or not hasattr(d, "__len__"):
                raise DataError(
                    f"ConcatDataset: a {type(d).__name__} has no length; use ChainDataset."
                )
        self.cumulative_sizes = list(accumulate(len(d) for d in self.datasets))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: Any) -> Any:
        k = int(index)
        if not -len(self) <= k < len(self):
            raise IndexError(f"ConcatDataset: index {k} is out of range for {len(self)} items.")
        k %= len(self)
        which = bisect_right(self.cumulative_sizes, k)
        return self.datasets[which][k - (self.cumulative_sizes[which - 1] if which else 0)]


@explains_wrong_calls
class ChainDataset(IterableDataset):
    """Iterable datasets one after the other.

    Parameters
    ----------
    datasets : iterable of iterables
        What is gone through.

    Raises
    ------
    DataError
        If there are none.

    Examples
    --------
    >>> import nn
    >>> list(nn.data.ChainDataset([[1, 2], [3]]))
    [1, 2, 3]
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = _listed("ChainDataset", datasets)

    def __iter__(self) -> Iterator[Any]:
        for d in self.datasets:
            yield from d

    def __len__(self) -> int:
        return sum(len(d) for d in self.datasets)


@explains_wrong_calls
class Subset(Dataset):
    """Some items of a dataset, in a given order.

    Parameters
    ----------
    dataset : dataset
        The whole.
    indices : sequence of int
        Which items.

    Examples
    --------
    >>> import nn
    >>> part = nn.data.Subset("abcd", [3, 1])
    >>> len(part), part[0]
    (2, 'd')
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, (list, np.ndarray)) and np.ndim(index):
            return self.dataset[np.asarray(self.indices)[index]]
        return self.dataset[self.indices[index]]


@explains_wrong_calls
def random_split(dataset: Any, lengths: Sequence[float], generator: Any = None) -> list[Subset]:
    """Divide a dataset at random.

    Parameters
    ----------
    dataset : dataset
        The whole.
    lengths : sequence of int, or of float
        How many items each part has; or which share, all of them together 1.
    generator : numpy.random.Generator, optional
        Where to draw; default the package's.

    Returns
    -------
    list of Subset

    Raises
    ------
    DataError
        If the lengths do not sum up to the dataset's, or the shares to 1.

    Examples
    --------
    >>> import numpy as np, nn
    >>> parts = nn.data.random_split(range(10), [0.7, 0.3], np.random.default_rng(0))
    >>> [len(p) for p in parts], sorted(x for p in parts for x in p.indices)
    ([7, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    total, given = len(dataset), list(lengths)
    if (
        given
        and sum(given) <= 1 + 1e-9
        and math.isclose(sum(given), 1)
        and any(not hasattr(n, "__index__") for n in given)
    ):
        if any(not 0 <= share <= 1 for share in given):
            raise DataError(f"random_split: the shares {given} must be between 0 and 1.")
        counts = [math.floor(total * share) for share in given]
        for k in range(total - sum(counts)):  # what is left goes round, as in PyTorch
            counts[k % len(counts)] += 1
    else:
        counts = [int(n) for n in given]
    if (
        sum(counts) != total
        or any(n < 0 for n in counts)
        or (given and counts != given and all(hasattr(n, "__index__") for n in given))
    ):
        raise DataError(
            f"random_split: the lengths {given} do not sum up to the dataset's {total}."
        )
    order = (shared() if generator is None else generator).permutation(total).tolist()
    ends = list(accumulate(counts))
    return [
        Subset(dataset, order[end - count : end]) for end, count in zip(ends, counts, strict=True)
    ]
