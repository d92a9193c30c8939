"""Sequence to sequence with attention: an encoder reads, a decoder writes and looks back."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import no_grad

from ..embedding import Embedding
from ..functional.softmax import softmax
from ..linear import Linear
from ..module import Module
from ..recurrent import LSTM
from ..values import raw, shape_error


class Seq2Seq(Module):
    """A bidirectional LSTM encodes the source; an LSTM decodes, with attention to the source.

    ::

                      context c_t = sum_s a_ts h_s       y_t
                          ^   a_ts = softmax_s(h_s . W d_t)  |
        encoder  o <-> o <-> o   - - - - - - - - -   tanh(W_c [c_t; d_t])
                 |     |     |                           |
        source   x1    x2    x3       decoder  o --> o --> d_t
                                               |     |     |
                                      target   <s>   y_1   y_(t-1)

    The decoder starts from the encoder's two last states, joined and made
    smaller by a linear layer.  Attention comes after the decoder's LSTM (Luong's
    "global attention", score "general"), so that in training all places of the
    target are one operation.  Without attention, c_t is left out: the two last
    states must then carry the whole source (Sutskever's form).

    Parameters
    ----------
    source, target : int
        How many symbols each side has.
    hidden : int
        Units of the encoder in each direction, and of the decoder.
    embedding : int
        Features of a symbol.
    attention : bool
        Whether the decoder looks back.
    dtype : dtype, optional
        Of the parameters.

    References
    ----------
    Sutskever, Vinyals and Le, "Sequence to sequence learning with neural
    networks" (2014); Bahdanau, Cho and Bengio, "Neural machine translation by
    jointly learning to align and translate" (2015); Luong, Pham and Manning,
    "Effective approaches to attention-based neural machine translation" (2015).

    Examples
    --------
    >>> import numpy as np
    >>> from nn.models import Seq2Seq
    >>> net = Seq2Seq(source=12, target=15, hidden=8)
    >>> source, target = np.ones((5, 2), dtype=int), np.ones((7, 2), dtype=int)
    >>> net(source, target).shape
    (7, 2, 15)
    >>> written, weights = net.translate(source, start=0, end=14, limit=4)
    >>> written.shape[1], weights.shape[1:]
    (2, (2, 5))
    """

    def __init__(
        self,
        source: int,
        target: int,
        hidden: int = 128,
        embedding: int = 32,
        attention: bool = True,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.attention = attention
        self.source = Embedding(source, embedding, dtype=dtype)
        self.target = Embedding(target, embedding, dtype=dtype)
        self.encoder = LSTM(embedding, hidden, bidirectional=True, dtype=dtype)
        self.bridge_h = Linear(2 * hidden, hidden, dtype=dtype)
        self.bridge_c = Linear(2 * hidden, hidden, dtype=dtype)
        self.decoder = LSTM(embedding, hidden, dtype=dtype)
        if attention:
            self.score = Linear(hidden, 2 * hidden, bias=False, dtype=dtype)
            self.combine = Linear(3 * hidden, hidden, bias=False, dtype=dtype)
        self.out = Linear(hidden, target, dtype=dtype)

    def forward(self, source: Any, target: Any, lengths: Any = None) -> Any:
        """Return the logits of each next symbol, given the true ones before it.

        Parameters
        ----------
        source : integers of shape (time, batch)
            What is to be translated.
        target : integers of shape (steps, batch)
            A start symbol, then the translation without its last symbol.
        lengths : integers of shape (batch,), optional
            How long each source is, if they were padded at their ends.

        Returns
        -------
        shape (steps, batch, target symbols)
            Logits.
        """
        memory, state = self.encode(source, lengths)
        return self.decode(target, memory, state)[0]

    def encode(self, source: Any, lengths: Any = None) -> tuple[Any, Any]:
        """Return what the decoder needs: (encodings, mask), and its first state."""
        read, ends = self.encoder(self.source(source), lengths=lengths)
        state = tuple(
            np.tanh(bridge(np.concatenate([end[:1], end[1:]], axis=-1)))
            for bridge, end in zip((self.bridge_h, self.bridge_c), ends, strict=True)
        )
        mask = None
        if lengths is not None:
            mask = np.where(np.arange(read.shape[0]) < raw(lengths)[:, None], 0, -np.inf)
            mask = mask.astype(read.dtype)[:, None, :]
        return (read.transpose((1, 0, 2)), mask), state

    def decode(self, target: Any, memory: Any, state: Any) -> tuple[Any, Any, Any]:
        """Return logits, the state after them, and the weights (batch, steps, time) or None."""
        found, state = self.decoder(self.target(target), state)
        if not self.attention:
            return self.out(found), state, None
        encodings, mask = memory
        d = found.transpose((1, 0, 2))
        scores = self.score(d) @ encodings.mT
        weights = softmax(scores if mask is None else scores + mask, -1)
        joined = np.concatenate([weights @ encodings, d], axis=-1)
        return self.out(np.tanh(self.combine(joined))).transpose((1, 0, 2)), state, weights

    def translate(
        self, source: Any, start: int, end: int, limit: int, lengths: Any = None
    ) -> tuple[Any, Any]:
        """Write the likeliest symbol each time, until all translations have ended.

        Parameters
        ----------
        source : integers of shape (time, batch)
            What is to be translated.
        start, end : int
            The symbols before and after a translation.
        limit : int
            The most symbols to write.
        lengths : integers of shape (batch,), optional
            How long each source is.

        Returns
        -------
        written : ndarray of integers, shape (steps, batch)
            The translations; after the end symbol, end symbols.
        weights : ndarray, shape (steps, batch, time), or None
            What the decoder looked at.

        Raises
        ------
        ShapeError
            If limit is not positive.
        """
        if limit < 1:
            raise shape_error(f"Seq2Seq.translate: limit must be positive, not {limit}.")
        was = self.training
        self.eval()
        written, looked = [], []
        with no_grad():
            memory, state = self.encode(source, lengths)
            last = np.full((1, np.shape(raw(source))[1]), start)
            done = np.zeros(last.shape[1], bool)
            for _ in range(limit):
                logits, state, weights = self.decode(last, memory, state)
                last = np.where(done, end, raw(logits).argmax(axis=-1))
                done |= last[0] == end
                written.append(last[0])
                looked.append(weights)
                if done.all():
                    break
        self.train(was)
        if not self.attention:
            return np.stack(written), None
        return np.stack(written), np.stack([raw(w)[:, 0] for w in looked])
