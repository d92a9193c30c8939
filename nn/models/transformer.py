"""The transformer: attention instead of recurrence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import no_grad

from .. import init
from ..dropout import Dropout
from ..embedding import Embedding
from ..functional.linear import linear
from ..module import Module
from ..normalization import LayerNorm
from ..transformer import (
    TransformerDecoder,
    TransformerDecoderLayer,
    TransformerEncoder,
    TransformerEncoderLayer,
)
from ..values import raw, shape_error


def positions(length: int, features: int) -> Any:
    """Return the sinusoidal encoding of places, shape (length, features).

    PE(t, 2i) = sin(t / 10000**(2i / d)), PE(t, 2i + 1) = cos of the same.

    Examples
    --------
    >>> positions(2, 4).round(3)
    array([[0.   , 1.   , 0.   , 1.   ],
           [0.841, 0.54 , 0.01 , 1.   ]])
    """
    rate = 10000.0 ** (-np.arange(0, features, 2) / features)
    angle = np.arange(length)[:, None] * rate
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(length, -1)[:, :features]


class Transformer(Module):
    """An encoder that reads and a decoder that writes, of attention and linear layers alone.

    ::

                                    table^T -> logits
                                       |
           Feed forward      N x   Feed forward          each with a skip connection
        N x     |                      |                 and a LayerNorm after it
                |--------------> attention to the source
          Self-attention         Self-attention, causal
                |                      |
        source: table + places  target: table + places

    One table of vectors serves the source, the target (both times sqrt(d)) and
    the output (section 3.4 of the paper).  The default sizes are the paper's
    base model.

    Parameters
    ----------
    vocabulary : int
        How many symbols source and target have together.
    d_model, nhead, num_layers, dim_feedforward : int
        Features, heads, layers of encoder and of decoder, features between two
        linear layers.
    dropout : float
        Probability of dropping, in train mode.
    norm_first : bool
        Whether to normalize before each part instead of after the sum; then a
        LayerNorm ends each stack.
    places : bool
        Whether places are encoded; without them the source is a bag of symbols.
    dtype : dtype, optional
        Of the parameters.

    References
    ----------
    Vaswani et al., "Attention is all you need" (2017); Xiong et al., "On layer
    normalization in the transformer architecture" (2020) for norm_first.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.models import Transformer
    >>> net = Transformer(12, d_model=8, nhead=2, num_layers=1, dim_feedforward=16)
    >>> source, target = np.ones((2, 5), dtype=int), np.ones((2, 3), dtype=int)
    >>> net(source, target).shape
    (2, 3, 12)
    >>> net.translate(source, start=10, end=11, limit=4).shape[0]
    2
    """

    def __init__(
        self,
        vocabulary: int,
        d_model: int = 512,
        nhead: int = 8,
        num_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        norm_first: bool = False,
        places: bool = True,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.d_model, self.places = d_model, places
        self.table = Embedding(vocabulary, d_model, dtype=dtype)
        init.normal_(self.table.weight, 0.0, 1 / math.sqrt(d_model))
        self.dropout = Dropout(dropout)
        given = (d_model, nhead, dim_feedforward, dropout)
        options: dict[str, Any] = {"batch_first": True, "norm_first": norm_first, "dtype": dtype}
        self.encoder = _stack(
            TransformerEncoder, TransformerEncoderLayer(*given, **options), num_layers, norm_first
        )
        self.decoder = _stack(
            TransformerDecoder, TransformerDecoderLayer(*given, **options), num_layers, norm_first
        )

    def forward(self, source: Any, target: Any, padding: Any = None) -> Any:
        """Return the logits of each next symbol, given the true ones before it.

        Parameters
        ----------
        source : integers of shape (batch, time)
            What is read.
        target : integers of shape (batch, steps)
            A start symbol, then what is written without its last symbol.
        padding : booleans of shape (batch, time), optional
            True where the source was padded.

        Returns
        -------
        shape (batch, steps, vocabulary)
            Logits.
        """
        return self.decode(target, self.encode(source, padding), padding)

    def encode(self, source: Any, padding: Any = None) -> Any:
        """Return what the encoder makes of the source, shape (batch, time, d_model)."""
        return self.encoder(self.embed(source), src_key_padding_mask=padding)

    def decode(self, target: Any, memory: Any, padding: Any = None) -> Any:
        """Return the logits, given the encoder's answer."""
        read = self.decoder(
            self.embed(target), memory, memory_key_padding_mask=padding, tgt_is_causal=True
        )
        return linear(read, self.table.weight)

    def embed(self, symbols: Any) -> Any:
        """Return vectors of symbols, with their places, shape (batch, time, d_model)."""
        found = self.table(symbols) * math.sqrt(self.d_model)
        if self.places:
            found = found + positions(found.shape[1], self.d_model).astype(found.dtype)
        return self.dropout(found)

    def translate(self, source: Any, start: int, end: int, limit: int, padding: Any = None) -> Any:
        """Write the likeliest symbol each time, until all have ended.

        Parameters
        ----------
        source : integers of shape (batch, time)
            What is read.
        start, end : int
            The symbols before and after what is written.
        limit : int
            The most symbols to write.
        padding : booleans of shape (batch, time), optional
            True where the source was padded.

        Returns
        -------
        ndarray of integers, shape (batch, steps)
            What was written; after the end symbol, end symbols.

        Raises
        ------
        ShapeError
            If limit is not positive.
        """
        if limit < 1:
            raise shape_error(f"Transformer.translate: limit must be positive, not {limit}.")
        was = self.training
        self.eval()
        written = np.full((np.shape(raw(source))[0], 1), start)
        done = np.zeros(len(written), bool)
        with no_grad():
            memory = self.encode(source, padding)
            for _ in range(limit):
                best = raw(self.decode(written, memory, padding))[:, -1].argmax(axis=-1)
                best = np.where(done, end, best)
                written = np.concatenate([written, best[:, None]], axis=1)
                done |= best == end
                if done.all():
                    break
        self.train(was)
        return written[:, 1:]


def _stack(kind: Any, layer: Module, count: int, norm_first: bool) -> Any:
    """Return copies of a layer, each with a random start of its own."""
    scale = layer.norm1.weight
    last = LayerNorm(scale.size, dtype=scale.dtype) if norm_first else None
    made = kind(layer, count, last)
    for parameter in made.parameters():
        if parameter.ndim > 1:
            init.xavier_uniform_(parameter)
    return made
