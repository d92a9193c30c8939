"""Several tasks on one trunk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..containers import ModuleDict
from ..linear import Linear
from ..module import Module


class MultiTask(Module):
    """A shared trunk that learns from all tasks, and a linear head for each (hard sharing).

    ::

                       ,-> Linear -> task a
        x -> trunk ----+-> Linear -> task b
                       `-> Linear -> task c

    Parameters
    ----------
    trunk : Module
        Maps inputs to features (n, width).
    width : int
        Number of features.
    tasks : mapping of str to int
        Outputs of each task.
    dtype : dtype, optional
        Of the heads' parameters.

    References
    ----------
    Caruana, "Multitask learning" (1997).

    Examples
    --------
    >>> import numpy as np, nn
    >>> from nn.models import MLP, MultiTask
    >>> model = MultiTask(MLP([64, 32], output=nn.ReLU), 32, {"digit": 10, "ink": 1})
    >>> {k: v.shape for k, v in model(np.zeros((5, 64), np.float32)).items()}
    {'digit': (5, 10), 'ink': (5, 1)}
    """

    def __init__(
        self, trunk: Module, width: int, tasks: Mapping[str, int], dtype: Any = None
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = ModuleDict({name: Linear(width, n, dtype=dtype) for name, n in tasks.items()})

    def forward(self, input: Any) -> dict[str, Any]:
        """Return the outputs of every task."""
        features = self.trunk(input)
        return {name: head(features) for name, head in self.heads.items()}
