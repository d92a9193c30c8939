"""Keywords that few calls have: ``where=`` and ``initial=`` of reductions, ``dtype=``, ``axes=``.

Each is written in operations that have rules already, so every mode follows.  Values are NumPy's up
to the order in which an initial value enters a sum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.operations.arguments import rarely
from autograd_core.operations.kinds import beside
from autograd_core.operations.primitive import Boxed, Primitive
from autograd_core.operations.registry import REGISTRY
from autograd_core.rules import products, reductions, special


def _absent(value: Any) -> bool:
    return value is None or value is np._NoValue


def _masked(a: Any, where: Any, neutral: Any) -> Any:
    """Return a with the neutral value where a reduction is not to look."""
    if where is True:
        return a
    if not hasattr(where, "dtype"):
        where = np.asarray(where)
    if where.dtype.kind != "b":
        raise TypeError(f"where= must be of bool, not of {where.dtype}.")
    if np.broadcast_shapes(where.shape, a.shape) != a.shape:
        raise ValueError(f"where= of shape {where.shape} does not fit an array of {a.shape}.")
    return np.where(beside(a, where) if type(where) is np.ndarray else where, a, neutral)


def _initial(initial: Any, made: Any) -> Any:
    """Return an initial value in a reduction's dtype."""
    if not isinstance(initial, Boxed):
        initial = np.asarray(initial)
    if initial.ndim:
        raise ValueError(f"initial= must be a scalar, not of shape {initial.shape}.")
    if initial.dtype.kind == "c" and made.dtype.kind != "c":
        raise TypeError(f"initial= is complex, and the reduction is of {made.dtype}.")
    initial = initial if initial.dtype == made.dtype else initial.astype(made.dtype)
    return beside(made, initial) if isinstance(initial, np.ndarray | np.generic) else initial


def _reduction(
    reduce: Callable[..., Any], join: Callable[..., Any], neutral: float, has_identity: bool = True
) -> Callable[..., Any]:
    """Return a reduction with where= and initial=, of its neutral value and its binary form."""

    def run(a: Any, *, where: Any = True, initial: Any = None, **settings: Any) -> Any:
        if where is not True and _absent(initial) and not has_identity:
            raise ValueError("it has no identity, so with where= one has to specify initial=.")
        masked = _masked(a, where, neutral)
        if _absent(initial):
            return reduce(masked, **settings)
        if not has_identity and not a.size:  # nothing but the initial value is there
            masked = np.sum(a, **settings)
            return np.broadcast_to(_initial(initial, masked), masked.shape)
        made = reduce(masked, **settings)
        return join(made, _initial(initial, made))

    return run


rarely(reductions.sum_, keywords=("where", "initial"))(_reduction(np.sum, np.add, 0))
rarely(reductions.prod, keywords=("where", "initial"))(_reduction(np.prod, np.multiply, 1))
rarely(reductions.max_, keywords=("where", "initial"))(
    _reduction(np.max, np.maximum, -np.inf, False)
)
rarely(reductions.min_, keywords=("where", "initial"))(
    _reduction(np.min, np.minimum, np.inf, False)
)
rarely(special.logsumexp, keywords=("where", "initial"))(
    _reduction(special.logsumexp, np.logaddexp, -np.inf)
)


@rarely(reductions.mean, keywords=("where",))
@reductions.in_single
def _mean(
    a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False, where: Any = True
) -> Any:
    a = reductions.as_dtype(a, dtype)
    n = reductions.counted(a, axis, where, reductions.kept(keepdims))
    return np.sum(_masked(a, where, 0), axis=axis, keepdims=reductions.kept(keepdims)) / n


# --- ufuncs -------------------------------------------------------------------


def _cast(name: str, values: tuple[Any, ...], dtype: Any, casting: Any) -> list[Any]:
    """Return the arrays among operands as a loop of this dtype reads them."""
    found = []
    for k, x in enumerate(values):
        if hasattr(x, "dtype") and x.dtype != dtype:
            if not np.can_cast(x.dtype, dtype, casting):
                raise TypeError(
                    f"cannot cast input {k} of {name} from {x.dtype} to {dtype} with "
                    f"casting={casting!r}."
                )
            x = x.astype(dtype)
        found.append(x)
    return found


def _typed(operation: Primitive, ufunc: np.ufunc) -> Callable[..., Any]:
    """Return a ufunc with dtype=: the loop of equal kinds of number that NumPy chooses by it."""

    def run(*values: Any, dtype: Any = None, casting: str = "same_kind") -> Any:
        kind = np.dtype(dtype)
        if f"{kind.char * ufunc.nin}->{kind.char * ufunc.nout}" not in ufunc.types:
            raise TypeError(f"{operation.name} has no loop whose numbers are all of {kind}.")
        return operation(*_cast(operation.name, values, kind.newbyteorder("="), casting))

    return run


_registered: list[tuple[Any, Any]] = list(REGISTRY.items())
for _ufunc, _operation in _registered:
    plain = isinstance(_ufunc, np.ufunc) and _ufunc.signature is None
    if plain and isinstance(_operation, Primitive) and _operation.arity == _ufunc.nin:
        rarely(_operation, keywords=("dtype", "casting"))(_typed(_operation, _ufunc))


@rarely(products.matmul, keywords=("axes", "dtype", "casting"))
def _matmul(a: Any, b: Any, axes: Any = None, dtype: Any = None, casting: str = "same_kind") -> Any:
    if dtype is not None:
        a, b = _cast("matmul", (a, b), np.dtype(dtype), casting)
    if _absent(axes):
        return products.matmul(a, b)
    if len(axes) not in (2, 3) or any(np.ndim(x) < 2 for x in (a, b)):
        raise ValueError("axes= of matmul: one pair of axes for each of two arrays of matrices.")
    first, second, *out = [tuple(map(int, pair)) for pair in axes]
    made = products.matmul(np.moveaxis(a, first, (-2, -1)), np.moveaxis(b, second, (-2, -1)))
    return np.moveaxis(made, (-2, -1), out[0]) if out else made
