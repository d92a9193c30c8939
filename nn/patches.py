"""Layers that cut images into patches, add them up, and move numbers between channels and space."""

from __future__ import annotations

from typing import Any

from . import checks
from .functional import shuffle
from .functional.patches import fold, unfold
from .module import Module
from .values import pair


class _Patches(Module):
    def __init__(self, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> None:
        super().__init__()
        name = type(self).__name__
        pair(kernel_size, 2, f"{name}: kernel_size", 1)
        pair(dilation, 2, f"{name}: dilation", 1)
        pair(padding, 2, f"{name}: padding", 0)
        pair(stride, 2, f"{name}: stride", 1)
        self.kernel_size, self.dilation = kernel_size, dilation
        self.padding, self.stride = padding, stride

    def extra_repr(self) -> str:
        """Return the settings."""
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
            f"stride={self.stride}"
        )


class Unfold(_Patches):
    """Cut (n, channels, height, width) into the patches under a sliding window, each a column.

    Parameters
    ----------
    kernel_size, dilation, padding, stride : int or pair
        As in `Conv2d`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Unfold(2)(np.ones((1, 3, 4, 5))).shape
    (1, 12, 12)
    """

    def __init__(
        self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        super().__init__(kernel_size, dilation, padding, stride)

    def forward(self, input: Any) -> Any:
        """Cut."""
        return unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)


class Fold(_Patches):
    """Add patches (n, channels * taps, places) into images: the transpose of `Unfold`.

    Parameters
    ----------
    output_size : int or pair
        Height and width of the images.
    kernel_size, dilation, padding, stride : int or pair
        Those of `Unfold`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Fold((2, 3), 2)(np.ones((1, 4, 2)))[0, 0]
    array([[1., 2., 1.],
           [1., 2., 1.]])
    """

    def __init__(
        self,
        output_size: Any,
        kernel_size: Any,
        dilation: Any = 1,
        padding: Any = 0,
        stride: Any = 1,
    ) -> None:
        super().__init__(kernel_size, dilation, padding, stride)
        pair(output_size, 2, "Fold: output_size", 1)
        self.output_size = output_size

    def forward(self, input: Any) -> Any:
        """Add up."""
        return fold(
            input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride
        )

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"output_size={self.output_size}, {super().extra_repr()}"


class PixelShuffle(Module):
    """Make (..., c r**2, h, w) into (..., c, h r, w r) (Shi et al., 2016).

    Parameters
    ----------
    upscale_factor : int
        The factor r.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.PixelShuffle(2)(np.ones((1, 8, 3, 3))).shape
    (1, 2, 6, 6)
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        checks.count("PixelShuffle", "upscale_factor", upscale_factor)
        self.upscale_factor = upscale_factor

    def forward(self, input: Any) -> Any:
        """Move."""
        return shuffle.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        """Return the factor."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Make (..., c, h r, w r) into (..., c r**2, h, w): the inverse of `PixelShuffle`.

    Parameters
    ----------
    downscale_factor : int
        The factor r.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.PixelUnshuffle(2)(np.ones((1, 2, 6, 6))).shape
    (1, 8, 3, 3)
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        checks.count("PixelUnshuffle", "downscale_factor", downscale_factor)
        self.downscale_factor = downscale_factor

    def forward(self, input: Any) -> Any:
        """Move."""
        return shuffle.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        """Return the factor."""
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """Mix the channels of groups: one of each group, then the next of each (Zhang et al., 2018).

    Parameters
    ----------
    groups : int
        How many groups the channels form.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ChannelShuffle(2)(np.arange(4).reshape(1, 4, 1)).reshape(-1)
    array([0, 2, 1, 3])
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        checks.count("ChannelShuffle", "groups", groups)
        self.groups = groups

    def forward(self, input: Any) -> Any:
        """Move."""
        return shuffle.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        """Return the number of groups."""
        return f"groups={self.groups}"
