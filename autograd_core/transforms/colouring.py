"""Colours for compressed Jacobians and Hessians.

Columns that share no row can be swept together.  For a symmetric matrix a star
colouring needs fewer: neighbours differ, and no path of four vertices has two
colours only; then each entry can be read from one side or the other.
(A. Gebremedhin, F. Manne and A. Pothen, "What color is your Jacobian?", SIAM
Review 47, 2005.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def columns(rows: Sequence[Any], n: int) -> Any:
    """Colour the columns of a pattern so that no row has two of one colour (greedy).

    Parameters
    ----------
    rows : sequence of int arrays
        The columns that each row has entries in.
    n : int
        Number of columns.

    Returns
    -------
    array of int
        A colour for each column, from 0.

    Examples
    --------
    >>> columns([[0, 1], [0, 1, 2], [1, 2, 3], [2, 3]], 4)
    array([0, 1, 2, 0])
    """
    in_column: list[list[int]] = [[] for _ in range(n)]
    for r, members in enumerate(rows):
        for c in members:
            in_column[int(c)].append(r)
    best = None
    for order in _orders(in_column):
        taken: list[set[int]] = [set() for _ in rows]  # the colours in each row
        colour = [0] * n
        for c in order:
            forbidden = set().union(*(taken[r] for r in in_column[c])) if in_column[c] else set()
            mine = 0
            while mine in forbidden:
                mine += 1
            colour[c] = mine
            for r in in_column[c]:
                taken[r].add(mine)
        if best is None or max(colour, default=0) < max(best, default=0):
            best = colour
    return np.array(best, dtype=int)


def _orders(neighbours: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return orders to colour in: as they come, and those with most entries first."""
    natural = list(range(len(neighbours)))
    return [natural, sorted(natural, key=lambda c: -len(neighbours[c]))]


def star(neighbours: Sequence[Any]) -> Any:
    """Colour a symmetric pattern so that two colours induce stars only (greedy, best of several).

    Parameters
    ----------
    neighbours : sequence of int arrays
        For each vertex the others it shares an entry with.

    Returns
    -------
    array of int
        A colour for each vertex, from 0.

    Examples
    --------
    >>> star([[1], [0, 2], [1, 3], [2]])                 # a path of four: two would not do
    array([0, 1, 0, 2])
    """
    adjacent = [[int(w) for w in ws] for ws in neighbours]
    best: list[int] | None = None
    for order in _star_orders(adjacent):
        found = _greedy_star(adjacent, order)
        if best is None or max(found, default=0) < max(best, default=0):
            best = found
    return np.array(best if best is not None else [], dtype=int)


def _greedy_star(adjacent: list[list[int]], order: Sequence[int]) -> list[int]:
    """Give each vertex the first colour that leaves no path of four in two colours."""
    colour = [-1] * len(adjacent)
    for v in order:
        forbidden = set()
        seen: dict[int, int] = {}
        for w in adjacent[v]:
            if colour[w] < 0:
                continue
            forbidden.add(colour[w])
            seen[colour[w]] = seen.get(colour[w], 0) + 1
        for w in adjacent[v]:
            if colour[w] < 0:
                # two coloured neighbours of an uncoloured one are checked when it gets its turn
                continue
            for x in adjacent[w]:
                if x == v or colour[x] < 0:
                    continue
                # v - w - x: the colour of x is forbidden if the path would go on at either end
                if seen[colour[w]] > 1 or any(
                    y != w and colour[y] == colour[w] for y in adjacent[x]
                ):
                    forbidden.add(colour[x])
        mine = 0
        while mine in forbidden:
            mine += 1
        colour[v] = mine
    return colour


def _star_orders(adjacent: list[list[int]]) -> list[list[int]]:
    """Return orders to try: as they come, by degree, breadth first, smallest last."""
    natural = list(range(len(adjacent)))
    by_degree = sorted(natural, key=lambda v: -len(adjacent[v]))
    return [natural, by_degree, _breadth_first(adjacent), _smallest_last(adjacent)]


def _breadth_first(adjacent: list[list[int]]) -> list[int]:
    order: list[int] = []
    seen = [False] * len(adjacent)
    for start in range(len(adjacent)):
        if seen[start]:
            continue
        seen[start] = True
        layer = [start]
        while layer:
            order += layer
            following = []
            for v in layer:
                for w in adjacent[v]:
                    if not seen[w]:
                        seen[w] = True
                        following.append(w)
            layer = following
    return order


def _smallest_last(adjacent: list[list[int]]) -> list[int]:
    """Take away, again and again, a vertex with fewest neighbours left; colour in reverse."""
    degree = [len(ws) for ws in adjacent]
    buckets: list[set[int]] = [set() for _ in range(max(degree, default=0) + 1)]
    for v, d in enumerate(degree):
        buckets[d].add(v)
    gone = [False] * len(adjacent)
    order = []
    lowest = 0
    for _ in adjacent:
        while not buckets[lowest]:
            lowest += 1
        v = buckets[lowest].pop()
        gone[v] = True
        order.append(v)
        for w in adjacent[v]:
            if not gone[w]:
                buckets[degree[w]].discard(w)
                degree[w] -= 1
                buckets[degree[w]].add(w)
        lowest = max(lowest - 1, 0)
    return order[::-1]
