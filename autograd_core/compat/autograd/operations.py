"""HIPS autograd's ways to declare an operation: `primitive`, `defvjp`, `defjvp`.

A rule is a function of the result and the arguments that returns a function of the gradient. It may
use NumPy and other operations, so that second derivatives exist. One of the two modes is enough:
the other is found by transposition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from itertools import count
from typing import Any

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.source import Location
from autograd_core.compat.autograd.boxes import getval, isbox
from autograd_core.compat.autograd.replacing import subval
from autograd_core.compat.autograd.wrap_util import get_name
from autograd_core.operations.declare import primitive as declared
from autograd_core.operations.primitive import Primitive

Function = Callable[..., Any]


class MissingRuleError(errors.RuleError, NotImplementedError):
    """An operation that has no rule, neither of reverse nor of forward mode."""


primitive_vjps: dict[Function, Function] = {}
primitive_jvps: dict[Function, Function] = {}
_BY_ITSELF: set[Function] = set()  # whose forward rule is the operation again: "same"
_DECLARED: dict[Function, Primitive] = {}  # made at the first traced call, from the rules so far


class _Call:
    """A call with traced values: the rest of its arguments, and how its result is nested."""

    def __init__(self, function: Function, args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        self.function = function
        self.args, self.keywords = args, keywords
        self.leaves = tree.leaves(args)
        self.places = [k for k, leaf in enumerate(self.leaves) if isbox(leaf)]
        ends = np.cumsum([len(tree.leaves(a)) for a in args]).tolist()
        self.starts = [0, *ends[:-1]]
        self.argnums = tuple(
            n
            for n, (start, end) in enumerate(zip(self.starts, ends, strict=True))
            if any(start <= k < end for k in self.places)
        )
        self.result: Any = None

    def traced(self) -> list[Any]:
        """Return the traced values."""
        return [self.leaves[k] for k in self.places]

    def filled(self, values: Iterable[Any], others: Callable[[Any], Any] | None = None) -> Any:
        """Return the arguments with other values in the places of the traced ones."""
        leaves = list(self.leaves) if others is None else [others(v) for v in self.leaves]
        for k, value in zip(self.places, values, strict=True):
            leaves[k] = value
        return tree.like(self.args, leaves)

    def picked(self, gradients: Iterable[Any]) -> list[Any]:
        """Return the gradients of the traced values from those of the arguments that hold them."""
        found: dict[int, Any] = {}
        for n, gradient in zip(self.argnums, gradients, strict=True):
            parts = tree.leaves(gradient)
            if len(parts) != len(tree.leaves(self.args[n])):
                raise errors.RuleError(
                    f"{get_name(self.function)}: the rule of argument {n} returned a gradient that "
                    "is not nested like the argument.",
                    Location.of_caller(),
                )
            found.update(enumerate(parts, self.starts[n]))
        return [found[k] for k in self.places]


def _zero_tangent(value: Any) -> Any:
    return np.zeros_like(value) if isinstance(value, (float, complex, np.ndarray)) else value


def _made(function: Function) -> Primitive:
    """Return the engine's operation for a function, by the rules that were declared for it."""
    raw = function.fun  # type: ignore[attr-defined]

    def run(*values: Any, call: _Call) -> tuple[Any, ...]:
        call.result = raw(*call.filled(values), **call.keywords)
        return tuple(tree.leaves(call.result))

    def back(g: Any, y: Any, *values: Any, call: _Call) -> list[Any]:
        ans = tree.like(call.result, y)
        pull = primitive_vjps[function](call.argnums, ans, call.filled(values), call.keywords)
        return call.picked(pull(tree.like(call.result, g)))

    def forward(ts: Any, y: Any, *values: Any, call: _Call) -> Any:
        tangents = call.filled(ts, _zero_tangent)
        made = primitive_jvps[function](
            call.argnums,
            [tangents[n] for n in call.argnums],
            tree.like(call.result, y),
            call.filled(values),
            call.keywords,
        )
        return tuple(tree.leaves(made))

    def none(g: Any, y: Any, *values: Any, call: _Call) -> Any:
        # a transposed rule would run the operation again, whose rule would be transposed again
        raise MissingRuleError(
            f'{get_name(raw)}: its forward rule is "same", from which no reverse rule can be '
            "found; declare one with defvjp().",
            Location.of_caller(),
        )

    reverse = back if function in primitive_vjps else None
    return declared(
        run,
        vjp=none if reverse is None and function in _BY_ITSELF else reverse,
        jvp=forward if function in primitive_jvps else None,
        name=get_name(raw),
        multiple=True,
    )


