"""AlexNet: five convolutions and three fully connected layers, in two groups as on its two GPUs."""

from __future__ import annotations

from typing import Any

from ..activation import ReLU
from ..containers import Sequential
from ..conv import Conv2d
from ..dropout import Dropout
from ..init import constant_, normal_
from ..linear import Linear
from ..module import Module
from ..normalization import LocalResponseNorm
from ..pooling import MaxPool2d
from ..shape import Flatten
from ..values import shape_error

_STEPS = ((11, 4, 0), (3, 2, 0), (5, 1, 2), (3, 2, 0), (3, 2, 0))  # (window, stride, padding)


def _side(size: int) -> int:
    for window, stride, padding in _STEPS:
        size = (size + 2 * padding - window) // stride + 1
    return size


class AlexNet(Module):
    """The network that won ImageNet 2012.

    ::

        227 -> conv 11/4, 96 -> norm, pool 3/2 -> conv 5, 256 (2 groups) -> norm, pool 3/2
            -> conv 3, 384 -> conv 3, 384 (2 groups) -> conv 3, 256 (2 groups) -> pool 3/2
            -> 4096 -> 4096 -> 1000

    Each layer but the last is followed by a ReLU; the pools overlap (windows of
    3, 2 apart); response normalization has k = 2, n = 5, alpha = 1e-4,
    beta = 0.75; the fully connected hidden layers come after dropout of one half.
    The paper says 224 pixels; its layer sizes need 227.

    Parameters
    ----------
    classes : int
        Outputs.
    channels : int
        Of the images.
    size : int
        Side of the images in pixels, at least 67.
    width : float
        Factor on every layer's number of units.
    dtype : dtype, optional
        Of the parameters.

    Raises
    ------
    ShapeError
        If the images are too small, or the width leaves a layer without units.

    References
    ----------
    Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep
    convolutional neural networks" (2012), section 3 and figure 2.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.models import AlexNet
    >>> small = AlexNet(classes=10, size=67, width=1 / 16).eval()
    >>> small(np.zeros((2, 3, 67, 67), np.float32)).shape
    (2, 10)
    """

    def __init__(
        self,
        classes: int = 1000,
        channels: int = 3,
        size: int = 227,
        width: float = 1.0,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        side = _side(size)
        if side < 1:
            raise shape_error(
                f"AlexNet: images of {size} by {size} pixels are too small for its strides and "
                "pools; give at least 67 by 67."
            )
        # even numbers, so that they divide into two groups
        a, b, c, hidden = (2 * round(width * units / 2) for units in (96, 256, 384, 4096))
        if min(a, b, c, hidden) < 2:
            raise shape_error(
                f"AlexNet: width = {width} leaves a layer without units; at least 1/64."
            )
        self.features = Sequential(
            Conv2d(channels, a, 11, stride=4, dtype=dtype),
            ReLU(),
            # 5e-4: LocalResponseNorm divides alpha by the channels summed, the paper does not
            LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0),
            MaxPool2d(3, 2),
            Conv2d(a, b, 5, padding=2, groups=2, dtype=dtype),
            ReLU(),
            LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0),
            MaxPool2d(3, 2),
            Conv2d(b, c, 3, padding=1, dtype=dtype),
            ReLU(),
            Conv2d(c, c, 3, padding=1, groups=2, dtype=dtype),
            ReLU(),
            Conv2d(c, b, 3, padding=1, groups=2, dtype=dtype),
            ReLU(),
            MaxPool2d(3, 2),
        )
        self.classifier = Sequential(
            Flatten(),
            Dropout(0.5),
            Linear(b * side**2, hidden, dtype=dtype),
            ReLU(),
            Dropout(0.5),
            Linear(hidden, hidden, dtype=dtype),
            ReLU(),
            Linear(hidden, classes, dtype=dtype),
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new values as in section 5: N(0, 0.01²); biases 1 or 0, layer by layer."""
        layers = [m for m in self.modules() if isinstance(m, Conv2d | Linear)]
        for layer, bias in zip(layers, (0, 1, 0, 1, 1, 1, 1, 0), strict=True):
            normal_(layer.weight, 0.0, 0.01)
            constant_(layer.bias, bias)

    def forward(self, input: Any) -> Any:
        """Return the logits of images of shape (n, channels, size, size)."""
        return self.classifier(self.features(input))
