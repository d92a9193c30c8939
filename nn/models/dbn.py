"""The deep belief net: restricted Boltzmann machines, each on top of the last."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from autograd_core import Tensor, no_grad

from ..containers import ModuleList
from ..module import Module
from ..values import shape_error
from .rbm import RBM


class DBN(Module):
    """A stack of RBMs; the hidden layer of one is the visible layer of the next.

    ::

        h3  o o o        the two top layers are an RBM: they associate
            ||||
        h2  o o o o      below, arrows point down: they draw
             vvvv
        v   o o o o o

    It is trained greedily: the first machine on the data, the next on what the
    first one sees in the data (`see`), and so on.

    Parameters
    ----------
    sizes : sequence of int
        Units of the visible layer and of each hidden one.
    dtype : dtype, optional
        Of the parameters.

    Attributes
    ----------
    machines : ModuleList of RBM
        From the data up.

    Raises
    ------
    ShapeError
        If there are fewer than two sizes.

    References
    ----------
    Hinton, Osindero and Teh, "A fast learning algorithm for deep belief nets" (2006).

    Examples
    --------
    >>> import numpy as np
    >>> from nn.models import DBN
    >>> dbn = DBN([6, 5, 4])
    >>> v = np.ones((3, 6), dtype=np.float32)
    >>> dbn(v).shape, dbn.see(v, below=1).shape, dbn.dream(v, steps=2).shape
    ((3, 4), (3, 5), (3, 6))
    """

    def __init__(self, sizes: Sequence[int], dtype: Any = None) -> None:
        super().__init__()
        if len(sizes) < 2:
            raise shape_error(
                f"DBN: sizes names the visible and at least one hidden layer, not {list(sizes)}."
            )
        self.sizes = tuple(sizes)
        self.machines = ModuleList(RBM(v, h, dtype=dtype) for v, h in pairwise(sizes))

    def forward(self, v: Any) -> Any:
        """Return the probabilities of the top units, upward through all machines."""
        return self.see(v, len(self.machines))

    def see(self, v: Any, below: int) -> Any:
        """Return what the first machines make of the data: the training data of the next one."""
        for machine in self.machines[:below]:
            v = machine(v)
        return v

    def dream(self, v: Any, steps: int = 200) -> Any:
        """Sample: Gibbs steps in the top machine, started from data or noise, then down to pixels.

        Parameters
        ----------
        v : ndarray, shape (n, visible)
            Where the chains start.
        steps : int
            Of the top machine.

        Returns
        -------
        ndarray, shape (n, visible)
            Probabilities of the visible units.
        """
        top, below = self.machines[-1], len(self.machines) - 1
        with no_grad():
            h = top.gibbs(Tensor(v) if below == 0 else self.see(v, below), steps)
            for machine in reversed(list(self.machines)[:-1]):
                h = machine.down(h)
        return h.data if isinstance(h, Tensor) else h
