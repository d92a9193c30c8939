"""What the viewer writes of the normalizations' gradients: `Primitive.formulas`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Seen(NamedTuple):
    """How a normalization looks at its input.

    Attributes
    ----------
    axes : tuple of int
        What is averaged over, of the input as it is seen.
    by_channel : bool
        Whether a weight stands beside axis 1; otherwise beside the last axes.
    shape : tuple of int or None
        In which shape the input is seen; None: in its own.
    """

    axes: tuple[int, ...]
    by_channel: bool = False
    shape: tuple[int, ...] | None = None


def normal_formulas(see: Callable[..., Seen]) -> tuple[Callable[..., str], ...]:
    """Return the formulas of ``normal(x) * weight + bias`` for input, weight and bias.

    Parameters
    ----------
    see : callable
        ``see(x, **settings)`` tells how the input is looked at.

    Examples
    --------
    >>> import numpy as np
    >>> formulas = normal_formulas(lambda x: Seen(axes=(0,), by_channel=True))
    >>> formulas[2](None, np.ones((4, 2)), None, None, eps=1e-5)
    'sum(upstream, axis=(0,))'
    """

    def normal(seen: Seen, eps: float) -> str:
        x, over = "v" if seen.shape else "a", _over(seen)
        made = f"n = ({x} - mean({x}{over})) / s; s = sqrt(var({x}{over}) + {float(eps)!r})"
        return made + (f"; v = reshape(a, {seen.shape!r})" if seen.shape else "")

    def by_input(y: Any, x: Any, weight: Any, bias: Any, eps: float, **settings: Any) -> str:
        seen = see(x, **settings)
        over = _over(seen)
        made = f"(u - mean(u{over}) - n * mean(u * n{over})) / s"
        column = (-1, *(1,) * (x.ndim - 2))
        scaled = f"upstream * {f'reshape(b, {column!r})' if seen.by_channel else 'b'}"
        if seen.shape:
            made, scaled = f"reshape({made}, {x.shape!r})", f"reshape({scaled}, {seen.shape!r})"
        return f"{made}; u = {scaled}; {normal(seen, eps)}"

    def by_weight(y: Any, x: Any, weight: Any, bias: Any, eps: float, **settings: Any) -> str:
        seen = see(x, **settings)
        n = f"reshape(n, {x.shape!r})" if seen.shape else "n"
        return f"{_summed(f'upstream * {n}', seen, x)}; {normal(seen, eps)}"

    def by_bias(y: Any, x: Any, weight: Any, bias: Any, eps: float, **settings: Any) -> str:
        return _summed("upstream", see(x, **settings), x)

    return by_input, by_weight, by_bias


def _over(seen: Seen) -> str:
    return f", axis={seen.axes!r}, keepdims=True"


def _summed(text: str, seen: Seen, x: Any) -> str:
    """Write a sum over all but the channels, where a weight stands beside them."""
    return f"sum({text}, axis={(0, *range(2, x.ndim))!r})" if seen.by_channel else text
