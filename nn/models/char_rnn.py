"""The character network: reads a text letter by letter and says what comes next."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor, no_grad

from ..dropout import Dropout
from ..embedding import Embedding
from ..functional.softmax import softmax
from ..linear import Linear
from ..module import Module
from ..random import generator
from ..recurrent import LSTM
from ..values import raw, shape_error


class CharRNN(Module):
    """An LSTM that predicts each next character from all before it.

    ::

        logits   y1    y2    y3         y_t: what comes after x_t
                 |     |     |
        LSTM  -> o --> o --> o -> state, carried on to the next piece of the text
                 |     |     |
        text     x1    x2    x3

    A long text is read in pieces.  The state is carried from piece to piece, the
    gradient is not: `forward` cuts the state that it is given off from its past
    (truncated back-propagation through time).

    Parameters
    ----------
    vocabulary : int
        How many characters there are.
    hidden : int
        Units of each LSTM layer.
    layers : int
        Number of LSTM layers.
    embedding : int
        Features of a character.
    dropout : float
        Probability of dropping between layers and before the output, in train mode.
    dtype : dtype, optional
        Of the parameters.

    References
    ----------
    Graves, "Generating sequences with recurrent neural networks" (2013);
    Karpathy, Johnson and Fei-Fei, "Visualizing and understanding recurrent
    networks" (2015); Williams and Peng (1990) for the truncation.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.models import CharRNN
    >>> net = CharRNN(vocabulary=30, hidden=16)
    >>> logits, state = net(np.zeros((7, 2), dtype=int))
    >>> logits.shape, state[0].shape
    ((7, 2, 30), (1, 2, 16))
    >>> net.generate(np.array([3, 1]), 5).shape
    (5,)
    """

    def __init__(
        self,
        vocabulary: int,
        hidden: int = 256,
        layers: int = 1,
        embedding: int = 32,
        dropout: float = 0.0,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.embedding = Embedding(vocabulary, embedding, dtype=dtype)
        self.lstm = LSTM(embedding, hidden, layers, dropout=dropout, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.out = Linear(hidden, vocabulary, dtype=dtype)
        self.rng = generator()

    def forward(self, text: Any, state: Any = None) -> tuple[Any, Any]:
        """Read on.

        Parameters
        ----------
        text : integers of shape (time, batch)
            Characters.
        state : pair of arrays, optional
            Where the last piece ended; its gradient stops here.

        Returns
        -------
        logits : shape (time, batch, vocabulary)
            Of the next character, at every time.
        state : pair of shape (layers, batch, hidden)
            To give to the next piece.
        """
        if state is not None:
            state = tuple(s.detach() if isinstance(s, Tensor) else s for s in state)
        read, state = self.lstm(self.embedding(text), state)
        return self.out(self.dropout(read)), state

    def generate(self, start: Any, length: int, temperature: float = 1.0) -> Any:
        """Write: draw a character, read it, draw the next.

        Parameters
        ----------
        start : integers of shape (time,)
            What is read before the first character is drawn.
        length : int
            How many to draw.
        temperature : float
            Divides the logits: below 1 the likelier becomes likelier still.

        Returns
        -------
        ndarray of integers, shape (length,)
            The characters drawn.

        Raises
        ------
        ShapeError
            If start is empty or the temperature not positive.
        """
        start = raw(start)
        if start.ndim != 1 or not len(start) or temperature <= 0:
            raise shape_error(
                f"CharRNN.generate: start has shape {start.shape} and temperature is "
                f"{temperature}; at least one character, and a positive number, are needed."
            )
        was, drawn = self.training, np.empty(length, np.int64)
        self.eval()
        with no_grad():
            logits, state = self(start[:, None])
            for k in range(length):
                p = raw(softmax(logits[-1, 0] * (1 / temperature))).astype(np.float64)
                edge = np.searchsorted(np.cumsum(p), self.rng.random() * p.sum(), side="right")
                drawn[k] = min(int(edge), self.vocabulary - 1)
                logits, state = self(drawn[k : k + 1, None], state)
        self.train(was)
        return drawn
