"""Names of values: given ones, parameters, module paths, the caller's variables, assignments."""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import count, islice
from types import FrameType, FunctionType, ModuleType
from typing import Any

import numpy as np

from autograd_core.base.packages import package_of
from autograd_core.engine.graph import Graph
from autograd_core.engine.node import PART, Node
from autograd_core.engine.tensor import Tensor
from autograd_core.operations.primitive import Boxed, bare
from autograd_core.viewer.kept_graphs import fill
from autograd_core.viewer.numbers import FreedValue, number_text

Span = tuple[int, int, int, int]
Pair = tuple[str, Any]
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
PLAIN_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_CONTAINER = 1000  # elements of a list or dictionary that are looked at
_DEEPEST = 3  # levels of containers and objects inside one another
_LOOKED_AT = 20_000  # values of a level


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
        self._standing = graph.standing
        found = _parameters([*modules, *(variables or {}).values()], variables or {})
        self.root, parameters = found
        near, far = values_of(variables or {})
        for pairs in (given or {}).items(), parameters, near:
            for name, value in pairs:
                self._add(name, value, here)
        assigned = self._assigned(graph, groups or {})
        for name, value in far:  # rather than one of several numbers
            self._add(name, value, here)
        self._part_equal_names(graph)
        self._number(assigned)
        taken = {*self.nodes.values(), *self.constants.values(), *(given or {}), *(variables or {})}
        for k, node in enumerate(graph.nodes, 1):
            if node not in self.nodes:
                self.nodes[node] = next(
                    name for name in (f"v{n}" for n in count(k, len(graph))) if name not in taken
                )

    def _add(self, name: str, value: Any, here: set[Node]) -> None:
        if isinstance(value, Tensor) and value._node is not None:
            node = self._standing.get(value._node, value._node)
            if node in here:
                self.nodes.setdefault(node, name)
                fill(self._standing, value)
        elif isinstance(value, Tensor):
            self.constants.setdefault(id(value._held), name)
        elif isinstance(value, np.ndarray) and value.ndim:
            self.constants.setdefault(id(value), name)

    def _part_equal_names(self, graph: Graph) -> None:
        """Give numbers to values that would share a name: a parameter's and a variable's, say."""
        holders: dict[str, list[Node]] = {}
        for node in graph.nodes:
            if node in self.nodes:
                holders.setdefault(self.nodes[node], []).append(node)
        constants = set(self.constants.values())
        for name, nodes in holders.items():
            if len(nodes) > 1 or name in constants:
                for k, node in enumerate(nodes, 1):
                    self.nodes[node] = name + str(k).translate(SUBSCRIPTS)

    def _assigned(self, graph: Graph, groups: dict[Node, Any]) -> dict[str, list[Node]]:
        """Name by ``name = expression`` in the user's source; return the names of several."""
        taken = {*self.nodes.values(), *self.constants.values()}
        found: dict[str, list[Node]] = {}
        for node, name in _assigned(graph.nodes, groups):
            if node not in self.nodes:
                found.setdefault(name, []).append(node)
        several = {}
        for name, nodes in found.items():
            if len(nodes) == 1 and name not in taken:
                self.nodes[nodes[0]] = name
            else:
                several[name] = nodes
        return several

    def _number(self, several: dict[str, list[Node]]) -> None:
        """Tell apart the values that one name was given to in turn."""
        for name, nodes in several.items():
            for k, node in enumerate(nodes, 1):
                self.nodes.setdefault(node, name + str(k).translate(SUBSCRIPTS))

    def of(self, value: Any) -> str | None:
        """Return the name of an input of an operation, or None for a constant without one."""
        if isinstance(value, Node):
            return self.nodes.get(value)
        return self.constants.get(id(value))


def _parameters(objects: list[Any], variables: dict[str, Any]) -> tuple[str, list[tuple[str, Any]]]:
    """Return the parameters of the modules, by path, and what a single module is called.

    Several modules put their own name first.
    """
    roots: list[tuple[str, list[tuple[str, Any]]]] = []
    seen: set[int] = set()
    for module in objects:
        named = getattr(module, "named_parameters", None)
        if isinstance(module, type) or not callable(named) or id(module) in seen:
            continue
        pairs = [(name, p) for name, p in named() if isinstance(p, Tensor)]
        fresh = [(name, p) for name, p in pairs if id(p) not in seen]
        seen |= {id(module), *(id(p) for _, p in pairs)}
        if fresh:
            label = next((k for k, v in variables.items() if v is module), type(module).__name__)
            roots.append((label, fresh))
    if len(roots) == 1:
        label, pairs = roots[0]
        return label, [(as_written(name, label), p) for name, p in pairs]
    return "", [(as_written(f"{label}.{n}", label), p) for label, pairs in roots for n, p in pairs]


