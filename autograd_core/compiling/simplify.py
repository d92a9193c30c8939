"""Less work, the same bits: constants, repeated values and unused values are left out.

Only rewrites that give the same numbers bit for bit are made (the sign of a
zero aside): nothing is reassociated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.compiling.program import Program, Step, Value, example, replaced, values_in
from autograd_core.operations.primitive import Constant, Primitive
from autograd_core.rules import elementwise as e
from autograd_core.rules import indexing, reductions, shapes

_BY_SHAPE = frozenset({"zeros_like", "ones_like", "empty_like"})  # their numbers read no numbers
_OF_ALL = frozenset({reductions.sum_, reductions.mean, reductions.max_, reductions.min_})
_MOVES_NOTHING = frozenset(
    {
        shapes.reshape,
        shapes.ravel,
        shapes.broadcast_to,
        shapes.astype_,
        e.positive,
        shapes.copy_,
        shapes.real,
    }
)


def simplify(program: Program) -> None:
    """Rewrite a program in place, into one with the same outputs and fewer steps."""
    known: dict[Any, list[Value | None]] = {}
    instead: dict[Value, Any] = {}  # from a value to the value or constant that replaces it

    def now(argument: Any) -> Any:
        return instead.get(argument, argument) if argument.__class__ is Value else argument

    kept: list[Step] = []
    for step in program.steps:
        step.args = [replaced(a, now) for a in step.args]
        step.params = {k: replaced(v, now) for k, v in step.params.items()}
        if step.operation is None:
            if any(step.uses()):
                kept.append(step)
            continue
        _write_numbers(step)
        even = step.operation is not e.power  # which rounds otherwise beside a number
        if even and step.operation.category == "elementwise" and not step.multiple:
            _spread_no_number(step)
            _broadcast_by_itself(step)
        if step.operation is e.multiply and not step.multiple:
            _negate(step)
        if _is_constant(step):
            for value in step.results:
                if value is not None:
                    instead[value] = value.example
            continue
        if not step.multiple:
            other = _same_as(step)
            if other is not None:
                _hand_on(step.result, other, instead)
                continue
        key = _key(step)
        earlier = known.get(key)
        if earlier is not None:
            for value, before in zip(step.results, earlier, strict=True):
                if value is not None:
                    assert before is not None
                    _hand_on(value, before, instead)
            continue
        known[key] = step.results
        kept.append(step)
    program.steps = kept
    program.outputs = [now(out) for out in program.outputs]
    drop_unused(program)


def _hand_on(value: Value, other: Any, instead: dict[Value, Any]) -> None:
    instead[value] = other
    if other.__class__ is Value and other.gradient_of is None and other.maker is not None:
        other.gradient_of = value.gradient_of


def _is_constant(step: Step) -> bool:
    assert step.operation is not None
    if not any(step.uses()):
        return True
    return isinstance(step.operation, Constant) and step.operation.name in _BY_SHAPE


def _same_as(step: Step) -> Any:
    """Return an argument that the result equals in shape, dtype and every number, or None."""
    operation, made = step.operation, step.result.example
    if not step.args:  # values in its settings only
        return None
    first = step.args[0]
    if operation in _MOVES_NOTHING and _alike(first, made):
        return first
    plain = step.params.keys() <= {"axis", "keepdims"}
    if operation in _OF_ALL and plain and not np.ndim(made) and _alike(first, made):
        return first  # of one number
    if operation is e.multiply or operation is e.divide:
        if _is_one(step.args[1]) and _alike(first, made):
            return first
        if operation is e.multiply and _is_one(first) and _alike(step.args[1], made):
            return step.args[1]
    if operation is e.negative and first.__class__ is Value and first.maker is not None:
        inner = first.maker
        if inner.operation is e.negative and _alike(inner.args[0], made):
            return inner.args[0]
    return None


def _negate(step: Step) -> None:
    """Write -x for x times -1."""
    for k, a in enumerate(step.args):
        x = step.args[1 - k]
        if a.__class__ is not Value and np.ndim(a) == 0 and a == -1 and x.__class__ is Value:
            if _alike(x, step.result.example):
                step.operation, step.args = e.negative, [x]
            return


def _write_numbers(step: Step) -> None:
    """Write a number instead of an array of no axes, where both round alike."""
    if step.operation is not e.power:
        step.args = [
            a[()] if a.__class__ is np.ndarray and not a.ndim and a.dtype.kind in "biuf" else a
            for a in step.args
        ]


def _replace(step: Step, k: int, argument: Any) -> None:
    """Give a step another argument, if its result then lies in memory as before.

    The order of elements decides in which order a later sum adds them.
    """
    assert step.operation is not None
    args = [*step.args[:k], argument, *step.args[k + 1 :]]
    settings = {name: replaced(v, example) for name, v in step.params.items()}
    with np.errstate(all="ignore"):
        made = step.operation.forward(*(replaced(a, example) for a in args), **settings)
    if _alike(made, step.result.example):
        step.args = args


def _spread_no_number(step: Step) -> None:
    """Write a number instead of an array that is this number everywhere."""
    for k, a in enumerate(step.args):
        if not (isinstance(a, np.ndarray) and a.size and a.dtype.kind == "f"):
            continue
        whole = any(
            isinstance(x.example, np.ndarray) and x.example.shape == step.result.example.shape
            for x in step.uses()  # the condition of a choice too
        )
        number = a.flat[0]
        if whole and a.shape and (a == number).all() and np.signbit(a).all() == np.signbit(number):
            _replace(step, k, number)


def _broadcast_by_itself(step: Step) -> None:
    """Leave the repeating of a smaller argument to the operation, where another is whole."""
    shape = step.result.example.shape
    for k, a in enumerate(step.args):
        others = (x for j, x in enumerate(step.args) if j != k)
        if not any(x.__class__ is Value and np.shape(x.example) == shape for x in others):
            continue
        while a.__class__ is Value and a.maker is not None:
            inner = a.maker.args[0] if a.maker.args else None
            repeated = a.maker.operation is shapes.broadcast_to
            number = a.maker.operation is shapes.reshape and a.example.size == 1
            if inner.__class__ is not Value or not (
                repeated or (number and np.ndim(inner.example) == 0)
            ):
                break
            a = inner
        if a is not step.args[k]:
            _replace(step, k, a)


def _alike(argument: Any, made: Any) -> bool:
    x = argument.example if argument.__class__ is Value else argument
    return (
        x.__class__ is made.__class__
        and x.shape == made.shape
        and x.dtype == made.dtype
        and getattr(x, "strides", ()) == getattr(made, "strides", ())
    )


def _is_one(argument: Any) -> bool:
    if argument.__class__ is Value or isinstance(argument, (bool, str, list, tuple)):
        return False
    return bool(np.all(np.equal(argument, 1)))


def _key(step: Step) -> Any:
    arguments = tuple(_key_of(a) for a in step.args)
    settings = tuple((k, _key_of(v)) for k, v in sorted(step.params.items()))
    return step.operation, arguments, settings


def _key_of(nest: Any) -> Any:
    if isinstance(nest, (list, tuple)):
        return (type(nest), *(_key_of(part) for part in nest))
    if isinstance(nest, slice):
        return ("slice", nest.start, nest.stop, nest.step)
    if isinstance(nest, (int, float, str, bool)) and not isinstance(nest, np.generic):
        return type(nest), repr(nest)
    if isinstance(nest, np.generic):
        return nest.dtype.str, nest.tobytes()
    if nest is None or isinstance(nest, (np.dtype, type, Primitive)):
        return nest
    return "object", id(nest)


def drop_unused(program: Program) -> None:
    """Remove the steps that neither an output nor a guard needs."""
    needed = set(values_in(program.outputs))
    kept: list[Step] = []
    for step in reversed(program.steps):
        if step.operation is None or not needed.isdisjoint(v for v in step.results if v):
            needed.update(step.uses())
            kept.append(step)
    program.steps = kept[::-1]
    program.captured = [v for v in program.captured if v in needed]
    program.inputs = [v for v in program.inputs if v.tensor is None or v in needed]


def join_scatters(program: Program) -> None:
    """Turn sums of scattered pieces into one array that the pieces are written into.

    ``zeros + piece 1`` plus ``zeros + piece 2`` plus ...: the gradient of a value that was cut
    up.  Where the pieces lie apart, one array and one write for each is the same.
    """
    uses: dict[Value, int] = {}
    for value in values_in([program.outputs, [[s.args, s.params] for s in program.steps]]):
        uses[value] = uses.get(value, 0) + 1
    pieces: dict[Value, list[tuple[Any, Any]]] = {}  # what a value is put together from
    for step in program.steps:
        if step.operation is indexing.scatter and _basic(step):
            pieces[step.result] = [(step.params["index"], step.args[0])]
        elif step.operation is e.add:
            a, b = step.args
            if a.__class__ is not Value or b.__class__ is not Value:
                continue
            first, second = pieces.get(a), pieces.get(b)
            if first and second and a is not b and uses[a] == uses[b] == 1:
                x = step.result.example
                shape = x.shape
                if x.flags.c_contiguous and _apart(
                    [i for i, _ in first], [i for i, _ in second], shape
                ):
                    pieces[step.result] = first + second
                    step.operation = ASSEMBLED
                    step.args = [piece for _, piece in pieces[step.result]]
                    step.params = {
                        "index": [i for i, _ in pieces[step.result]],
                        "shape": shape,
                    }
    drop_unused(program)


def _basic(step: Step) -> bool:
    index = step.params["index"]
    parts = index if isinstance(index, tuple) else (index,)
    return all(part.__class__ in (int, slice) or part is Ellipsis for part in parts)


def by_pieces(step: Step) -> bool:
    """Whether a step makes an array and writes pieces into it."""
    if step.operation is indexing.scatter and _basic(step):
        return bool(step.result.example.flags.forc)  # made anew: without gaps
    return step.operation is ASSEMBLED


def _apart(first: list[Any], second: list[Any], shape: tuple[int, ...]) -> bool:
    """Whether no element is named by both."""
    taken = np.zeros(shape, dtype=bool)
    for index in first:
        taken[index] = True
    return not any(taken[index].any() for index in second)


# An array made of pieces: arguments the pieces, settings their places.  Printed, never run.
ASSEMBLED = Primitive(
    np.zeros,
    name="assembled",
    arity=None,
    settings=frozenset({"index", "shape"}),
    positional=(),
    category="index",
)
# Loops that make several arrays at once (`lowering`): the setting says which.  Printed, never run.
LOOPS = Primitive(
    np.zeros,
    name="loops",
    arity=None,
    settings=frozenset({"kernel"}),
    positional=(),
    category="index",
)
