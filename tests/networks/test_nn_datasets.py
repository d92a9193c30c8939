"""Datasets, samplers, collating, and loaders whose batches are prepared by threads."""

from __future__ import annotations

import threading
import time
from collections import Counter, namedtuple
from itertools import chain
from typing import Any

import numpy as np
import pytest

import nn
from autograd_core import AutogradError, Tensor
from autograd_core.base.errors import SettingError

data = nn.data


class Squares(data.Dataset):
    """The first squares, with a label."""

    def __init__(self, n: int = 10) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, k: int) -> Any:
        return np.array([k, k * k]), k % 2


class Stream(data.IterableDataset):
    """Numbers without a length."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self) -> Any:
        return iter(range(self.n))


class Backwards(data.Sampler):
    """The last index first."""

    def __iter__(self) -> Any:
        return iter([2, 1, 0])

    def __len__(self) -> int:
        return 3


def rows(loader: Any) -> list[Any]:
    return [batch[0].tolist() for batch in loader]


def test_datasets_of_datasets() -> None:
    both = Squares(3) + data.TensorDataset(np.ones((2, 2)), np.zeros(2, int))
    assert (len(both), both[1][1], both[-1][1]) == (5, 1, 0)
    with pytest.raises(IndexError, match="out of range for 5 items"):
        both[5]
    with pytest.raises(nn.DataError, match="use ChainDataset"):
        data.ConcatDataset([Stream(2)])
    assert list(Stream(2) + Stream(1)) == [0, 1, 0]
    named = data.StackDataset(x=[1, 2], y="ab")
    assert named[1] == {"x": 2, "y": "b"}
    assert next(iter(nn.DataLoader(named, 2)))["y"] == ["a", "b"]
    for wrong in (
        lambda: data.StackDataset(), lambda: data.StackDataset([1], [1, 2]),
        lambda: data.ConcatDataset([]), lambda: data.ChainDataset([]),
        lambda: data.random_split(range(5), [2, 2]),
        lambda: data.random_split(range(5), [0.5, 0.6]),
    ):  # fmt: skip
        with pytest.raises(AutogradError):
            wrong()
    first, second = data.random_split(Squares(10), [6, 4], np.random.default_rng(0))
    assert sorted([*first.indices, *second.indices]) == list(range(10))
    assert [len(p) for p in data.random_split(range(11), [0.5, 0.5])] == [6, 5]
    part = data.Subset(data.ArrayDataset(np.arange(5)), [4, 1])
    assert rows(nn.DataLoader(part, 2)) == [[4, 1]]
    assert part[[1, 0, 1]][0].tolist() == [1, 4, 1]
    with pytest.raises(nn.DataError, match=r"the shares \[1.5, -0.5\] must be between 0 and 1"):
        data.random_split(range(4), [1.5, -0.5])


def test_samplers_have_an_order_for_each_epoch() -> None:
    assert rows(nn.DataLoader(np.arange(3), 2, sampler=Backwards())) == [[2, 1], [0]]
    with pytest.raises(NotImplementedError, match="defines no __iter__"):
        iter(data.Sampler())
    sampler = data.RandomSampler(range(6), seed=3)
    loader = nn.DataLoader(np.arange(6), 3, sampler=sampler)
    first, second = rows(loader), rows(loader)
    assert first != second
    assert sorted(chain(*first)) == list(range(6))
    assert [b[0].tolist() for b in loader.batches(0)] == first
    assert [b[0].tolist() for b in loader.batches(1, 1)] == second[1:]
    assert len(data.RandomSampler(range(4), num_samples=10)) == len(
        list(data.RandomSampler(range(4), num_samples=10))
    )
    drawn = list(data.RandomSampler(range(3), replacement=True, num_samples=500))
    assert set(drawn) == {0, 1, 2}
    weighted = Counter(data.WeightedRandomSampler([1.0, 3.0, 0.0], 4000))
    assert abs(weighted[1] / weighted[0] - 3) < 0.4
    assert weighted[2] == 0
    assert sorted(data.WeightedRandomSampler([1, 1, 1], 3, replacement=False)) == [0, 1, 2]
    assert list(data.SequentialSampler("ab")) == [0, 1]
    assert sorted(data.SubsetRandomSampler([7, 5])) == [5, 7]
    for wrong in (
        lambda: data.WeightedRandomSampler([-1.0], 1), lambda: data.WeightedRandomSampler([0.0], 1),
        lambda: data.WeightedRandomSampler([1.0, 0.0], 2, replacement=False),
        lambda: data.RandomSampler([]), lambda: data.BatchSampler(range(3), 0, False),
        lambda: data.DistributedSampler(range(3), 2, 2),
    ):  # fmt: skip
        with pytest.raises(nn.DataError):
            wrong()


@pytest.mark.parametrize("drop", [False, True])
def test_processes_share_a_dataset(drop: bool) -> None:
    parts = [data.DistributedSampler(range(10), 3, k, drop_last=drop) for k in range(3)]
    for part in parts:
        part.set_epoch(4)
    found = [list(part) for part in parts]
    assert {len(f) for f in found} == {3 if drop else 4}
    assert len(set(chain(*found))) == (9 if drop else 10)
    assert list(data.DistributedSampler(range(3), shuffle=False)) == [0, 1, 2]  # alone


def test_batches_of_ones_own() -> None:
    batches = data.BatchSampler(data.RandomSampler(range(7), seed=1), 3, drop_last=True)
    loader = nn.DataLoader(np.arange(7), batch_sampler=batches)
    assert len(loader) == 2
    assert [len(r) for r in rows(loader)] == [3, 3]
    order = data.RandomSampler(range(7), seed=1)
    order.set_epoch(5)
    batches.set_epoch(5)
    assert list(chain(*batches)) == list(order)[:6]
    plain = data.BatchSampler([3, 1, 2], 2, drop_last=False)  # a list has no epochs
    plain.set_epoch(4)
    assert list(plain) == [[3, 1], [2]]
    assert rows(nn.DataLoader(np.arange(5), 2, sampler=[4, 0, 3])) == [[4, 0], [3]]
    filled = nn.DataLoader(np.arange(5), 2, last="fill")
    assert [filled.rows_in(k) for k in range(len(filled))] == [len(r) for r in rows(filled)]
    uneven = nn.DataLoader(np.arange(5), batch_sampler=[[0, 1, 2], [4]])
    assert rows(uneven) == [[0, 1, 2], [4]]
    assert [uneven.rows_in(k) for k in range(2)] == [3, 1]
    joined = nn.DataLoader(Squares(4), 2, collate_fn=lambda items: sum(k for _, k in items))
    assert list(joined) == [1, 1]
    for wrong in (
        {"sampler": [0], "shuffle": True}, {"batch_sampler": [[0]], "batch_size": 4},
        {"batch_sampler": [[0]], "last": "drop"}, {"sampler": 5}, {"num_workers": -1},
        {"num_workers": 1.5}, {"prefetch_factor": 0}, {"timeout": -1}, {"generator": 5},
    ):  # fmt: skip
        with pytest.raises(SettingError):
            nn.DataLoader(np.arange(5), **wrong)
    with pytest.raises(SettingError, match="gives its own order"):
        nn.DataLoader(Stream(3), shuffle=True)
    nn.DataLoader(np.arange(5), pin_memory=True, persistent_workers=True, in_order=True)


def test_streams_in_batches() -> None:
    assert rows(nn.DataLoader(Stream(5), 2)) == [[0, 1], [2, 3], [4]]
    assert rows(nn.DataLoader(Stream(5), 2, drop_last=True)) == [[0, 1], [2, 3]]
    assert [b[0].tolist() for b in nn.DataLoader(Stream(5), 2).batches(0, 1)] == [[2, 3], [4]]
    with pytest.raises(nn.DataError, match="last='fill' needs a dataset with indices"):
        rows(nn.DataLoader(Stream(5), 2, last="fill"))
    with pytest.raises(nn.DataError, match="has no length"):
        len(nn.DataLoader(Stream(5), 2))
    assert len(nn.DataLoader(data.ChainDataset(["ab", "c"]), 2)) == 2


@pytest.mark.parametrize("workers", [1, 3])
def test_threads_change_nothing_but_the_time(workers: int) -> None:
    def noise(x: Any, rng: Any) -> Any:
        return x + rng.normal(size=x.shape)

    settings: dict[str, Any] = {"shuffle": True, "seed": 5, "transform": noise}
    alone = nn.DataLoader(Squares(11), 2, **settings)
    threaded = nn.DataLoader(Squares(11), 2, num_workers=workers, **settings)
    for _ in range(2):
        for a, b in zip(alone, threaded, strict=True):
            np.testing.assert_array_equal(a[0], b[0])
            np.testing.assert_array_equal(a[1], b[1])


class Counting(Squares):
    """Counts what was asked for."""

    def __init__(self, n: int, fails: int = -1) -> None:
        super().__init__(n)
        self.asked, self.fails = 0, fails

    def __getitem__(self, k: int) -> Any:
        self.asked += 1
        if k == self.fails:
            raise KeyError("no such file")
        return super().__getitem__(k)


def running() -> int:
    return sum("DataLoader" in t.name for t in threading.enumerate())


def test_few_batches_wait_and_threads_end() -> None:
    counting, begun = Counting(100), []
    loader = nn.DataLoader(
        counting, 1, num_workers=2, prefetch_factor=3, worker_init_fn=begun.append
    )
    batches = iter(loader)
    next(batches)
    time.sleep(0.1)
    assert counting.asked <= 8  # one taken, six waiting, and one more was begun
    batches.close()  # left early
    assert not running()
    assert set(begun) <= {0, 1}
    failing = nn.DataLoader(Counting(9, fails=4), 2, num_workers=2)
    seen = []
    with pytest.raises(KeyError, match="no such file"):
        seen.extend(failing)
    assert len(seen) == 2
    assert not running()


def test_a_thread_that_hangs_is_not_waited_for() -> None:
    free = threading.Event()

    class Hanging(Squares):
        def __getitem__(self, k: int) -> Any:
            free.wait(10)
            return super().__getitem__(k)

    loader = nn.DataLoader(Hanging(4), 2, num_workers=1, timeout=0.05)
    with pytest.raises(nn.DataError, match=r"within 0\.05 seconds"):
        list(loader)
    free.set()


def test_a_trainer_takes_samplers_and_threads() -> None:
    nn.manual_seed(0)
    x = np.linspace(-1, 1, 32, dtype=np.float32)[:, None]
    loader = nn.DataLoader(
        (x, 3 * x), 8, sampler=data.RandomSampler(range(32), seed=2), num_workers=2
    )
    from optim import SGD

    model = nn.Linear(1, 1)
    trainer = nn.Trainer(model, nn.MSELoss(), SGD(model.parameters(), lr=0.5), progress=False)
    trainer.fit(loader, epochs=30)
    assert abs(float(model.weight.data[0, 0]) - 3) < 0.1
    assert loader.fingerprint()["sampler"] == "RandomSampler"


def test_items_of_any_form() -> None:
    Point = namedtuple("Point", "x y")
    items = [Point(1.0, [np.ones(2), "a"]), Point(Tensor(2.0), [np.zeros(2), "b"])]
    batch = data.default_collate(items)
    assert type(batch) is Point
    assert batch.x.tolist() == [1.0, 2.0]
    assert batch.y[0].shape == (2, 2)
    assert batch.y[1] == ["a", "b"]
    assert data.default_convert([Tensor([1.0]), (2, "a")])[1][1] == "a"
    for wrong in ([], [1, {}], [{"a": 1}, {"b": 1}], [(1,), (1, 2)], [np.ones(1), np.ones(2)],
                  [object(), object()]):  # fmt: skip
        with pytest.raises((nn.DataError, TypeError)):
            data.default_collate(wrong)