def variables_of(frame: FrameType) -> dict[str, Any]:
    """Return the variables of the user's code at a frame: globals, then locals over them.

    Where the frame holds the namespace of code that it ran by ``exec``, that code's variables are
    among them, under the names that the code itself has for them.
    """
    own = {**frame.f_globals, **frame.f_locals}
    found: dict[str, Any] = {}
    for value in own.values():  # exec() leaves __builtins__ in the globals of what it runs
        if type(value) is dict and "__builtins__" in value and value is not frame.f_globals:
            found = {**value, **found}
    return {**found, **own}


def values_of(variables: dict[str, Any]) -> tuple[list[Pair], list[Pair]]:
    """Return the variables and what they hold, and what lies deeper, as the code would write it.

    Level by level, so that a short name is met before a long one.
    """
    level: list[Pair] = [(n, v) for n, v in variables.items() if not n.startswith(("_", "@", "."))]
    levels, seen = [level], set(map(id, variables.values()))
    for _ in range(_DEEPEST):
        inside = [pair for name, value in level for pair in _inside(name, value)]
        level = []
        for name, value in inside[:_LOOKED_AT]:
            if id(value) not in seen:
                seen.add(id(value))
                level.append((name, value))
        levels.append(level)
    return [*levels[0], *levels[1]], [pair for deep in levels[2:] for pair in deep]


def _inside(name: str, value: Any) -> list[tuple[str, Any]]:
    """Return what a list, a dictionary or an object of the user's holds."""
    if isinstance(value, (Boxed, np.ndarray, np.generic, str, type, FunctionType, ModuleType)):
        return []
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return [(f"{name}.{k}", v) for k, v in zip(value._fields, value, strict=False)]
    if isinstance(value, (list, tuple)):
        return [(f"{name}[{k}]", v) for k, v in enumerate(value[:_CONTAINER])]
    if isinstance(value, dict):
        few = islice(value.items(), _CONTAINER)
        return [(f"{name}[{_key_text(k)}]", v) for k, v in few]
    library = package_of(type(value)) in ("builtins", "numpy", "autograd_core")
    if library or not hasattr(value, "__dict__"):
        return []
    held = list(islice(vars(value).items(), _CONTAINER))
    return [(f"{name}.{k}", v) for k, v in held if not k.startswith("_")]


def _key_text(key: Any) -> str:
    text = repr(key)
    return f'"{text[1:-1]}"' if isinstance(key, str) and '"' not in text else text


def as_written(path: str, root: str) -> str:
    """Return a module's or a parameter's path as the code writes it.

    Examples
    --------
    >>> as_written("0.weight", "net"), as_written("blocks.3.up", "net")
    ('net[0].weight', 'blocks[3].up')
    """
    text = re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", path)
    return re.sub(r"^(\d+)(?=\.|\[|$)", rf"{root}[\1]", text)


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
    """Tell whether two operations were recorded by one evaluation of one expression.

    In a loop an expression is evaluated again and again: then what it calls is another scope.
    Several scopes inside of one module are one evaluation, unless the line is that module's own.
    """
    if a.code is not b.code or a.lasti != b.lasti:
        return False
    one, other = groups.get(a), groups.get(b)
    if one is other:
        return True
    around = set()
    while other is not None:
        around.add(other)
        other = other.outer
    while one is not None and one not in around:
        one = one.outer
    module = one.what if one is not None else None
    if module is None or isinstance(module, str):
        return False
    own = getattr(getattr(type(module), "forward", None), "__code__", None)
    return own is not a.code


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


def asked_for(frame: FrameType) -> tuple[str, str]:
    """Return what the call that a frame is at calls its first two arguments; empty if no name."""
    from autograd_core.base.source import Location

    where = Location(frame.f_code, frame.f_lasti)
    return arguments("".join(linecache.getlines(where.file))).get(where.span, ("", ""))


@lru_cache(maxsize=64)
def arguments(source: str) -> dict[Span, tuple[str, str]]:
    """Return, for each call in a source, the names that are its first two arguments."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {
        _span(call): (
            _argument(source, call, 0, "x"),
            _argument(source, call, 1, "output"),
        )
        for call in calls
    }


def _argument(source: str, call: ast.Call, place: int, keyword: str) -> str:
    given = [k.value for k in call.keywords if k.arg == keyword]
    given += call.args[place : place + 1]
    named = [e for e in given if isinstance(e, (ast.Name, ast.Attribute, ast.Subscript))]
    return (ast.get_source_segment(source, named[0]) or "") if named else ""


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
    if node.primitive is PART:
        return f"{parts[0]}[{node.params['index']}]"
    if node.name == "getitem":
        return f"{parts[0]}[{index_text(node.params.get('index', ...))}]"
    if node.name == "power" and node.primitive.own and _small_integer(node.inputs[1]):
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
    value = bare(value)
    if isinstance(value, FreedValue):
        return "×".join(map(str, value.shape)) + " constant" if value.shape else value.dtype
    if isinstance(value, (int, float, complex, np.generic)) or np.ndim(value) == 0:
        try:
            text = number_text(value)
            return f"({text})" if np.iscomplexobj(value) else text
        except (TypeError, ValueError):
            return type(value).__name__
    return "×".join(map(str, np.shape(value))) + " constant"
