"""The formula of each message: declared with the operation, or said by its rule, or general.

What a page shows is what is evaluated here: a formula is used only where it gives, on the
numbers of this step, the message that the sweep sent.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from autograd_core.engine.messages import conjugated
from autograd_core.engine.node import Node
from autograd_core.operations.kinds import beside, host
from autograd_core.operations.primitive import Primitive, bare
from autograd_core.rules.shapes import sum_to
from autograd_core.viewer.naming import index_text, setting_text
from autograd_core.viewer.numbers import number_text
from autograd_core.viewer.spoken import UnspokenError, speak
from autograd_core.viewer.typesetting import parsed, simpler, typeset

LONGEST = 90  # characters of a formula that a rule said by itself
MOST = 1 << 16  # numbers of a Jacobian that is evaluated to check the general formula
NUMBERS = (int, float, complex, np.number, np.ndarray)
_NAMES = "abcdefgh"


@dataclass
class Formula:
    """One message as an expression.

    Attributes
    ----------
    source : str
        Python: the expression, then definitions of names in it, divided by ``;``.
    values : dict
        What its names stand for.
    shown : dict
        How a page calls them.
    kind : str
        "declared", "rule", "slope" or "chain".
    shape : tuple of int
        Of the argument, to which the message belongs.
    argument : str
        The argument's name.
    real : bool
        Whether the argument is real, so that of a complex result the real part counts.
    """

    source: str
    values: dict[str, Any]
    shown: dict[str, str]
    kind: str
    shape: tuple[int, ...]
    argument: str
    real: bool = True
    trees: list[tuple[str, ast.expr]] = field(default_factory=list)

    def __post_init__(self) -> None:
        first, *others = self.source.split(";")
        self.trees = [("", self._conjugated(parsed(first)))]
        for one in others:
            name, _, text = one.partition("=")
            self.trees.append((name.strip(), self._conjugated(parsed(text))))

    def _conjugated(self, tree: ast.expr) -> ast.expr:
        """Turn the rules' convention into that of ``.grad``: factors are conjugated there."""
        if self.kind in ("slope", "chain"):
            return tree
        made = _Conjugated(self.values).visit(_Literal(self.values, self.shown).visit(tree))
        return simpler(made)

    def evaluate(self) -> Any:
        """Return the expression's value, before it is summed or copied to the argument's shape."""
        with np.errstate(all="ignore"):
            scope = dict(self.values)
            for name, tree in [*self.trees[:0:-1], self.trees[0]]:
                for part in ast.walk(tree):
                    if isinstance(part, ast.Name) and part.id not in scope:
                        scope[part.id] = _function(part.id)
                code = compile(ast.fix_missing_locations(ast.Expression(tree)), "formula", "eval")
                scope[name] = eval(code, {"__builtins__": {}}, scope)
            return scope[""]

    def message(self) -> Any:
        """Return the value in the argument's shape: what the operation sends."""
        return fitted(self.evaluate(), self.shape, self.real)

    @property
    def text(self) -> str:
        """The expression as a page shows it."""
        return self._typeset(self.shown)

    @property
    def arithmetic(self) -> str:
        """The expression with its numbers in place of its names; empty unless all are scalars."""
        used = {n.id for _, t in self.trees for n in ast.walk(t) if isinstance(n, ast.Name)}
        numbers = {}
        for name in used & set(self.values):
            value = self.values[name]
            if not isinstance(value, NUMBERS) or np.ndim(value):
                return ""
            numbers[name] = number_text(value)
        return self._typeset(numbers) if len(self.trees) == 1 and numbers else ""

    def _typeset(self, shown: dict[str, str]) -> str:
        texts = [(name, typeset(tree, lambda n: shown.get(n, n))) for name, tree in self.trees]
        definitions = ", ".join(f"{name} = {text}" for name, text in texts[1:])
        return texts[0][1] + (f", where {definitions}" if definitions else "")

    @property
    def factors(self) -> str:
        """The shapes of the factors of a matrix product, ``4×16 @ 16×8``; empty for others."""
        tree = self.trees[0][1]
        if not (isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.MatMult)):
            return ""
        shapes = []
        for side in (tree.left, tree.right):
            one = Formula("0", self.values, {}, "slope", (), "")
            one.trees = [("", side), *self.trees[1:]]
            shapes.append("×".join(map(str, np.shape(one.evaluate()))))
        return " @ ".join(shapes)

    @property
    def ending(self) -> str:
        """What happens to the expression so that it fits the argument, in words; often nothing."""
        value = self.evaluate()
        words = shape_words(np.shape(value), self.shape, self.argument)
        if self.real and np.iscomplexobj(value):
            words += f", its real part, because {self.argument} is real"
        return words


