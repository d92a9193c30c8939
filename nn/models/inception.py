"""GoogLeNet and its inception module: kernels of several sizes side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..activation import ReLU
from ..containers import Sequential
from ..conv import Conv2d
from ..dropout import Dropout
from ..init import constant_, kaiming_normal_
from ..linear import Linear
from ..module import Module
from ..normalization import LocalResponseNorm
from ..pooling import GlobalAvgPool2d, MaxPool2d

# Table 1 of the paper: 1x1; 3x3 reduce, 3x3; 5x5 reduce, 5x5; pool proj
TABLE = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def _conv(before: int, after: int, size: int, stride: int, dtype: Any) -> Sequential:
    conv = Conv2d(before, after, size, stride, padding=size // 2, dtype=dtype)
    kaiming_normal_(conv.weight)
    constant_(conv.bias, 0)
    return Sequential(conv, ReLU())


class Inception(Module):
    """Four branches over one input, joined along the channels (the paper's figure 2b).

    ::

               ,-> 1x1 -----------.
        x -----+-> 1x1 -> 3x3 ----+-> join
               +-> 1x1 -> 5x5 ----+
               `-> pool 3x3 -> 1x1'

    A ReLU follows each convolution; the 1x1 before the larger kernels make their
    inputs thinner, and so cheaper.

    Parameters
    ----------
    in_channels : int
        Of the input.
    one, three_reduce, three, five_reduce, five, pool : int
        Channels of each convolution, in the order of the paper's table 1.
    dtype : dtype, optional
        Of the parameters.

    Attributes
    ----------
    out_channels : int
        one + three + five + pool.

    References
    ----------
    Szegedy et al., "Going deeper with convolutions" (2014).

    Examples
    --------
    >>> import numpy as np
    >>> module = Inception(192, 64, 96, 128, 16, 32, 32)
    >>> module.out_channels, module(np.zeros((1, 192, 4, 4), np.float32)).shape
    (256, (1, 256, 4, 4))
    """

    def __init__(
        self,
        in_channels: int,
        one: int,
        three_reduce: int,
        three: int,
        five_reduce: int,
        five: int,
        pool: int,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.out_channels = one + three + five + pool
        self.one = _conv(in_channels, one, 1, 1, dtype)
        self.three = Sequential(
            _conv(in_channels, three_reduce, 1, 1, dtype), _conv(three_reduce, three, 3, 1, dtype)
        )
        self.five = Sequential(
            _conv(in_channels, five_reduce, 1, 1, dtype), _conv(five_reduce, five, 5, 1, dtype)
        )
        self.pool = Sequential(MaxPool2d(3, 1, padding=1), _conv(in_channels, pool, 1, 1, dtype))

    def forward(self, input: Any) -> Any:
        """Apply the four branches."""
        branches = (self.one, self.three, self.five, self.pool)
        return np.concatenate([branch(input) for branch in branches], axis=1)


class GoogLeNet(Module):
    """Nine inception modules, 22 layers with parameters: the winner of ImageNet 2014.

    ::

        224 -> conv 7/2 -> pool, norm -> conv 1, conv 3 -> norm, pool
            -> 3a 3b -> pool -> 4a 4b 4c 4d 4e -> pool -> 5a 5b -> mean -> dropout -> linear

    Without the two auxiliary classifiers, which the paper takes off after training.

    Parameters
    ----------
    classes : int
        Outputs.
    channels : int
        Of the images, which may have any size from 32 pixels on.
    dtype : dtype, optional
        Of the parameters.

    References
    ----------
    Szegedy et al., "Going deeper with convolutions" (2014), table 1.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.models import GoogLeNet
    >>> model = GoogLeNet().eval()
    >>> model(np.zeros((1, 3, 32, 32), np.float32)).shape
    (1, 1000)
    >>> sum(p.size for p in model.parameters())
    6998552
    """

    def __init__(self, classes: int = 1000, channels: int = 3, dtype: Any = None) -> None:
        super().__init__()
        self.stem = Sequential(
            _conv(channels, 64, 7, 2, dtype),
            MaxPool2d(3, 2, padding=1),
            LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0),
            _conv(64, 64, 1, 1, dtype),
            _conv(64, 192, 3, 1, dtype),
            LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0),
            MaxPool2d(3, 2, padding=1),
        )
        self.stages = Sequential()
        width = 192
        for name, row in TABLE.items():
            if name in ("4a", "5a"):
                self.stages.append(MaxPool2d(3, 2, padding=1))
            module = Inception(width, *row, dtype=dtype)
            self.stages.append(module)
            width = module.out_channels
        self.head = Sequential(GlobalAvgPool2d(), Dropout(0.4), Linear(width, classes, dtype=dtype))

    def forward(self, input: Any) -> Any:
        """Return the logits of images of shape (n, channels, height, width)."""
        return self.head(self.stages(self.stem(input)))
