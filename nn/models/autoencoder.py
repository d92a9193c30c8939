"""The autoencoder: a network that copies its input through a narrow layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

from ..activation import Sigmoid
from ..module import Module
from .dbn import DBN
from .mlp import MLP


class Autoencoder(Module):
    """An encoder down to a code, and a decoder back up.

    ::

        x  64 -> 128 -> 64 -> 8 -> 64 -> 128 -> 64  x'
              `---- encoder ---' code `-- decoder --'

    The code is linear, the output sigmoid for inputs in [0, 1]: forward returns
    the logits, since the loss takes them (`nn.BCEWithLogitsLoss`); `reconstruct`
    applies the sigmoid.

    Parameters
    ----------
    sizes : sequence of int
        Units from the input to the code.
    activation : callable
        Makes the module after each hidden layer.
    dtype : dtype, optional
        Of the parameters.

    References
    ----------
    Hinton and Salakhutdinov, "Reducing the dimensionality of data with neural
    networks" (2006).

    Examples
    --------
    >>> import numpy as np
    >>> from nn.models import Autoencoder
    >>> auto = Autoencoder([64, 32, 8])
    >>> x = np.ones((3, 64), dtype=np.float32)
    >>> auto.encoder(x).shape, auto(x).shape
    ((3, 8), (3, 64))
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: Callable[[], Module] = Sigmoid,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.encoder = MLP(sizes, activation, dtype=dtype)
        self.decoder = MLP(sizes[::-1], activation, dtype=dtype)

    @classmethod
    def unrolled(cls, dbn: DBN) -> Self:
        """Return the autoencoder that a deep belief net becomes when it is unrolled.

        The encoder gets the weights upward, the decoder the same weights
        transposed; afterwards they are trained apart.
        """
        made = cls(dbn.sizes, dtype=dbn.machines[0].weight.dtype)
        up, down = made.encoder.linears(), made.decoder.linears()[::-1]
        state: dict[str, Any] = {}
        names = {id(layer): name for name, layer in made.named_modules()}
        for machine, encode, decode in zip(dbn.machines, up, down, strict=True):
            state[names[id(encode)] + ".weight"] = machine.weight.data
            state[names[id(encode)] + ".bias"] = machine.hidden_bias.data
            state[names[id(decode)] + ".weight"] = machine.weight.data.T
            state[names[id(decode)] + ".bias"] = machine.visible_bias.data
        made.load_state_dict(state)
        return made

    def forward(self, x: Any) -> Any:
        """Return the logits of the copy."""
        return self.decoder(self.encoder(x))

    def reconstruct(self, x: Any) -> Any:
        """Return the copy, in [0, 1]."""
        return Sigmoid()(self(x))
