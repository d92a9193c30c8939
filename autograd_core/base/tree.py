"""Nested dicts, lists and tuples: flattened into leaves and rebuilt."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

_NESTED = (dict, list, tuple)


def leaves(tree: Any) -> list[Any]:
    """Return the leaves of a pytree, depth first; None counts as an empty pytree.

    Examples
    --------
    >>> leaves({"w": [1, 2], "b": (3, None)})
    [1, 2, 3]
    """
    if not isinstance(tree, _NESTED):
        return [] if tree is None else [tree]
    if isinstance(tree, dict):
        tree = tree.values()
    found = []
    for value in tree:
        if isinstance(value, _NESTED):
            found += leaves(value)
        elif value is not None:
            found.append(value)
    return found


def _rebuild(tree: Any, values: Iterator[Any]) -> Any:
    if not isinstance(tree, _NESTED):
        return None if tree is None else next(values)
    if isinstance(tree, dict):
        made = {key: _rebuild(value, values) for key, value in tree.items()}
        if type(tree) is dict:
            return made
        return _like_its_class(tree, made.items())
    parts = [_rebuild(value, values) for value in tree]
    kind: Any = type(tree)
    if kind is tuple or kind is list:
        return kind(parts)
    if isinstance(tree, list):
        return _like_its_class(tree, enumerate(parts))
    if hasattr(tree, "_fields"):
        return kind._make(parts)  # a named tuple, also one that has its own __new__
    return kind(parts)


def _like_its_class(whole: Any, items: Any) -> Any:
    """Return a copy of a subclass of dict or list (a defaultdict keeps its factory), refilled.

    Item by item: the ``update`` of a Counter adds.
    """
    made = copy.copy(whole)
    for key, value in items:
        made[key] = value
    return made


def like(tree: Any, values: Any) -> Any:
    """Return a pytree of the same structure with other leaves, in the order of `leaves`.

    Examples
    --------
    >>> like({"w": [1, 2], "b": (3,)}, [10, 20, 30])
    {'w': [10, 20], 'b': (30,)}
    """
    return _rebuild(tree, iter(values))


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    """Return the pytree with a function applied to each leaf.

    Examples
    --------
    >>> map_leaves(lambda x: x + 1, [1, (2, 3)])
    [2, (3, 4)]
    """
    if tree is None or isinstance(tree, _NESTED):
        return like(tree, map(function, leaves(tree)))
    return function(tree)


def same_structure(first: Any, second: Any) -> bool:
    """Whether two pytrees have the same shape, leaves aside.

    Examples
    --------
    >>> same_structure([1, (2,)], [5, (6,)]), same_structure([1], (1,))
    (True, False)
    """
    if isinstance(first, dict):
        return (
            isinstance(second, dict)
            and list(first) == list(second)
            and all(same_structure(first[k], second[k]) for k in first)
        )
    if isinstance(first, (list, tuple)):
        return (
            type(first) is type(second)
            and len(first) == len(second)
            and all(map(same_structure, first, second))
        )
    if first is None or second is None:
        return first is second
    return not isinstance(second, _NESTED)


def leaves_like(structure: Any, tree: Any, partial: bool = False) -> list[Any] | None:
    """Return the leaves of a pytree in the order of another's; dicts match by key.

    None if the two are not nested alike.  With `partial`, a None in the tree
    stands for None at every leaf below it.

    Examples
    --------
    >>> leaves_like({"a": 0, "b": 0}, {"b": 2, "a": 1})
    [1, 2]
    >>> leaves_like([0, (0, 0)], [1, None], partial=True)
    [1, None, None]
    >>> leaves_like([0], (1,)) is None
    True
    """
    if structure is None:
        return [] if tree is None else None
    if tree is None and partial:
        return [None] * len(leaves(structure))
    if isinstance(structure, dict):
        if not isinstance(tree, dict) or tree.keys() != structure.keys():
            return None
        pairs = [(part, tree[key]) for key, part in structure.items()]
    elif isinstance(structure, (list, tuple)):
        if type(tree) is not type(structure) or len(tree) != len(structure):
            return None
        pairs = list(zip(structure, tree, strict=True))
    else:
        return None if tree is None or isinstance(tree, _NESTED) else [tree]
    found: list[Any] = []
    for part, value in pairs:
        below = leaves_like(part, value, partial)
        if below is None:
            return None
        found += below
    return found
