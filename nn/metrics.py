"""Metrics of a trained model, on arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import renamed_keywords


@renamed_keywords(output="input")
def accuracy(input: Any, target: Any) -> float:
    """Return the share of rows whose largest score is the target's class.

    Parameters
    ----------
    input : array, shape (n, classes)
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
    return float(np.mean(np.argmax(input, axis=1) == target))
