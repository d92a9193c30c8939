"""Samplers: in which order a DataLoader takes the items of a dataset, and how it groups them.

Random orders depend on a seed and the epoch's number alone, so that a resumed training has them
again; a DataLoader tells its sampler the epoch by ``set_epoch``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any

import numpy as np

from autograd_core.extend import explains_wrong_calls

from .errors import DataError
from .values import on_host


def _count(owner: str, name: str, value: Any, low: int = 1) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < low:
        raise DataError(f"{owner}: {name} = {value!r}; it must be an integer, at least {low}.")
    return int(value)


class Sampler:
    """Base class of samplers: a subclass defines ``__iter__``, which yields indices.

    Attributes
    ----------
    epoch : int
        Which epoch's order the next iteration has.

    Examples
    --------
    >>> import nn
    >>> class Backwards(nn.data.Sampler):
    ...     def __init__(self, n):
    ...         self.n = n
    ...     def __iter__(self):
    ...         return iter(range(self.n - 1, -1, -1))
    ...     def __len__(self):
    ...         return self.n
    >>> [x.tolist() for (x,) in nn.DataLoader(np.arange(3), 2, sampler=Backwards(3))]
    [[2, 1], [0]]
    """

    epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order the next iteration has."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[Any]:
        """Yield indices; every subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} defines no __iter__().")


@explains_wrong_calls
class SequentialSampler(Sampler):
    """All items in order.

    Parameters
    ----------
    data_source : dataset
        With a length.

    Examples
    --------
    >>> import nn
    >>> list(nn.data.SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


@explains_wrong_calls
class RandomSampler(Sampler):
    """Items in random order: each once, or drawn again and again.

    Parameters
    ----------
    data_source : dataset
        With a length.
    replacement : bool
        Whether an item can come several times.
    num_samples : int, optional
        How many are drawn; the dataset's length by default.
    seed : int
        Decides, with the epoch, what is drawn.

    Raises
    ------
    DataError
        If the dataset is empty, or a setting is out of range.

    Examples
    --------
    >>> import nn
    >>> sampler = nn.data.RandomSampler("abcd")
    >>> sorted(sampler), list(sampler) == list(sampler)
    ([0, 1, 2, 3], True)
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        *,
        seed: int = 0,
    ) -> None:
        if not len(data_source):
            raise DataError("RandomSampler: the dataset is empty.")
        self.data_source, self.replacement, self.seed = data_source, replacement, seed
        n = len(data_source) if num_samples is None else num_samples
        self.num_samples = _count("RandomSampler", "num_samples", n)

    def __iter__(self) -> Iterator[int]:
        rng, n = np.random.default_rng([self.seed, self.epoch]), len(self.data_source)
        if self.replacement:
            return iter(rng.integers(0, n, self.num_samples).tolist())
        rounds = -(-self.num_samples // n)
        order = np.concatenate([rng.permutation(n) for _ in range(rounds)])
        return iter(order[: self.num_samples].tolist())

    def __len__(self) -> int:
        return self.num_samples


@explains_wrong_calls
class SubsetRandomSampler(Sampler):
    """Some indices in random order.

    Parameters
    ----------
    indices : sequence of int
        Which.
    seed : int
        Decides, with the epoch, the order.

    Examples
    --------
    >>> import nn
    >>> sorted(nn.data.SubsetRandomSampler([5, 2, 9]))
    [2, 5, 9]
    """

    def __init__(self, indices: Sequence[int], *, seed: int = 0) -> None:
        self.indices, self.seed = indices, seed

    def __iter__(self) -> Iterator[int]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.indices))
        return iter([self.indices[k] for k in order])

    def __len__(self) -> int:
        return len(self.indices)


