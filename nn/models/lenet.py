"""LeNet-5, layer by layer as it was published, with exactly its 60,000 trained parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..conv import Conv2d
from ..functional.activation import tanh
from ..functional.conv import conv2d
from ..functional.pooling import avg_pool2d
from ..init import uniform_, zeros_
from ..linear import Linear
from ..module import Module
from ..parameter import Parameter, parameter_dtype

# Table I of the paper: the maps of S2 that each of C3's 16 maps sees
TABLE = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
)  # fmt: skip

# What F6 shall show for each class: a drawing of 7 by 12 pixels, drawn anew after the paper's idea
DRAWINGS = """
.#####. ...#... .#####. .#####. ....##. ####### ..####. ####### .#####. .#####.
##...## ..##... ##...## ##...## ...###. ##..... .##.... .....## ##...## ##...##
#.....# .###... .....## .....## ..####. ##..... ##..... .....#. #.....# #.....#
#.....# ...#... .....## .....## .##.##. ##..... #...... ....##. #.....# #.....#
#.....# ...#... ....##. ....##. ##..##. ######. #...... ....#.. ##...## ##...##
#.....# ...#... ...##.. ..####. #...##. .....## ######. ...##.. .#####. .######
#.....# ...#... ..##... .....## ####### .....## ##...## ...#... ##...## .....##
#.....# ...#... .##.... .....## ....##. .....## #.....# ..##... #.....# ......#
#.....# ...#... ##..... .....## ....##. .....## #.....# ..#.... #.....# ......#
#.....# ...#... #...... #.....# ....##. #....## #.....# .##.... #.....# .....##
##...## ...#... #...... ##...## ....##. ##..##. ##...## .#..... ##...## ....##.
.#####. .#####. ####### .#####. ....##. .####.. .#####. .#..... .#####. .####..
"""


def squash(x: Any) -> Any:
    """Return 1.7159 tanh(2/3 x), which maps 1 to 1 and is nearly linear between -1 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> squash(np.array([-1.0, 1.0])).round(3)
    array([-1.,  1.])
    """
    return 1.7159 * tanh(x * (2 / 3))


def codes() -> Any:
    """Return the drawings as an array of -1 and 1, shape (10, 84).

    Examples
    --------
    >>> codes().shape
    (10, 84)
    """
    rows = [line.split() for line in DRAWINGS.split("\n") if line]
    drawn = [[1.0 if p == "#" else -1.0 for row in rows for p in row[k]] for k in range(10)]
    return np.array(drawn)


class Subsampling(Module):
    """A sum over 2 by 2, times a trained number for each map, plus another.

    Parameters
    ----------
    maps : int
        Channels.
    dtype : dtype, optional
        Of the parameters.

    Attributes
    ----------
    weight, bias : Parameter, shape (maps, 1, 1)

    Examples
    --------
    >>> import numpy as np
    >>> Subsampling(6)(np.ones((1, 6, 28, 28), np.float32)).shape
    (1, 6, 14, 14)
    """

    def __init__(self, maps: int, dtype: Any = None) -> None:
        super().__init__()
        dtype = parameter_dtype(type(self).__name__, dtype)
        self.weight = Parameter(np.empty((maps, 1, 1), dtype))
        self.bias = Parameter(np.zeros((maps, 1, 1), dtype))
        uniform_(self.weight, -2.4 / 4, 2.4 / 4)

    def forward(self, input: Any) -> Any:
        """Subsample."""
        return avg_pool2d(input, 2) * (4 * self.weight) + self.bias


class PartialConv2d(Module):
    """A convolution whose maps each see some of the input's maps; only those have kernels.

    Parameters
    ----------
    table : sequence of sequences of int
        For each map of the output the maps of the input that it sees.
    in_channels, kernel_size : int
        Maps of the input; side of a kernel.
    stride : int
        How far apart the kernels stand.
    bias : bool
        Whether each map has a bias.
    dtype : dtype, optional
        Of the parameters.

    Attributes
    ----------
    weight : Parameter, shape (connections, kernel_size, kernel_size)
    bias : Parameter, shape (len(table),), or None

    Examples
    --------
    >>> import numpy as np
    >>> layer = PartialConv2d(((0,), (0, 1)), 2, 3)
    >>> layer(np.ones((1, 2, 5, 5), np.float32)).shape, layer.weight.shape
    ((1, 2, 3, 3), (3, 3, 3))
    """

    def __init__(
        self,
        table: tuple[tuple[int, ...], ...],
        in_channels: int,
        kernel_size: int,
        dtype: Any = None,
        stride: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        dtype = parameter_dtype(type(self).__name__, dtype)
        self.stride = stride
        connections = sum(map(len, table))
        self.weight = Parameter(np.empty((connections, kernel_size, kernel_size), dtype))
        self.bias = Parameter(np.zeros(len(table), dtype)) if bias else None
        # where each kernel stands among all; the last, all zeros, stands where none does
        self.places = np.full((len(table), in_channels), connections)
        start = 0
        for row, seen in zip(self.places, table, strict=True):
            row[list(seen)] = range(start, start + len(seen))
            bound = 2.4 / (len(seen) * kernel_size**2)
            uniform_(self.weight.data[start : start + len(seen)], -bound, bound)
            start += len(seen)

    def forward(self, input: Any) -> Any:
        """Convolve."""
        nothing = np.zeros((1, *self.weight.shape[1:]), self.weight.dtype)
        kernels = np.concatenate([self.weight, nothing])[self.places]
        return conv2d(input, kernels, self.bias, stride=self.stride)


class LeNet5(Module):
    """The convolutional network that read cheques.

    ::

        32x32 -> C1 6@28x28 -> S2 6@14x14 -> C3 16@10x10 -> S4 16@5x5 -> C5 120 -> F6 84 -> RBF 10
                  156            12          1,516           32        48,120    10,164     fixed

    C are convolutions of 5 by 5, C3 with the published table of connections; S
    are subsamplings; each is followed by a scaled tanh.  The ten outputs are
    minus the squared distances of F6 to fixed drawings of the digits, so that
    `nn.CrossEntropyLoss` is the paper's equation (9) without its constant class.
    The drawings are ours: the paper shows its own only as a picture.

    Parameters
    ----------
    dtype : dtype, optional
        Of the parameters.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to
    document recognition" (1998), section II-B and figure 2.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.models import LeNet5
    >>> model = LeNet5()
    >>> model(np.zeros((2, 1, 32, 32), np.float32)).shape
    (2, 10)
    >>> sum(p.size for p in model.parameters())
    60000
    """

    def __init__(self, dtype: Any = None) -> None:
        super().__init__()
        dtype = parameter_dtype(type(self).__name__, dtype)
        self.c1 = Conv2d(1, 6, 5, dtype=dtype)
        self.s2 = Subsampling(6, dtype)
        self.c3 = PartialConv2d(TABLE, 6, 5, dtype)
        self.s4 = Subsampling(16, dtype)
        self.c5 = Conv2d(16, 120, 5, dtype=dtype)
        self.f6 = Linear(120, 84, dtype=dtype)
        self.register_buffer("codes", codes().astype(dtype))
        for layer in (self.c1, self.c5, self.f6):
            bound = 2.4 / math.prod(layer.weight.shape[1:])  # 2.4 over the fan-in
            uniform_(layer.weight, -bound, bound)
            zeros_(layer.bias)

    def features(self, input: Any) -> Any:
        """Return F6's 84 values for images of shape (n, 1, 32, 32)."""
        x = squash(self.s2(squash(self.c1(input))))
        x = squash(self.s4(squash(self.c3(x))))
        x = squash(self.c5(x))
        return squash(self.f6(x.reshape((len(x), 120))))

    def forward(self, input: Any) -> Any:
        """Return minus the squared distance to each class's drawing, shape (n, 10)."""
        x = self.features(input)
        return 2 * (x @ self.codes.T) - np.sum(x * x, axis=1, keepdims=True) - 84.0
