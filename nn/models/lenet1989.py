"""The network of 1989 that read zip codes: strided convolutions, a bias for each unit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..functional.conv import conv2d
from ..init import uniform_, zeros_
from ..linear import Linear
from ..module import Module
from ..parameter import Parameter, parameter_dtype
from .lenet import PartialConv2d, squash

# Which 8 of H1's 12 maps each map of H2 sees: ours, since the paper keeps its own back
TABLE = tuple(tuple(sorted((k + j) % 12 for j in range(8))) for k in range(12))
PAPER = -1.0  # what the units at the border see outside of the image


def _framed(x: Any) -> Any:
    """Return maps with two rows and columns of the background on each side."""
    return np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)), constant_values=PAPER)


class LeNet1989(Module):
    """The first of LeCun's convolutional networks that was trained by back-propagation.

    ::

        16x16 -> H1 12@8x8 -> H2 12@4x4 -> H3 30 -> 10
                  1,068        2,592       5,790    310     9,760 parameters

    H1 and H2 are convolutions of 5 by 5 that take every second place; each of H2's maps sees 8 of
    H1's 12. Kernels are shared over a map and biases are not: every unit has its own. Each layer,
    the last too, is followed by 1.7159 tanh(2/3 x), and the targets are -1 and 1 (`targets`) under
    a squared error. Images have the values -1 (paper) to 1 (ink).

    Parameters
    ----------
    table : sequence of sequences of int, optional
        Which of H1's 12 maps each of H2's sees. The paper does not say; by default each sees 8
        neighbours in a ring, so that each of H1's is seen as often.
    dtype : dtype, optional
        Of the parameters.

    References
    ----------
    LeCun, Boser, Denker, Henderson, Howard, Hubbard and Jackel, "Backpropagation applied to
    handwritten zip code recognition" (1989), section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.models import LeNet1989
    >>> model = LeNet1989()
    >>> model(np.zeros((2, 1, 16, 16), np.float32)).shape
    (2, 10)
    >>> sum(p.size for p in model.parameters())
    9760
    """

    def __init__(self, table: Any = TABLE, dtype: Any = None) -> None:
        super().__init__()
        dtype = parameter_dtype(type(self).__name__, dtype)
        maps = len(table)
        self.h1 = Parameter(np.empty((12, 1, 5, 5), dtype))
        self.b1 = Parameter(np.zeros((12, 8, 8), dtype))
        self.h2 = PartialConv2d(table, 12, 5, dtype, stride=2, bias=False)
        self.b2 = Parameter(np.zeros((maps, 4, 4), dtype))
        self.h3 = Linear(maps * 16, 30, dtype=dtype)
        self.out = Linear(30, 10, dtype=dtype)
        for weight in (self.h1, self.h3.weight, self.out.weight):
            bound = 2.4 / math.prod(weight.shape[1:])  # 2.4 over the fan-in
            uniform_(weight, -bound, bound)
        for layer in (self.h3, self.out):
            zeros_(layer.bias)

    def forward(self, input: Any) -> Any:
        """Return the outputs, about -1 to 1, of images of shape (n, 1, 16, 16): shape (n, 10)."""
        x = squash(conv2d(_framed(input), self.h1, None, stride=2) + self.b1)
        x = squash(self.h2(_framed(x)) + self.b2)
        x = squash(self.h3(x.reshape((len(x), self.h3.in_features))))
        return squash(self.out(x))

    @staticmethod
    def targets(labels: Any) -> Any:
        """Return what the outputs shall be: 1 for the label's class, -1 for the others.

        Examples
        --------
        >>> LeNet1989.targets([2])[0, :4].tolist()
        [-1.0, -1.0, 1.0, -1.0]
        """
        return 2 * np.eye(10, dtype=np.float32)[np.asarray(labels)] - 1
