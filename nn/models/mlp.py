"""The multi-layer perceptron: fully connected layers, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from ..activation import ReLU
from ..containers import Sequential
from ..dropout import Dropout
from ..linear import Linear
from ..module import Module
from ..values import shape_error


class MLP(Module):
    """Fully connected layers with an activation between them.

    ::

        x -> Linear -> activation -> ... -> Linear -> (output)
             `---- each hidden layer ----'

    By convention the number of layers counts hidden and output layers, not the
    input: three sizes make a 2-layer network.

    Parameters
    ----------
    sizes : sequence of int
        Units of the input, of each hidden layer, of the output.
    activation : callable
        Makes the module after each hidden layer.
    output : callable, optional
        Makes the module after the last layer.
    dropout : float
        Probability with which each hidden unit is dropped in train mode.
    dtype : dtype, optional
        Of the parameters.

    Raises
    ------
    ShapeError
        If there are fewer than two sizes.

    References
    ----------
    Rumelhart, Hinton and Williams, "Learning representations by
    back-propagating errors" (1986).

    Examples
    --------
    >>> import numpy as np, nn
    >>> from nn.models import MLP
    >>> MLP([64, 30, 10], nn.Sigmoid)(np.ones((5, 64), dtype=np.float32)).shape
    (5, 10)
    >>> sum(p.size for p in MLP([64, 30, 10]).parameters()) == 65 * 30 + 31 * 10
    True
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: Callable[[], Module] = ReLU,
        output: Callable[[], Module] | None = None,
        dropout: float = 0.0,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if len(sizes) < 2:
            raise shape_error(
                f"MLP: sizes names the input and at least one layer, for instance [64, 30, 10]; "
                f"{list(sizes)} has {len(sizes)}."
            )
        self.sizes = tuple(sizes)
        self.layers = Sequential()
        for depth, (before, after) in enumerate(pairwise(sizes), start=2):
            self.layers.append(Linear(before, after, dtype=dtype))
            if depth < len(sizes):
                self.layers.append(activation())
                if dropout:
                    self.layers.append(Dropout(dropout))
            elif output is not None:
                self.layers.append(output())

    def forward(self, input: Any) -> Any:
        """Apply the layers."""
        return self.layers(input)

    def linears(self) -> list[Linear]:
        """Return the fully connected layers, first to last."""
        return [layer for layer in self.layers if isinstance(layer, Linear)]
