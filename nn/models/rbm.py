"""The restricted Boltzmann machine: two layers of binary units that explain each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor, no_grad
from autograd_core.extend import draw

from .. import init
from ..functional.activation import sigmoid, softplus
from ..functional.linear import linear
from ..module import Module
from ..parameter import Parameter, parameter_dtype
from ..random import generator
from ..values import shape_error


def _plain(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else x


class RBM(Module):
    """Binary visible and hidden units; every visible one is connected with every hidden one.

    ::

        hidden    o  o  o  o      E(v, h) = - v.b - h.c - h W v
                  |><|><|><|      P(v, h) = exp(-E(v, h)) / Z
        visible   o  o  o

    Within a layer there are no connections, so that given one layer the units
    of the other are independent: sampling is a matrix product and a coin each.

    Parameters
    ----------
    visible, hidden : int
        Number of units.
    dtype : dtype, optional
        Of the parameters.

    Attributes
    ----------
    weight : Parameter, shape (hidden, visible)
        Drawn from N(0, 0.01 squared).
    visible_bias, hidden_bias : Parameter, shapes (visible,), (hidden,)
        0.
    rng : numpy.random.Generator
        Where samples are drawn: the package's Generator; assign another to
        give this machine its own.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    References
    ----------
    Smolensky, "Information processing in dynamical systems" (1986); Hinton,
    "Training products of experts by minimizing contrastive divergence" (2002);
    Hinton, "A practical guide to training restricted Boltzmann machines" (2010).

    Examples
    --------
    >>> import numpy as np
    >>> from nn.models import RBM
    >>> rbm = RBM(visible=6, hidden=4)
    >>> v = np.ones((3, 6), dtype=np.float32)
    >>> rbm(v).shape, rbm.free_energy(v).shape, rbm.gibbs(v).shape
    ((3, 4), (3,), (3, 6))
    """

    weight: Parameter
    visible_bias: Parameter
    hidden_bias: Parameter

    def __init__(self, visible: int, hidden: int, dtype: Any = None) -> None:
        super().__init__()
        if visible < 1 or hidden < 1:
            raise shape_error(f"RBM: units must be positive, not {visible}, {hidden}.")
        dtype = parameter_dtype(type(self).__name__, dtype)
        self.visible, self.hidden = visible, hidden
        self.weight = init.normal_(Parameter(np.empty((hidden, visible), dtype)), 0.0, 0.01)
        self.visible_bias = Parameter(np.zeros(visible, dtype))
        self.hidden_bias = Parameter(np.zeros(hidden, dtype))
        self.rng = generator()

    def forward(self, v: Any) -> Any:
        """Return P(h = 1 | v) of each hidden unit, shape (n, hidden)."""
        return sigmoid(linear(v, self.weight, self.hidden_bias))

    def down(self, h: Any) -> Any:
        """Return P(v = 1 | h) of each visible unit, shape (n, visible)."""
        return sigmoid(linear(h, self.weight.T, self.visible_bias))

    def free_energy(self, v: Any) -> Any:
        """Return F(v) = -log sum_h exp(-E(v, h)), shape (n,): all 2**hidden states in one line.

        F(v) = - v.b - sum_j log(1 + exp(c_j + W_j v)).
        """
        inside = softplus(linear(v, self.weight, self.hidden_bias))
        return -(v @ self.visible_bias) - np.sum(inside, axis=-1)

    def gibbs(self, v: Any, steps: int = 1) -> Any:
        """Sample the hidden units from the visible ones and back, a number of times.

        Parameters
        ----------
        v : ndarray, shape (n, visible)
            Where the chains start.
        steps : int
            How often to go up and down.

        Returns
        -------
        ndarray, shape (n, visible)
            Probabilities of the visible units.  Hidden units are drawn; for the
            visible ones the probability stands, as for grey pixels in the data
            (section 3 of the guide): coins there would add a noise that the
            data don't have, and most hidden units would die of it.
        """
        with no_grad():
            for _ in range(steps):
                v = _plain(self.down(self._coins(self(v))))
        return v

    def _coins(self, probability: Any) -> Any:
        p = _plain(probability)
        drawn = draw(lambda shape: self.rng.random(shape, dtype=np.float32), p.shape, "sample")
        return (drawn < p).astype(p.dtype)

    def contrastive_loss(self, v: Any, model: Any) -> Any:
        """Return mean F(data) - mean F(samples of the model).

        Its gradient is Hinton's learning rule, <v h> of the data minus <v h> of
        the model: no derivative is written by hand.  The samples count as
        constants.

        Parameters
        ----------
        v : array, shape (n, visible)
            Data in [0, 1].
        model : array, shape (m, visible)
            Samples; `gibbs` started at the data makes it contrastive divergence,
            started at its own last samples persistent contrastive divergence.

        Returns
        -------
        Tensor, shape ()
            The difference.  It is no likelihood: watch samples, not this number.

        Examples
        --------
        >>> import numpy as np
        >>> from nn.models import RBM
        >>> rbm, v = RBM(2, 1), np.array([[1.0, 0.0]], dtype=np.float32)
        >>> rbm.contrastive_loss(v, v[:, ::-1].copy()).backward()
        >>> rbm.visible_bias.grad.data
        array([-1.,  1.], dtype=float32)
        """
        return np.mean(self.free_energy(v)) - np.mean(self.free_energy(model))

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"visible={self.visible}, hidden={self.hidden}"
