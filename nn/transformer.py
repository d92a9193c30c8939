"""Transformer layers (Vaswani et al., 2017)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core import optim

from . import checks, init
from .attention import MultiheadAttention
from .containers import ModuleList
from .dropout import Dropout
from .functional.activation import gelu, relu
from .linear import Linear
from .module import Module
from .normalization import LayerNorm
from .parameter import parameter_dtype
from .values import numbers, shape_error

_ACTIVATIONS: dict[str, Callable[..., Any]] = {"relu": relu, "gelu": gelu}


def _activation(given: Any) -> Callable[..., Any]:
    if callable(given):
        return given  # type: ignore[no-any-return]  # any function of one value
    if given not in _ACTIVATIONS:
        raise shape_error(f"activation must be 'relu', 'gelu' or a function, not {given!r}.")
    return _ACTIVATIONS[given]


@optim.keywords.accepts("device")
class TransformerEncoderLayer(Module):
    """Self-attention, then two linear layers, each with a skip connection and a LayerNorm.

    Parameters
    ----------
    d_model, nhead, dim_feedforward : int
        Features, heads, and features between the two linear layers.
    dropout : float
        Probability of dropping, after each part and on the attention's weights.
    activation : {"relu", "gelu"} or callable
        Between the two linear layers.
    layer_norm_eps : float
        For the LayerNorms.
    batch_first : bool
        Whether input and output are (batch, time, features) instead of (time, batch, features).
    norm_first : bool
        Whether to normalize before each part instead of after the sum.
    bias : bool
        Whether linear layers and LayerNorms have biases.
    dtype : dtype, optional
        Of the parameters.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    >>> layer(np.ones((3, 5, 8), dtype=np.float32)).shape
    (3, 5, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, dtype=dtype)
        for name, n in (("d_model", d_model), ("dim_feedforward", dim_feedforward)):
            checks.count(type(self).__name__, name, n)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.activation = _activation(activation)

    def _attend(self, x: Any, mask: Any, padding: Any, causal: bool) -> Any:
        out, _ = self.self_attn(x, x, x, padding, False, mask, is_causal=causal)
        return self.dropout1(out)

    def _feed(self, x: Any) -> Any:
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))

    def forward(
        self,
        src: Any,
        src_mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
    ) -> Any:
        """Return the sequence, changed; masks as in `MultiheadAttention`."""
        if self.norm_first:
            x = src + self._attend(self.norm1(src), src_mask, src_key_padding_mask, is_causal)
            return x + self._feed(self.norm2(x))
        x = self.norm1(src + self._attend(src, src_mask, src_key_padding_mask, is_causal))
        return self.norm2(x + self._feed(x))


@optim.keywords.accepts("device")
class TransformerDecoderLayer(Module):
    """Self-attention, attention to a memory, two linear layers.

    Parameters
    ----------
    d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps : optional
        As in `TransformerEncoderLayer`.
    batch_first, norm_first, bias, dtype : optional
        As in `TransformerEncoderLayer`.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)
    >>> memory = np.ones((3, 7, 8), dtype=np.float32)
    >>> layer(np.ones((3, 5, 8), dtype=np.float32), memory, tgt_is_causal=True).shape
    (3, 5, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype
        )
        self.multihead_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, dtype=dtype)
        for name, n in (("d_model", d_model), ("dim_feedforward", dim_feedforward)):
            checks.count(type(self).__name__, name, n)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm3 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.dropout3 = Dropout(dropout)
        self.activation = _activation(activation)

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        """Return the target sequence, changed; masks as in `MultiheadAttention`."""

        def look_at_self(x: Any) -> Any:
            out, _ = self.self_attn(
                x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal
            )
            return self.dropout1(out)

        def look_at_memory(x: Any) -> Any:
            out, _ = self.multihead_attn(
                x, memory, memory, memory_key_padding_mask, False, memory_mask,
                is_causal=memory_is_causal,
            )  # fmt: skip
            return self.dropout2(out)

        def feed(x: Any) -> Any:
            return self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))

        parts = (
            (self.norm1, look_at_self),
            (self.norm2, look_at_memory),
            (self.norm3, feed),
        )
        for norm, part in parts:
            tgt = tgt + part(norm(tgt)) if self.norm_first else norm(tgt + part(tgt))
        return tgt


class _Stack(Module):
    def __init__(self, layer: Any, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        name = type(self).__name__
        checks.count(name, "num_layers", num_layers)
        if not isinstance(layer, Module):
            raise shape_error(f"{name}: the layer is a {type(layer).__name__}, not a Module.")
        self.layers = ModuleList(copy.deepcopy(layer) for _ in range(num_layers))
        self.num_layers = num_layers
        self.add_module("norm", norm)

    def _run(self, input: Any, *args: Any, **keywords: Any) -> Any:
        for layer in self.layers:
            input = layer(input, *args, **keywords)
        norm = self._modules["norm"]
        return input if norm is None else norm(input)


@optim.keywords.accepts("enable_nested_tensor", "mask_check")
class TransformerEncoder(_Stack):
    """Copies of an encoder layer, one after the other, then a norm.

    Parameters
    ----------
    encoder_layer : Module
        The layer to copy.
    num_layers : int
        How often.
    norm : Module, optional
        At the end.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    >>> x = np.ones((3, 5, 8), dtype=np.float32)
    >>> nn.TransformerEncoder(layer, 2)(x, mask=np.triu(np.ones((5, 5), bool), 1)).shape
    (3, 5, 8)
    """

    def __init__(self, encoder_layer: Any, num_layers: int, norm: Module | None = None) -> None:
        super().__init__(encoder_layer, num_layers, norm)

    def forward(
        self,
        src: Any,
        mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool | None = None,
        **more: Any,
    ) -> Any:
        """Apply each layer to the output of the one before; masks as in `MultiheadAttention`.

        ``src_mask``, as the layers call the mask, is taken too.
        """
        if "src_mask" in more and mask is not None:
            raise shape_error("TransformerEncoder: mask and src_mask are one; give one of them.")
        mask = more.pop("src_mask", mask)
        return self._run(src, mask, src_key_padding_mask, bool(is_causal), **more)


class TransformerDecoder(_Stack):
    """Copies of a decoder layer, one after the other, then a norm.

    Parameters
    ----------
    decoder_layer : Module
        The layer to copy.
    num_layers : int
        How often.
    norm : Module, optional
        At the end.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)
    >>> tgt, memory = np.ones((3, 5, 8), np.float32), np.ones((3, 4, 8), np.float32)
    >>> nn.TransformerDecoder(layer, 2)(tgt, memory).shape
    (3, 5, 8)
    """

    def __init__(self, decoder_layer: Any, num_layers: int, norm: Module | None = None) -> None:
        super().__init__(decoder_layer, num_layers, norm)

    def forward(self, tgt: Any, memory: Any, *masks: Any, **named_masks: Any) -> Any:
        """Apply each layer to the output of the one before; masks as in the layer's call."""
        if named_masks.get("tgt_is_causal", False) is None:  # PyTorch's word for "look at it"
            named_masks["tgt_is_causal"] = False
        return self._run(tgt, memory, *masks, **named_masks)