class _Literal(ast.NodeTransformer):
    """Puts the numbers that stand in the code themselves in place of their names."""

    def __init__(self, values: dict[str, Any], shown: dict[str, str]) -> None:
        self.numbers: dict[str, float] = {}
        for name, text in shown.items():
            value = values.get(name)
            if isinstance(value, (int, float, np.integer, np.floating)) and text[-1:].isdigit():
                with suppress(ValueError):
                    if float(text) == value:
                        self.numbers[name] = float(text)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        number = self.numbers.get(node.id)
        return node if number is None else ast.Constant(number)


class _Conjugated(ast.NodeTransformer):
    def __init__(self, values: dict[str, Any]) -> None:
        self.complex = {
            n for n, v in values.items()
            if n != "upstream" and not callable(v) and not isinstance(v, tuple)
            and np.iscomplexobj(v)
        }  # fmt: skip

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.complex:
            return ast.Call(ast.Name("conj", ast.Load()), [node], [])
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, complex):
            return ast.Constant(node.value.conjugate())
        return node


def _cleared(value: Any, index: Any) -> Any:
    """Return a copy with 0 at some places."""
    made = np.array(host(value))
    made[index] = 0
    return made


def _function(name: str) -> Any:
    if name == "T":
        return lambda x: np.swapaxes(x, -1, -2) if np.ndim(x) > 1 else x
    return getattr(np, name)


def fitted(value: Any, shape: tuple[int, ...], real: bool = True) -> Any:
    """Return a value summed over the axes along which an argument was broadcast, or copied."""
    value = host(value)
    if real and np.iscomplexobj(value):
        value = value.real
    if value.shape == shape:
        return value
    joint = np.broadcast_shapes(value.shape, shape)
    if joint == shape:
        return np.broadcast_to(value, shape)
    return sum_to(np.broadcast_to(value, joint), shape)


def shape_words(have: tuple[int, ...], want: tuple[int, ...], name: str) -> str:
    """Return what `fitted` does to shapes, in words.

    Examples
    --------
    >>> shape_words((16, 8), (8,), "b")
    ', summed over 16 rows, because b was broadcast'
    >>> shape_words((), (3, 4), "x")
    ', copied to all 12 elements of x'
    """
    if have == want:
        return ""
    joint = np.broadcast_shapes(have, want)
    lead = len(joint) - len(want)
    summed = [k for k, n in enumerate(joint) if k < lead or (want[k - lead] == 1 != n)]
    short = (1,) * (len(joint) - len(have)) + have
    copied = [k for k, n in enumerate(joint) if k not in summed and short[k] == 1 != n]
    words = ""
    if summed:
        count = prod(joint[k] for k in summed)
        if len(joint) == len(summed):
            what = f"all {count} elements"
        elif len(joint) == 2:
            what = f"{count} {'rows' if summed == [0] else 'columns'}"
        else:
            axes = ", ".join(map(str, summed))
            what = f"ax{'e' if len(summed) > 1 else 'i'}s {axes} ({count} elements each)"
        words += f", summed over {what}, because {name} was broadcast"
    if copied and have and prod(have) != 1:
        axes = ", ".join(f"{k - lead} ({joint[k]} times)" for k in copied)
        words += f", copied along ax{'e' if len(copied) > 1 else 'i'}s {axes}"
    elif copied:
        words += f", copied to all {prod(want)} elements of {name}"
    return words


