"""Pooling layers of volumes."""

from __future__ import annotations

from typing import Any

from .functional import pooling3d as f
from .pooling import _Adaptive, _AdaptiveMax, _BoxMean, _LPPool, _MaxPool


class MaxPool3d(_MaxPool):
    """Maximum of each box of (n, channels, depth, height, width).

    Parameters
    ----------
    kernel_size, stride : int or triple
        Size of a box, and from one to the next (default its size).
    padding, dilation : int or triple
        Minus infinity around the volume; distance of a box's elements.
    return_indices : bool
        Whether to return a pair: the maxima, and where in the flat volume they lie.
    ceil_mode : bool
        Whether a last box may reach beyond the volume.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.MaxPool3d(2)(np.arange(8.0).reshape(1, 1, 2, 2, 2))
    array([[[[[7.]]]]])
    """

    axes = 3

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.max_pool3d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip


class AvgPool3d(_BoxMean):
    """Mean of each box of (n, channels, depth, height, width).

    Parameters
    ----------
    kernel_size, stride : int or triple
        Size of a box, and from one to the next (default its size).
    padding : int or triple
        Zeros around the volume.
    ceil_mode : bool
        Whether a last box may reach beyond the end.
    count_include_pad : bool
        Whether the padding counts as elements.
    divisor_override : int, optional
        Divide by this instead of the number of elements.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.AvgPool3d(2)(np.arange(8.0).reshape(1, 1, 2, 2, 2))
    array([[[[[3.5]]]]])
    """

    axes = 3

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.avg_pool3d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip


class LPPool3d(_LPPool):
    """p-norm of each box of (n, channels, depth, height, width).

    Parameters
    ----------
    norm_type : float
        The norm's power, at least 1.
    kernel_size, stride : int or triple
        Size of a box, and from one to the next (default its size).
    ceil_mode : bool
        Whether a last box may reach beyond the end.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.LPPool3d(2, (1, 1, 2))(np.array([[[[[3.0, 4.0]]]]]))
    array([[[[[5.]]]]])
    """

    axes = 3

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.lp_pool3d(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)


class AdaptiveAvgPool3d(_Adaptive):
    """Means over boxes that divide the volume into output_size parts.

    Parameters
    ----------
    output_size : int or triple
        Of the result; None keeps a length.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.AdaptiveAvgPool3d(1)(np.ones((2, 8, 3, 5, 7))).shape
    (2, 8, 1, 1, 1)
    """

    axes = 3

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.adaptive_avg_pool3d(input, self.output_size)


class AdaptiveMaxPool3d(_AdaptiveMax):
    """Maxima over boxes that divide the volume into output_size parts.

    Parameters
    ----------
    output_size : int or triple
        Of the result; None keeps a length.
    return_indices : bool
        Whether to return a pair: the maxima, and where in the flat volume they lie.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.AdaptiveMaxPool3d(1)(np.arange(8.0).reshape(1, 1, 2, 2, 2))
    array([[[[[7.]]]]])
    """

    axes = 3

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.adaptive_max_pool3d(input, self.output_size, self.return_indices)
