"""Names of values: given ones, parameters, module paths, the caller's variables, assignments."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from autograd_core.engine.graph import Graph
from autograd_core.engine.node import Node
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.primitive import Boxed, bare

Span = tuple[int, int, int, int]
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
PLAIN_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_CONTAINER = 1000  # elements of a list or dictionary that are looked at


class Names:
    """A name for every node of a graph, and for the constants that have one.

    Parameters
    ----------
    graph : Graph
        What to name.
    given : dict, optional
        Explicit names, from name to Tensor or array.
    variables : dict, optional
        The caller's variables.
    modules : iterable of object
        Objects with ``named_parameters()`` that ran.
    """

    def __init__(
        self,
        graph: Graph,
        given: dict[str, Any] | None = None,
        variables: dict[str, Any] | None = None,
        modules: Iterable[Any] = (),
        groups: dict[Node, Any] | None = None,
    ) -> None:
        self.nodes: dict[Node, str] = {}
        self.constants: dict[int, str] = {}
        here = set(graph.nodes)
        parameters = _parameters([*modules, *(variables or {}).values()], variables or {})
        for pairs in (given or {}).items(), parameters, _values(variables or {}):
            for name, value in pairs:
                self._add(name, value, here)
        self._add_assigned(graph, groups or {})
        for k, node in enumerate(graph.nodes, 1):
            self.nodes.setdefault(node, f"v{k}")

    def _add(self, name: str, value: Any, here: set[Node]) -> None:
        if isinstance(value, Tensor) and value._node is not None:
            if value._node in here:
                self.nodes.setdefault(value._node, name)
        elif isinstance(value, Tensor):
            self.constants.setdefault(id(value._held), name)
        elif isinstance(value, np.ndarray) and value.ndim:
            self.constants.setdefault(id(value), name)

    def _add_assigned(self, graph: Graph, groups: dict[Node, Any]) -> None:
        """Name by ``name = expression`` in the user's source; repeats are numbered."""
        taken = set(self.nodes.values())
        found: dict[str, list[Node]] = {}
        for node, name in _assigned(graph.nodes, groups):
            if node not in self.nodes:
                found.setdefault(name, []).append(node)
        for name, nodes in found.items():
            if len(nodes) == 1 and name not in taken:
                self.nodes[nodes[0]] = name
                continue
            for k, node in enumerate(nodes, 1):
                self.nodes[node] = name + str(k).translate(SUBSCRIPTS)

    def of(self, value: Any) -> str | None:
        """Return the name of an input of an operation, or None for a constant without one."""
        if isinstance(value, Node):
            return self.nodes.get(value)
        return self.constants.get(id(value))


