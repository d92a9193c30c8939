"""Padding: the axes at the end made longer by a constant, or by values of the array itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import beside, explains_wrong_calls

from ..values import numbers, shape_error

MODES = ("constant", "reflect", "replicate", "circular")


def _amounts(pad: Any, axes: int) -> list[tuple[int, int]]:
    """Return how much is added before and behind each axis, the first axis first."""
    given = pad if isinstance(pad, (tuple, list)) else ()
    whole = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in given)
    if not given or len(given) % 2 or not whole:
        raise shape_error(
            f"pad: pad must be an even number of integers, (before, behind) for the last axis, "
            f"then for the one before it, ..., not {pad!r}."
        )
    if len(given) > 2 * axes:
        raise shape_error(f"pad: {pad!r} pads {len(given) // 2} axes, but the input has {axes}.")
    pairs = [(int(a), int(b)) for a, b in zip(given[::2], given[1::2], strict=True)]
    return [(0, 0)] * (axes - len(pairs)) + pairs[::-1]


def _source(mode: str, n: int, before: int, behind: int) -> Any:
    """Return from which index of an axis of length n each place of the padded axis comes."""
    index = np.arange(-before, n + behind)
    if mode == "circular":  # around what negative amounts leave, as in PyTorch
        first, left = max(-before, 0), n + min(before, 0) + min(behind, 0)
        return first + (index - first) % max(left, 1)
    if mode == "reflect":
        return (n - 1) - np.abs(n - 1 - np.abs(index))
    return np.clip(index, 0, n - 1)


@explains_wrong_calls
def pad(input: Any, pad: Any, mode: str = "constant", value: float | None = None) -> Any:
    """Make axes longer at both ends, or shorter by negative amounts.

    Parameters
    ----------
    input : array or Tensor or Dual
        The values; integers stay integers.
    pad : tuple of int
        (before, behind) for the last axis, then for the one before it, and so on.
    mode : {"constant", "reflect", "replicate", "circular"}
        A constant; or the values mirrored at the outermost, the outermost value, or the values
        from the other end.
    value : float, optional
        The constant, for mode "constant"; 0 by default.

    Returns
    -------
    array or Tensor or Dual
        The padded array.

    Raises
    ------
    ShapeError
        If an axis is too short, or a setting is out of range.

    Examples
    --------
    >>> pad(np.array([[1.0, 2.0, 3.0]]), (1, 2), "reflect")
    array([[2., 1., 2., 3., 2., 1.]])
    >>> pad(np.array([1, 2]), (0, 1), value=7)
    array([1, 2, 7])
    """
    input = numbers("pad", input)
    shape = np.shape(input)
    amounts = _amounts(pad, len(shape))
    if mode not in MODES:
        raise shape_error(f"pad: mode {mode!r} is none of {', '.join(MODES)}.")
    if mode != "constant" and value not in (None, 0):
        raise shape_error(f"pad: value={value!r} is for mode 'constant', not {mode!r}.")
    for axis, ((before, behind), n) in enumerate(zip(amounts, shape, strict=True)):
        if not before and not behind:
            continue
        most = {"reflect": n - 1, "circular": n + min(before, 0) + min(behind, 0)}.get(
            mode, max(before, behind, 0)
        )
        if n + min(before, 0) + min(behind, 0) < 0 or max(before, behind) > most:
            raise shape_error(
                f"pad: axis {axis} of length {n} (shape {shape}) cannot be padded by "
                f"{(before, behind)} in mode {mode!r}."
            )
        if mode == "replicate" and not n:
            raise shape_error(f"pad: axis {axis} of shape {shape} has no value to repeat.")
        if mode != "constant":
            index = beside(input, _source(mode, n, before, behind))
            input = input[(slice(None),) * axis + (index,)]
    if mode != "constant":
        return input
    cut = tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(amounts, shape, strict=True))
    if any(min(a, b) < 0 for a, b in amounts):
        input = input[cut]
    more = [(max(a, 0), max(b, 0)) for a, b in amounts]
    if not any(map(any, more)):
        return input
    return np.pad(input, more, constant_values=0 if value is None else value)
