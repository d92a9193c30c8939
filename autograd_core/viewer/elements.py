"""One element of a gradient as the sum that it is, with its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from autograd_core.base.printing import printable, prints_anywhere
from autograd_core.operations.kinds import host
from autograd_core.viewer.formulas import Call
from autograd_core.viewer.numbers import number_text

FEW = 6  # terms that are written out
MOST = 64  # elements of an array whose sums a page holds
NOISE = 1e-13  # of the terms' size: what is smaller is their rounding


class Term(NamedTuple):
    """One product of the sum: ∂(element of a result)/∂(the element), times upstream there.

    Attributes
    ----------
    result : str
        The element of the result, ``h[0, 2]``.
    local, upstream, product : float
        The derivative, the gradient of the result's element, and their product.
    """

    result: str
    local: Any
    upstream: Any
    product: Any

    def __repr__(self) -> str:
        numbers = f"{_factor(self.local)} × {_factor(self.upstream)} = {number_text(self.product)}"
        return printable(f"through {self.result}: {numbers}")


@dataclass(repr=False)
class ElementSum:
    """The chain rule for one element.

    Attributes
    ----------
    name : str
        What it is: ``∂loss/∂W[0, 1]``.
    terms : list of Term
        One for each element of a result that depends on it.
    value : float
        Their sum.
    """

    name: str
    terms: list[Term]
    value: Any

    @prints_anywhere
    def __str__(self) -> str:
        if not self.terms:
            return f"{self.name} = 0: nothing that the output depends on uses it."
        texts = [f"{_factor(t.local)} × {_factor(t.upstream)}" for t in self.terms[:FEW]]
        rest = self.terms[FEW:]
        if rest:
            more = number_text(sum(t.product for t in rest))
            texts.append(f"({len(rest)} more terms, together {more})")
        whole = number_text(self.value)
        noise = " (0 but for rounding)" if self.is_rounding else ""
        return f"{self.name} = {' + '.join(texts)} = {whole}{noise}"

    __repr__ = __str__

    @property
    def is_rounding(self) -> bool:
        """Whether the sum is no larger than the rounding of its terms: exactly, it may be 0."""
        return is_rounding(self.value, [t.product for t in self.terms])


def is_rounding(total: Any, terms: list[Any]) -> bool:
    """Tell whether a sum is no larger than the rounding of its terms.

    Examples
    --------
    >>> is_rounding(0.1 + 0.2 - 0.3, [0.1, 0.2, -0.3]), is_rounding(1e-20, [1e-20])
    (True, False)
    """
    size = sum(abs(t) for t in terms)
    return bool(0 < abs(total) < NOISE * size)


def element_name(name: str, index: tuple[int, ...]) -> str:
    """Return the name of an element: ``W[0, 1]``; of a number its own."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def sum_of(
    output: str, name: str, shape: tuple[int, ...], k: int, uses: Iterator[tuple[Call, Any]]
) -> ElementSum:
    """Return the sum for one element.

    Parameters
    ----------
    output, name : str
        Of what the gradient is taken, and with respect to what.
    shape : tuple of int
        Of the latter.
    k : int
        The element's place in C order.
    uses : iterator of (Call, ndarray)
        Each use, with the gradient of its result.
    """
    index = tuple(map(int, np.unravel_index(k, shape))) if shape else ()
    terms = []
    for call, upstream in uses:
        parts = upstream if isinstance(upstream, tuple) else (upstream,)
        values = [p for p in parts if p is not None]
        for g, (local, product) in zip(values, _locals(call, upstream, k), strict=True):
            for place in np.argwhere(host(local) != 0):
                at = tuple(map(int, place))
                terms.append(
                    Term(
                        element_name(call.name, at),
                        host(local)[at],
                        host(g)[at],
                        host(product)[at],
                    )
                )
    total = sum((t.product for t in terms), start=0.0)
    return ElementSum(f"∂{output}/∂{element_name(name, index)}", terms, total)


def _locals(call: Call, upstream: Any, k: int) -> list[tuple[Any, Any]]:
    """Return local derivatives and products; of complex numbers where one factor says it all."""
    real = call.terms(upstream, k)
    parts = upstream if isinstance(upstream, tuple) else (upstream,)
    if not np.iscomplexobj(call.argument):
        if any(np.iscomplexobj(t) for t, _ in real):
            raise ValueError("a real number among complex ones: the real part of a sum")
        return real
    turned = call.terms(upstream, k, 1j)
    if not all(np.allclose(1j * a, b) for (a, _), (b, _) in zip(real, turned, strict=True)):
        raise ValueError("real and imaginary part have derivatives of their own")
    given = [p for p in parts if p is not None]
    return [(np.conj(t), np.conj(t) * g) for (t, _), g in zip(real, given, strict=True)]


def _factor(number: Any) -> str:
    text = number_text(number)
    return f"({text})" if text.startswith("-") else text
