"""Fused operations: a fast hand-written kernel, and a plain composition that defines it.

First order runs the kernel's own backward on raw arrays.  Higher orders, forward
mode, nested traces and vmap differentiate the plain composition, which is recorded
like any user's code: one definition of the mathematics, one fast path.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core import primitive
from autograd_core.extend import EVERYTHING, Forgotten, Reading
from autograd_core.extend import pushed as jvp
from autograd_core.extend import transpose as vjp

from ..values import by_composition, is_traced, is_tracked


class Saved:
    """What a kernel's forward keeps for its backward, and which result it belongs to."""

    __slots__ = ("result", "value")

    def __init__(self) -> None:
        self.result: Any = None
        self.value: Any = None


def fused(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    composite: Callable[..., Any],
    *,
    name: str,
    multiple: bool = False,
    category: str = "operation",
    reads: Reading = EVERYTHING,
    formulas: Any = None,
) -> Callable[..., Any]:
    """Declare a fused operation.

    Parameters
    ----------
    forward : callable
        ``forward(*arrays, **settings) -> (result, kept)`` on raw arrays.
    backward : callable
        ``backward(g, kept, needs, y, *arrays, **settings)``: the gradients of
        all arrays, None where ``needs`` is False.
    composite : callable
        ``composite(*arrays, **settings)``: the same result in plain NumPy.
    name, multiple, category : optional
        As in `autograd_core.primitive`.
    reads : Reading, optional
        The values that `backward` reads, beside what was kept: 0 the result, k argument k.  The
        tape does not keep large ones of the others.
    formulas : sequence of callable, optional
        As in `autograd_core.primitive`: ``formula(y, *arrays, **settings)`` for each array.

    Returns
    -------
    callable
        ``operation(*arrays, **settings)``.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> cube = fused(lambda x: (x**3, x * x), lambda g, kept, needs, y, x: (3 * kept * g,),
    ...              lambda x: x**3, name="cube")
    >>> float(grad(cube)(2.0)), float(grad(grad(cube))(2.0))
    (12.0, 12.0)
    """

    def run(*arrays: Any, saved: Saved, needs: tuple[bool, ...], options: dict[str, Any]) -> Any:
        result, kept = forward(*arrays, **options)
        if any(needs):
            saved.result, saved.value = _mark(result), kept
        return result

    def pull(
        g: Any, y: Any, *arrays: Any, saved: Saved, needs: tuple[bool, ...], options: dict[str, Any]
    ) -> Any:
        given = (*arrays, *(g if multiple else (g,)))
        strange = [value for value in given if value.__class__ is not np.ndarray]
        if any(map(is_traced, strange)):
            return by_parts(composite, g, arrays, needs, options)
        if any(getattr(value, "_written", False) for value in strange):
            # written down for a program, in which the kernel is to be one call
            return pulled(*given, *(y if multiple else (y,)), saved=saved, needs=needs,
                          options=options)  # fmt: skip
        if not _same(saved.result, y):  # another run of the same node was in between
            y, saved.value = forward(*arrays, **options)
            saved.result = _mark(y)
        return backward(g, saved.value, needs, y, *arrays, **options)

    def pull_arrays(
        *given: Any, saved: Saved, needs: tuple[bool, ...], options: dict[str, Any]
    ) -> Any:
        count = len(needs)
        arrays, rest = given[:count], given[count:]
        half = len(rest) // 2
        g, y = (rest[:half], rest[half:]) if multiple else rest
        return tuple(pull(g, y, *arrays, saved=saved, needs=needs, options=options))

    def push(
        ts: Any,
        y: Any,
        *arrays: Any,
        saved: Saved,
        needs: tuple[bool, ...],
        options: dict[str, Any],
    ) -> Any:
        return jvp(lambda *a: composite(*a, **options), arrays, tuple(ts))[1]

    def said(formula: Callable[..., Any]) -> Callable[..., Any]:
        return lambda y, *arrays, options, **_: formula(y, *arrays, **options)

    made = primitive(
        run,
        vjp=pull,
        jvp=push,
        name=name,
        multiple=multiple,
        composite=lambda *arrays, saved, needs, options: composite(*arrays, **options),
        category=category,
        sources=lambda: (reads,),
        formulas=formulas and tuple(map(said, formulas)),
    )

    pulled = primitive(
        pull_arrays,
        name=f"{name} backward",
        arity=None,
        multiple=True,
        composite=_pulled_by_parts(composite, multiple),
        category=category,
    )

    def operation(*arrays: Any, **options: Any) -> Any:
        if by_composition(arrays) or by_composition(options.values()):
            return composite(*arrays, **options)
        needs = tuple([is_tracked(a) for a in arrays])
        return made(*arrays, saved=Saved(), needs=needs, options=options)

    operation.__name__ = name
    operation.primitive = made  # type: ignore[attr-defined]
    return operation


def _pulled_by_parts(composite: Callable[..., Any], multiple: bool) -> Callable[..., Any]:
    """Return the backward pass of a kernel as a composition of other operations."""

    def pulled(
        *given: Any, saved: Saved, needs: tuple[bool, ...], options: dict[str, Any]
    ) -> tuple[Any, ...]:
        arrays, rest = given[: len(needs)], given[len(needs) :]
        g = rest[: len(rest) // 2] if multiple else rest[0]
        return tuple(by_parts(composite, g, arrays, needs, options))

    return pulled


def operation_of(kernel: Callable[..., Any]) -> Any:
    """Return the operation behind what `fused` returned."""
    return kernel.primitive  # type: ignore[attr-defined]


def _mark(result: Any) -> Any:
    """Return weak references to a result, or to its parts: they tell which it was, and hold none.

    Numbers are no arrays and stand for themselves.
    """
    if isinstance(result, tuple):
        return tuple(map(_mark, result))
    return weakref.ref(result) if isinstance(result, np.ndarray) else result


def _same(mark: Any, y: Any) -> bool:
    """Tell whether a result is the one that was marked; of several parts, in any tuple."""
    if isinstance(y, tuple):
        return isinstance(mark, tuple) and all(map(_same, mark, y))
    return mark is (y.was if y.__class__ is Forgotten else _mark(y))


def by_parts(
    composite: Callable[..., Any],
    g: Any,
    arrays: tuple[Any, ...],
    needs: tuple[bool, ...],
    options: dict[str, Any],
) -> list[Any]:
    """Return the gradients of the arrays that need one, by differentiating the composition."""
    places = [k for k, needed in enumerate(needs) if needed]

    def function(*moved: Any) -> Any:
        full = list(arrays)
        for k, value in zip(places, moved, strict=True):
            full[k] = value
        return composite(*full, **options)

    pulled = vjp(function, *(arrays[k] for k in places))[1](g)
    found: list[Any] = [None] * len(arrays)
    for k, part in zip(places, pulled, strict=True):
        found[k] = part
    return found