def primitive(f_raw: Function) -> Function:
    """Declare a function as one operation, whose derivatives `defvjp` and `defjvp` state.

    Parameters
    ----------
    f_raw : callable
        Gets plain numbers and arrays. Its arguments and its result may be nested.

    Returns
    -------
    callable
        Takes the same arguments.

    Raises
    ------
    MissingRuleError
        If a traced value reaches it and no rule was declared.

    Examples
    --------
    >>> from autograd_core.compat.autograd import grad
    >>> cube = primitive(lambda x: x ** 3)
    >>> defvjp(cube, lambda ans, x: lambda g: g * 3 * x ** 2)
    >>> grad(cube)(2.0), grad(grad(cube))(2.0)
    (12.0, 12.0)
    """

    @wraps(f_raw)
    def operation(*args: Any, **keywords: Any) -> Any:
        call = _Call(operation, args, keywords)
        if any(isbox(leaf) for leaf in tree.leaves(keywords)):
            raise errors.OperandError(
                f"{get_name(f_raw)}: a value that is being differentiated was passed as a keyword; "
                "pass it by position.",
                Location.of_caller(),
            )
        if not call.places:
            return f_raw(*args, **keywords)
        if operation not in primitive_vjps and operation not in primitive_jvps:
            raise MissingRuleError(
                f"{get_name(f_raw)}: no derivative was declared; use defvjp() or defjvp().",
                Location.of_caller(),
            )
        if operation not in _DECLARED:
            _DECLARED[operation] = _made(operation)
        parts = _DECLARED[operation](*call.traced(), call=call)
        return tree.like(call.result, parts)

    operation.fun = f_raw  # type: ignore[attr-defined]
    return operation


def _register(table: dict[Function, Function], function: Function, rule: Function) -> None:
    if not hasattr(function, "fun"):
        raise errors.OperandError(
            f"{get_name(function)} is not an operation made by primitive(); NumPy's own functions "
            "keep the rules that they have.",
            Location.of_caller(),
        )
    table[function] = rule
    if table is primitive_jvps:
        _BY_ITSELF.discard(function)
    _DECLARED.pop(function, None)


def defvjp_argnums(fun: Function, vjpmaker: Function) -> None:
    """Declare one reverse rule for all arguments: ``rule(argnums, ans, args, kwargs)(g)``.

    Examples
    --------
    >>> twice = primitive(lambda x: 2 * x)
    >>> defvjp_argnums(twice, lambda argnums, ans, args, kwargs: lambda g: [2 * g])
    """
    _register(primitive_vjps, fun, vjpmaker)


def defvjp_argnum(fun: Function, vjpmaker: Function) -> None:
    """Declare one reverse rule for any argument: ``rule(argnum, ans, args, kwargs)(g)``.

    Examples
    --------
    >>> total = primitive(lambda *xs: sum(xs))
    >>> defvjp_argnum(total, lambda argnum, ans, args, kwargs: lambda g: g)
    """

    def of_all(argnums: Any, *rest: Any) -> Function:
        pulls = [vjpmaker(n, *rest) for n in argnums]
        return lambda g: [pull(g) for pull in pulls]

    defvjp_argnums(fun, of_all)


def _by_place(fun: Function, rules: tuple[Any, ...], argnums: Any) -> dict[int, Any]:
    for rule in rules:
        if rule is not None and rule != "same" and not callable(rule):
            raise errors.OperandError(
                f"{get_name(fun)}: a rule must be a function or None, not {rule!r}.",
                Location.of_caller(),
            )
    return dict(zip(count() if argnums is None else argnums, rules, strict=False))


def _rule_of(rules: dict[int, Any], fun: Function, argnum: int) -> Any:
    if argnum not in rules:
        raise MissingRuleError(
            f"{get_name(fun)}: no derivative was declared for argument {argnum}; pass a constant "
            "there, or declare a rule (None for zero).",
            Location.of_caller(),
        )
    return rules[argnum]


def _zeros(value: Any) -> Any:
    return tree.map_leaves(np.zeros_like, value)