@optim.keywords.accepts("device")
class Transformer(Module):
    """An encoder and a decoder (Vaswani et al., 2017), without embeddings and output layer.

    Parameters
    ----------
    d_model, nhead : int
        Features, and the heads that share them.
    num_encoder_layers, num_decoder_layers : int
        How many layers each has.
    dim_feedforward : int
        Width of the layers' inner one.
    dropout : float
        The probability of dropping.
    activation : {"relu", "gelu"} or callable
        Between the layers' linear ones.
    custom_encoder, custom_decoder : Module, optional
        In place of those made here.
    layer_norm_eps : float
        Added to variances.
    batch_first : bool
        Whether sequences are (batch, time, features).
    norm_first : bool
        Whether norms come before attention and the linear layers.
    bias : bool
        Whether linear layers and norms add numbers.
    dtype : dtype, optional
        Of the parameters.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> model = nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
    >>> src, tgt = np.ones((3, 5, 8), np.float32), np.ones((3, 4, 8), np.float32)
    >>> mask = nn.Transformer.generate_square_subsequent_mask(4)
    >>> model(src, tgt, tgt_mask=mask).shape
    (3, 4, 8)
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = "relu",
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        settings = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps,
                    batch_first, norm_first, bias)  # fmt: skip

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)

        if custom_encoder is None:
            layer = TransformerEncoderLayer(*settings, dtype=dtype)
            custom_encoder = TransformerEncoder(layer, num_encoder_layers, norm())
        if custom_decoder is None:
            other = TransformerDecoderLayer(*settings, dtype=dtype)
            custom_decoder = TransformerDecoder(other, num_decoder_layers, norm())
        self.encoder, self.decoder = custom_encoder, custom_decoder
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Any,
        tgt: Any,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        """Return the target sequence, changed; masks as in `MultiheadAttention`."""
        src, tgt = numbers("Transformer", src), numbers("Transformer", tgt)
        source, target = src.shape, tgt.shape
        batch = 0 if self.batch_first else 1
        apart = len(source) == len(target) == 3 and source[batch] != target[batch]
        if len(source) != len(target) or len(source) not in (2, 3) or apart:
            raise shape_error(
                f"Transformer: src has shape {source}, tgt {target}; they need two axes each, or "
                "three and the same batch."
            )
        if source[-1] != self.d_model or target[-1] != self.d_model:
            raise shape_error(
                f"Transformer: src has shape {source}, tgt {target}; the last axis must be "
                f"d_model = {self.d_model}."
            )
        memory = self.encoder(
            src, src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal
        )
        return self.decoder(
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=bool(tgt_is_causal), memory_is_causal=memory_is_causal,
        )  # fmt: skip

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Any:
        """Return a mask (sz, sz) that hides later places: minus infinity there, 0 elsewhere."""
        optim.keywords.check_harmless("generate_square_subsequent_mask", "device", device)
        kind = parameter_dtype("generate_square_subsequent_mask", dtype)
        return np.triu(np.full((sz, sz), -np.inf, kind), 1)
