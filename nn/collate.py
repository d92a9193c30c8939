"""Making one batch of many items: arrays are stacked, nests keep their shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.extend import explains_wrong_calls

from .errors import DataError


@explains_wrong_calls
def default_convert(data: Any) -> Any:
    """Return an item with its numbers and Tensors as arrays; nests and text stay.

    Parameters
    ----------
    data : any
        An item of a dataset.

    Returns
    -------
    any
        Nested alike.

    Examples
    --------
    >>> import nn
    >>> nn.data.default_convert({"x": 1.5, "name": "a"})
    {'x': array(1.5), 'name': 'a'}
    """
    if isinstance(data, Tensor):
        return data.detach().data
    if isinstance(data, (str, bytes)):
        return data
    if isinstance(data, Mapping):
        return {key: default_convert(value) for key, value in data.items()}
    if isinstance(data, tuple):
        parts = [default_convert(value) for value in data]
        return type(data)(*parts) if hasattr(data, "_fields") else tuple(parts)
    if isinstance(data, list):
        return [default_convert(value) for value in data]
    return np.asarray(data)


@explains_wrong_calls
def default_collate(batch: Sequence[Any]) -> Any:
    """Return items of a dataset as one batch.

    Numbers, arrays and Tensors are stacked; text stays a list; of dicts and tuples each part is
    collated by itself.

    Parameters
    ----------
    batch : sequence
        The items, all of one form.

    Returns
    -------
    any
        Nested as an item is.

    Raises
    ------
    DataError
        If the items differ in form, or arrays in shape.

    Examples
    --------
    >>> import nn
    >>> nn.data.default_collate([{"x": 1.0, "name": "a"}, {"x": 2.0, "name": "b"}])
    {'x': array([1., 2.]), 'name': ['a', 'b']}
    """
    items = list(batch)
    if not items:
        raise DataError("default_collate: the batch is empty.")
    first = items[0]
    if isinstance(first, (str, bytes)):
        return items
    if isinstance(first, Mapping):
        if any(not isinstance(item, Mapping) or item.keys() != first.keys() for item in items):
            raise DataError("default_collate: the items must be dicts of the same keys.")
        return {key: default_collate([item[key] for item in items]) for key in first}
    if isinstance(first, (tuple, list)):
        if any(not isinstance(item, (tuple, list)) or len(item) != len(first) for item in items):
            raise DataError("default_collate: the items must all have the same number of parts.")
        parts = [default_collate(part) for part in zip(*items, strict=True)]
        if hasattr(first, "_fields"):
            return type(first)(*parts)
        return tuple(parts) if isinstance(first, tuple) else parts
    arrays = [default_convert(item) for item in items]
    if any(not isinstance(a, np.ndarray) or a.dtype.kind == "O" for a in arrays):
        kinds = sorted({type(item).__name__ for item in items})
        raise DataError(f"default_collate: {', '.join(kinds)} do not form a batch.")
    shapes = {a.shape for a in arrays}
    if len(shapes) > 1:
        raise DataError(
            f"default_collate: the items have shapes {sorted(shapes)[:3]}; they cannot be stacked "
            "into one batch. Pad or crop them to one shape, or give a collate_fn."
        )
    return np.stack(arrays)
