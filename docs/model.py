"""The functions that docs/compile.md shows the compiled sources of."""

from typing import Any

import numpy as np


def network(params: Any, x: Any, target: Any) -> Any:
    """Mean squared error of a network with one hidden layer."""
    h = np.tanh(x @ params["w1"] + params["b1"])
    y = h @ params["w2"]
    return np.mean((y - target) ** 2)


def recurrent(w: Any, u: Any, x: Any) -> Any:
    """Return the sum of a recurrent network's last state."""
    h = np.tanh(w @ x[0])
    for t in range(1, 3):
        h = np.tanh(u @ h + w @ x[t])
    return np.sum(h)


def clipped(x: Any) -> Any:
    """Return a function of x, shortened to length 1 if it is longer."""
    size = np.sqrt(np.sum(x * x))
    if size > 1:
        x = x / size
    return np.sum(np.exp(x))
