"""How each operation is written in NumPy: ``x @ w``, ``np.tanh(x, out=h)``, ``x[:, 0]``.

An operation that is not found here is written as a call of its own kernel, by name.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autograd_core.operations.primitive import Constant, Primitive
from autograd_core.rules import elementwise as e
from autograd_core.rules import indexing, joining, products, reductions, shapes

# How tightly an expression binds: a sum needs brackets inside of a product.
COMPARISON, SUM, PRODUCT, SIGN, POWER, CALL = range(6)


class Text(NamedTuple):
    """An expression, and how tightly it binds."""

    text: str
    binds: int = CALL

    def within(self, binds: int) -> str:
        """Return the expression, in brackets where something binds tighter."""
        return self.text if self.binds >= binds else f"({self.text})"


# Gets the arguments' texts and the settings' texts by name.
Speller = Callable[[list[Text], dict[str, str]], Text]


class Spelling(NamedTuple):
    """How an operation is written, and the function that writes into an array given as out=."""

    text: Speller
    into: str | None = None  # "np.add": np.add(a, b, out=c)
    elementwise: bool = False  # the result may overwrite an argument


def _infix(sign: str, binds: int, function: str) -> Spelling:
    def text(args: list[Text], settings: dict[str, str]) -> Text:
        a, b = args
        # comparisons do not chain, and powers bind from the right
        left = binds + 1 if binds in (COMPARISON, POWER) else binds
        right = POWER if binds == POWER else binds + 1
        return Text(f"{a.within(left)} {sign} {b.within(right)}", binds)

    return Spelling(text, function, True)


def _prefix(sign: str, function: str) -> Spelling:
    return Spelling(lambda args, _: Text(sign + args[0].within(SIGN), SIGN), function, True)


_USUAL = {("keepdims", "False"), ("axis", "None"), ("dtype", "None")}  # need not be written


def _listed(settings: dict[str, str]) -> list[str]:
    return [f"{k}={v}" for k, v in settings.items() if (k, v) not in _USUAL]


def _call(name: str, into: str | None = None, elementwise: bool = False) -> Spelling:
    def text(args: list[Text], settings: dict[str, str]) -> Text:
        return Text(f"{name}({', '.join([*(a.text for a in args), *_listed(settings)])})")

    return Spelling(text, into, elementwise)


def _method(name: str, *positional: str) -> Speller:
    """``x.name(...)``; these settings come first, without their names."""

    def text(args: list[Text], settings: dict[str, str]) -> Text:
        first = [settings[k] for k in positional if k in settings]
        rest = _listed({k: v for k, v in settings.items() if k not in positional})
        others = [a.text for a in args[1:]]
        return Text(f"{args[0].within(CALL)}.{name}({', '.join([*others, *first, *rest])})")

    return text


def _transposed(args: list[Text], settings: dict[str, str]) -> Text:
    if settings.get("axes", "None") == "None":
        return Text(f"{args[0].within(CALL)}.T")
    return Text(f"{args[0].within(CALL)}.transpose({settings['axes']})")


def _indexed(args: list[Text], settings: dict[str, str]) -> Text:
    return Text(f"{args[0].within(CALL)}[{settings['index']}]")


def _chosen(args: list[Text], settings: dict[str, str]) -> Text:
    return Text(f"np.where({settings['condition']}, {args[0].text}, {args[1].text})")


def _concatenated(args: list[Text], settings: dict[str, str]) -> Text:
    inside = ", ".join(a.text for a in args) + ("," if len(args) == 1 else "")
    axis = settings.get("axis", "0")
    return Text(f"np.concatenate(({inside})" + (")" if axis == "0" else f", axis={axis})"))


def _summed_up(args: list[Text], settings: dict[str, str]) -> Text:
    operands = ", ".join([settings["subscripts"], *(a.text for a in args)])
    return Text(f"np.einsum({operands})")


def _matrix_product(args: list[Text], settings: dict[str, str]) -> Text:
    a, b = args
    return Text(f"{a.within(CALL)}.dot({b.text})")


def _stacked_product(args: list[Text], settings: dict[str, str]) -> Text:
    a, b = args
    return Text(f"{a.within(PRODUCT)} @ {b.within(PRODUCT + 1)}", PRODUCT)


# The operator @ of arrays, whatever a Tensor does for it.
STACKED = Primitive(
    operator.matmul,
    name="matmul",
    arity=2,
    settings=frozenset(),
    positional=("a", "b"),
    category="product",
)
_SPELLED: dict[Primitive, Spelling] = {
    e.add: _infix("+", SUM, "np.add"),
    e.subtract: _infix("-", SUM, "np.subtract"),
    e.multiply: _infix("*", PRODUCT, "np.multiply"),
    e.divide: _infix("/", PRODUCT, "np.divide"),
    e.floor_divide: _infix("//", PRODUCT, "np.floor_divide"),
    e.remainder: _infix("%", PRODUCT, "np.remainder"),
    e.power: _infix("**", POWER, ""),
    e.negative: _prefix("-", "np.negative"),
    e.absolute: _call("abs", "np.absolute", True),
    e.clipped: _call("np.clip", "np.clip", True),
    e.round_: _call("np.round"),
    reductions.sum_: Spelling(_method("sum")),
    reductions.mean: _call("np.mean"),
    shapes.reshape: Spelling(_method("reshape", "shape")),
    shapes.ravel: Spelling(_method("ravel")),
    shapes.transpose: Spelling(_transposed),
    shapes.swapaxes: Spelling(_method("swapaxes", "axis1", "axis2")),
    shapes.astype_: Spelling(_method("astype", "dtype")),
    shapes.copy_: Spelling(_method("copy")),
    shapes.roll: _call("np.roll"),
    shapes.repeat: _call("np.repeat"),
    shapes.tril: _call("np.tril"),
    shapes.triu: _call("np.triu"),
    reductions.cumsum: _call("np.cumsum"),
    indexing.getitem: Spelling(_indexed),
    indexing.select_: Spelling(_chosen),
    joining.joined: Spelling(_concatenated),
    joining.padded: _call("np.pad"),
    products.outer_: _call("np.outer"),
    products.flat: Spelling(_matrix_product, "np.dot"),
    STACKED: Spelling(_stacked_product, "np.matmul"),
    products.rearranged: Spelling(_summed_up),
}
# Written in other operations before a program is printed (`simplify`), or in several lines.
_LINES = {indexing.scatter: "scatter", indexing.setitem: "setitem"}

_BY_FUNCTION: dict[Any, Spelling] = {
    function: _infix(sign, COMPARISON, f"np.{function.__name__}")
    for function, sign in (
        (np.greater, ">"), (np.greater_equal, ">="), (np.less, "<"), (np.less_equal, "<="),
        (np.equal, "=="), (np.not_equal, "!="),
    )
}  # fmt: skip
_MODULES: list[tuple[str, Any]] = [
    ("np", np),
    ("np.linalg", np.linalg),
    ("np.fft", np.fft),
    ("np.lib.stride_tricks", np.lib.stride_tricks),
]


def public_name(function: Any) -> str | None:
    """Return how NumPy's user writes a function, ``np.linalg.inv``; None if it is not NumPy's.

    Examples
    --------
    >>> public_name(np.linalg.inv), public_name(len)
    ('np.linalg.inv', None)
    """
    name = getattr(function, "__name__", "")
    for prefix, module in _MODULES:
        if getattr(module, name, None) is function:
            return f"{prefix}.{name}"
    return None


def spelling_of(operation: Primitive) -> Spelling | None:
    """Return how an operation is written; None if only by its kernel's name."""
    found = _SPELLED.get(operation)
    if found is not None:
        return found
    found = _BY_FUNCTION.get(operation.forward)
    if found is not None:
        return found
    name = public_name(operation.forward)
    if name is None:
        return None
    ufunc = isinstance(operation.forward, np.ufunc)
    single = ufunc and operation.forward.nout == 1  # type: ignore[attr-defined]
    return _call(name, name if single else None, single)


def is_spelled(operation: Primitive) -> bool:
    """Whether an operation is written as NumPy's users write it."""
    return (
        operation in _SPELLED
        or operation in _LINES
        or isinstance(operation, Constant)
        or public_name(operation.forward) is not None
    )
