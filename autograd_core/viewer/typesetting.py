"""Formulas as a page shows them: ``upstream × (1 − h²)`` for a line of Python."""

from __future__ import annotations

import ast
from collections.abc import Callable

_BINARY: dict[type, tuple[str, int]] = {
    ast.BitOr: ("|", 3), ast.BitAnd: ("&", 4), ast.Add: ("+", 6), ast.Sub: ("−", 6),
    ast.Mult: ("×", 7), ast.Div: ("/", 7), ast.MatMult: ("@", 7), ast.Pow: ("**", 9),
}  # fmt: skip
_COMPARED: dict[type, str] = {
    ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_POWERS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_ATOM = 20


def parsed(source: str) -> ast.expr:
    """Return the tree of an expression, without factors of 1 and the like."""
    return simpler(ast.parse(source.strip(), mode="eval").body)


def simpler(tree: ast.expr) -> ast.expr:
    """Return an expression without factors of 1 and the like."""
    return Simpler().visit(tree)  # type: ignore[no-any-return]


class Simpler(ast.NodeTransformer):
    """Leaves out what a reader would: ``× 1.0``, ``× (1 / x)``, ``x × x``."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """Simplify one operation, its operands first."""
        self.generic_visit(node)
        left, right = node.left, node.right
        if isinstance(node.op, ast.Mult):
            if _is(right, 1):
                return left
            if _is(left, 1):
                return right
            if _is(right, -1):
                return ast.UnaryOp(ast.USub(), left)
            if isinstance(right, ast.BinOp) and isinstance(right.op, ast.Div):
                if _is(right.left, 1):
                    return ast.BinOp(left, ast.Div(), right.right)
            elif isinstance(right, ast.BinOp) and isinstance(right.op, ast.Mult):
                return ast.BinOp(ast.BinOp(left, ast.Mult(), right.left), ast.Mult(), right.right)
            elif isinstance(right, ast.UnaryOp) and isinstance(right.op, ast.USub):
                return ast.BinOp(ast.UnaryOp(ast.USub(), left), ast.Mult(), right.operand)
            elif isinstance(left, ast.Name) and ast.dump(left) == ast.dump(right):
                return ast.BinOp(left, ast.Pow(), ast.Constant(2))
        if isinstance(node.op, ast.Pow) and _is(right, 1):
            return left
        if isinstance(node.op, ast.Sub) and _is(right, 1) and _number_of(left) is not None:
            return ast.Constant(_plain(left.value - 1))  # type: ignore[attr-defined]
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Leave out what undoes itself."""
        self.generic_visit(node)
        first = node.args[0] if node.args else None
        if _called_by(node, "square") and first is not None:
            return ast.BinOp(first, ast.Pow(), ast.Constant(2))
        for name in ("T", "conj"):
            if _called_by(node, name) and first is not None and _called_by(first, name):
                return first.args[0]  # type: ignore[attr-defined,no-any-return]
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        """Write whole numbers without their ``.0``."""
        return ast.Constant(_plain(node.value)) if isinstance(node.value, float) else node


def _plain(value: float) -> float:
    whole = abs(value) < 1e6 and value == round(value)
    return int(value) if whole else value


def _number_of(node: ast.expr) -> float | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if type(value) in (int, float) else None  # type: ignore[return-value]


def _called_by(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _is(node: ast.expr, number: float) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float) and (
        node.value == number
    )  # fmt: skip


def typeset(tree: ast.expr, name: Callable[[str], str]) -> str:
    """Return an expression as it is read.

    Parameters
    ----------
    tree : ast.expr
        What `parsed` returns.
    name : callable
        From a name in the expression to how it is shown.

    Examples
    --------
    >>> typeset(parsed("T(x) @ (upstream * (1.0 - y * y))"), {"x": "X", "y": "h"}.get)
    'Xᵀ @ (upstream × (1 − h²))'
    """

    def shown(text: str) -> str:
        return name(text) or {"pi": "π"}.get(text, text)

    return _typeset(tree, shown)[0]


def _typeset(tree: ast.expr, name: Callable[[str], str]) -> tuple[str, int]:
    def inside(node: ast.expr, least: int) -> str:
        text, strength = _typeset(node, name)
        return text if strength >= least else f"({text})"

    if isinstance(tree, ast.BinOp):
        sign, strength = _BINARY[type(tree.op)]
        if isinstance(tree.op, ast.Pow):
            base = inside(tree.left, _ATOM)
            n = _small(tree.right)
            if n is not None:
                return base + str(n).translate(_POWERS), _ATOM
            return f"{base} ** {inside(tree.right, _ATOM)}", strength
        return f"{inside(tree.left, strength)} {sign} {inside(tree.right, strength + 1)}", strength
    if isinstance(tree, ast.UnaryOp):
        sign = {ast.USub: "−", ast.Invert: "~", ast.UAdd: "+"}[type(tree.op)]
        return f"{sign}{inside(tree.operand, 8)}", 8
    if isinstance(tree, ast.Compare):
        other = inside(tree.comparators[0], 6)
        return f"{inside(tree.left, 6)} {_COMPARED[type(tree.ops[0])]} {other}", 2
    if isinstance(tree, ast.Call):
        return _called(tree, name, inside)
    if isinstance(tree, ast.Subscript):
        return f"{inside(tree.value, _ATOM)}[{_index(tree.slice, name)}]", _ATOM
    if isinstance(tree, ast.Name):
        text = name(tree.id)
        return (f"−{text[1:]}", 8) if text.startswith(("-", "−")) else (text, _ATOM)
    if isinstance(tree, ast.Constant):
        return _number(tree.value)
    if isinstance(tree, (ast.Tuple, ast.List)):
        text = ", ".join(_typeset(e, name)[0] for e in tree.elts)
        ends = "[]" if isinstance(tree, ast.List) else "()"
        one = isinstance(tree, ast.Tuple) and len(tree.elts) == 1
        return f"{ends[0]}{text}{',' * one}{ends[1]}", _ATOM
    raise ValueError(ast.dump(tree))


def _called(
    tree: ast.Call, name: Callable[[str], str], inside: Callable[[ast.expr, int], str]
) -> tuple[str, int]:
    assert isinstance(tree.func, ast.Name)
    called = tree.func.id
    if called == "T":
        return f"{inside(tree.args[0], _ATOM)}ᵀ", _ATOM
    if called == "place":
        index = _typeset(tree.args[1], name)[0]
        return f"zeros[{index}] += {_typeset(tree.args[0], name)[0]}", 1
    if called == "clear":
        index = _typeset(tree.args[1], name)[0]
        return f"{_typeset(tree.args[0], name)[0]} with [{index}] = 0", 1
    if called == "chain":
        return f"Σ upstream × {name('chain')}", 7
    texts = [_typeset(a, name)[0] for a in tree.args]
    texts += [f"{k.arg}={_typeset(k.value, name)[0]}" for k in tree.keywords]
    return f"{name(called)}({', '.join(texts)})", _ATOM


def _index(tree: ast.expr, name: Callable[[str], str]) -> str:
    if isinstance(tree, ast.Tuple):
        return ", ".join(_index(e, name) for e in tree.elts) + "," * (len(tree.elts) == 1)
    if isinstance(tree, ast.Slice):
        ends = ["" if e is None else _typeset(e, name)[0] for e in (tree.lower, tree.upper)]
        return ":".join(ends) + ("" if tree.step is None else f":{_typeset(tree.step, name)[0]}")
    return _typeset(tree, name)[0]


def _small(tree: ast.expr) -> int | None:
    sign = 1
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        sign, tree = -1, tree.operand
    if isinstance(tree, ast.Constant) and type(tree.value) is int and tree.value < 100:
        return sign * tree.value
    return None


def _number(value: object) -> tuple[str, int]:
    if value is Ellipsis:
        return "...", _ATOM
    text = f"{value:.6g}" if isinstance(value, float) else repr(value)
    return (f"−{text[1:]}", 8) if text.startswith("-") else (text, _ATOM)
