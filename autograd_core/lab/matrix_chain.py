"""(A B) C against A (B C): the same product, different work; the lesson of the modes in matrices.

A Jacobian of a composition is the product of its Jacobians.  Multiplied from the
input's side it is forward mode, from the output's side reverse mode; what is best
depends on the sizes, and may be neither.  The best way is found by dynamic
programming (S. Godbole, 1973).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.printing import prints_anywhere
from autograd_core.base.source import Location
from autograd_core.base.text_tables import count_text, html_table, text_table


@dataclass(frozen=True)
class Chain:
    """The ways to multiply a chain of matrices, in FLOPs (a multiply-add is two).

    Attributes
    ----------
    shapes : tuple of (int, int)
        Of the matrices, the output's side first.
    ways : dict
        From "reverse" (from the left), "forward" (from the right) and "best" to
        (how it is bracketed, FLOPs).
    """

    shapes: tuple[tuple[int, int], ...]
    ways: dict[str, tuple[str, int]]

    def _rows(self) -> list[tuple[str, ...]]:
        return [(name, way, count_text(flops)) for name, (way, flops) in self.ways.items()]

    @prints_anywhere
    def __str__(self) -> str:
        chain = " ".join(f"{chr(65 + k)} {m}×{n}" for k, (m, n) in enumerate(self.shapes))
        return chain + "\n" + text_table(("order", "product", "FLOPs"), self._rows(), words=2)

    def _repr_html_(self) -> str:
        return html_table(("order", "product", "FLOPs"), self._rows(), words=2)


def matrix_chain(*matrices: Any) -> Chain:
    """Compare the ways to multiply matrices, and find the best.

    Parameters
    ----------
    *matrices : array_like or tuple of int
        Two or more matrices, or their shapes; a Jacobian's chain, the output's
        side first.

    Returns
    -------
    Chain
        Prints as a table.

    Raises
    ------
    ShapeError
        If neighbours do not fit, or there are fewer than two.

    Examples
    --------
    >>> print(matrix_chain((1, 100), (100, 100), (100, 1000)))   # one output, 1000 inputs
    A 1×100 B 100×100 C 100×1000
    order    product    FLOPs
    -------  -------  -------
    reverse  (A B) C  220,000
    forward  A (B C)   20.2 M
    best     (A B) C  220,000
    """
    shapes = [m if isinstance(m, tuple) else np.shape(m) for m in matrices]
    if len(shapes) < 2 or any(len(s) != 2 for s in shapes):
        raise errors.ShapeError(
            f"matrix_chain(): two or more matrices are needed, got shapes {shapes}.",
            Location.of_caller(),
        )
    for k, (left, right) in enumerate(pairwise(shapes)):
        if left[1] != right[0]:
            raise errors.ShapeError(
                f"matrix_chain(): matrix {k} is {left[0]}×{left[1]} and matrix {k + 1} is "
                f"{right[0]}×{right[1]}; {left[1]} and {right[0]} must be equal.",
                Location.of_caller(),
            )
    sizes = [shapes[0][0], *(s[1] for s in shapes)]
    count = len(shapes)
    names = [chr(65 + k) if count <= 26 else f"M{k + 1}" for k in range(count)]
    ahead, left_flops = names[0], 0
    for k in range(1, count):
        ahead = f"{ahead if k == 1 else f'({ahead})'} {names[k]}"
        left_flops += 2 * sizes[0] * sizes[k] * sizes[k + 1]
    back, right_flops = names[-1], 0
    for k in range(count - 2, -1, -1):
        back = f"{names[k]} {back if k == count - 2 else f'({back})'}"
        right_flops += 2 * sizes[k] * sizes[k + 1] * sizes[-1]
    best, flops = _best(sizes, names)
    ways = {"reverse": (ahead, left_flops), "forward": (back, right_flops), "best": (best, flops)}
    return Chain(tuple(shapes), ways)


def _best(sizes: list[int], names: list[str]) -> tuple[str, int]:
    """Return the cheapest bracketing: for each stretch, the best place to cut it."""
    count = len(names)
    flops: dict[tuple[int, int], int] = {(k, k): 0 for k in range(count)}
    text = {(k, k): names[k] for k in range(count)}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            cost, cut = min(
                (
                    flops[i, k] + flops[k + 1, j] + 2 * sizes[i] * sizes[k + 1] * sizes[j + 1],
                    -k,
                )
                for k in range(i, j)
            )
            cut = -cut
            flops[i, j] = cost
            left = text[i, cut] if cut == i else f"({text[i, cut]})"
            right = text[cut + 1, j] if cut + 1 == j else f"({text[cut + 1, j]})"
            text[i, j] = f"{left} {right}"
    return text[0, count - 1], flops[0, count - 1]
