"""Augmentation against what SciPy and plain NumPy make of the same images."""

import math

import numpy as np
import pytest

import nn
from autograd_core.base import errors
from nn import transforms


@pytest.fixture
def images():
    return np.random.default_rng(0).standard_normal((3, 7, 7))


def turned(degrees):
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[[c, s], [-s, c]]] * 3)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_quarter_turns_are_exact(images, quarters):
    found = transforms.sample(images, turned(90 * quarters), np.zeros((3, 2)))
    np.testing.assert_allclose(found, np.rot90(images, quarters, axes=(1, 2)), atol=1e-12)


@pytest.mark.parametrize("down", [-2, 0, 3])
def test_whole_shifts_are_exact(images, down):
    found = transforms.sample(images, turned(0), np.array([[down, 1]] * 3))
    expected = np.zeros_like(images)
    for r in range(7):
        if 0 <= r - down < 7:
            expected[:, r, 1:] = images[:, r - down, :-1]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("degrees", [10.0, -33.0])
def test_sampling_equals_scipys(images, degrees):
    ndimage = pytest.importorskip("scipy.ndimage")
    matrix, shift = turned(degrees)[0], np.array([0.4, -1.3])
    found = transforms.sample(images, turned(degrees), np.array([shift] * 3))
    center = np.array([3.0, 3.0])
    for image, mine in zip(images, found, strict=True):
        theirs = ndimage.affine_transform(
            image, matrix, center - matrix @ (center + shift), order=1, mode="grid-constant"
        )
        np.testing.assert_allclose(mine, theirs, atol=1e-12)


def test_channels_move_together(images):
    colored = np.stack([images, 2 * images], axis=1).astype(np.float32)
    moved = transforms.affine(20, 1.0, 0.1, 10)(colored, np.random.default_rng(1))
    alone = transforms.affine(20, 1.0, 0.1, 10)(images, np.random.default_rng(1))
    assert moved.dtype == np.float32
    np.testing.assert_allclose(moved[:, 0], alone, atol=1e-6)
    np.testing.assert_allclose(moved[:, 1], 2 * alone, atol=1e-6)
    assert np.abs(alone - images).max() > 0.1


def test_nothing_moves_by_nothing(images):
    np.testing.assert_allclose(
        transforms.affine()(images, np.random.default_rng(0)), images, atol=1e-12
    )


def test_normalize_takes_the_training_datas_numbers():
    rng = np.random.default_rng(0)
    train, other = rng.normal(5.0, 3.0, (100, 4)), rng.normal(5.0, 3.0, (50, 4))
    normalize = transforms.Normalize(train)
    np.testing.assert_allclose(normalize(train).mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(normalize(train).std(axis=0), 1.0)
    np.testing.assert_allclose(normalize(other), (other - train.mean(0)) / train.std(0))
    channels = transforms.Normalize(rng.random((9, 3, 4, 4), np.float32), dim=(0, 2, 3))
    assert channels.mean.shape == (1, 3, 1, 1)


def test_a_loader_applies_them():
    x = np.zeros((6, 8, 8))
    x[:, 4, 4] = 1.0
    augment = transforms.compose(transforms.affine(translation=2.0), transforms.noise(0.01))
    loader = nn.DataLoader((x, np.arange(6)), 6, transform=augment)
    (first, _), (second, _) = next(loader.batches(0)), next(loader.batches(1))
    assert np.abs(first - second).max() > 0.2
    assert np.abs(first.sum(axis=(1, 2)) - 1.0).max() < 0.5


def test_crops_are_windows_and_every_window_comes():
    images = np.arange(2 * 3 * 5 * 6.0).reshape(2, 3, 5, 6)
    crop, rng = transforms.random_crop((4, 3)), np.random.default_rng(0)
    seen = set()
    for _ in range(200):
        for image, window in zip(images, crop(images, rng), strict=True):
            row, column = divmod(int(window[0, 0, 0] - image[0, 0, 0]), 6)
            np.testing.assert_array_equal(window, image[:, row : row + 4, column : column + 3])
            seen.add((row, column))
    assert seen == {(r, c) for r in range(2) for c in range(4)}
    np.testing.assert_array_equal(transforms.random_crop(5)(images[..., :5], rng), images[..., :5])
    assert transforms.random_crop(4)(images[:0], rng).shape == (0, 3, 4, 4)


def test_flips_mirror_some_images():
    images = np.random.default_rng(0).random((400, 3, 4))
    flipped = transforms.random_horizontal_flip(0.25)(images, np.random.default_rng(1))
    mirrored = np.all(flipped == images[..., ::-1], axis=(1, 2))
    assert np.all(mirrored | np.all(flipped == images, axis=(1, 2)))
    assert 70 < mirrored.sum() < 130


def test_colours_shift_along_the_components():
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    pixels = rng.standard_normal((3, 50_000)) * np.array([[3.0], [1.0], [0.1]])
    data = (axes @ pixels).reshape(3, 500, 10, 10).transpose(1, 0, 2, 3)
    shift = transforms.pca_color(data, 0.5)(data, np.random.default_rng(1)) - data
    assert np.ptp(shift, axis=(2, 3)).max() < 1e-12  # one colour for each image
    along = shift[:, :, 0, 0] @ axes
    np.testing.assert_allclose(along.std(axis=0), [1.5, 0.5, 0.05], rtol=0.1)
    assert abs(along.mean(axis=0)).max() < 0.2
    single = transforms.pca_color(data.astype(np.float32))(data[:2].astype(np.float32), rng)
    assert single.dtype == np.float32
    grey = transforms.pca_color(data[:, :1])(data[:2, :1], rng)
    assert grey.shape == (2, 1, 10, 10)


BAD = [
    (lambda: transforms.random_crop(0), errors.SettingError, "size = 0"),
    (
        lambda: transforms.random_crop(4)(np.ones((2, 3, 9)), np.random.default_rng(0)),
        nn.DataError,
        "3 by 9 pixels have no window of 4 by 4",
    ),
    (lambda: transforms.random_horizontal_flip(1.5), errors.SettingError, "p = 1.5"),
    (
        lambda: transforms.random_horizontal_flip()(np.ones((2, 3)), np.random.default_rng(0)),
        nn.DataError,
        "give images",
    ),
    (lambda: transforms.pca_color(np.ones((2, 3, 3))), nn.DataError, "n, channels"),
    (
        lambda: transforms.pca_color(np.ones((2, 3, 3, 3)))(np.ones((2, 1, 3, 3)), None),
        nn.DataError,
        "with 3 channels",
    ),
    (lambda: transforms.affine(rotation=-1.0), errors.SettingError, "rotation = -1.0"),
    (lambda: transforms.affine(zoom=1.0), errors.SettingError, "zoom = 1.0"),
    (lambda: transforms.noise(-1.0), errors.SettingError, "scale = -1.0"),
    (lambda: transforms.Normalize(np.ones((0, 2))), nn.DataError, "empty"),
    (lambda: transforms.Normalize((0.13,), (0.31,)), errors.SettingError, "x - mean"),
    (lambda: transforms.Normalize([0.5, 0.5], [0.2, 0.2]), errors.SettingError, "x - mean"),
    (
        lambda: transforms.affine()(np.ones((2, 3)), np.random.default_rng(0)),
        nn.DataError,
        "give images",
    ),
]


@pytest.mark.parametrize(("call", "error", "words"), BAD)
def test_bad_settings_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
