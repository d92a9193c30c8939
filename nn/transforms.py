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

__all__ = [
    "Normalize",
    "affine",
    "compose",
    "noise",
    "pca_color",
    "random_crop",
    "random_horizontal_flip",
    "sample",
]


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
    SettingError
        If `dim` is not an axis: torchvision's class takes a mean and a standard deviation, this
        one takes data.

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
        axes = dim if isinstance(dim, tuple) else (dim,)
        if not all(isinstance(axis, (int, np.integer)) for axis in axes):
            raise SettingError(
                f"Normalize: dim={dim!r} must be an axis or a tuple of axes; the mean and the "
                "standard deviation are taken from the data. With numbers of your own, write "
                "lambda x, rng=None: (x - mean) / std."
            )
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


def _images(name: str, inputs: Any) -> Any:
    if np.ndim(inputs) not in (3, 4):
        raise DataError(
            f"{name}: the inputs have shape {np.shape(inputs)}; give images, (n, height, width) or "
            "(n, channels, height, width)."
        )
    return inputs


def random_crop(size: int | tuple[int, int]) -> Transform:
    """Return a transform that cuts a window out of each image, each time at another place.

    Parameters
    ----------
    size : int or tuple of int
        Height and width of the window; one integer for both.

    Returns
    -------
    callable
        From images of shape (n, height, width) or (n, channels, height, width) to windows.

    Raises
    ------
    SettingError
        If the size is not positive.

    Examples
    --------
    >>> images = np.arange(32.0).reshape(2, 4, 4)
    >>> random_crop(3)(images, np.random.default_rng(0)).shape
    (2, 3, 3)
    """
    height, width = (size, size) if isinstance(size, int) else size
    if height < 1 or width < 1:
        raise SettingError(f"random_crop: size = {size!r}; it must be positive.")

    def run(inputs: Any, rng: np.random.Generator) -> Any:
        *_, rows, columns = _images("random_crop", inputs).shape
        if rows < height or columns < width:
            raise DataError(
                f"random_crop: images of {rows} by {columns} pixels have no window of {height} by "
                f"{width}; pad them first."
            )
        places = draw(rng.random, (2, len(inputs)), "random_crop")
        top, left = (places * [[rows - height + 1], [columns - width + 1]]).astype(int)
        windows = [
            image[..., r : r + height, c : c + width]
            for image, r, c in zip(inputs, top, left, strict=True)
        ]
        return np.stack(windows) if windows else inputs[..., :height, :width]

    return run


def random_horizontal_flip(p: float = 0.5) -> Transform:
    """Return a transform that mirrors some images, left to right.

    Only for images whose meaning a mirror keeps: not for digits or letters.

    Parameters
    ----------
    p : float
        The probability, for each image.

    Returns
    -------
    callable
        From images of shape (n, height, width) or (n, channels, height, width) to the same.

    Raises
    ------
    SettingError
        If the probability is not between 0 and 1.

    Examples
    --------
    >>> random_horizontal_flip(1.0)(np.array([[[1.0, 2.0]]]), np.random.default_rng(0))
    array([[[2., 1.]]])
    """
    if not 0 <= p <= 1:
        raise SettingError(f"random_horizontal_flip: p = {p}; it must be from 0 to 1.")

    def run(inputs: Any, rng: np.random.Generator) -> Any:
        count = len(_images("random_horizontal_flip", inputs))
        chosen = draw(rng.random, (count,), "random_horizontal_flip") < p
        return np.where(chosen.reshape(-1, *[1] * (inputs.ndim - 1)), inputs[..., ::-1], inputs)

    return run


def pca_color(data: Any, alpha: float = 0.1) -> Transform:
    r"""Return a transform that shifts each image's colour along the data's principal components.

    .. math:: x + \sum_k a_k \sigma_k p_k, \qquad a_k \sim N(0, \alpha^2)

    with p and σ the directions and standard deviations of the pixels' channels (Krizhevsky et al.,
    2012, section 4.1). The paper multiplies by variances, which would depend on the pixels' unit.

    Parameters
    ----------
    data : array, shape (n, channels, height, width)
        The training images.
    alpha : float
        How far to shift, in standard deviations.

    Returns
    -------
    callable
        From images with as many channels to the same.

    Raises
    ------
    DataError
        If the data are not images with channels.

    Examples
    --------
    >>> images = np.random.default_rng(0).random((5, 3, 4, 4))
    >>> shift = pca_color(images)(images, np.random.default_rng(1)) - images
    >>> shift.shape, bool(np.allclose(shift, shift[:, :, :1, :1]))  # one for each image
    ((5, 3, 4, 4), True)
    """
    pixels = np.asarray(data, float)
    if pixels.ndim != 4 or not pixels.size:
        raise DataError(
            f"pca_color: the data have shape {pixels.shape}; give images, (n, channels, height, "
            "width)."
        )
    channels = pixels.shape[1]
    flat = np.moveaxis(pixels, 1, 0).reshape(channels, -1)
    variances, directions = np.linalg.eigh(np.cov(flat, bias=True).reshape(channels, channels))
    scaled = alpha * directions * np.sqrt(np.maximum(variances, 0))

    def run(inputs: Any, rng: np.random.Generator) -> Any:
        if np.ndim(inputs) != 4 or inputs.shape[1] != channels:
            raise DataError(
                f"pca_color: the inputs have shape {np.shape(inputs)}; the components are of "
                f"images with {channels} channels."
            )
        drawn = draw(rng.standard_normal, (len(inputs), channels), "pca_color") @ scaled.T
        kind = np.result_type(inputs, np.float32)
        return (inputs + drawn[:, :, None, None]).astype(kind, copy=False)

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