def _parameters(objects: list[Any], variables: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the parameters of the modules, by path; several modules put their own name first."""
    roots: list[tuple[str, list[tuple[str, Any]]]] = []
    seen: set[int] = set()
    for module in objects:
        named = getattr(module, "named_parameters", None)
        if isinstance(module, type) or not callable(named) or id(module) in seen:
            continue
        if isinstance(module, Boxed):
            continue
        pairs = [(name, p) for name, p in named() if isinstance(p, Tensor)]
        fresh = [(name, p) for name, p in pairs if id(p) not in seen]
        seen |= {id(module), *(id(p) for _, p in pairs)}
        if fresh:
            label = next((k for k, v in variables.items() if v is module), type(module).__name__)
            roots.append((label, fresh))
    if len(roots) == 1:
        return roots[0][1]
    return [(f"{label}.{name}", p) for label, pairs in roots for name, p in pairs]


def _values(variables: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the variables, then what lies one level inside of lists, dictionaries and objects."""
    shown = [(n, v) for n, v in variables.items() if not n.startswith("_")]
    yield from shown
    for name, value in shown:
        if isinstance(value, (list, tuple)):
            yield from ((f"{name}[{k}]", v) for k, v in enumerate(value[:_CONTAINER]))
        elif isinstance(value, dict) and len(value) <= _CONTAINER:
            yield from ((f"{name}[{k!r}]", v) for k, v in list(value.items()))
        elif name == "self" and hasattr(value, "__dict__"):
            yield from ((f"self.{k}", v) for k, v in list(vars(value).items()))


def _assigned(nodes: list[Node], groups: dict[Node, Any]) -> Iterator[tuple[Node, str]]:
    """Yield the nodes whose expression is the whole right side of an assignment.

    A call can record many nodes under one place; if they differ, only the last
    one of a run is what was assigned.
    """
    run: list[Node] = []
    for node, following in zip(nodes, [*nodes[1:], None], strict=True):
        run.append(node)
        if following is not None and _same_place(node, following, groups):
            continue
        name = _target(node.code, node.lasti)
        if name is not None:
            alike = all(n.primitive is node.primitive for n in run)
            yield from ((n, name) for n in (run if alike else run[-1:]))
        run = []


def _same_place(a: Node, b: Node, groups: dict[Node, Any]) -> bool:
    return a.code is b.code and a.lasti == b.lasti and groups.get(a) is groups.get(b)


@lru_cache(maxsize=4096)
def _target(code: Any, lasti: int) -> str | None:
    from autograd_core.base.source import Location

    return targets(code.co_filename).get(Location(code, lasti).span)


@lru_cache(maxsize=64)
def _parsed(source: str) -> dict[Span, str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[Span, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                _note(found, target, node.value)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            _note(found, node.target, node.value)
        elif isinstance(node, ast.AugAssign):
            found[_span(node)] = ast.unparse(node.target)
    return found


def _note(found: dict[Span, str], target: ast.expr, value: ast.expr) -> None:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, part in zip(target.elts, value.elts, strict=False):
            _note(found, one, part)
    elif isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)):
        found.setdefault(_span(value), ast.unparse(target))


def _span(node: ast.expr | ast.stmt) -> Span:
    return node.lineno, node.end_lineno or 0, node.col_offset, node.end_col_offset or 0


def targets(filename: str) -> dict[Span, str]:
    """Return, for a file, the assigned name of each expression's place."""
    return _parsed("".join(linecache.getlines(filename)))


def expression(node: Node, names: Names, instead: dict[Node, str] | None = None) -> str:
    """Return how a node was computed, in the names of its inputs; empty for a leaf.

    `instead` has other names for some inputs: of the closed scopes they are in.
    """
    if node.primitive is None:
        return ""
    if node.inputs is None:
        return f"{node.name}(freed)"
    parts = operands(node, names, instead)
    label = node.primitive.label
    if node.name == "part":
        return f"{parts[0]}[{node.params['index']}]"
    if node.name == "getitem":
        return f"{parts[0]}[{index_text(node.params['index'])}]"
    if node.name == "power" and _small_integer(node.inputs[1]):
        return parts[0] + parts[1].translate(str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"))
    if len(parts) >= 2 and not any(c.isalnum() or c in "[ " for c in label):
        return f" {label} ".join(parts)
    if node.name == "negative":
        return f"-{parts[0]}"
    settings = [
        f"{k}={setting_text(v)}"
        for k, v in node.params.items()
        if v is not None and v is not False and v is not np._NoValue and _simple(v)
    ]
    return f"{node.name}({', '.join(parts + settings)})"


def operands(node: Node, names: Names, instead: dict[Node, str] | None = None) -> list[str]:
    """Return what the arguments of an operation are called in its expression."""
    other = instead or {}
    return [
        (other.get(i) if isinstance(i, Node) else None) or names.of(i) or constant_text(i)
        for i in node.inputs or ()
    ]


def _simple(value: Any) -> bool:
    kinds = (int, float, complex, str, tuple, list, slice, type, np.ndarray, np.generic, np.dtype)
    return isinstance(value, kinds)


def _small_integer(value: Any) -> bool:
    value = bare(value) if not isinstance(value, Node) else None
    if value is None or np.ndim(value) or np.iscomplexobj(value):
        return False
    return bool(float(value) == int(value)) and abs(value) < 100 if np.isfinite(value) else False


def index_text(index: Any) -> str:
    """Return an index as it is written between brackets.

    Examples
    --------
    >>> index_text((0, slice(1, None), None, ...))
    '0, 1:, None, ...'
    """
    if isinstance(index, tuple):
        return ", ".join(map(index_text, index))
    if isinstance(index, slice):
        ends = ["" if v is None else str(v) for v in (index.start, index.stop)]
        return ":".join(ends) + ("" if index.step is None else f":{index.step}")
    if index is Ellipsis:
        return "..."
    return setting_text(index)


def setting_text(value: Any) -> str:
    """Return a setting in a few characters: itself, or its shape, or its type's name."""
    if isinstance(value, np.ndarray):
        return "×".join(map(str, value.shape)) + " index" if value.ndim else str(value)
    if isinstance(value, np.generic):
        return str(value)
    text = str(value) if isinstance(value, np.dtype) else repr(value)
    return text if len(text) < 24 else type(value).__name__


def constant_text(value: Any) -> str:
    """Return a constant as it stands in an expression: the number, or the array's shape."""
    from autograd_core.viewer.numbers import number_text

    value = bare(value)
    if isinstance(value, (int, float, complex, np.generic)) or np.ndim(value) == 0:
        try:
            text = number_text(value)
            return f"({text})" if np.iscomplexobj(value) else text
        except (TypeError, ValueError):
            return type(value).__name__
    return "×".join(map(str, np.shape(value))) + " constant"
