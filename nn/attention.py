"""Attention over several heads."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import optim
from autograd_core.extend import beside, draw

from . import checks, init
from .functional import attention as f
from .functional.linear import linear
from .linear import Linear
from .module import Module
from .parameter import Parameter, parameter_dtype
from .random import generator
from .values import as_array, shape_error


@optim.keywords.accepts("device")
class MultiheadAttention(Module):
    """Each head looks at all positions, weighted by how query and key agree (Vaswani et al., 2017).

    Parameters
    ----------
    embed_dim, num_heads : int
        Features, and the number of heads that they are divided among.
    dropout : float
        Probability of dropping a weight in train mode.
    bias : bool
        Whether the projections add biases.
    add_bias_kv, add_zero_attn : bool
        False: a key and a value more, as PyTorch can add them, are not supported.
    kdim, vdim : int, optional
        Features of key and value, if they differ.
    batch_first : bool
        Whether input and output are (batch, time, features) instead of (time, batch, features).
    dtype : dtype, optional
        Of the parameters.

    Attributes
    ----------
    in_proj_weight : Parameter, shape (3 embed_dim, embed_dim)
        The projections to query, key and value, stacked (q_proj_weight,
        k_proj_weight, v_proj_weight if kdim or vdim differ).
    in_proj_bias : Parameter, shape (3 embed_dim,), or None
    out_proj : Linear

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.MultiheadAttention(8, 2, batch_first=True)
    >>> x = np.ones((3, 5, 8), dtype=np.float32)
    >>> output, weights = layer(x, x, x)
    >>> output.shape, weights.shape
    ((3, 5, 8), (3, 5, 5))
    """

    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        optim.keywords.check_harmless("MultiheadAttention", "add_bias_kv", add_bias_kv)
        optim.keywords.check_harmless("MultiheadAttention", "add_zero_attn", add_zero_attn)
        for name, n in (("embed_dim", embed_dim), ("num_heads", num_heads), ("kdim", kdim),
                        ("vdim", vdim)):  # fmt: skip
            if n is not None or name in ("embed_dim", "num_heads"):
                checks.count("MultiheadAttention", name, n)
        checks.unit("MultiheadAttention", "dropout", dropout)
        if embed_dim % num_heads:
            raise shape_error(
                f"MultiheadAttention: {embed_dim} features do not divide into {num_heads} heads."
            )
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.kdim, self.vdim = kdim or embed_dim, vdim or embed_dim
        self.batch_first = batch_first
        self.rng = generator()
        dtype = parameter_dtype(type(self).__name__, dtype)
        self.packed = self.kdim == self.vdim == embed_dim
        if self.packed:
            self.in_proj_weight = Parameter(np.empty((3 * embed_dim, embed_dim), dtype))
            init.xavier_uniform_(self.in_proj_weight)
        else:
            self.register_parameter("in_proj_weight", None)
            sizes = {"q": embed_dim, "k": self.kdim, "v": self.vdim}
            for name, size in sizes.items():
                weight = init.xavier_uniform_(Parameter(np.empty((embed_dim, size), dtype)))
                self.register_parameter(f"{name}_proj_weight", weight)
        self.register_parameter(
            "in_proj_bias", Parameter(np.zeros(3 * embed_dim, dtype)) if bias else None
        )
        self.out_proj = Linear(embed_dim, embed_dim, bias, dtype=dtype)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        """Attend to the keys and return the weighted values.

        Parameters
        ----------
        query, key, value : shapes (L, batch, embed_dim), (S, batch, kdim), (S, batch, vdim)
            With batch and time exchanged if batch_first; or without the batch.
        key_padding_mask : shape (batch, S), optional
            True where a key is padding; or numbers to add.
        need_weights : bool
            Whether to return the weights; without them it is faster.
        attn_mask : shape (L, S) or (batch * num_heads, L, S), optional
            True where attention is forbidden; or numbers to add.
        average_attn_weights : bool
            Whether to return the mean over heads.
        is_causal : bool
            Whether position i sees only positions up to i.

        Returns
        -------
        output, weights
            Shaped like query; (batch, L, S), with heads before L if not averaged, or None.
        """
        single = np.ndim(as_array(query)) == 2
        query, key, value = self._batched(query, key, value, single)
        b, n, s = query.shape[0], query.shape[1], key.shape[1]
        dtype = np.result_type(query.dtype, self.out_proj.weight.dtype)  # of integers, too
        mask = self._mask(attn_mask, key_padding_mask, is_causal, b, n, s, dtype)
        keep = None
        if self.dropout and self.training:
            keep = draw(self._kept, (b, self.num_heads, n, s), "attention's dropout")
            keep = keep.astype(dtype) * (1 / (1 - self.dropout))
        options = {"heads": self.num_heads, "mask": mask, "keep": keep}
        weights = None
        if need_weights:
            out, weights = f.plain_attention(*self._projected(query, key, value), **options)
            weights = weights.mean(axis=1) if average_attn_weights else weights
        elif self.packed and query is key is value:
            out = f.self_attention(linear(query, self.in_proj_weight, self.in_proj_bias), **options)
        else:
            out = f.attention(*self._projected(query, key, value), **options)
        out = self.out_proj(out)
        if single:
            return out.reshape(out.shape[1:]), None if weights is None else weights[0]
        return out if self.batch_first else out.transpose((1, 0, 2)), weights

    def _kept(self, shape: tuple[int, ...]) -> Any:
        """Draw which weights dropout keeps."""
        return self.rng.random(shape, dtype=np.float32) >= self.dropout

    def _batched(self, query: Any, key: Any, value: Any, single: bool) -> tuple[Any, Any, Any]:
        given = (query, key, value)
        sizes = (self.embed_dim, self.kdim, self.vdim)
        shapes = [np.shape(as_array(x)) for x in given]
        fits = all(
            len(s) == len(shapes[0]) and s[-1:] == (n,) for s, n in zip(shapes, sizes, strict=True)
        )
        if not fits or len(shapes[0]) not in (2, 3):
            raise shape_error(
                f"MultiheadAttention: query, key and value have shapes {shapes}; they need 3 axes "
                f"(or 2 without a batch) and {sizes} features."
            )

        def moved(x: Any) -> Any:
            x = as_array(x)
            if single:
                return x.reshape((1, *np.shape(x)))
            return x if self.batch_first else x.transpose((1, 0, 2))

        first = moved(query)
        second = first if key is query else moved(key)
        third = first if value is query else second if value is key else moved(value)
        batches = {first.shape[0], second.shape[0], third.shape[0]}
        if len(batches) > 1 or second.shape[1] != third.shape[1]:
            raise shape_error(
                f"MultiheadAttention: shapes {shapes} do not fit: they need the same batch size, "
                "and as many keys as values."
            )
        return first, second, third

    def _projected(self, query: Any, key: Any, value: Any) -> tuple[Any, Any, Any]:
        e = self.embed_dim
        parts = [slice(0, e), slice(e, 2 * e), slice(2 * e, 3 * e)]
        bias = self.in_proj_bias
        biases = [None if bias is None else bias[part] for part in parts]
        if self.packed:
            weight: Any = self.in_proj_weight
            weights = [weight[part] for part in parts]
        else:
            weights = [getattr(self, f"{name}_proj_weight") for name in "qkv"]
        q, k, v = map(linear, (query, key, value), weights, biases)
        return q, k, v

    def _mask(
        self, attn: Any, padding: Any, causal: bool, b: int, n: int, s: int, dtype: Any
    ) -> Any:
        """Return all masks as one to add, (batch, heads, n, s) or what broadcasts to it."""
        total, ours = None, self.out_proj.weight
        if attn is not None:
            allowed = ((n, s), (b * self.num_heads, n, s))
            if np.shape(attn) not in allowed:
                raise shape_error(
                    f"MultiheadAttention: attn_mask has shape {np.shape(attn)}, not {allowed[0]} "
                    f"or {allowed[1]}."
                )
            total = f.additive_mask(beside(ours, attn), dtype, allowed=False)
            total = total.reshape((b, self.num_heads, n, s)) if total.ndim == 3 else total
        elif causal:
            total = beside(ours, f.causal_mask(n, s, dtype))
        if padding is not None:
            ends = f.additive_mask(beside(ours, padding), dtype, allowed=False)
            ends = ends[None] if ends.ndim == 1 else ends
            if ends.shape != (b, s):
                raise shape_error(
                    f"MultiheadAttention: key_padding_mask has shape {ends.shape}, not {(b, s)}."
                )
            ends = ends[:, None, None, :]
            total = ends if total is None else total + ends
        return total

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"embed_dim={self.embed_dim}, num_heads={self.num_heads}"