@explains_wrong_calls
class WeightedRandomSampler(Sampler):
    """Indices drawn with given weights, for instance to balance classes.

    Parameters
    ----------
    weights : shape (n,)
        How likely each is, up to a factor.
    num_samples : int
        How many are drawn.
    replacement : bool
        Whether an item can come several times.
    seed : int
        Decides, with the epoch, what is drawn.

    Raises
    ------
    DataError
        If a weight is negative or not finite, or more are to be drawn than there are.

    Examples
    --------
    >>> import nn
    >>> list(nn.data.WeightedRandomSampler([0.0, 3.0, 0.0], 2))
    [1, 1]
    """

    def __init__(
        self, weights: Any, num_samples: int, replacement: bool = True, *, seed: int = 0
    ) -> None:
        owner, found = "WeightedRandomSampler", np.asarray(on_host(weights), float)
        if found.ndim != 1 or not np.all(np.isfinite(found)) or np.any(found < 0):
            raise DataError(
                f"{owner}: weights must be finite numbers along one axis, none below 0."
            )
        if not found.sum() > 0:
            raise DataError(f"{owner}: all weights are 0.")
        self.num_samples = _count(owner, "num_samples", num_samples)
        if not replacement and num_samples > np.count_nonzero(found):
            raise DataError(
                f"{owner}: {num_samples} different items are to be drawn, but only "
                f"{np.count_nonzero(found)} have a weight above 0."
            )
        self.weights, self.replacement, self.seed = found, replacement, seed

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng([self.seed, self.epoch])
        p = self.weights / self.weights.sum()
        drawn = rng.choice(len(p), self.num_samples, replace=self.replacement, p=p)
        return iter(drawn.tolist())

    def __len__(self) -> int:
        return self.num_samples


@explains_wrong_calls
class BatchSampler(Sampler):
    """Lists of the indices of another sampler.

    Parameters
    ----------
    sampler : Sampler, or iterable of int
        The indices.
    batch_size : int
        How many are in a list.
    drop_last : bool
        Whether a shorter list at the end is left out.

    Raises
    ------
    DataError
        If the batch size is not positive.

    Examples
    --------
    >>> import nn
    >>> list(nn.data.BatchSampler(range(5), 2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        self.sampler, self.drop_last = sampler, drop_last
        self.batch_size = _count("BatchSampler", "batch_size", batch_size)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order the next iteration has."""
        super().set_epoch(epoch)
        if hasattr(self.sampler, "set_epoch"):
            self.sampler.set_epoch(epoch)

    def __iter__(self) -> Iterator[list[Any]]:
        batch: list[Any] = []
        for index in self.sampler:
            batch.append(index)
            if len(batch) == self.batch_size:
                yield batch
                batch = []
        if batch and not self.drop_last:
            yield batch

    def __len__(self) -> int:
        full, rest = divmod(len(self.sampler), self.batch_size)  # type: ignore[arg-type]
        return full + (rest > 0 and not self.drop_last)


@explains_wrong_calls
class DistributedSampler(Sampler):
    """Every `num_replicas`-th index, from `rank` on: one process's part of a dataset.

    A `Trainer` shares each batch out by itself; this is for loops of one's own.

    Parameters
    ----------
    dataset : dataset
        With a length.
    num_replicas, rank : int, optional
        How many processes there are, and which this is; those of MPI by default.
    shuffle : bool
        A new order in each epoch.
    seed : int
        Decides, with the epoch, the order; the same on all processes.
    drop_last : bool
        Whether the tail that does not divide is left out; else some items come twice, so that all
        processes have as many.

    Raises
    ------
    DataError
        If there is no such rank.

    Examples
    --------
    >>> import nn
    >>> [list(nn.data.DistributedSampler(range(5), 2, k, shuffle=False)) for k in range(2)]
    [[0, 2, 4], [1, 3, 0]]
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            from .distributed.launch import world

            num_replicas = world().size if num_replicas is None else num_replicas
            rank = world().rank if rank is None else rank
        owner = "DistributedSampler"
        self.num_replicas = _count(owner, "num_replicas", num_replicas)
        self.rank = _count(owner, "rank", rank, 0)
        if rank >= num_replicas:
            raise DataError(f"{owner}: rank = {rank} of {num_replicas} processes.")
        self.dataset, self.shuffle, self.seed, self.drop_last = dataset, shuffle, seed, drop_last
        n = len(dataset)
        if drop_last and n % num_replicas:
            self.num_samples = math.ceil((n - num_replicas) / num_replicas)
        else:
            self.num_samples = math.ceil(n / num_replicas)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self) -> Iterator[int]:
        order = np.arange(len(self.dataset))
        if self.shuffle:
            order = np.random.default_rng([self.seed, self.epoch]).permutation(order)
        order = np.resize(order, self.total_size) if self.total_size else order[:0]
        return iter(order[self.rank :: self.num_replicas].tolist())

    def __len__(self) -> int:
        return self.num_samples
