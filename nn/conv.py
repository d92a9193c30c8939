"""Convolution layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import optim

from . import checks, init
from .functional import conv as f
from .functional.padding import pad
from .module import Module
from .parameter import Parameter, parameter_dtype
from .values import pair, shape_error

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


@optim.keywords.accepts("device")
class _Convolution(Module):
    """What all convolutions share: settings, parameters, text."""

    axes = 2
    transposed = False
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        checks.choice(
            name, "padding_mode", padding_mode, PADDING_MODES[: 1 if self.transposed else 4]
        )
        self.padding_mode = padding_mode
        for what, n in (
            ("in_channels", in_channels), ("out_channels", out_channels), ("groups", groups),
        ):  # fmt: skip
            checks.count(name, what, n)
        if (
            min(in_channels, out_channels, groups) < 1
            or in_channels % groups
            or out_channels % groups
        ):
            raise shape_error(
                f"{name}: {in_channels} input and {out_channels} output channels must both divide "
                f"into {groups} groups."
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = pair(kernel_size, self.axes, f"{name}: kernel_size", 1)
        self.stride = pair(stride, self.axes, f"{name}: stride", 1)
        self.padding: Any = padding
        if not isinstance(padding, str):
            self.padding = pair(padding, self.axes, f"{name}: padding", 0)
        elif self.transposed or padding not in ("same", "valid"):
            words = "" if self.transposed else ", 'same' or 'valid'"
            raise shape_error(f"{name}: padding must be integers{words}, not {padding!r}.")
        elif padding == "same" and self.stride != (1,) * self.axes:
            raise shape_error(f"{name}: padding='same' needs stride 1, not {stride!r}.")
        self.dilation = pair(dilation, self.axes, f"{name}: dilation", 1)
        dtype = parameter_dtype(type(self).__name__, dtype)
        first, second = (
            (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        )
        shape = (first, second // groups, *self.kernel_size)
        self.weight = Parameter(np.empty(shape, dtype))
        self.register_parameter("bias", Parameter(np.empty(out_channels, dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new values from U(-1/sqrt(fan-in), 1/sqrt(fan-in))."""
        bound = 1 / math.sqrt(max(1, init.fans(self.weight.shape)[0]))
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def _padded(self, input: Any) -> tuple[Any, Any]:
        """Return the input, padded if by its own values, and what the function shall pad."""
        if self.padding_mode == "zeros":
            return input, self.padding
        amounts = self.padding
        if amounts == "valid":
            return input, 0
        if amounts == "same":
            total = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            sides = [side for t in total[::-1] for side in (t // 2, t - t // 2)]
        else:
            sides = [n for n in amounts[::-1] for _ in range(2)]
        return pad(input, sides, self.padding_mode), 0

    def extra_repr(self) -> str:
        """Return the settings that are not the default."""
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        if self.padding != (0,) * self.axes:
            text += f", padding={self.padding!r}"
        if self.dilation != (1,) * self.axes:
            text += f", dilation={self.dilation}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        return text if self.padding_mode == "zeros" else f"{text}, padding_mode={self.padding_mode}"


class Conv1d(_Convolution):
    """Convolution of sequences (n, in_channels, length).

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
        As in `Conv2d`.
    padding_mode, dtype
        As in `Conv2d`.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Conv1d(2, 4, 3, padding=1)(np.ones((5, 2, 8))).shape
    (5, 4, 8)
    """

    axes = 1

    def forward(self, input: Any) -> Any:
        """Convolve."""
        input, padding = self._padded(input)
        return f.conv1d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class Conv2d(_Convolution):
    """Convolution of images (n, in_channels, height, width).

    Parameters
    ----------
    in_channels, out_channels : int
        Channels before and after.
    kernel_size, stride, padding, dilation : int or pair
        Size of the kernels, their step, zeros around the image ("same" keeps the size), distance
        of the kernels' taps.
    groups : int
        Channels are split into this many independent convolutions.
    bias : bool
        Whether to add a number to each channel.
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
        What the padding consists of; see `functional.pad`.
    dtype : dtype, optional
        Of the parameters.

    Attributes
    ----------
    weight : Parameter, shape (out_channels, in_channels / groups, *kernel_size)
    bias : Parameter, shape (out_channels,), or None

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.Conv2d(3, 8, 3, stride=2, padding=1)
    >>> layer
    Conv2d(3, 8, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))
    >>> layer(np.ones((1, 3, 8, 8))).shape
    (1, 8, 4, 4)
    """

    def forward(self, input: Any) -> Any:
        """Convolve."""
        input, padding = self._padded(input)
        return f.conv2d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


@optim.keywords.accepts("device")
class _ConvTranspose(_Convolution):
    """What transposed convolutions have more; PyTorch's order of the settings."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            dtype=dtype,
        )
        name = type(self).__name__
        self.output_padding = pair(output_padding, self.axes, f"{name}: output_padding", 0)
        limits = map(max, self.stride, self.dilation)
        if any(extra >= most for extra, most in zip(self.output_padding, limits, strict=True)):
            raise shape_error(
                f"{name}: output_padding {output_padding} must be smaller than the stride or the "
                "dilation."
            )

    def _output_padding(self, input: Any, output_size: Any) -> tuple[int, ...]:
        """Return what is added at the end, so that the output has the size that is asked for."""
        if output_size is None:
            return self.output_padding
        name, n = type(self).__name__, self.axes
        wanted = tuple(output_size)[-n:] if isinstance(output_size, (tuple, list)) else output_size
        wanted = pair(wanted, n, f"{name}: output_size", 1)
        least = [
            (m - 1) * s - 2 * p + d * (k - 1) + 1
            for m, s, p, d, k in zip(
                np.shape(input)[-n:], self.stride, self.padding, self.dilation, self.kernel_size,
                strict=True,
            )
        ]  # fmt: skip
        extra = tuple(w - m for w, m in zip(wanted, least, strict=True))
        if any(not 0 <= e < s for e, s in zip(extra, self.stride, strict=True)):
            raise shape_error(
                f"{name}: output_size {wanted} is not between {tuple(least)} and one stride "
                f"{self.stride} more, without the end."
            )
        return extra


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution of sequences: each value spreads a kernel over the output.

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride, padding, output_padding, groups, bias
        As in `ConvTranspose2d`, each size one integer.
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
    >>> nn.ConvTranspose1d(8, 3, 2, stride=2)(np.ones((1, 8, 4))).shape
    (1, 3, 8)
    """

    axes = 1

    def forward(self, input: Any, output_size: Any = None) -> Any:
        """Apply it; `output_size` chooses among the sizes that the stride cannot distinguish."""
        return f.conv_transpose1d(
            input, self.weight, self.bias, self.stride, self.padding,
            self._output_padding(input, output_size), self.groups, self.dilation,
        )  # fmt: skip


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution: each value of the input spreads a kernel over the output.

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride, padding, groups, bias, dilation, dtype
        As in `Conv2d`, of the convolution that it transposes.
    output_padding : int or pair
        Added to one side of the output.
    padding_mode : {"zeros"}
        There is no other.

    Attributes
    ----------
    weight : Parameter, shape (in_channels, out_channels / groups, *kernel_size)
    bias : Parameter, shape (out_channels,), or None

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ConvTranspose2d(8, 3, 2, stride=2)(np.ones((1, 8, 4, 4))).shape
    (1, 3, 8, 8)
    """

    def forward(self, input: Any, output_size: Any = None) -> Any:
        """Apply it; `output_size` chooses among the sizes that the stride cannot distinguish."""
        return f.conv_transpose2d(
            input, self.weight, self.bias, self.stride, self.padding,
            self._output_padding(input, output_size), self.groups, self.dilation,
        )  # fmt: skip
