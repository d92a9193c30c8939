"""What a Trainer divides: a batch into parts, and what it validates on into sets with names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from autograd_core import SettingError


def in_parts(inputs: Any, target: Any, count: int) -> Iterator[tuple[Any, Any]]:
    """Yield a batch in parts of nearly the same number of rows, none of them empty.

    Examples
    --------
    >>> import numpy as np
    >>> [len(target) for _, target in in_parts((np.zeros(5),), np.zeros(5), 3)]
    [1, 2, 2]
    """
    rows = len(target)
    count = min(count, rows)
    if count <= 1:
        yield inputs, target
        return
    for k in range(count):
        part = slice(rows * k // count, rows * (k + 1) // count)
        yield tuple(x[part] for x in inputs), target[part]


def by_name(validation: Any) -> dict[str, Any]:
    """Return the sets to validate on by name; the only one has none.

    Examples
    --------
    >>> by_name(None), by_name("data"), by_name({"clean": "data"})
    ({}, {'': 'data'}, {'clean': 'data'})
    """
    if validation is None:
        return {}
    if not isinstance(validation, Mapping):
        return {"": validation}
    wrong = [name for name in validation if not isinstance(name, str) or not name]
    if wrong:
        raise SettingError(f"fit: validation has the name {wrong[0]!r}; names are texts.")
    return dict(validation)
