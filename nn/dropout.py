"""Dropout layers."""

from __future__ import annotations

from typing import Any

from autograd_core import optim

from . import checks
from .functional.dropout import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from .module import Module
from .random import generator


@optim.keywords.accepts("inplace")
class Dropout(Module):
    """In train mode, set each element to 0 with probability p and divide the rest by 1 - p.

    Parameters
    ----------
    p : float
        The probability of dropping.

    Attributes
    ----------
    rng : numpy.random.Generator
        The random source: the package's Generator. Assign another to give this layer its own.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.Dropout(0.5)
    >>> layer.rng = np.random.default_rng(1)
    >>> layer(np.ones(6))
    array([0., 2., 2., 2., 0., 0.])
    >>> layer.eval()(np.ones(3))
    array([1., 1., 1.])
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        checks.unit(type(self).__name__, "p", p)
        self.p = p
        self.rng = generator()

    def forward(self, input: Any) -> Any:
        """Drop, in train mode."""
        return dropout(input, self.p, self.training, generator=self.rng)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p}"


class Dropout2d(Dropout):
    """Drop whole channels of (n, channels, height, width).

    Parameters
    ----------
    p : float
        The probability of dropping a channel.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.Dropout2d(0.5)
    >>> layer.rng = np.random.default_rng(1)
    >>> layer(np.ones((1, 4, 1, 2)))[0, :, 0]
    array([[0., 0.],
           [2., 2.],
           [2., 2.],
           [2., 2.]])
    """

    def forward(self, input: Any) -> Any:
        """Drop, in train mode."""
        return dropout2d(input, self.p, self.training, generator=self.rng)


class Dropout1d(Dropout):
    """Drop whole channels of (n, channels, length).

    Parameters
    ----------
    p : float
        The probability of dropping.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.Dropout1d(0.5)
    >>> layer.rng = np.random.default_rng(1)
    >>> layer(np.ones((1, 4, 2)))[0, :2].tolist()
    [[0.0, 0.0], [2.0, 2.0]]
    """

    def forward(self, input: Any) -> Any:
        """Drop, in train mode."""
        return dropout1d(input, self.p, self.training, generator=self.rng)


class Dropout3d(Dropout):
    """Drop whole channels of (n, channels, depth, height, width).

    Parameters
    ----------
    p : float
        The probability of dropping.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.Dropout3d(0.5)
    >>> layer.rng = np.random.default_rng(1)
    >>> layer(np.ones((1, 4, 1, 1, 2)))[0, :2, 0, 0].tolist()
    [[0.0, 0.0], [2.0, 2.0]]
    """

    def forward(self, input: Any) -> Any:
        """Drop, in train mode."""
        return dropout3d(input, self.p, self.training, generator=self.rng)


class AlphaDropout(Dropout):
    """Drop to the lowest value of SELU; keep mean 0 and variance 1 (Klambauer et al., 2017).

    Parameters
    ----------
    p : float
        The probability of dropping.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.AlphaDropout(0.5)
    >>> layer.rng = np.random.default_rng(1)
    >>> layer(np.zeros(4)).round(4)
    array([-0.7792,  0.7792,  0.7792,  0.7792])
    """

    def forward(self, input: Any) -> Any:
        """Drop, in train mode."""
        return alpha_dropout(input, self.p, self.training, generator=self.rng)


class FeatureAlphaDropout(Dropout):
    """Drop whole channels as `AlphaDropout` drops elements.

    Parameters
    ----------
    p : float
        The probability of dropping.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.FeatureAlphaDropout(0.5)
    >>> layer.rng = np.random.default_rng(1)
    >>> layer(np.zeros((1, 2, 2)))[0].round(4)
    array([[-0.7792, -0.7792],
           [ 0.7792,  0.7792]])
    """

    def forward(self, input: Any) -> Any:
        """Drop, in train mode."""
        return feature_alpha_dropout(input, self.p, self.training, generator=self.rng)
