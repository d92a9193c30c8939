"""Max pooling by a fraction, as layers."""

from __future__ import annotations

from typing import Any

from . import checks
from .functional import fractional as f
from .module import Module
from .random import generator
from .values import pair, shape_error


class _Fractional(Module):
    """What both share."""

    axes = 2

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        pair(kernel_size, self.axes, f"{name}: kernel_size", 1)
        if (output_size is None) == (output_ratio is None):
            raise shape_error(f"{name}: give either output_size or output_ratio.")
        if output_size is not None:
            pair(output_size, self.axes, f"{name}: output_size", 1)
        else:
            for ratio in (
                output_ratio if isinstance(output_ratio, (tuple, list)) else (output_ratio,)
            ):
                checks.unit(name, "output_ratio", ratio)
        self.kernel_size, self.output_size, self.output_ratio = (
            kernel_size, output_size, output_ratio
        )  # fmt: skip
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.rng = generator()

    def extra_repr(self) -> str:
        """Return the settings."""
        how = "output_size" if self.output_size is not None else "output_ratio"
        return f"kernel_size={self.kernel_size}, {how}={getattr(self, how)}"


class FractionalMaxPool2d(_Fractional):
    """Maximum of windows whose distances are drawn (Graham, 2014), of images.

    Parameters
    ----------
    kernel_size : int or pair
        Size of a window.
    output_size : int or pair, optional
        Of the result.
    output_ratio : float or pair, optional
        Or its part of the input's size, between 0 and 1.
    return_indices : bool
        Whether to return a pair: the maxima, and where they lie.
    _random_samples : shape (n, channels, 2), optional
        What is drawn, in [0, 1); for tests.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.FractionalMaxPool2d(4, 1)(np.arange(16.0).reshape(1, 4, 4))
    array([[[15.]]])
    """

    axes = 2

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.fractional_max_pool2d(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices,
            self._random_samples, generator=self.rng,
        )  # fmt: skip


class FractionalMaxPool3d(_Fractional):
    """Maximum of boxes whose distances are drawn, of volumes; see `FractionalMaxPool2d`.

    Parameters
    ----------
    kernel_size : int or triple
        Size of a window.
    output_size : int or triple, optional
        Of the result.
    output_ratio : float or triple, optional
        Or its part of the input's size, between 0 and 1.
    return_indices : bool
        Whether to return a pair: the maxima, and where they lie.
    _random_samples : shape (n, channels, 3), optional
        What is drawn, in [0, 1); for tests.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.FractionalMaxPool3d(2, 1)(np.arange(8.0).reshape(1, 2, 2, 2))
    array([[[[7.]]]])
    """

    axes = 3

    def forward(self, input: Any) -> Any:
        """Pool."""
        return f.fractional_max_pool3d(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices,
            self._random_samples, generator=self.rng,
        )  # fmt: skip
