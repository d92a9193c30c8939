"""The examples of images and games, in their quick form, meet their bars."""

import importlib
import itertools
from urllib.error import URLError

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra: demo")

from example_bars import each_example, meets_bars

from examples import common, ladder, lenet, multitask

# example: {key of a result: (lowest, highest) value allowed}
BARS = {
    "lenet": {"parameters": (60_000, 60_000), "accuracy": (0.985, 1)},
    "alexnet": {"parameters": (60_965_224,) * 2, "reached": (1, 1), "accuracy": (0.5, 1)},
    "inception": {"parameters": (6_998_552,) * 2, "reached": (1, 1), "accuracy": (0.85, 1)},
    "alphazero": {
        "lost": (0, 0),
        "lost to perfect": (0, 0),
        "won from random": (0.8, 1),
        "lost without search": (0, 100),
    },
    "alphago": {"move": (0.1, 1), "value": (0, 0.9)},
    "alphago7": {"move": (0.02, 1), "value": (0, 1.5)},
    "alphago_tower": {"parameters": (22_827_877,) * 2, "loss": (0, 0.95)},
    "multitask": {
        "50 + coarse labels": (0.01, 1),
        "50 + random labels": (-0.02, 0.01),
        "50 + all, same images": (-0.03, 0.02),
    },
    "large_batch": {"recipe: 512": (0.7, 1), "recipe: 64": (0.8, 1)},
    "ladder": {
        "sigmoid, quadratic cost": (0.5, 0.93),
        "+ cross-entropy: faster": (0.1, 1),
        "+ better initialization: faster": (0.02, 1),
        "+ better initialization": (0.93, 1),
        "whole": (0.03, 1),
    },
}
# those that take more than twenty seconds
LONG = {
    "large_batch", "lenet", "alexnet", "inception", "alphazero", "alphago", "alphago7",
    "alphago_tower", "ladder", "multitask",
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@each_example(BARS, LONG)
def test_example(name, tmp_path):
    meets_bars(name, BARS[name], tmp_path)


@pytest.mark.parametrize("name", ["lenet", "ladder"])
def test_mnist_without_network_says_what_to_do(name, monkeypatch, tmp_path):
    def refuse(*args, **keywords):
        raise URLError("Name or service not known")

    monkeypatch.setattr("sklearn.datasets.fetch_openml", refuse)
    module = importlib.import_module(f"examples.{name}")
    with pytest.raises(SystemExit, match=r"could not be fetched.*Leave out --mnist"):
        module.main(["--mnist", "--out", str(tmp_path)])


def test_mnist_takes_the_same_form_as_the_digits(monkeypatch):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (70_000, 4)).astype(float)
    names = rng.integers(0, 10, 70_000).astype(str)
    monkeypatch.setattr("sklearn.datasets.fetch_openml", lambda *a, **k: (pixels, names))
    images, held_out, labels, held_out_labels = common.mnist()
    assert images.shape == (60_000, 4)
    assert held_out.shape == (10_000, 4)
    assert images.dtype == np.float32
    assert 0 <= images.min() <= images.max() <= 1
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(held_out_labels, names[60_000:].astype(int))


@pytest.mark.parametrize(("pixels", "margin"), [(64, 4), (784, 2)])
def test_lenets_images_stand_in_the_middle(pixels, margin):
    large = lenet.enlarged(np.ones((1, pixels), np.float32))
    assert large.shape == (1, 1, 32, 32)
    assert np.all(large[..., margin:-margin, margin:-margin] == 1)
    assert large.sum() == (32 - 2 * margin) ** 2


def test_members_vote():
    a = np.array([[3.0, 0, -1], [0, 1, -5]])
    b = np.array([[0.5, 0.0, -1], [2, 0, 0]])
    c = np.array([[-1.0, 9, 0], [1, 0, 2]])
    outputs = [np.pad(m, ((0, 0), (0, 7)), constant_values=-9) for m in (a, b, c)]
    assert ladder.votes(outputs).tolist() == [0, 0]  # a majority; then a tie, by the sum
    assert ladder.votes(outputs[:1]).tolist() == [0, 1]


def test_ladder_changes_one_thing_a_step():
    recipes = list(ladder.LADDER.values())
    changed = [
        [k for k in vars(before) if getattr(before, k) != getattr(after, k)]
        for before, after in itertools.pairwise(recipes)
    ]
    expected = ["cost", "decay", "narrow", "hidden", "dropout", "copies", "votes"]
    assert [sorted(c)[-1] for c in changed] == expected
    assert [len(c) for c in changed] == [1, 1, 1, 1, 2, 1, 1]  # dropout weakens the L2 term


def test_ladder_keeps_held_out_images_out_of_training(monkeypatch):
    split = tuple(part[:400] for part in common.digits())
    seen = []

    def watch(recipe, images, labels, test, epochs, seed):
        seen.append((recipe, images))
        return np.zeros((10, len(test[0]), 10)), [0.0] * 5

    monkeypatch.setattr(ladder, "train", watch)
    monkeypatch.setattr(ladder, "MLPClassifier", lambda *a, **k: ladder.LogisticRegression())
    ladder.climb(split, 100, 5, 2)
    assert len(seen) == 2 * 11  # seven single networks and four more members, for each seed
    held_out = {row.tobytes() for row in split[1]}
    for _, images in seen:
        assert len(images) == 100
        assert not held_out & {row.tobytes() for row in images}
    assert len({images.tobytes() for _, images in seen}) == 2


def test_measurements_are_those_of_the_strokes():
    image = np.zeros((3, 8, 8), np.float32)
    image[0, 1:7, 2] = 1  # upright, left
    image[1, 4, 1:7] = 1  # lying
    image[2, np.arange(1, 7), np.arange(1, 7)] = 1  # slanted
    ink, row, column, height, width, slant = multitask.measured(
        np.concatenate([image.reshape(3, 64), np.random.default_rng(0).random((20, 64))])
    ).T
    assert ink[0] == ink[1] == ink[2]
    assert column[0] < column[1]
    assert row[1] > row[0]
    assert height[0] > height[1]
    assert width[1] > width[0]
    assert slant[2] > slant[0] > slant[2] - 100
    assert abs(slant[0] - slant[1]) < 1e-5
