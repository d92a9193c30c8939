"""The LSTM tagger: one answer at each place of a sequence, from one side or from both."""

from __future__ import annotations

from typing import Any

from ..embedding import Embedding
from ..linear import Linear
from ..module import Module
from ..recurrent import LSTM


class LSTMTagger(Module):
    """An LSTM over a sequence, and a linear layer at each place.

    ::

        logits       y1    y2    y3
                     |     |     |
        backwards    o <-- o <-- o       only if bidirectional: what comes later
        forwards     o --> o --> o       what came before
                     |     |     |
        sequence     x1    x2    x3

    Read in one direction, an answer can depend on the past only; the second
    LSTM brings the future.

    Parameters
    ----------
    vocabulary, tags : int
        How many symbols there are, and how many answers.
    hidden : int
        Units of the LSTM in each direction.
    embedding : int
        Features of a symbol.
    bidirectional : bool
        Whether a second LSTM reads backwards.
    layers : int
        Number of LSTM layers.
    dropout : float
        Probability of dropping between LSTM layers in train mode.
    dtype : dtype, optional
        Of the parameters.

    References
    ----------
    Hochreiter and Schmidhuber, "Long short-term memory" (1997); Graves and
    Schmidhuber, "Framewise phoneme classification with bidirectional LSTM" (2005).

    Examples
    --------
    >>> import numpy as np
    >>> from nn.models import LSTMTagger
    >>> LSTMTagger(30, 2, hidden=16, bidirectional=True)(np.zeros((7, 3), dtype=int)).shape
    (7, 3, 2)
    """

    def __init__(
        self,
        vocabulary: int,
        tags: int,
        hidden: int = 64,
        embedding: int = 32,
        bidirectional: bool = False,
        layers: int = 1,
        dropout: float = 0.0,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.embedding = Embedding(vocabulary, embedding, dtype=dtype)
        self.lstm = LSTM(
            embedding, hidden, layers, dropout=dropout, bidirectional=bidirectional, dtype=dtype
        )
        self.out = Linear(hidden * (2 if bidirectional else 1), tags, dtype=dtype)

    def forward(self, sequence: Any, lengths: Any = None) -> Any:
        """Return the logits of each answer at each place.

        Parameters
        ----------
        sequence : integers of shape (time, batch)
            Symbols.
        lengths : integers of shape (batch,), optional
            How long each sequence is, if they were padded at their ends.

        Returns
        -------
        shape (time, batch, tags)
            Logits.
        """
        return self.read(self.embedding(sequence), lengths)

    def read(self, vectors: Any, lengths: Any = None) -> Any:
        """Return the logits from vectors instead of symbols, shape (time, batch, embedding).

        Their gradients show how far back an answer reaches (`examples.tagger`).
        """
        return self.out(self.lstm(vectors, lengths=lengths)[0])
