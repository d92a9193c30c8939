"""Skip-gram with negative sampling: words get vectors by predicting their neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import init
from ..embedding import Embedding
from ..functional.activation import softplus
from ..module import Module
from ..values import raw, shape_error


class SkipGram(Module):
    """Two vectors a word: one as the centre, one as the neighbour of others.

    ::

        ... the   next  [item]  of   the ...      u_item . v_next   should be high
                    ^-----+------^                u_item . v_<any>  should be low

    A pair that stands together in the text is told from pairs drawn at random.
    Nobody labels anything; words used alike end up with vectors alike.

    Parameters
    ----------
    vocabulary, features : int
        How many words there are, and the length of their vectors.
    dtype : dtype, optional
        Of the parameters.

    Attributes
    ----------
    centre, neighbour : Embedding
        The vectors u, drawn from U(-1/2, 1/2) / features, and v, 0.

    References
    ----------
    Mikolov, Sutskever, Chen, Corrado and Dean, "Distributed representations of
    words and phrases and their compositionality" (2013).

    Examples
    --------
    >>> import numpy as np
    >>> from nn.models import SkipGram
    >>> net = SkipGram(10, 4)
    >>> centre, true, drawn = np.array([1, 2]), np.array([3, 4]), np.array([[5, 6, 7], [8, 9, 0]])
    >>> net(centre, drawn).shape
    (2, 3)
    >>> round(net.loss(centre, true, drawn).item(), 4)  # 4 log 2: nothing is known yet
    2.7726
    """

    def __init__(self, vocabulary: int, features: int, dtype: Any = None) -> None:
        super().__init__()
        self.centre = Embedding(vocabulary, features, dtype=dtype)
        self.neighbour = Embedding(vocabulary, features, dtype=dtype)
        init.uniform_(self.centre.weight, -0.5 / features, 0.5 / features)
        init.zeros_(self.neighbour.weight)

    def forward(self, centre: Any, neighbours: Any) -> Any:
        """Return how well words go together: u . v, shape (batch, k).

        Parameters
        ----------
        centre : integers of shape (batch,)
            Words.
        neighbours : integers of shape (batch, k)
            Words that may stand near.
        """
        if np.ndim(raw(centre)) != 1 or np.shape(raw(neighbours))[:1] != np.shape(raw(centre)):
            raise shape_error(
                f"SkipGram: centre has shape {np.shape(raw(centre))} and neighbours "
                f"{np.shape(raw(neighbours))}; (batch,) and (batch, k) are needed."
            )
        u, v = self.centre(centre), self.neighbour(neighbours)
        return (v @ u.reshape((*u.shape, 1))).reshape(v.shape[:2])

    def loss(self, centre: Any, true: Any, drawn: Any) -> Any:
        """Return the mean of -log s(u . v_true) - sum_k log s(-u . v_k), s the sigmoid.

        Parameters
        ----------
        centre, true : integers of shape (batch,)
            Words that stand together.
        drawn : integers of shape (batch, k)
            Words drawn at random.
        """
        together = np.concatenate([raw(true)[:, None], raw(drawn)], axis=1)
        sign = np.ones(together.shape[1], self.centre.weight.dtype)
        sign[0] = -1
        return np.sum(softplus(self(centre, together) * sign), axis=1).mean()
