"""Pooling layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import checks
from .functional import adaptive_pooling as adaptive
from .functional import pooling as f
from .module import Module
from .values import numbers, pair, shape_error


class _Pool(Module):
    """What windows of a given size share."""

    axes = 2

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.name = name = type(self).__name__
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        sizes = pair(kernel_size, self.axes, f"{name}: kernel_size", 1)
        pair(self.stride, self.axes, f"{name}: stride", 1)
        paddings = pair(padding, self.axes, f"{name}: padding", 0)
        if any(2 * p > k for p, k in zip(paddings, sizes, strict=True)):
            raise shape_error(
                f"{name}: padding {padding} must be at most half of the kernel_size {kernel_size}."
            )

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
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, padding)
        self.dilation, self.ceil_mode, self.return_indices = dilation, ceil_mode, return_indices
        checks.choice(self.name, "return_indices", return_indices, (False, True))
        pair(dilation, self.axes, f"{self.name}: dilation", 1)


class MaxPool1d(_MaxPool):
    """Maximum of each window of (n, channels, length).

    Parameters
    ----------
    kernel_size, stride : int
        Size of a window, and from one to the next (default its size).
    padding, dilation : int
        Minus infinity at both ends; distance of a window's elements.
    return_indices : bool
        Whether to return a pair: the maxima, and where in the sequence they lie.
    ceil_mode : bool
        Whether a last window may reach beyond the end.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.MaxPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]]))
    array([[[3., 2.]]])
    """

    axes = 1

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.max_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip


class MaxPool2d(_MaxPool):
    """Maximum of each window of (n, channels, height, width); at a tie the first gets the gradient.

    Parameters
    ----------
    kernel_size, stride : int or pair
        Size of a window, and from one to the next (default its size).
    padding, dilation : int or pair
        Minus infinity around the image; distance of a window's elements.
    return_indices : bool
        Whether to return a pair: the maxima, and where in the flat image they lie.
    ceil_mode : bool
        Whether a last window may reach beyond the image.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.MaxPool2d(2)(np.arange(4.0).reshape(1, 1, 2, 2))
    array([[[[3.]]]])
    """

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.max_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip


class AvgPool1d(_Pool):
    """Mean of each window of (n, channels, length).

    Parameters
    ----------
    kernel_size, stride : int
        Size of a window, and from one to the next (default its size).
    padding : int
        Zeros at both ends.
    ceil_mode : bool
        Whether a last window may reach beyond the end.
    count_include_pad : bool
        Whether the padding counts as elements.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.AvgPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]]))
    array([[[2., 1.]]])
    """

    axes = 1

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel_size, stride, padding)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad,
        )  # fmt: skip


class _BoxMean(_Pool):
    """What means of windows of more than one axis share."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad
        self.divisor_override = divisor_override
        if divisor_override is not None:
            checks.count(self.name, "divisor_override", divisor_override)


class AvgPool2d(_BoxMean):
    """Mean of each window of (n, channels, height, width).

    Parameters
    ----------
    kernel_size, stride : int or pair
        Size of a window, and from one to the next (default its size).
    padding : int or pair
        Zeros around the image.
    ceil_mode : bool
        Whether a last window may reach beyond the end.
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
    >>> nn.AvgPool2d(2)(np.arange(4.0).reshape(1, 1, 2, 2))
    array([[[[1.5]]]])
    """

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
        checks.positive(self.name, "norm_type", norm_type)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"norm_type={self.norm_type}, {super().extra_repr()}"


class LPPool1d(_LPPool):
    """p-norm of each window of (n, channels, length).

    Parameters
    ----------
    norm_type : float
        The norm's power, at least 1.
    kernel_size, stride : int
        Size of a window, and from one to the next (default its size).
    ceil_mode : bool
        Whether a last window may reach beyond the end.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.LPPool1d(2, 2)(np.array([[[3.0, 4.0]]]))
    array([[[5.]]])
    """

    axes = 1

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.lp_pool1d(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)


class LPPool2d(_LPPool):
    """p-norm of each window; ``LPPool2d(2, k)`` is the L2 pooling of the older literature.

    Parameters
    ----------
    norm_type : float
        The norm's power, at least 1.
    kernel_size, stride : int or pair
        Size of a window, and from one to the next (default its size).
    ceil_mode : bool
        Whether a last window may reach beyond the end.

    Raises
    ------
    ShapeError
        If a setting is out of range.

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
    axes = 2

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size
        # None keeps an axis as long as it is
        given = output_size if isinstance(output_size, (tuple, list)) else (output_size,)
        known = [1 if n is None and self.axes > 1 else n for n in given]
        sizes = known[0] if len(known) == 1 else tuple(known)
        pair(sizes, self.axes, f"{type(self).__name__}: output_size", 1)

    def extra_repr(self) -> str:
        """Return the size."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_Adaptive):
    """Means over windows that divide the length into output_size parts.

    Parameters
    ----------
    output_size : int
        Of the result.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.AdaptiveAvgPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]]))
    array([[[2., 1.]]])
    """

    axes = 1

    def forward(self, input: Any) -> Any:
        """Pool."""
        return adaptive.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_Adaptive):
    """Means over windows that divide the image into output_size parts.

    Parameters
    ----------
    output_size : int or pair
        Of the result; None keeps a length.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.AdaptiveAvgPool2d((1, 1))(np.ones((2, 8, 5, 7))).shape
    (2, 8, 1, 1)
    """

    def forward(self, input: Any) -> Any:
        """Pool."""
        return adaptive.adaptive_avg_pool2d(input, self.output_size)


class _AdaptiveMax(_Adaptive):
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        checks.choice(type(self).__name__, "return_indices", return_indices, (False, True))
        self.return_indices = return_indices


class AdaptiveMaxPool1d(_AdaptiveMax):
    """Maxima over windows that divide the length into output_size parts.

    Parameters
    ----------
    output_size : int
        Of the result.
    return_indices : bool
        Whether to return a pair: the maxima, and where in the sequence they lie.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.AdaptiveMaxPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]]))
    array([[[3., 2.]]])
    """

    axes = 1

    def forward(self, input: Any) -> Any:
        """Pool."""
        return adaptive.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMax):
    """Maxima over windows that divide the image into output_size parts.

    Parameters
    ----------
    output_size : int or pair
        Of the result; None keeps a length.
    return_indices : bool
        Whether to return a pair: the maxima, and where in the flat image they lie.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.AdaptiveMaxPool2d(1)(np.arange(4.0).reshape(1, 1, 2, 2))
    array([[[[3.]]]])
    """

    def forward(self, input: Any) -> Any:
        """Pool."""
        return adaptive.adaptive_max_pool2d(input, self.output_size, self.return_indices)


def _images(owner: str, input: Any) -> Any:
    """Return an input as an array whose last two axes can be pooled."""
    input = numbers(owner, input)
    if input.ndim < 2 or 0 in input.shape[-2:]:
        raise shape_error(
            f"{owner}: the input has shape {input.shape}; the last two axes, height and width, "
            "must be there and not empty."
        )
    return input


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
        return np.mean(_images("GlobalAvgPool2d", input), axis=(-2, -1))


class GlobalMaxPool2d(Module):
    """Maximum of each channel: (n, channels, height, width) to (n, channels); ties share.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.GlobalMaxPool2d()(np.arange(8.0).reshape(1, 2, 2, 2))
    array([[3., 7.]])
    """

    def forward(self, input: Any) -> Any:
        """Pool."""
        return np.max(_images("GlobalMaxPool2d", input), axis=(-2, -1))
