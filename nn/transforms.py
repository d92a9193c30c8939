"""What a DataLoader can do to its inputs: normalize them, and make new examples of old ones.

A transform is called ``transform(inputs, rng)`` with a whole batch and a
generator that depends on seed, epoch and batch alone.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import SettingError
from autograd_core.extend import draw, renamed_keywords

from .data import Transform
from .errors import DataError

__all__ = ["Normalize", "affine", "compose", "noise", "sample"]


def __dir__() -> list[str]:
    return sorted(__all__)


def compose(*transforms: Transform) -> Transform:
    """Return transforms one after the other as one.

    Parameters
    ----------
    *transforms : callable
        Each from (inputs, rng) to inputs.

    Returns
    -------
    callable
        From (inputs, rng) to inputs.

    Examples
    --------
    >>> both = compose(lambda x, rng: x + 1.0, lambda x, rng: x * 2.0)
    >>> both(np.zeros(2), np.random.default_rng(0))
    array([2., 2.])
    """

    def run(inputs: Any, rng: np.random.Generator) -> Any:
        for transform in transforms:
            inputs = transform(inputs, rng)
        return inputs

    return run


class Normalize:
    """Shift and scale each feature to mean 0 and variance 1, as the training data have them.

    Parameters
    ----------
    data : array, shape (n, ...)
        The training inputs; validation and test data take the same numbers.
    dim : int or tuple of int
        Over what to take the means: 0 for each feature apart, (0, 2, 3) for
        each channel of images.

    Attributes
    ----------
    mean, std : ndarray
        Features that do not vary have std 1.

    Raises
    ------
    DataError
        If the data are empty.

    Examples
    --------
    >>> x = np.array([[1.0, 5.0], [3.0, 5.0]])
    >>> Normalize(x)(x)
    array([[-1.,  0.],
           [ 1.,  0.]])
    """

    @renamed_keywords(axis="dim")
    def __init__(self, data: Any, dim: int | tuple[int, ...] = 0) -> None:
        data = np.asarray(data)
        if not data.size:
            raise DataError("Normalize: the data are empty, so they have no mean.")
        self.mean = data.mean(axis=dim, keepdims=True)
        std = data.std(axis=dim, keepdims=True)
        self.std = np.where(std == 0, 1, std)

    def __call__(self, inputs: Any, rng: np.random.Generator | None = None) -> Any:
        """Return the inputs normalized."""
        return ((inputs - self.mean) / self.std).astype(
            np.result_type(inputs, self.mean), copy=False
        )


def noise(scale: float) -> Transform:
    """Return a transform that adds Gaussian noise of a standard deviation.

    Parameters
    ----------
    scale : float
        The standard deviation.

    Returns
    -------
    callable
        From (inputs, rng) to inputs.

    Raises
    ------
    SettingError
        If the scale is negative.

    Examples
    --------
    >>> noisy = noise(0.5)(np.zeros(10_000), np.random.default_rng(0))
    >>> bool(0.49 < noisy.std() < 0.51)
    True
    """
    if not scale >= 0:
        raise SettingError(f"noise: scale = {scale}; it must not be negative.")

    def run(inputs: Any, rng: np.random.Generator) -> Any:
        drawn = draw(rng.standard_normal, inputs.shape, "noise")
        return (inputs + scale * drawn).astype(np.result_type(inputs, np.float32), copy=False)

    return run


def affine(
    rotation: float = 0.0, translation: float = 0.0, zoom: float = 0.0, skew: float = 0.0
) -> Transform:
    """Return a transform that moves each image a little, differently each time.

    Each amount is drawn evenly from ``[-amount, amount]`` for each image;
    pixels between pixels are interpolated, what comes in from outside is 0.

    Parameters
    ----------
    rotation : float
        Degrees around the center.
    translation : float
        Pixels, along both axes.
    zoom : float
        Relative change of size; below 1.
    skew : float
        Degrees of shear along the rows.

    Returns
    -------
    callable
        Takes images of shape (n, height, width) or (n, channels, height, width).

    Raises
    ------
    SettingError
        If an amount is out of range.
    DataError
        From the transform, if its inputs are not images.

    Examples
    --------
    >>> image = np.zeros((1, 5, 5))
    >>> image[0, 2, 2] = 1.0
    >>> moved = affine(translation=1.0)(image, np.random.default_rng(0))
    >>> float(moved.sum().round(6)), moved[0, 2, 2] < 1.0
    (1.0, np.True_)
    """
    for name, amount in (("rotation", rotation), ("translation", translation), ("skew", skew)):
        if not amount >= 0:
            raise SettingError(f"affine: {name} = {amount}; it must not be negative.")
    if not 0 <= zoom < 1:
        raise SettingError(f"affine: zoom = {zoom}; it must be at least 0 and below 1.")

    def run(inputs: Any, rng: np.random.Generator) -> Any:
        if inputs.ndim not in (3, 4):
            raise DataError(
                f"affine: the inputs have shape {inputs.shape}; give images, "
                "(n, height, width) or (n, channels, height, width)."
            )
        n = len(inputs)

        def drawn(amount: float, *shape: int) -> Any:
            return draw(lambda shape: rng.uniform(-amount, amount, shape), shape, "affine")

        angle, tilt = (drawn(a, n) * (math.pi / 180) for a in (rotation, skew))
        size = 1.0 + drawn(zoom, n)
        shift = drawn(translation, n, 2)
        cos, sin = np.cos(angle) / size, np.sin(angle) / size
        # for each pixel of the new image: where in the old one it comes from
        matrix = np.empty((n, 2, 2))
        matrix[:, 0, 0], matrix[:, 0, 1] = cos, sin
        matrix[:, 1, 0], matrix[:, 1, 1] = -sin, cos
        matrix[:, 1] += np.tan(tilt)[:, None] * matrix[:, 0]
        return sample(inputs, matrix, shift)

    return run


def sample(images: Any, matrix: Any, shift: Any) -> Any:
    """Return images read at other places, interpolated between the four nearest pixels.

    Parameters
    ----------
    images : array, shape (n, [channels,] height, width)
        Where to read.
    matrix : array, shape (n, 2, 2)
        From a place (row, column) relative to the center to the place to read.
    shift : array, shape (n, 2)
        By how many rows and columns the content moves first.

    Returns
    -------
    array, shaped like images
        What was read; 0 outside.

    Examples
    --------
    >>> image = np.arange(9.0).reshape(1, 3, 3)
    >>> sample(image, np.array([[[0.0, 1.0], [-1.0, 0.0]]]), np.zeros((1, 2)))[0]
    array([[2., 5., 8.],
           [1., 4., 7.],
           [0., 3., 6.]])
    """
    n, height, width = len(images), images.shape[-2], images.shape[-1]
    center = np.array([(height - 1) / 2, (width - 1) / 2])
    grid = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"), axis=-1)
    relative = (grid - center).reshape(1, -1, 2) - shift[:, None, :]
    places = relative @ np.swapaxes(matrix, 1, 2) + center
    corner = np.floor(places).astype(int)
    part = places - corner
    flat = images.reshape(n, -1, height, width)
    out = np.zeros((n, flat.shape[1], height * width), np.result_type(images, np.float32))
    rows = np.arange(n)[:, None]
    for down in (0, 1):
        for right in (0, 1):
            r, c = corner[..., 0] + down, corner[..., 1] + right
            weight = np.abs(1 - down - part[..., 0]) * np.abs(1 - right - part[..., 1])
            weight *= (r >= 0) & (r < height) & (c >= 0) & (c < width)
            found = flat[rows, :, np.clip(r, 0, height - 1), np.clip(c, 0, width - 1)]
            out += (np.moveaxis(found, -1, 1) * weight[:, None]).astype(out.dtype, copy=False)
    return out.reshape(images.shape)
