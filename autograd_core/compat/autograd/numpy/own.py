"""Functions that HIPS autograd has in its NumPy and that NumPy lacks, or takes otherwise."""

from __future__ import annotations

from typing import Any

from autograd_core.base import errors, tree
from autograd_core.base.source import Location
from autograd_core.compat.autograd.host import namespace as np


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """As numpy.where; Python's numbers and lists give Python's, and all may be keywords.

    Examples
    --------
    >>> where(True, x=1, y=2)
    1
    """
    if x is None and y is None:
        return np.where(condition)
    made = np.where(condition, x, y)
    if any(hasattr(v, "dtype") for v in tree.leaves([condition, x, y])):
        return made
    return made.tolist()


def make_diagonal(D: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:  # noqa: N803
    """Return matrices with the last axis of D on their diagonals: the transpose of diagonal.

    Only ``offset=0, axis1=-1, axis2=-2``, as in HIPS autograd.

    Examples
    --------
    >>> make_diagonal(np.array([1.0, 2.0]), axis1=-1, axis2=-2)
    array([[1., 0.],
           [0., 2.]])
    """
    if (offset, axis1, axis2) != (0, -1, -2):
        raise errors.UnsupportedError(
            f"make_diagonal(offset={offset}, axis1={axis1}, axis2={axis2}): only offset=0, "
            "axis1=-1, axis2=-2; use np.diag for other diagonals.",
            Location.of_caller(),
        )
    return np.where(np.eye(D.shape[-1], dtype=bool), D[..., None], np.zeros_like(D)[..., None])


__all__ = ["make_diagonal", "where"]
