"""Pooling layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from nn.functional import pooling as f
from nn.module import Module


class _Pool(Module):
    """What windows of a given size share."""

    def __init__(self, kernel_size: Any, stride: Any = None) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride

    def extra_repr(self) -> str:
        """Return the settings."""
        text = f"kernel_size={self.kernel_size}, stride={self.stride}"
        padding = getattr(self, "padding", 0)
        return f"{text}, padding={padding}" if padding else text


class _MaxPool(_Pool):
    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride)
        self.padding, self.dilation, self.ceil_mode = padding, dilation, ceil_mode


class MaxPool1d(_MaxPool):
    """Maximum of each window of (n, channels, length)."""

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.max_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )


class MaxPool2d(_MaxPool):
    """Maximum of each window of (n, channels, height, width); at a tie the first gets the gradient.

    Parameters
    ----------
    kernel_size, stride : int or pair
        Size of a window, and from one to the next (default its size).
    padding, dilation : int or pair
        Minus infinity around the image; distance of a window's elements.
    ceil_mode : bool
        Whether a last window may reach beyond the image.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.MaxPool2d(2)(np.arange(4.0).reshape(1, 1, 2, 2))
    array([[[[3.]]]])
    """

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.max_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )


class AvgPool1d(_Pool):
    """Mean of each window of (n, channels, length)."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel_size, stride)
        self.padding, self.ceil_mode, self.count_include_pad = padding, ceil_mode, count_include_pad

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad,
        )  # fmt: skip


class AvgPool2d(_Pool):
    """Mean of each window of (n, channels, height, width).

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.AvgPool2d(2)(np.arange(4.0).reshape(1, 1, 2, 2))
    array([[[[1.5]]]])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride)
        self.padding, self.ceil_mode, self.count_include_pad = padding, ceil_mode, count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.avg_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip


class _LPPool(_Pool):
    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> None:
        super().__init__(kernel_size, stride)
        self.norm_type, self.ceil_mode = norm_type, ceil_mode

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"norm_type={self.norm_type}, {super().extra_repr()}"


class LPPool1d(_LPPool):
    """p-norm of each window of (n, channels, length)."""

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.lp_pool1d(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)


class LPPool2d(_LPPool):
    """p-norm of each window; ``LPPool2d(2, k)`` is the L2 pooling of the older literature.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.LPPool2d(2, (1, 2))(np.array([[[[3.0, 4.0]]]]))
    array([[[[5.]]]])
    """

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.lp_pool2d(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)


class _Adaptive(Module):
    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """Return the size."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_Adaptive):
    """Means over windows that divide the length into output_size parts."""

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_Adaptive):
    """Means over windows that divide the image into output_size parts.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.AdaptiveAvgPool2d((1, 1))(np.ones((2, 8, 5, 7))).shape
    (2, 8, 1, 1)
    """

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveMaxPool1d(_Adaptive):
    """Maxima over windows that divide the length into output_size parts."""

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.adaptive_max_pool1d(input, self.output_size)


class AdaptiveMaxPool2d(_Adaptive):
    """Maxima over windows that divide the image into output_size parts."""

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.adaptive_max_pool2d(input, self.output_size)


class GlobalAvgPool2d(Module):
    """Mean of each channel: (n, channels, height, width) to (n, channels).

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.GlobalAvgPool2d()(np.ones((2, 8, 5, 7))).shape
    (2, 8)
    """

    def forward(self, input: Any) -> Any:
        """Pool."""
        return np.mean(input, axis=(-2, -1))


class GlobalMaxPool2d(Module):
    """Maximum of each channel: (n, channels, height, width) to (n, channels); ties share."""

    def forward(self, input: Any) -> Any:
        """Pool."""
        return np.max(input, axis=(-2, -1))
