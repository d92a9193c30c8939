"""Scaled dot-product attention over several heads, as one operation (Vaswani et al., 2017)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from autograd_core import DTypeError
from autograd_core.extend import Location, Reading, beside

from ..values import is_batched, is_traced, raw, shape_error
from .blas import is_divided, stacked
from .floating import floating
from .fused import fused
from .kernels import share_parts
from .row_formula import RowFormula, along
from .scratch import buffer
from .softmax import shares, slope, softmax, top
from .targets import fits_into

LARGE = 1 << 18  # weights; below, one thread has done it when the other begins
LONG = 1 << 20  # weights; up to here a part for each thread, more from there on
CAUSAL = 1 << 16  # elements of a causal mask that is kept for the next call


def _heads(x: Any, heads: int) -> Any:
    """Return (batch, time, features) as (batch, heads, time, features of one head); a view."""
    b, t, e = x.shape
    return x.reshape((b, t, heads, e // heads)).transpose((0, 2, 1, 3))


def _masked_shares(scores: Any, mask: Any, *, axis: Any) -> Any:
    p = scores + mask
    p -= top(p, axis)
    p = np.exp(p)
    p /= p.sum(axis=axis, keepdims=True)
    return p


_shares_under = RowFormula(_masked_shares)


def _weigh(q: Any, k: Any, mask: Any, nothing: Any, p: Any) -> None:
    """Write softmax(q k^T / sqrt(d) + mask); 0 in rows of which nothing is seen."""
    scores = buffer("attention's scores", p.shape, p.dtype)
    stacked(q * (1 / math.sqrt(q.shape[-1])), k.swapaxes(-1, -2), scores)
    if mask is None:
        made = shares.compiled(scores, axis=-1, out=p)
    else:
        made = _shares_under.compiled(scores, mask, axis=-1, out=p)
    if made is None:
        np.copyto(p, scores) if mask is None else np.add(scores, mask, out=p)
        if nothing is not None:
            p[nothing] = 0
        p -= p.max(axis=-1, keepdims=True, initial=-np.inf)
        np.exp(p, out=p)
        p /= p.sum(axis=-1, keepdims=True)
    if nothing is not None:
        p[nothing] = 0


def _over_parts(function: Callable[..., Any], p: Any, *arrays: Any) -> None:
    """Run a function on parts of the first axis that is longer than one, shared among threads.

    Products so large that OpenBLAS shares each of them among its own threads are not shared.

    Parameters
    ----------
    function : callable
        Takes the weights and the other arrays.
    p : array of shape (..., L, S)
        The weights.
    *arrays : array of shape (..., a, b), or None
        What else is read and written.
    """
    lead = p.shape[:-2]
    if p.size < LARGE or not is_divided(*arrays[:3]):
        function(p, *arrays)
        return
    axis = next((k for k, n in enumerate(lead) if n > 1), 0)  # a part of p has no gaps

    def run(part: slice) -> None:
        place = (*[slice(None)] * axis, part)
        function(p[place], *[None if a is None else a[place] for a in arrays])

    share_parts(run, lead[axis], 2 if p.size > LONG else 1)


def _attend(mask: Any, keep: Any, q: Any, k: Any, v: Any, out: Any) -> Any:
    """Write the result for q, k, v of shapes (..., L, d), (..., S, d), (..., S, m); return p."""
    p = np.empty((*q.shape[:-1], k.shape[-2]), out.dtype)
    nothing = None
    if mask is not None:
        hidden = (mask == -np.inf).all(axis=-1)
        if hidden.any():
            nothing = np.broadcast_to(hidden, p.shape[:-1])
        if mask.shape != p.shape:
            mask = np.broadcast_to(mask, p.shape)

    def part(p: Any, q: Any, k: Any, v: Any, mask: Any, nothing: Any, keep: Any, out: Any) -> None:
        _weigh(q, k, mask, nothing, p)
        stacked(p if keep is None else p * keep, v, out)

    _over_parts(part, p, q, k, v, mask, nothing, keep, out)
    return p


def _attend_back(
    keep: Any, p: Any, g: Any, q: Any, k: Any, v: Any, dq: Any, dk: Any, dv: Any
) -> None:
    """Write the gradients into dq, dk, dv."""
    scale = 1 / math.sqrt(q.shape[-1])

    def part(p: Any, q: Any, k: Any, v: Any, g: Any, dq: Any, dk: Any, dv: Any, keep: Any) -> None:
        used = p if keep is None else p * beside(p, keep)
        stacked(used.swapaxes(-1, -2), g, dv)
        dp = buffer("attention's weights", p.shape, p.dtype)
        stacked(g, v.swapaxes(-1, -2), dp)
        if keep is not None:
            dp *= keep
        scores = buffer("attention's scores", p.shape, p.dtype)
        if slope.compiled(p, dp, axis=-1, out=scores) is None:
            np.subtract(dp, along(dp, p, -1), out=scores)
            scores *= p
        stacked(scores, k * scale, dq)
        stacked(scores.swapaxes(-1, -2), q * scale, dk)

    _over_parts(part, p, q, k, v, g, dq, dk, dv, keep)


def _of_heads(q: Any, k: Any, v: Any, *, heads: int, mask: Any, keep: Any) -> tuple[Any, Any]:
    """Return the result of arrays (batch, time, heads * d), and the weights."""
    out = np.empty((*q.shape[:2], v.shape[-1]), np.result_type(q, k))
    return out, _attend(mask, keep, *[_heads(a, heads) for a in (q, k, v, out)])


def _packed(x: Any) -> tuple[Any, Any, Any]:
    e = x.shape[-1] // 3
    return x[..., :e], x[..., e : 2 * e], x[..., 2 * e :]


def _backward(
    g: Any, p: Any, needs: Any, y: Any, q: Any, k: Any, v: Any, *, heads: int, mask: Any, keep: Any
) -> tuple[Any, ...]:
    dq, dk, dv = (np.empty(a.shape, a.dtype) for a in (q, k, v))
    _attend_back(keep, p, *[_heads(a, heads) for a in (g, q, k, v, dq, dk, dv)])
    return dq, dk, dv


def _packed_backward(
    g: Any, p: Any, needs: Any, y: Any, x: Any, *, heads: int, mask: Any, keep: Any
) -> tuple[Any]:
    made = np.empty(x.shape, x.dtype)
    _attend_back(keep, p, *[_heads(a, heads) for a in (g, *_packed(x), *_packed(made))])
    return (made,)


def _stack_forward(q: Any, k: Any, v: Any, *, mask: Any) -> tuple[Any, Any]:
    out = np.empty((*q.shape[:-1], v.shape[-1]), q.dtype)
    return out, _attend(mask, None, q, k, v, out)


def _stack_backward(
    g: Any, p: Any, needs: Any, y: Any, q: Any, k: Any, v: Any, *, mask: Any
) -> tuple[Any, ...]:
    made = [np.empty(a.shape, a.dtype) for a in (q, k, v)]
    _attend_back(None, p, g, q, k, v, *made)
    return tuple(made)


def _scores(q: Any, k: Any) -> Any:
    """Return q k^T / sqrt(d); divided first, so that large ones overflow later."""
    return (q * (1 / math.sqrt(max(q.shape[-1], 1)))) @ np.swapaxes(k, -1, -2)


def _masked_softmax(scores: Any, mask: Any) -> Any:
    """Return softmax(scores + mask) along the last axis; 0 where the mask hides everything."""
    if mask is None:
        return softmax(scores, -1)
    mask = beside(scores, mask)
    hidden = np.isneginf(mask if is_batched(mask) else raw(mask))
    nothing = np.broadcast_to(hidden, scores.shape).all(axis=-1, keepdims=True)
    return softmax(np.where(nothing, 0, scores + np.where(nothing, 0, mask)), -1) * ~nothing


def plain_attention(q: Any, k: Any, v: Any, *, heads: int, mask: Any, keep: Any) -> tuple[Any, Any]:
    """Return the output and the weights (batch, heads, time, time), step by step."""
    q, k, v = _heads(q, heads), _heads(k, heads), _heads(v, heads)
    p = _masked_softmax(_scores(q, k), mask)
    used = p if keep is None else p * beside(p, keep)
    out = (used @ v).transpose((0, 2, 1, 3))
    return out.reshape((*out.shape[:2], -1)), p


_attention = fused(
    _of_heads,
    _backward,
    lambda q, k, v, **options: plain_attention(q, k, v, **options)[0],
    name="attention",
    category="product",
    reads=Reading(rest=1),
)
_self_attention = fused(
    lambda x, **options: _of_heads(*_packed(x), **options),
    _packed_backward,
    lambda x, **options: plain_attention(*_packed(x), **options)[0],
    name="self attention",
    category="product",
    reads=Reading(rest=1),
)
_stack_attention = fused(
    _stack_forward,
    _stack_backward,
    lambda q, k, v, *, mask: _masked_softmax(_scores(q, k), mask) @ v,
    name="scaled_dot_product_attention",
    category="product",
    reads=Reading(rest=1),
)


def attention(q: Any, k: Any, v: Any, *, heads: int, mask: Any = None, keep: Any = None) -> Any:
    """Return softmax(q k^T / sqrt(d)) v for each head, on (batch, time, heads * d)."""
    if is_traced(mask):  # the kernel takes a mask as a constant
        return plain_attention(q, k, v, heads=heads, mask=mask, keep=keep)[0]
    return _attention(q, k, v, heads=heads, mask=mask, keep=keep)


def self_attention(x: Any, *, heads: int, mask: Any = None, keep: Any = None) -> Any:
    """Return `attention` of q, k and v that lie side by side on the last axis."""
    if is_traced(mask):
        return plain_attention(*_packed(x), heads=heads, mask=mask, keep=keep)[0]
    return _self_attention(x, heads=heads, mask=mask, keep=keep)


@floating("query", "key", "value", "attn_mask", labels=("attn_mask",))
def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
) -> Any:
    """Return softmax(q k^T / sqrt(d) + mask) v.

    Parameters
    ----------
    query, key, value : shapes (..., L, d), (..., S, d), (..., S, m)
        The same leading axes.
    attn_mask : shape that broadcasts to (..., L, S), optional
        Booleans (True: may be looked at) or numbers to add, which are differentiated.
    dropout_p : float
        Probability of dropping a weight.
    is_causal : bool
        Whether position i sees only positions up to i.

    Returns
    -------
    shape (..., L, m)
        The result; 0 where the mask hides every key, or there are none.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> scaled_dot_product_attention(x, x, x, is_causal=True)[0]
    array([1., 0.])
    """
    from .dropout import dropout

    shape_q, shape_k, shape_v = np.shape(query), np.shape(key), np.shape(value)
    deep = min(map(len, (shape_q, shape_k, shape_v))) > 1
    if not deep or shape_q[-1] != shape_k[-1] or shape_v[-2] != shape_k[-2]:
        raise shape_error(
            f"scaled_dot_product_attention: query {shape_q}, key {shape_k} and value "
            f"{shape_v} do not fit: (..., L, d), (..., S, d), (..., S, m) are needed."
        )
    given = (query, key, value)
    fast = not dropout_p and not is_traced(attn_mask) and len({a.dtype for a in given}) == 1
    fast = fast and shape_q[:-2] == shape_k[:-2] == shape_v[:-2] and all(a.size for a in given)
    scores: Any = _scores(query, key) if not fast else None
    dtype = query.dtype if fast else scores.dtype
    mask = beside(query, additive_mask(attn_mask, dtype, allowed=True))
    if mask is not None:
        shape = (*shape_q[:-1], shape_k[-2]) if fast else np.shape(scores)
        fits_into("attn_mask", mask, np.broadcast_to(0, shape), "scaled_dot_product_attention")
    if is_causal:
        causal = beside(query, causal_mask(shape_q[-2], shape_k[-2], dtype))
        mask = causal if mask is None else causal + mask
    if fast:
        return _stack_attention(query, key, value, mask=mask)
    return dropout(_masked_softmax(scores, mask), dropout_p) @ value


def additive_mask(mask: Any, dtype: Any, allowed: bool) -> Any:
    """Return a mask as numbers to add: booleans become 0 and minus infinity."""
    if mask is None:
        return None
    mask = mask if is_traced(mask) else raw(mask)
    if mask.dtype.kind == "f":
        return mask.astype(dtype)
    if mask.dtype.kind != "b":
        raise DTypeError(
            f"attention: a mask must hold booleans, or floats to add to the scores, not "
            f"{mask.dtype}; 0 and 1 may mean either.",
            Location.of_caller(),
        )
    return np.where(mask == allowed, dtype.type(0), dtype.type(-np.inf))


def causal_mask(rows: int, columns: int, dtype: Any) -> Any:
    """Return 0 on and below the diagonal, minus infinity above; not to be written into."""
    return (_causal if rows * columns > CAUSAL else _kept_causal)(rows, columns, dtype)


def _causal(rows: int, columns: int, dtype: Any) -> Any:
    mask = np.triu(np.full((rows, columns), -np.inf, dtype), 1)
    mask.flags.writeable = False
    return mask


_kept_causal = lru_cache(maxsize=16)(_causal)