@dataclass
class Call:
    """One operation as it ran, and one of its arguments: what a formula speaks of."""

    primitive: Primitive
    index: int
    args: list[Any]
    result: Any
    params: dict[str, Any]
    names: list[str]  # of the arguments, as a page shows them
    name: str  # of the result

    @classmethod
    def of(cls, node: Node, index: int, names: Sequence[str], name: str) -> Call:
        """Return the call that a node recorded."""
        assert node.primitive is not None
        args = [bare(i.output if isinstance(i, Node) else i) for i in node.inputs or ()]
        return cls(node.primitive, index, args, bare(node.output), node.params, list(names), name)

    @property
    def argument(self) -> Any:
        """The value of the argument."""
        return self.args[self.index]

    def candidates(self, upstream: Any) -> Iterator[Formula]:
        """Yield the formulas that may be shown, the best to read first."""
        keys = ["x"] if len(self.args) == 1 else list(_NAMES[: len(self.args)])
        values = dict(zip(keys, self.args, strict=False)) | {"y": self.result}
        shown = dict(zip(keys, self.names, strict=False)) | {"y": self.name}
        values |= {"x": self.argument, "upstream": upstream}
        shown.setdefault("x", self.names[self.index])
        declared = self._declared()
        if declared is not None:
            source, more, told = (
                (*declared, {})[:3] if isinstance(declared, tuple) else (declared, {}, {})
            )
            yield self._made(
                source,
                {**self.params, "place": self._placed, "clear": _cleared, **values, **more},
                {**self._settings(), **told, **shown},
                "declared",
            )
        try:
            source = self._spoken(upstream, keys)
            made = self._made(source, values, shown, "rule")
            if len(made.text) <= LONGEST:
                yield made
        except (UnspokenError, SyntaxError, ValueError, RecursionError):
            pass
        which = f"∂{self.name}/∂{self.names[self.index]}"
        if self.primitive.category == "elementwise":
            slope = np.conj(self.pushed(np.ones_like(self.argument)[()]))
            yield self._made(
                "upstream * slope",
                {"upstream": upstream, "slope": slope},
                {"slope": which},
                "slope",
            )
        yield self._made(
            "chain(upstream)",
            {"upstream": upstream, "chain": self.chain},
            {"chain": which},
            "chain",
        )

    def _settings(self) -> dict[str, str]:
        """Return how settings are written in a formula."""
        return {
            k: index_text(v)
            if k == "index"
            else (k if isinstance(v, np.ndarray) and v.ndim else setting_text(v))
            for k, v in self.params.items()
        }

    def _placed(self, value: Any, index: Any) -> Any:
        """Return zeros in the argument's shape, with a value added at some places."""
        made = np.zeros(np.shape(self.argument), np.result_type(value, float))
        np.add.at(made, index, value)
        return made

    def _made(self, source: str, values: Any, shown: dict[str, str], kind: str) -> Formula:
        shape, real = np.shape(self.argument), not np.iscomplexobj(self.argument)
        name = self.names[self.index]
        return Formula(source, values, shown, kind, shape, name, real)

    def _declared(self) -> Any:
        stated = self.primitive.formulas
        if callable(stated):
            return stated(self.index, self.result, *self.args, **self.params)
        one = stated[self.index] if stated is not None else None
        return one(self.result, *self.args, **self.params) if callable(one) else one

    def _spoken(self, upstream: Any, keys: list[str]) -> str:
        primitive = self.primitive
        rule = primitive.vjps[self.index] if primitive.vjps is not None else None
        if rule is None:
            raise UnspokenError
        if primitive.slope is not None:
            slope = primitive.slope
            rule = lambda g, y, x: g * slope(y, x)  # noqa: E731
        named = [(conjugated(host(upstream)[()]), "upstream"), (self.result, "y")]
        return speak(rule, [*named, *zip(self.args, keys, strict=True)], self.params)

    def pushed(self, tangent: Any) -> Any:
        """Return the change of the result for a change of the argument, by the forward rule."""
        tangents: list[Any] = [None] * len(self.args)
        tangents[self.index] = tangent
        with np.errstate(all="ignore"):
            return self.primitive.push(tangents, self.result, self.args, self.params)

    def chain(self, upstream: Any) -> Any:
        """Return, for each element of the argument, the sum of upstream × ∂result/∂element."""
        x = host(self.argument)
        made = np.zeros(x.size, np.result_type(x, float))
        for k in range(x.size):
            for unit in (1, 1j) if np.iscomplexobj(x) else (1,):
                made[k] += unit * sum(t.sum() for _, t in self.terms(upstream, k, unit))
        return made.reshape(x.shape)

    def terms(self, upstream: Any, k: int, unit: complex = 1) -> list[tuple[Any, Any]]:
        """Return ∂result/∂element and its products with upstream, for each part of the result."""
        x = host(self.argument)
        step = np.zeros(x.size, x.dtype)
        step[k] = unit
        pushed = self.pushed(beside(self.argument, step.reshape(x.shape))[()])
        several = isinstance(self.result, (tuple, list))
        found = []
        for g, y, t in zip(*((upstream, self.result, pushed) if several else
                             ((upstream,), (self.result,), (pushed,))), strict=True):  # fmt: skip
            if t is None or g is None:
                continue
            t = np.broadcast_to(host(t), np.shape(y))
            found.append((t, np.real(np.conj(host(g)) * t)))
        return found

    def formula(self, upstream: Any, message: Any) -> Formula | None:
        """Return the first formula that gives the message; None if none does.

        Parameters
        ----------
        upstream, message : ndarray
            In the convention of ``.grad``.
        """
        scale = _largest(upstream)
        for candidate in self._safe(upstream):
            general = candidate.kind == "chain"
            try:
                if general and np.size(self.argument) * _size(self.result) > MOST:
                    return candidate  # true by definition, and long to evaluate
                if agrees(candidate.message(), message, scale, general) and candidate.text:
                    return candidate  # whose text can be written, too
            except Exception:
                continue
        return None

    def _safe(self, upstream: Any) -> Iterator[Formula]:
        found = self.candidates(upstream)
        try:
            yield from found
        except Exception:  # a declared formula or a forward rule that raises: say less
            return


