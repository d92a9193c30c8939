"""How alike vectors are, as a module."""

from __future__ import annotations

from typing import Any

from . import checks
from .functional.similarity import cosine_similarity
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
