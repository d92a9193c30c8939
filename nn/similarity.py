"""How alike vectors are, as a module."""

from __future__ import annotations

from typing import Any

from . import checks
from .functional.similarity import cosine_similarity, pairwise_distance
from .module import Module


class CosineSimilarity(Module):
    """Cosine of the angle between two vectors along an axis.

    Parameters
    ----------
    dim : int
        The axis of the vectors.
    eps : float
        The least length that is divided by.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.CosineSimilarity()(np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]]))
    array([0.96])
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        checks.axis("CosineSimilarity", "dim", dim)
        checks.non_negative("CosineSimilarity", "eps", eps)
        self.dim, self.eps = dim, eps

    def forward(self, x1: Any, x2: Any) -> Any:
        """Compare."""
        return cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The p-norm of x1 - x2 + eps along the last axis.

    Parameters
    ----------
    p : float
        The norm's power.
    eps : float
        Added to the difference.
    keepdim : bool
        Whether to keep the last axis, with length 1.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.PairwiseDistance()(np.array([[3.0, 4.0]]), np.zeros(2)).round(4)
    array([5.])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        checks.real("PairwiseDistance", "eps", eps)
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: Any, x2: Any) -> Any:
        """Compare."""
        return pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
