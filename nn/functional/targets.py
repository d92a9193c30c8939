"""What all losses share: checking targets, weighing classes, reducing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.extend import beside

from ..values import at, everything, raw, shape_error


def reduced(loss: Any, reduction: str, name: str) -> Any:
    """Return the mean, the sum, or the values themselves."""
    if reduction == "none":
        return loss
    if reduction not in ("mean", "sum"):
        raise shape_error(f"{name}: reduction must be 'mean', 'sum' or 'none', not {reduction!r}.")
    if reduction == "sum":
        return np.sum(loss)
    if not loss.size:
        raise shape_error(f"{name}: the batch is empty, so it has no mean.")
    return np.mean(loss)


def same_shape(name: str, input: Any, target: Any) -> None:
    """Refuse a target that would silently broadcast."""
    if np.shape(input) != np.shape(target):
        raise shape_error(
            f"{name}: input has shape {np.shape(input)}, target {np.shape(target)}; "
            "they must be equal."
        )


def valid_targets(name: str, index: Any, shape: tuple[int, ...], ignore: int | None) -> bool:
    """Refuse class indices that are no integers, of another number than the rows, or out of range.

    Returns whether all of them are in range, those to be ignored too.
    """
    if index.dtype.kind not in "iu":
        raise shape_error(f"{name}: class indices must be integers, not {index.dtype}.")
    if index.shape != shape[:1]:
        raise shape_error(
            f"{name}: {shape[0]} samples need as many targets, not shape {index.shape}."
        )
    values = everything(index)
    if not values.size:
        return True
    if not (values.min() >= 0 and values.max() < shape[1]):
        wrong = (values < 0) | (values >= shape[1])
        if ignore is not None:
            wrong &= values != ignore
        if wrong.any():
            place = int(np.argmax(wrong))
            found = int(values.reshape(-1)[place])
            raise shape_error(
                f"{name}: target {place % shape[0]} is class {found}, but the input has "
                f"{shape[1]} classes (0 to {shape[1] - 1})."
            )
        return False
    return True


def target_rows(
    name: str, input: Any, target: Any, ignore: int
) -> tuple[Any, Any, Any, Callable[[Any, str], Any]]:
    """Return logits as (rows, classes), indices as (rows,), and how to shape losses back.

    Before the last stands which rows are ignored; None if none is, which is the usual case.
    """
    if isinstance(ignore, (bool, np.bool_)) or not hasattr(ignore, "__index__"):
        raise shape_error(f"{name}: ignore_index must be an integer, not {ignore!r}.")
    index = beside(input, raw(target))
    shape = np.shape(input)
    if len(shape) == 1:
        rows = input.reshape((1, -1))
    elif len(shape) == 2:
        rows = input
    elif len(shape) > 2:
        places = math.prod(shape) // max(shape[1], 1)
        rows = np.moveaxis(input, 1, -1).reshape((places, shape[1]))
    else:
        raise shape_error(f"{name}: the input needs a class axis, its shape is ().")
    if not rows.shape[1]:
        raise shape_error(f"{name}: an input of shape {shape} has no classes.")
    expected = () if len(shape) == 1 else (shape[0], *shape[2:])
    if index.shape != expected:
        raise shape_error(
            f"{name}: an input of shape {shape} needs targets of shape {expected}, "
            f"not {index.shape}."
        )
    flat = index.reshape(-1)
    inside = valid_targets(name, flat, rows.shape, ignore)
    ignored = None
    if not (inside and (ignore < 0 or ignore >= rows.shape[1])):
        found = flat == ignore
        ignored = found if np.any(everything(found)) else None

    def restore(loss: Any, reduction: str) -> Any:
        return reduced(loss, reduction, name).reshape(expected)

    return rows, flat, ignored, restore


def total_weight(name: str, scale: Any) -> Any:
    """Return the sum of the rows' factors, by which a mean divides."""
    if not np.size(scale):
        raise shape_error(f"{name}: the batch is empty, so it has no mean.")
    total = scale.sum()
    if np.any(everything(total) == 0):
        raise shape_error(
            f"{name}: no target counts (all ignored, or of weight 0), so there is no mean."
        )
    return total


def class_weights(name: str, index: Any, rows: Any, weight: Any, ignored: Any) -> Any:
    """Return each row's factor: its class's weight, 0 where ignored."""
    scale = beside(rows, np.ones(len(index), dtype=rows.dtype))
    if weight is not None:
        checked_weight(name, weight, rows.shape[1])
        safe = index if ignored is None else np.where(ignored, 0, index)
        scale = at(weight, safe).astype(rows.dtype)
    if ignored is not None:
        scale = np.where(ignored, 0, scale).astype(rows.dtype)
    return scale


def checked_weight(name: str, weight: Any, classes: int) -> None:
    """Refuse factors that are not one for each class."""
    if np.shape(weight) != (classes,):
        raise shape_error(
            f"{name}: weight has shape {np.shape(weight)}, but there are {classes} classes."
        )


def weighed(name: str, loss: Any, weight: Any) -> Any:
    """Return losses times factors that broadcast to them."""
    if weight is None:
        return loss
    fits_into("weight", weight, loss, name)
    return loss * weight


def fits_into(what: str, given: Any, whole: Any, name: str) -> None:
    """Refuse an array that would make another one larger by broadcasting."""
    try:
        fits = np.broadcast_shapes(np.shape(given), np.shape(whole)) == np.shape(whole)
    except ValueError:
        fits = False
    if not fits:
        raise shape_error(
            f"{name}: {what} has shape {np.shape(given)}, which does not broadcast to "
            f"{np.shape(whole)}."
        )


def expanded(name: str, *arrays: Any) -> list[Any]:
    """Return arrays broadcast against each other."""
    shapes = [np.shape(a) for a in arrays]
    if len(set(shapes)) == 1:
        return list(arrays)
    try:
        whole = np.broadcast_shapes(*shapes)
    except ValueError:
        raise shape_error(
            f"{name}: shapes {' and '.join(map(str, shapes))} do not broadcast."
        ) from None
    return [np.broadcast_to(a, whole) for a in arrays]
