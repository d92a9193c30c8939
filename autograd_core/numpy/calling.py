"""NumPy's functions that call one of the user's, whose values may be traced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.numpy.creation import as_numpys, asarray
from autograd_core.operations.nested_sequences import holds, join
from autograd_core.operations.primitive import REGISTRY


class vectorize(np.vectorize):  # noqa: N801 - NumPy's name
    """A function of numbers as a function of arrays, as numpy.vectorize is.

    Parameters
    ----------
    pyfunc : callable
        Takes numbers, traced ones inside of a transform, and returns a number or a tuple of them.
    otypes, doc, excluded, cache, signature
        As in NumPy.

    Raises
    ------
    UnsupportedError
        For signature= with traced values; `autograd_core.vmap` is for such functions.
    DTypeError
        If the first output is an integer and a later one is traced: NumPy makes all of them
        integers then; otypes=[float] says otherwise.

    Examples
    --------
    >>> import autograd_core.numpy as np
    >>> from autograd_core import grad
    >>> clipped = np.vectorize(lambda v: v if v > 0 else 0.0)
    >>> grad(lambda x: np.sum(clipped(x) ** 2))(np.array([3.0, -4.0]))
    array([6., 0.])
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the function's values for all elements of the arguments."""
        inside = getattr(self, "pyfunc", np._NoValue)
        if not callable(inside):  # the form of a decorator
            return super().__call__(*args, **kwargs)
        if self.signature is not None:
            if not any(map(holds, (*args, *kwargs.values()))):
                return super().__call__(*args, **kwargs)
            raise errors.UnsupportedError(
                "vectorize: signature= is not supported on a traced value; write "
                "autograd_core.vmap(f)(x).",
                Location.of_caller(),
            )
        elements = np.vectorize(lambda *a, **k: _Held(inside(*a, **k)), otypes=[object],
                                excluded=self.excluded)  # fmt: skip
        held = np.asarray(elements(
            *(v if k in self.excluded else _elements(v) for k, v in enumerate(args)),
            **{k: v if k in self.excluded else _elements(v) for k, v in kwargs.items()},
        ))  # fmt: skip
        values = [h.value for h in held.ravel().tolist()]
        if not values:
            return super().__call__(*map(_shell, args), **kwargs)
        kinds = list(self.otypes) if self.otypes else []
        if not isinstance(values[0], tuple):
            return _regrouped(values, held.shape, kinds[0] if kinds else None)
        columns = zip(*values, strict=True)
        return tuple(
            _regrouped(list(column), held.shape, kinds[k] if kinds else None)
            for k, column in enumerate(columns)
        )


class _Held:
    """A value that NumPy does not look into."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _shell(value: Any) -> Any:
    return np.zeros(np.shape(value)) if holds(value) else value


def _elements(value: Any) -> Any:
    """Return an argument as an array of its elements, which may be traced."""
    if not holds(value):
        return value
    joined = asarray(value)
    made = np.empty(np.shape(joined), dtype=object)
    for index in np.ndindex(made.shape):
        made[index] = joined[index]
    return made


def _regrouped(values: Sequence[Any], shape: tuple[int, ...], dtype: Any) -> Any:
    """Return the outputs for all elements as one array of the first one's kind of number."""
    if dtype is None:
        dtype = asarray(values[0]).dtype
        late = next((v for v in values if holds(v) and asarray(v).dtype.kind in "fc"), None)
        if late is not None and dtype.kind not in "fc":
            raise errors.DTypeError(
                f"vectorize: the first output is of {dtype}, so that NumPy would round the others "
                "and cut their derivatives; write otypes=[float], or return floats (0.0, not 0).",
                Location.of_caller(),
            )
    if not holds(values):
        return np.asarray(values, dtype=dtype).reshape(shape)
    return np.reshape(join(values, dtype, "vectorize"), shape)


def _with_function(function: Callable[..., Any], place: int, name: str) -> Callable[..., Any]:
    """Return a NumPy function that calls the user's, whose values may be traced."""
    rule = REGISTRY[function]

    def call(*args: Any, **keywords: Any) -> Any:
        given = args[place] if len(args) > place else keywords.get(name)
        if not holds((*args, *keywords.values())):
            try:
                return function(*args, **keywords)
            except errors.ConversionError:  # the user's function knows traced values
                pass
        if len(args) > place:
            args = (*args[:place], asarray(given), *args[place + 1 :])
        elif given is not None:
            keywords = {**keywords, name: asarray(given)}
        run = function if holds(given) else rule  # NumPy calls the rule, which a closure needs
        return run(*args, **keywords)

    return as_numpys(call, function, "the function may return traced values.")


apply_along_axis = _with_function(np.apply_along_axis, 2, "arr")


def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """Evaluate functions where their conditions hold, as numpy.piecewise; they may be traced."""
    if not holds((x, condlist, funclist, *args, *kw.values())):
        try:
            return np.piecewise(x, condlist, funclist, *args, **kw)
        except errors.ConversionError:  # one of the functions knows traced values
            pass
    values = [f if callable(f) or not holds(f) else asarray(f) for f in funclist]
    run = np.piecewise if holds(x) else REGISTRY[np.piecewise]
    return run(asarray(x), condlist, values, *args, **kw)