def _largest(value: Any) -> float:
    parts = value if isinstance(value, (tuple, list)) else (value,)
    sizes = [np.abs(p[np.isfinite(p)]) for p in map(host, parts) if p.dtype.kind in "fc"]
    return max((float(s.max()) for s in sizes if s.size), default=0.0)


def _size(value: Any) -> int:
    parts = value if isinstance(value, (tuple, list)) else (value,)
    return sum(np.size(p) for p in parts)


def agrees(found: Any, message: Any, scale: float = 0.0, solved: bool = False) -> bool:
    """Return whether two arrays are equal, but for rounding in the message's precision.

    Parameters
    ----------
    found, message : ndarray
        What is compared.
    scale : float
        The size of what was added up: where terms cancel, their rounding stays.
    solved : bool
        Whether both modes may have solved equations of their own, to half of the digits.
    """
    message = host(bare(message))
    precision = np.finfo(message.dtype).eps if message.dtype.kind in "fc" else 1e-16
    if solved:
        precision = 1e-4 * float(np.sqrt(precision))
    finite = np.abs(message[np.isfinite(message)])
    scale = max(float(finite.max()) if finite.size else 0.0, scale)
    return bool(
        np.allclose(found, message, rtol=1e4 * precision, atol=1e3 * precision * scale,
                    equal_nan=True)
    )  # fmt: skip


__all__ = ["Call", "Formula", "agrees", "fitted", "shape_words"]
