"""AlphaGo Zero: one residual tower over the board, a policy head and a value head."""

from __future__ import annotations

from typing import Any

from ..activation import ReLU, Tanh
from ..containers import Sequential
from ..conv import Conv2d
from ..functional.activation import relu
from ..linear import Linear
from ..module import Module
from ..normalization import BatchNorm2d
from ..shape import Flatten


def _block(before: int, after: int, size: int, dtype: Any) -> list[Module]:
    # batch normalization takes the mean away, so a bias before it would do nothing
    return [
        Conv2d(before, after, size, padding=size // 2, bias=False, dtype=dtype),
        BatchNorm2d(after, dtype=dtype),
        ReLU(),
    ]


class ResidualBlock(Module):
    """Two normalized convolutions of 3 by 3, and the input added before the last ReLU.

    ::

        x -+-> conv -> norm -> ReLU -> conv -> norm -> + -> ReLU
           `--------------- skip ---------------------'

    Parameters
    ----------
    filters : int
        Channels.
    dtype : dtype, optional
        Of the parameters.

    References
    ----------
    He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2015).

    Examples
    --------
    >>> import numpy as np
    >>> ResidualBlock(4)(np.ones((2, 4, 3, 3), np.float32)).shape
    (2, 4, 3, 3)
    """

    def __init__(self, filters: int, dtype: Any = None) -> None:
        super().__init__()
        self.path = Sequential(
            *_block(filters, filters, 3, dtype), *_block(filters, filters, 3, dtype)[:-1]
        )

    def forward(self, input: Any) -> Any:
        """Apply the block."""
        return relu(self.path(input) + input)


class AlphaGoZero(Module):
    """What each move is worth and who will win, from the stones alone.

    ::

        17 planes -> conv 3x3, 256 -> 19 (or 39) residual blocks -+-> policy: 19*19 + 1 logits
                                                                  `-> value in [-1, 1]

    Policy head: 1x1 convolution to 2 planes, normalization, ReLU, linear.  Value
    head: 1x1 convolution to 1 plane, normalization, ReLU, linear to 256, ReLU,
    linear, tanh.

    Parameters
    ----------
    size : int
        Side of the board.
    planes : int
        Of the input: eight boards of either colour's stones, and whose turn it is.
    filters : int
        Channels of the tower.
    blocks : int
        Residual blocks: with the first convolution, the paper's "20 blocks" are 19 here.
    moves : int, optional
        Outputs of the policy head; each point and a pass if not given.
    hidden : int
        Units of the value head's hidden layer.
    dtype : dtype, optional
        Of the parameters.

    References
    ----------
    Silver et al., "Mastering the game of Go without human knowledge" (2017),
    Methods, "Neural network architecture".

    Examples
    --------
    >>> import numpy as np
    >>> from nn.models import AlphaGoZero
    >>> model = AlphaGoZero(size=5, filters=8, blocks=1).eval()
    >>> policy, value = model(np.zeros((2, 17, 5, 5), np.float32))
    >>> policy.shape, value.shape
    ((2, 26), (2,))
    """

    def __init__(
        self,
        size: int = 19,
        planes: int = 17,
        filters: int = 256,
        blocks: int = 19,
        moves: int | None = None,
        hidden: int = 256,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        points = size * size
        self.tower = Sequential(
            *_block(planes, filters, 3, dtype),
            *(ResidualBlock(filters, dtype) for _ in range(blocks)),
        )
        self.policy = Sequential(
            *_block(filters, 2, 1, dtype),
            Flatten(),
            Linear(2 * points, points + 1 if moves is None else moves, dtype=dtype),
        )
        self.value = Sequential(
            *_block(filters, 1, 1, dtype),
            Flatten(),
            Linear(points, hidden, dtype=dtype),
            ReLU(),
            Linear(hidden, 1, dtype=dtype),
            Tanh(),
        )

    def forward(self, input: Any) -> tuple[Any, Any]:
        """Return the policy's logits (n, moves) and the values (n,) of n boards."""
        x = self.tower(input)
        return self.policy(x), self.value(x).reshape((len(input),))