def defvjp(fun: Function, *vjpmakers: Function | None, argnums: Any = None) -> None:
    """Declare a reverse rule for each argument: ``rule(ans, *args, **kwargs)(g)``.

    Parameters
    ----------
    fun : callable
        Made by `primitive`.
    *vjpmakers : callable or None
        One for each argument. None: the derivative is zero.
    argnums : iterable of int, optional
        The arguments that they belong to; the first ones by default.

    Examples
    --------
    >>> area = primitive(lambda a, b: a * b)
    >>> defvjp(area, lambda ans, a, b: lambda g: g * b, lambda ans, a, b: lambda g: g * a)
    """
    rules = _by_place(fun, vjpmakers, argnums)

    def of_one(argnum: int, ans: Any, args: Any, keywords: Any) -> Function:
        rule = _rule_of(rules, fun, argnum)
        if rule is None:
            return lambda g: _zeros(args[argnum])
        pull: Function = rule(ans, *args, **keywords)
        return pull

    defvjp_argnum(fun, of_one)


def defjvp_argnums(fun: Function, jvpmaker: Function) -> None:
    """Declare one forward rule for all arguments: ``rule(argnums, tangents, ans, args, kwargs)``.

    Examples
    --------
    >>> twice = primitive(lambda x: 2 * x)
    >>> defjvp_argnums(twice, lambda argnums, ts, ans, args, kwargs: 2 * ts[0])
    """
    _register(primitive_jvps, fun, jvpmaker)


def defjvp_argnum(fun: Function, jvpmaker: Function) -> None:
    """Declare one forward rule for any argument: ``rule(argnum, tangent, ans, args, kwargs)``.

    Examples
    --------
    >>> total = primitive(lambda *xs: sum(xs))
    >>> defjvp_argnum(total, lambda argnum, t, ans, args, kwargs: t)
    """

    def of_all(argnums: Any, tangents: Any, *rest: Any) -> Any:
        first, *others = (jvpmaker(n, t, *rest) for n, t in zip(argnums, tangents, strict=True))
        sums = tree.leaves(first)
        for other in others:
            sums = [a + b for a, b in zip(sums, tree.leaves(other), strict=True)]
        return tree.like(first, sums)

    defjvp_argnums(fun, of_all)


def defjvp(fun: Function, *jvpmakers: Function | str | None, argnums: Any = None) -> None:
    """Declare a forward rule for each argument: ``rule(tangent, ans, *args, **kwargs)``.

    Parameters
    ----------
    fun : callable
        Made by `primitive`.
    *jvpmakers : callable or None or "same"
        One for each argument. None: the derivative is zero. "same": fun is linear in it.
    argnums : iterable of int, optional
        The arguments that they belong to; the first ones by default.

    Examples
    --------
    >>> from autograd_core.compat.autograd import make_jvp
    >>> area = primitive(lambda a, b: a * b)
    >>> defjvp(area, "same", "same")
    >>> float(make_jvp(area)(2.0, 3.0)(1.0)[1])
    3.0
    """
    rules = _by_place(fun, jvpmakers, argnums)

    def of_one(argnum: int, t: Any, ans: Any, args: Any, keywords: Any) -> Any:
        rule = _rule_of(rules, fun, argnum)
        if rule is None:
            return _zeros(ans)
        if rule == "same":
            return fun(*subval(args, argnum, t), **keywords)
        return rule(t, ans, *args, **keywords)

    defjvp_argnum(fun, of_one)
    if "same" in rules.values():
        _BY_ITSELF.add(fun)


def def_linear(fun: Function) -> None:
    """Declare that a function is linear in each of its arguments.

    Examples
    --------
    >>> area = primitive(lambda a, b: a * b)
    >>> def_linear(area)
    """
    defjvp_argnum(fun, lambda n, t, ans, args, keywords: fun(*subval(args, n, t), **keywords))
    _BY_ITSELF.add(fun)


def notrace_primitive(f_raw: Function) -> Function:
    """Return a function that gets the numbers inside of traced values: its result is a constant.

    Examples
    --------
    >>> from autograd_core.compat.autograd import grad
    >>> size = notrace_primitive(lambda x: float(x))
    >>> grad(lambda x: x * size(x))(3.0)
    3.0
    """

    @wraps(f_raw)
    def operation(*args: Any, **keywords: Any) -> Any:
        return f_raw(*[tree.map_leaves(getval, a) for a in args], **keywords)

    return operation


__all__ = [
    "MissingRuleError",
    "def_linear",
    "defjvp",
    "defjvp_argnum",
    "defjvp_argnums",
    "defvjp",
    "defvjp_argnum",
    "defvjp_argnums",
    "notrace_primitive",
    "primitive",
    "primitive_jvps",
    "primitive_vjps",
]
