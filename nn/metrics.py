"""Metrics of a trained model, on arrays."""

from __future__ import annotations

from typing import Any

import numpy as np


def accuracy(output: Any, target: Any) -> float:
    """Return the share of rows whose largest output is the target's class.

    Parameters
    ----------
    output : array, shape (n, classes)
        Scores.
    target : array of int, shape (n,)
        Class indices.

    Returns
    -------
    float
        Between 0 and 1.

    Examples
    --------
    >>> accuracy(np.array([[1.0, 2.0], [3.0, 0.0]]), np.array([1, 1]))
    0.5
    """
    return float(np.mean(np.argmax(output, axis=1) == target))
