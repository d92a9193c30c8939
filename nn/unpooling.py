"""Layers that put maxima back where they were."""

from __future__ import annotations

from typing import Any

from .functional import unpooling as f
from .pooling import _Pool


class MaxUnpool1d(_Pool):
    """Put the results of `MaxPool1d` back where they were, among zeros.

    Parameters
    ----------
    kernel_size, stride, padding : int
        Those of the pooling, which has ``return_indices=True``.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.MaxUnpool1d(2)(np.array([[3.0, 7.0]]), np.array([[0, 3]]))
    array([[3., 0., 0., 7.]])
    """

    axes = 1

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        """Put them back; `output_size` is needed where the pooling does not tell it."""
        return f.max_unpool1d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool2d(_Pool):
    """Put the results of `MaxPool2d` back where they were, among zeros.

    Parameters
    ----------
    kernel_size, stride, padding : int or pair
        Those of the pooling, which has ``return_indices=True``.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.MaxUnpool2d(2)(np.array([[[7.0]]]), np.array([[[3]]]))
    array([[[0., 0.],
            [0., 7.]]])
    """

    axes = 2

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        """Put them back; `output_size` is needed where the pooling does not tell it."""
        return f.max_unpool2d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool3d(_Pool):
    """Put the results of `MaxPool3d` back where they were, among zeros.

    Parameters
    ----------
    kernel_size, stride, padding : int or triple
        Those of the pooling, which has ``return_indices=True``.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.MaxUnpool3d((1, 2, 2))(np.array([[[[7.0]]]]), np.array([[[[3]]]])).shape
    (1, 1, 2, 2)
    """

    axes = 3

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        """Put them back; `output_size` is needed where the pooling does not tell it."""
        return f.max_unpool3d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )
