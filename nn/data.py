"""Minibatches: any dataset, shuffled by a seed, in an order that can be resumed anywhere.

The order of an epoch depends on the seed and the epoch's number alone, and what
a transform draws on the seed, the epoch and the batch.  So "epoch 3, batch 17"
says everything about where training stands in its data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import Any

import numpy as np

from autograd_core import SettingError, Tensor
from autograd_core.extend import explains_wrong_calls

from .errors import DataError

Batch = tuple[Any, ...]
Transform = Callable[[Any, np.random.Generator], Any]
_LAST = ("keep", "drop", "fill")


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

    def __getitem__(self, index: Any) -> Batch:
        return tuple(a[index] for a in self.arrays)


def _as_array(value: Any, k: int) -> Any:
    try:
        array = value.data if isinstance(value, Tensor) else np.asarray(value)
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


@explains_wrong_calls
class DataLoader:
    """Splits a dataset into minibatches.

    Parameters
    ----------
    dataset : array, tuple of arrays, or sequence
        Arrays of equal length; or anything with ``len()`` and ``[index]``
        whose items are tuples (or single values), which are then stacked.
    batch_size : int
        Rows in a batch.
    shuffle : bool
        A new order in each epoch.
    seed : int
        Decides all orders, and what the transform draws.
    last : {"keep", "drop", "fill"}
        What to do with fewer rows than a batch at the end: a smaller batch,
        none, or a full one with rows from the epoch's beginning.
    drop_last : bool
        PyTorch's name for ``last="drop"``.
    transform : callable, optional
        ``transform(inputs, rng)`` changes the first array of each batch:
        augmentation, noise, normalization.
    check_finite : bool
        Refuse NaN and infinities.

    Attributes
    ----------
    epoch : int
        The epoch that the next iteration will go through.

    Raises
    ------
    DataError
        If the dataset is empty, does not fit together, holds NaN, or is too
        small for one batch.
    SettingError
        If the batch size or `last` is not valid.

    Examples
    --------
    >>> loader = DataLoader((np.arange(5.0), np.arange(5)), batch_size=2)
    >>> [y.tolist() for x, y in loader]
    [[0, 1], [2, 3], [4]]
    >>> shuffled = DataLoader(np.arange(6), batch_size=3, shuffle=True, seed=1)
    >>> len(shuffled), sorted(np.concatenate([x for (x,) in shuffled]).tolist())
    (2, [0, 1, 2, 3, 4, 5])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        *,
        seed: int = 0,
        last: str = "keep",
        drop_last: bool = False,
        transform: Transform | None = None,
        check_finite: bool = True,
    ) -> None:
        if isinstance(batch_size, bool) or not hasattr(batch_size, "__index__") or batch_size < 1:
            raise SettingError(f"DataLoader: batch_size = {batch_size!r}; it must be at least 1.")
        if last not in _LAST:
            raise SettingError(f"DataLoader: last = {last!r}; it must be one of {_LAST}.")
        if isinstance(dataset, (np.ndarray, Tensor)):
            dataset = ArrayDataset(dataset, check_finite=check_finite)
        elif isinstance(dataset, tuple):
            dataset = ArrayDataset(*dataset, check_finite=check_finite)
        elif not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
            raise DataError(
                f"DataLoader: a {type(dataset).__name__} is not a dataset; give arrays, "
                "or an object with len() and [index]."
            )
        self.dataset = dataset
        self.batch_size = int(batch_size)
        self.shuffle = shuffle
        self.seed = seed
        self.last = "drop" if drop_last else last
        self.transform = transform
        self.check_finite = check_finite
        self.epoch = 0
        self._shards, self._index, self._repeat = 1, 0, True
        self._factor = 1  # how many times as large as asked for the batches are
        if not len(dataset):
            raise DataError("DataLoader: the dataset is empty.")
        if not len(self):
            raise DataError(
                f"DataLoader: {len(dataset)} rows do not fill one batch of {batch_size}, "
                "and smaller ones are dropped."
            )

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full + (rest > 0 and self.last != "drop")

    def order(self, epoch: int) -> Any:
        """Return the rows in the order of an epoch."""
        rows = np.arange(len(self.dataset))
        if self.shuffle:
            np.random.default_rng([self.seed, epoch]).shuffle(rows)
        return rows

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, beginning with number `start`."""
        rows = self.order(epoch)
        if self.last == "fill":
            missing = len(self) * self.batch_size - len(rows)
            rows = np.concatenate([rows, np.resize(rows, missing)])
        own = [self._index] if self._shards > 1 else []
        for k in range(start, len(self)):
            share = self._share(rows[k * self.batch_size : (k + 1) * self.batch_size])
            if not len(share):
                yield ()
                continue
            batch = self._take(share)
            if self.transform is not None:
                rng = np.random.default_rng([self.seed, epoch, k, *own])
                batch = (self.transform(batch[0], rng), *batch[1:])
            yield batch

    def rows_in(self, k: int) -> int:
        """Return how many rows batch `k` of an epoch has, in all shards together."""
        if self.last == "fill":
            return self.batch_size
        return min(self.batch_size, len(self.dataset) - k * self.batch_size)

    def shard(self, num_shards: int, index: int, repeat: bool = True) -> DataLoader:
        """Return a loader of one part of each batch: for one of several processes.

        The batches, their number and their order are those of this loader; the shards of a batch
        are its rows in as many pieces as even as can be. What the transform draws differs from
        shard to shard.

        Parameters
        ----------
        num_shards : int
            How many processes share each batch.
        index : int
            Which part this one takes, from 0.
        repeat : bool
            What to do with a batch of fewer rows than shards: each shard is all of it; or, if
            False, some are an empty tuple.

        Returns
        -------
        DataLoader

        Raises
        ------
        SettingError
            If there is no such shard, or the loader is a shard already.

        Examples
        --------
        >>> loader = DataLoader(np.arange(7), batch_size=4)
        >>> [[x.tolist() for (x,) in loader.shard(2, k)] for k in range(2)]
        [[[0, 1], [4]], [[2, 3], [5, 6]]]
        """
        if not 0 <= index < num_shards:
            raise SettingError(
                f"DataLoader.shard: index = {index} of {num_shards} shards; it must be from 0 to "
                f"{num_shards - 1}."
            )
        if self._shards > 1:
            raise SettingError(
                "DataLoader.shard: this loader is a shard already; give the whole loader (to a "
                "Trainer too, which shares it out by itself)."
            )
        made = copy(self)
        made._shards, made._index, made._repeat = num_shards, index, repeat
        return made

    def scaled(self, factor: int) -> DataLoader:
        """Return a loader of batches that many times as large; its fingerprint is this one's.

        Examples
        --------
        >>> len(DataLoader(np.arange(12), batch_size=2).scaled(3))
        2
        """
        made = copy(self)
        made.batch_size, made._factor = self.batch_size * factor, factor
        if not len(made):
            raise DataError(
                f"DataLoader: {len(self.dataset)} rows do not fill one batch of {factor} times "
                f"{self.batch_size}, and smaller ones are dropped."
            )
        return made

    def _share(self, rows: Any) -> Any:
        """Return this shard's rows of a batch."""
        shards, index, count = self._shards, self._index, len(rows)
        if shards == 1 or (self._repeat and count < shards):
            return rows
        return rows[index * count // shards : (index + 1) * count // shards]

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches of the next epoch."""
        epoch = self.epoch
        self.epoch += 1
        return self.batches(epoch)

    def _take(self, rows: Any) -> Batch:
        if isinstance(self.dataset, ArrayDataset):
            return self.dataset[rows]
        items = [self.dataset[int(k)] for k in rows]
        batch = stack(items)
        if self.check_finite:
            for k, array in enumerate(batch):
                refuse_nonfinite(array, f"part {k} of a batch")
        return batch

    def fingerprint(self) -> dict[str, Any]:
        """Return what determines the batches: a resumed run must have the same."""
        return {
            "rows": len(self.dataset),
            "batch_size": self.batch_size // self._factor,
            "shuffle": self.shuffle,
            "seed": self.seed,
            "last": self.last,
        }


def stack(items: Sequence[Any]) -> Batch:
    """Return items of a dataset as arrays, one for each part of the items.

    Examples
    --------
    >>> stack([(np.zeros(2), 1), (np.ones(2), 0)])
    (array([[0., 0.],
           [1., 1.]]), array([1, 0]))
    """
    pairs = [item if isinstance(item, tuple) else (item,) for item in items]
    if len({len(pair) for pair in pairs}) > 1:
        raise DataError("data: the items of a dataset must all have the same number of parts.")
    made = []
    for k, parts in enumerate(zip(*pairs, strict=True)):
        arrays = [p.data if isinstance(p, Tensor) else np.asarray(p) for p in parts]
        shapes = {a.shape for a in arrays}
        if len(shapes) > 1:
            raise DataError(
                f"data: part {k} of the items has shapes {sorted(shapes)[:3]}; they cannot be "
                "stacked into one batch. Pad or crop them to one shape."
            )
        made.append(np.stack(arrays))
    return tuple(made)


def as_loader(data: Any, batch_size: int, shuffle: bool, seed: int) -> DataLoader:
    """Return a loader as it is, or one made of data."""
    if isinstance(data, DataLoader):
        return data
    return DataLoader(data, batch_size, shuffle, seed=seed)
