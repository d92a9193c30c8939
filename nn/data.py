"""Minibatches: any dataset, shuffled by a seed, in an order that can be resumed anywhere.

The order of an epoch depends on the seed and the epoch's number alone, and what
a transform draws on the seed, the epoch and the batch.  So "epoch 3, batch 17"
says everything about where training stands in its data.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from itertools import islice
from typing import Any

import numpy as np

from autograd_core import SettingError, Tensor, optim
from autograd_core.extend import explains_wrong_calls

from .collate import default_collate, default_convert
from .datasets import (
    ArrayDataset,
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    random_split,
    refuse_nonfinite,
)
from .errors import DataError
from .samplers import (
    BatchSampler,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

Batch = tuple[Any, ...]
Transform = Callable[[Any, np.random.Generator], Any]
_LAST = ("keep", "drop", "fill")


@optim.keywords.accepts(
    "pin_memory", "pin_memory_device", "persistent_workers", "multiprocessing_context", "generator",
    "in_order",
)  # fmt: skip
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
    sampler : iterable of int, optional
        The order of the items, in place of `shuffle`; see `nn.data.Sampler`.
    batch_sampler : iterable of lists of int, optional
        The batches, in place of `batch_size`, `shuffle`, `sampler` and `last`.
    collate_fn : callable, optional
        What makes a batch of a list of items; by default arrays are stacked.
    num_workers : int
        How many threads prepare batches ahead; the batches are the same for any number. NumPy
        and files let threads run side by side, Python code of a dataset does not.
    prefetch_factor : int, optional
        How many batches each thread prepares ahead; 2 by default.
    timeout : float
        Seconds to wait for a batch of a thread; 0: no limit.
    worker_init_fn : callable, optional
        Called with its number in each thread as it begins.

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
        sampler: Iterable[int] | None = None,
        batch_sampler: Iterable[Sequence[int]] | None = None,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        num_workers: int = 0,
        prefetch_factor: int | None = None,
        timeout: float = 0.0,
        worker_init_fn: Callable[[int], Any] | None = None,
    ) -> None:
        if isinstance(batch_size, bool) or not hasattr(batch_size, "__index__") or batch_size < 1:
            raise SettingError(f"DataLoader: batch_size = {batch_size!r}; it must be at least 1.")
        if last not in _LAST:
            raise SettingError(f"DataLoader: last = {last!r}; it must be one of {_LAST}.")
        if isinstance(dataset, (np.ndarray, Tensor)):
            dataset = ArrayDataset(dataset, check_finite=check_finite)
        elif isinstance(dataset, tuple):
            dataset = ArrayDataset(*dataset, check_finite=check_finite)
        elif isinstance(dataset, IterableDataset):
            if shuffle or sampler is not None or batch_sampler is not None:
                raise SettingError(
                    "DataLoader: an IterableDataset gives its own order; it takes neither shuffle "
                    "nor a sampler."
                )
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
        self.sampler, self.batch_sampler, self.collate_fn = sampler, batch_sampler, collate_fn
        self._check_order(shuffle, last, drop_last)
        self.num_workers, self.timeout = num_workers, timeout
        self.prefetch_factor, self.worker_init_fn = prefetch_factor, worker_init_fn
        self._check_workers()
        self._shards, self._index, self._repeat = 1, 0, True
        self._factor = 1  # how many times as large as asked for the batches are
        if isinstance(dataset, IterableDataset):
            return
        if not len(dataset):
            raise DataError("DataLoader: the dataset is empty.")
        if not len(self):
            raise DataError(
                f"DataLoader: {self._rows()} rows do not fill one batch of {batch_size}, "
                "and smaller ones are dropped."
            )

    def _check_order(self, shuffle: bool, last: str, drop_last: bool) -> None:
        if self.sampler is not None and (shuffle or self.batch_sampler is not None):
            raise SettingError(
                "DataLoader: a sampler gives the order; it goes with neither shuffle nor a "
                "batch_sampler."
            )
        if self.batch_sampler is not None and (
            shuffle or drop_last or last != "keep" or self.batch_size not in (1, 32)
        ):
            raise SettingError(
                "DataLoader: a batch_sampler gives the batches; it goes with no batch_size, "
                "shuffle, last or drop_last."
            )
        for name in ("sampler", "batch_sampler"):
            given = getattr(self, name)
            if given is not None and not (hasattr(given, "__iter__") and hasattr(given, "__len__")):
                raise SettingError(f"DataLoader: the {name} needs __iter__ and __len__.")

    def _check_workers(self) -> None:
        for name, value, low in (
            ("num_workers", self.num_workers, 0), ("prefetch_factor", self.prefetch_factor, 1),
        ):  # fmt: skip
            known = value is None and name == "prefetch_factor"
            whole = hasattr(value, "__index__") and not isinstance(value, bool)
            if not known and not (whole and value is not None and value >= low):
                raise SettingError(f"DataLoader: {name} = {value!r}; it must be at least {low}.")
        if isinstance(self.timeout, (str, bool)) or not self.timeout >= 0:
            raise SettingError(f"DataLoader: timeout = {self.timeout!r}; it must be at least 0.")

    def _rows(self) -> int:
        """Return how many rows an epoch has."""
        if self.sampler is not None:
            return len(self.sampler)  # type: ignore[arg-type]  # checked
        return len(self.dataset)

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        if self.batch_sampler is not None:
            return len(self.batch_sampler)  # type: ignore[arg-type]  # checked
        if isinstance(self.dataset, IterableDataset) and not hasattr(self.dataset, "__len__"):
            raise DataError(
                f"DataLoader: a {type(self.dataset).__name__} has no length, so the number of "
                "batches is not known; loop over the loader."
            )
        full, rest = divmod(self._rows(), self.batch_size)
        return full + (rest > 0 and self.last != "drop")

    def order(self, epoch: int) -> Any:
        """Return the rows in the order of an epoch."""
        if self.sampler is not None:
            if hasattr(self.sampler, "set_epoch"):
                self.sampler.set_epoch(epoch)
            return np.fromiter(self.sampler, np.int64)
        rows = np.arange(len(self.dataset))
        if self.shuffle:
            np.random.default_rng([self.seed, epoch]).shuffle(rows)
        return rows

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, beginning with number `start`."""
        if isinstance(self.dataset, IterableDataset):
            return self._streamed(epoch, start)
        return self._ahead(list(enumerate(self._groups(epoch)))[start:], epoch)

    def _groups(self, epoch: int) -> list[Any]:
        """Return the rows of each batch of an epoch."""
        if self.batch_sampler is not None:
            if hasattr(self.batch_sampler, "set_epoch"):
                self.batch_sampler.set_epoch(epoch)
            return [np.asarray(rows, np.int64) for rows in self.batch_sampler]
        rows = self.order(epoch)
        if self.last == "fill":
            missing = len(self) * self.batch_size - len(rows)
            rows = np.concatenate([rows, np.resize(rows, missing)])
        size = self.batch_size
        return [rows[k * size : (k + 1) * size] for k in range(len(self))]

    def _ahead(self, groups: Iterable[tuple[int, Any]], epoch: int) -> Iterator[Batch]:
        """Yield a batch for each group of rows, some prepared ahead by threads."""
        if not self.num_workers:
            for k, rows in groups:
                yield self._batch(k, rows, epoch)
            return
        started = iter(range(self.num_workers))

        def begin() -> None:
            if self.worker_init_fn is not None:
                self.worker_init_fn(next(started))

        most = self.num_workers * (self.prefetch_factor or 2)
        waiting: deque[Future[Batch]] = deque()
        todo = iter(groups)
        pool = ThreadPoolExecutor(self.num_workers, "DataLoader", initializer=begin)
        try:
            for k, rows in islice(todo, most):
                waiting.append(pool.submit(self._batch, k, rows, epoch))
            while waiting:
                try:
                    batch = waiting.popleft().result(self.timeout or None)
                except TimeoutError as error:
                    raise DataError(
                        f"DataLoader: no batch came from a thread within {self.timeout} seconds."
                    ) from error
                for k, rows in islice(todo, 1):
                    waiting.append(pool.submit(self._batch, k, rows, epoch))
                yield batch
        finally:  # also where the loop is left early
            pool.shutdown(wait=not self.timeout, cancel_futures=True)

    def _batch(self, k: int, rows: Any, epoch: int) -> Batch:
        share = self._share(rows)
        return self._changed(self._take(share), k, epoch) if len(share) else ()

    def _changed(self, batch: Batch, k: int, epoch: int) -> Batch:
        """Return a batch as the transform leaves it."""
        if self.transform is None:
            return batch
        own = [self._index] if self._shards > 1 else []
        rng = np.random.default_rng([self.seed, epoch, k, *own])
        return (self.transform(batch[0], rng), *batch[1:])

    def _streamed(self, epoch: int, start: int) -> Iterator[Batch]:
        """Yield the batches of a dataset that has no indices."""
        items = iter(self.dataset)
        k = 0
        while chunk := list(islice(items, self.batch_size)):
            whole = len(chunk) == self.batch_size
            if not whole and self.last == "drop":
                return
            if not whole and self.last == "fill":
                raise DataError("DataLoader: last='fill' needs a dataset with indices.")
            if k >= start:
                share = [chunk[row] for row in self._share(np.arange(len(chunk)))]
                yield self._changed(self._made(share), k, epoch) if share else ()
            k += 1

    def rows_in(self, k: int) -> int:
        """Return how many rows batch `k` of an epoch has, in all shards together."""
        if self.batch_sampler is not None:
            return len(self._groups(self.epoch)[k])
        if self.last == "fill":
            return self.batch_size
        return min(self.batch_size, self._rows() - k * self.batch_size)

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
        if isinstance(self.dataset, ArrayDataset) and self.collate_fn is None:
            batch: Batch = self.dataset[rows]
            return batch
        made: Batch = self._made([self.dataset[int(k)] for k in rows])
        return made

    def _made(self, items: list[Any]) -> Any:
        """Return a batch of items."""
        if self.collate_fn is not None:
            return self.collate_fn(items)
        if isinstance(items[0], dict):
            return default_collate(items)
        batch = stack(items)
        if self.check_finite:
            for k, array in enumerate(batch):
                refuse_nonfinite(array, f"part {k} of a batch")
        return batch

    def fingerprint(self) -> dict[str, Any]:
        """Return what determines the batches: a resumed run must have the same."""
        return {
            "rows": self._rows(),
            "batch_size": self.batch_size // self._factor,
            "shuffle": self.shuffle,
            "seed": self.seed,
            "last": self.last,
            **{
                name: type(getattr(self, name)).__name__
                for name in ("sampler", "batch_sampler")
                if getattr(self, name) is not None
            },
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


TensorDataset = ArrayDataset  # PyTorch's name

__all__ = [
    "ArrayDataset",
    "BatchSampler",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "DistributedSampler",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StackDataset",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "default_collate",
    "default_convert",
    "random_split",
]
