"""Convolutions of volumes."""

from __future__ import annotations

from typing import Any

from .conv import _Convolution, _ConvTranspose
from .functional import volumes as f


class Conv3d(_Convolution):
    """Convolution of volumes (n, in_channels, depth, height, width).

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
        As in `Conv2d`, each size one integer or a triple.
    padding_mode, dtype
        As in `Conv2d`.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Conv3d(2, 4, 3, padding=1)(np.ones((5, 2, 4, 8, 8))).shape
    (5, 4, 4, 8, 8)
    """

    axes = 3

    def forward(self, input: Any) -> Any:
        """Convolve."""
        input, padding = self._padded(input)
        return f.conv3d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution of volumes: each value spreads a kernel over the output.

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride, padding, output_padding, groups, bias
        As in `ConvTranspose2d`, each size one integer or a triple.
    dilation, dtype
        As in `Conv2d`.
    padding_mode : {"zeros"}
        There is no other.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ConvTranspose3d(8, 3, 2, stride=2)(np.ones((1, 8, 2, 2, 2))).shape
    (1, 3, 4, 4, 4)
    """

    axes = 3

    def forward(self, input: Any, output_size: Any = None) -> Any:
        """Apply it."""
        return f.conv_transpose3d(
            input, self.weight, self.bias, self.stride, self.padding,
            self._output_padding(input, output_size), self.groups, self.dilation,
        )  # fmt: skip
