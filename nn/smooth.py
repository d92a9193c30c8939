"""Activation functions without corners, and those along an axis, as modules."""

from __future__ import annotations

from typing import Any

from autograd_core import optim

from . import checks
from .functional import activation as f
from .functional.softmax import softmax
from .module import Module
from .values import numbers, shape_error


@optim.keywords.accepts("inplace")
class CELU(Module):
    """x where positive, alpha (exp(x / alpha) - 1) elsewhere (Barron, 2017).

    Parameters
    ----------
    alpha : float
        How far it goes below 0; not 0.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.CELU()(np.array([-1.0, 2.0])).round(4)
    array([-0.6321,  2.    ])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        checks.real("CELU", "alpha", alpha)
        if not alpha:
            raise shape_error("CELU: alpha must not be 0.")
        self.alpha = alpha

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.celu(input, alpha=self.alpha)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"alpha={self.alpha}"


@optim.keywords.accepts("inplace")
class Mish(Module):
    """x tanh(softplus(x)) (Misra, 2019).

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Mish()(np.array([-1.0, 2.0])).round(4)
    array([-0.3034,  1.944 ])
    """

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.mish(input)


class GLU(Module):
    """a sigmoid(b) for the halves a, b of an axis (Dauphin et al., 2017).

    Parameters
    ----------
    dim : int
        The axis, of even length.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.GLU()(np.array([2.0, 0.0]))
    array([1.])
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        checks.axis("GLU", "dim", dim)
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.glu(input, self.dim)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"dim={self.dim}"


class Softsign(Module):
    """x / (1 + abs(x)).

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Softsign()(np.array([-1.0, 4.0]))
    array([-0.5,  0.8])
    """

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.softsign(input)


class Tanhshrink(Module):
    """x - tanh(x).

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Tanhshrink()(np.array([-1.0, 4.0])).round(4)
    array([-0.2384,  3.0007])
    """

    def forward(self, input: Any) -> Any:
        """Apply it."""
        return f.tanhshrink(input)


class Softmax2d(Module):
    """softmax over the channels of each place of (n, channels, height, width).

    Raises
    ------
    ShapeError
        If the input is no image.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Softmax2d()(np.zeros((1, 4, 1, 2)))[0, 0]
    array([[0.25, 0.25]])
    """

    def forward(self, input: Any) -> Any:
        """Apply it."""
        input = numbers("Softmax2d", input)
        if input.ndim not in (3, 4):
            raise shape_error(
                f"Softmax2d: the input has shape {input.shape}; (n, channels, height, width) "
                "is needed, with or without n."
            )
        return softmax(input, -3)
