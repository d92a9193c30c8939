"""Minibatches: every row once, orders that a seed decides, clear words for bad data."""

import numpy as np
import pytest

import nn
from autograd_core import Tensor
from autograd_core.base import errors


def rows(loader, epoch=0, start=0):
    return [batch[0].tolist() for batch in loader.batches(epoch, start)]


@pytest.mark.parametrize("n", [1, 7, 8, 9])
@pytest.mark.parametrize("last", ["keep", "drop", "fill"])
def test_the_last_batch(n, last):
    if last == "drop" and n < 4:
        with pytest.raises(nn.DataError, match="1 rows do not fill one batch of 4"):
            nn.DataLoader(np.arange(n), 4, last=last)
        return
    loader = nn.DataLoader(np.arange(n), 4, last=last)
    found = rows(loader)
    assert len(found) == len(loader)
    flat = [row for batch in found for row in batch]
    expected = {
        "keep": list(range(n)),
        "drop": list(range(n - n % 4)),
        "fill": [k % n for k in range(-(-n // 4) * 4)],
    }[last]
    assert flat == expected


def test_orders_depend_on_seed_and_epoch_alone():
    a, b, c = (nn.DataLoader(np.arange(100), 10, shuffle=True, seed=s) for s in (1, 1, 2))
    list(a)  # going through one epoch changes nothing in the next
    assert rows(a, 5) == rows(b, 5)
    assert rows(a, 5) != rows(c, 5)
    assert rows(a, 5) != rows(a, 6)
    assert sorted(np.concatenate(rows(a, 5))) == list(range(100))
    assert rows(a, 5, start=7) == rows(a, 5)[7:]


def test_iterating_goes_on_to_the_next_epoch():
    loader = nn.DataLoader(np.arange(20), 5, shuffle=True)
    first, second = ([b[0].tolist() for b in loader] for _ in range(2))
    assert first == rows(loader, 0)
    assert second == rows(loader, 1)


def test_a_transform_draws_the_same_wherever_it_starts():
    loader = nn.DataLoader(
        (np.zeros(12), np.arange(12)), 4, transform=lambda x, rng: x + rng.standard_normal(len(x))
    )
    assert rows(loader, 3, start=2) == rows(loader, 3)[2:]
    assert rows(loader, 3) != rows(loader, 4)
    assert [b[1].tolist() for b in loader.batches(0)][2] == [8, 9, 10, 11]


class Squares:
    """Any object with a length and an index is a dataset."""

    def __len__(self):
        return 5

    def __getitem__(self, k):
        return Tensor([k, k * k]), k % 2


def test_any_indexable_dataset():
    batches = list(nn.DataLoader(Squares(), 2))
    np.testing.assert_array_equal(batches[1][0], [[2, 4], [3, 9]])
    np.testing.assert_array_equal(batches[1][1], [0, 1])
    assert len(batches) == 3


X = np.ones((4, 2))
BAD = [
    (lambda: nn.DataLoader((X, np.ones(3))), nn.DataError, "4 and 3 rows"),
    (lambda: nn.DataLoader(np.ones((0, 2))), nn.DataError, "empty"),
    (lambda: nn.DataLoader([]), nn.DataError, "empty"),
    (lambda: nn.DataLoader(()), nn.DataError, "at least one array"),
    (
        lambda: nn.DataLoader(np.array([1.0, np.nan])),
        nn.DataError,
        "NaN or Inf, first in row 1",
    ),
    (lambda: nn.DataLoader((X, np.full(4, np.inf))), nn.DataError, "array 1 holds NaN or Inf"),
    (lambda: list(nn.DataLoader([1.0, np.nan])), nn.DataError, "part 0 of a batch"),
    (lambda: nn.DataLoader(np.array(["a"])), nn.DataError, "dtype <U1"),
    (lambda: nn.DataLoader(3), nn.DataError, "int is not a dataset"),
    (lambda: nn.DataLoader(([[1.0], [1.0, 2.0]],)), nn.DataError, "does not form an array"),
    (lambda: list(nn.DataLoader([np.ones(2), np.ones(3)])), nn.DataError, "stacked"),
    (lambda: list(nn.DataLoader([(1, 2), (1,)])), nn.DataError, "same number of parts"),
    (lambda: nn.DataLoader(X, batch_size=0), errors.SettingError, "batch_size = 0"),
    (lambda: nn.DataLoader(X, batch_size=2.5), errors.SettingError, "batch_size = 2.5"),
    (lambda: nn.DataLoader(X, last="cut"), errors.SettingError, "last = 'cut'"),
]


@pytest.mark.parametrize(("make", "error", "words"), BAD)
def test_bad_data_are_named(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_checkpoints_hold_any_nest(tmp_path):
    nest = {
        "arrays": [np.arange(3, dtype=np.uint32), np.array(2.5), np.ones((2, 0), np.float32)],
        "complex": np.array([1 + 2j]),
        "by index": {0: {"m": np.ones(2)}, 1: {}},
        "$odd key": ("a", None, True, 2**100, float("inf"), np.float32(0.1)),
    }
    path = tmp_path / "nest.safetensors"
    nn.save_checkpoint(nest, path)
    found = nn.load_checkpoint(path)
    np.testing.assert_equal(found, nest)
    assert found["arrays"][0].dtype == np.uint32
    assert found["arrays"][2].dtype == np.float32
    assert isinstance(found["$odd key"], tuple)
    with pytest.raises(nn.SerializationError, match="where is a function"):
        nn.save_checkpoint({"where": rows}, path)
    np.testing.assert_equal(nn.load_checkpoint(path), nest)  # the old file is whole


def test_damaged_checkpoints_are_named(tmp_path):
    path = tmp_path / "a.safetensors"
    nn.save_checkpoint({"w": np.ones(5)}, path)
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(nn.SerializationError):
            nn.load_checkpoint(path)
    path.write_bytes(whole.replace(b'$array\\":\\"w', b'$array\\":\\"v'))
    with pytest.raises(nn.SerializationError, match="damaged"):
        nn.load_checkpoint(path)
    nn.save({"w": np.ones(2)}, path)
    with pytest.raises(nn.SerializationError, match="not a checkpoint"):
        nn.load_checkpoint(path)
