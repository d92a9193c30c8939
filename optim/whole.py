"""Rules that need a parameter as a whole: norms, and products of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import errors

from .optimizer import Optimizer


class WholeRule(Optimizer):
    """An optimizer whose `update` gets a parameter as it is, not piece by piece.

    None adds its decay to the gradient: `update` decays the parameter, or there is no decay.
    """

    def _walk(self, scalars: Any, held: list[Any], decay: float, maximize: bool) -> None:
        p, g, *state = held
        if p.dtype.kind == "c":
            raise errors.UnsupportedError(f"{self.name}: complex parameters are not supported.")
        self.update(scalars, (), p, -g if maximize else g, *state)


def root_mean_square(x: Any) -> float:
    """Return the square root of the mean of squares.

    Examples
    --------
    >>> root_mean_square(np.array([3.0, 4.0, 0.0, 0.0]))
    2.5
    """
    return float(np.sqrt(np.mean(np.square(x))))
