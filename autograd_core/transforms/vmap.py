"""vmap: a function of one example made a function of a whole batch, in one run.

Who needs a `Batching` takes it from here: the rules of the primitives come along.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, cast

import numpy as np

import autograd_core.transforms.batch_rules  # noqa: F401 - fills the tables
from autograd_core.base import errors, tree
from autograd_core.base.source import Location
from autograd_core.engine import trace_borders
from autograd_core.operations.other_libraries import argument
from autograd_core.operations.primitive import Boxed, bare
from autograd_core.transforms.batched import Batched, Batching, TooLargeError
from autograd_core.transforms.randomness import CHOICES, running


@trace_borders.keywords
def vmap(
    f: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0, *, randomness: str = "error"
) -> Callable[..., Any]:
    """Return a version of f that runs on a whole batch at once.

    Parameters
    ----------
    f : callable
        From pytrees of arrays, one example each, to a pytree of arrays.  f may not branch on
        the values in Python (use ``np.where``).
    in_axes : int, None, or a pytree of them
        For each argument, the axis of the examples; None where all examples share it.  One for all,
        or a tuple with one for each argument,
        each possibly nested as the argument is.
    out_axes : int or a pytree of them
        Where the batch axis goes in each result.
    randomness : {"error", "different", "same"}
        What happens to a random draw of the library, such as dropout's: it is refused, made for
        each example, or made once for all. ``vmap`` cannot see draws that f itself makes from
        NumPy; they are the same for all examples.

    Returns
    -------
    callable
        Gives the same values as a loop over the examples and ``np.stack``, derivatives included;
        nests with itself and with every transform.

    Raises
    ------
    ShapeError
        If the batch axes differ in length, don't exist, or there is none.
    OperandError
        If `randomness` is not one of the three words.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad, vmap
    >>> vmap(np.dot)(np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([1., 4.])
    >>> per_example = vmap(grad(lambda w, x: np.tanh(w @ x)), in_axes=(None, 0))
    >>> per_example(np.zeros(2), np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[1., 2.],
           [3., 4.]])
    """
    if randomness not in CHOICES:
        raise errors.OperandError(
            f"vmap: randomness must be one of {', '.join(map(repr, CHOICES))}, not {randomness!r}.",
            Location.of_caller(),
        )

    @wraps(f)
    def batched(*args: Any, **keywords: Any) -> Any:
        values = tree.leaves(args)
        axes = _axes_of(args, in_axes)
        values = [argument(v._held if _is_constant_tensor(v) else v, "vmap") for v in values]
        batch = Batching(_length(values, axes))
        batch.level = trace_borders.users_level()
        inside = [
            v if axis is None else batch.enter(_moved(v, axis, 0))
            for v, axis in zip(values, axes, strict=True)
        ]
        with trace_borders.trace(batch.level), running(batch, randomness):
            result = f(*tree.like(args, inside), **keywords)
        trace_borders.check_result(result, batch.level, "vmap")
        outputs = tree.leaves(result)
        places = _out_axes_of(result, out_axes)
        return tree.like(
            result,
            [
                _moved(_taken_out(batch, out), 0, axis)
                for out, axis in zip(outputs, places, strict=True)
            ],
        )

    return batched


def _length(values: Sequence[Any], axes: Sequence[int | None]) -> int:
    """Return how many examples the arguments hold."""
    sizes = set()
    for value, axis in zip(values, axes, strict=True):
        if axis is not None:
            shape = np.shape(bare(value))
            if not -len(shape) <= axis < len(shape):
                raise errors.ShapeError(
                    f"vmap: in_axes names axis {axis} of an argument of shape {shape}.",
                    Location.of_caller(),
                )
            sizes.add(int(shape[axis]))
    if len(sizes) == 1:
        return sizes.pop()
    found = "no argument has a batch axis"
    if sizes:
        lengths = ", ".join(map(str, sorted(sizes)))
        found = f"the arguments' batch axes have lengths {lengths}"
    raise errors.ShapeError(
        f"vmap: {found}; every argument that in_axes gives an axis needs the same length.",
        Location.of_caller(),
    )


def _is_constant_tensor(value: Any) -> bool:
    return isinstance(value, Boxed) and not value._level and hasattr(value, "_held")


def _moved(value: Any, source: int, destination: int) -> Any:
    if not hasattr(value, "dtype"):
        value = np.asarray(value)
    return value if source == destination else np.moveaxis(value, source, destination)


def _taken_out(batch: Batching, value: Any) -> Any:
    while isinstance(value, Boxed) and (value._level > batch.level or _is_constant_tensor(value)):
        value = value._below()  # of a tape or a Dual made inside, and over
    if isinstance(value, type):
        raise errors.OperandError(
            f"vmap: the function returned the class {value.__name__}, which is not an array of "
            "numbers; leave it out of the result.",
            Location.of_caller(),
        )
    made = batch.spread(value)
    while _is_constant_tensor(made):
        made = made._held
    return made if batch.holds(value) or isinstance(made, Boxed) else made.copy()


def _axes_of(args: tuple[Any, ...], in_axes: Any) -> list[int | None]:
    """Return the batch axis of each leaf."""
    if not isinstance(in_axes, (tuple, list)):
        in_axes = (in_axes,) * len(args)
    if len(in_axes) != len(args):
        raise errors.ShapeError(
            f"vmap: in_axes has {len(in_axes)} entries for {len(args)} arguments.",
            Location.of_caller(),
        )
    return [axis for a, axes in zip(args, in_axes, strict=True) for axis in _spelt(a, axes)]


def _spelt(pytree: Any, axes: Any) -> list[int | None]:
    """Return one axis for each leaf of a pytree, from one for all or a pytree of them."""
    if axes is None or isinstance(axes, (int, np.integer)):
        return [None if axes is None else int(axes)] * len(tree.leaves(pytree))
    if isinstance(pytree, dict) and isinstance(axes, dict) and pytree.keys() == axes.keys():
        return [axis for key in pytree for axis in _spelt(pytree[key], axes[key])]
    both = isinstance(pytree, (list, tuple)) and isinstance(axes, (list, tuple))
    if both and len(pytree) == len(axes):
        return [a for part, spec in zip(pytree, axes, strict=True) for a in _spelt(part, spec)]
    raise errors.ShapeError(
        f"vmap: the axes {axes!r} are not nested like the values they belong to; give an "
        "integer, None, or axes nested in the same way.",
        Location.of_caller(),
    )


def _out_axes_of(result: Any, out_axes: Any) -> list[int]:
    found = _spelt(result, out_axes)
    if any(axis is None for axis in found):
        raise errors.ShapeError(
            "vmap: out_axes may not be None; take the one example that you want from the result.",
            Location.of_caller(),
        )
    return cast("list[int]", found)


__all__ = ["Batched", "Batching", "TooLargeError", "vmap"]
