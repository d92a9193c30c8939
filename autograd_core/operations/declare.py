"""The declarators: ways to declare an operation's derivative once, for every mode and order.

`elementwise` by partial derivatives, `linear` by the transposed map, `bilinear` by one map for
each factor, and `primitive` by a reverse and a forward rule side by side.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations.pieces import Pieces
from autograd_core.operations.pieces import copies as copied
from autograd_core.operations.primitive import Boxed, Constant, Primitive, Rule, register
from autograd_core.operations.saved_reads import EVERYTHING, reader, values_read


def zeros_rule(g: Any, y: Any, *args: Any, **params: Any) -> Any:
    """Return the rule of an argument on which the result does not depend locally."""
    return np.zeros_like(g)


def _parameters(function: Callable[..., Any]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return a Python function's positional and keyword-only parameters; None for others.

    From the code object: inspect.signature, 50 times slower, would be a third of the import.
    """
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    if code is None:
        return None
    names, count = code.co_varnames, code.co_argcount
    return names[:count], names[count : count + code.co_kwonlyargcount]


def _positional_names(function: Callable[..., Any], arity: int | None) -> tuple[str, ...]:
    if isinstance(function, np.ufunc):
        return tuple(f"x{k + 1}" for k in range(function.nin))
    if (known := _parameters(function)) is not None:
        return known[0]
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return tuple(f"x{k}" for k in range(arity or 0))
    return tuple(
        p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    )


def _keywords(function: Callable[..., Any]) -> set[str]:
    """Return the keyword-only parameters of a rule."""
    if (known := _parameters(function)) is not None:
        return set(known[1])
    parameters = inspect.signature(function).parameters.values()
    return {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}


def _is_numpy_like(function: Callable[..., Any]) -> bool:
    return isinstance(function, np.ufunc) or hasattr(function, "__wrapped__")


def _settings(
    forward: Callable[..., Any], rules: Sequence[Any], arity: int | None
) -> frozenset[str]:
    names: set[str] = set()
    if _is_numpy_like(forward):
        for rule in rules:
            if callable(rule):
                names |= _keywords(rule)
        return frozenset(names)
    if (known := _parameters(forward)) is not None:
        settings = known[0][len(known[0]) if arity is None else arity :]
        return frozenset((*known[1], *settings))
    try:
        parameters = list(inspect.signature(forward).parameters.values())
    except (TypeError, ValueError):
        return frozenset().union(*(_keywords(rule) for rule in rules if callable(rule)))
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    return frozenset(
        {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
        | {p.name for p in positional[len(positional) if arity is None else arity :]}
    )


def _named(forward: Callable[..., Any], name: str | None) -> str:
    return name or str(getattr(forward, "__name__", type(forward).__name__))


def _declared(forward: Callable[..., Any], made: Primitive) -> Primitive:
    if _is_numpy_like(forward):
        register(forward, made)
    return made


def elementwise(
    function: Callable[..., Any],
    *partials: Rule | float | None,
    name: str | None = None,
    forward: Callable[..., Any] | None = None,
    times: Rule | None = None,
    second: Rule | None = None,
    cost: float | Callable[..., float] | None = 1.0,
    label: str | None = None,
    pieces: bool | Pieces = False,
    **stated: Any,
) -> Primitive:
    """Declare an elementwise operation by its partial derivatives.

    Parameters
    ----------
    function : callable
        Computes the value; a NumPy or SciPy ufunc is also registered, so that
        calling that ufunc on a Tensor or a Dual uses this rule.
    *partials : callable or number or None
        For each argument, ``partial(y, *args)``: the elementwise derivative of
        the result y to it; or a constant.  None: no derivative is known.
    name : str, optional
        Name in messages and graphs; default the function's.
    forward : callable, optional
        A faster way to compute the same value.
    times : callable, optional
        For one argument, ``times(g, y, x)``: g times the partial, where this is cheaper to compute
        in one expression; it is then used instead of the partial.
    second : callable, optional
        For one argument, ``second(y, d, x)``: the second derivative from the value y,
        the first derivative d and x, where that is cheaper than differentiating the
        partial. A tape over dual numbers (`hvp`) then evaluates the partial once.
    cost : float or callable, optional
        FLOPs per element.
    label : str, optional
        How graphs write it, for instance ``"+"``.
    pieces : bool or Pieces
        Whether large arrays may be computed in pieces by several threads: the function, the
        partials and the rules look at one number at a time and change nothing outside.
    **stated
        Other attributes of `Primitive`, such as ``vjps=``, ``jvps=``, ``again=`` or ``formulas=``,
        which the viewer writes. What is given here is not derived from the partials.

    Returns
    -------
    Primitive
        Callable like the function; vjp ``g * partial``, jvp ``partial * t``.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import elementwise, grad
    >>> softplus = elementwise(lambda x: np.logaddexp(0, x), lambda y, x: 1 - np.exp(-y),
    ...                        name="softplus")
    >>> float(grad(softplus)(0.0))
    0.5
    >>> float(grad(grad(softplus))(0.0))
    0.25
    """
    arity = len(partials)
    keywords = _settings(function, partials, arity)
    slope: Any = None
    if times is not None:
        rules: tuple[Rule | None, ...] = (times,)
    elif second is not None:
        if arity != 1 or keywords:
            raise errors.OperandError(
                "elementwise: second= is for an operation of one argument without settings.",
                Location.of_caller(),
            )
        slope = partials[0]
        rules = (
            lambda g, y, x: g * (y._slope_at(made, x) if isinstance(y, Boxed) else slope(y, x)),
        )
    else:
        rules = tuple(
            _unknown(_named(function, name), k) if p is None
            else _elementwise_rule(p, arity, bool(keywords))
            for k, p in enumerate(partials)
        )  # fmt: skip
    if "vjps" in stated:
        sources = reader(stated["vjps"], 1)
    else:
        sources = reader((times,), 1) if times else reader(partials, 0)
    derived = {
        "vjps": rules,
        "jvps": rules,
        "sources": sources,
        # of NumPy's own functions the table of operations in tests/cases says so
        "shaped": arity == 1 and getattr(np, _named(function, None), None) is function,
        "pieces": _pieces(function, forward, partials, times is None and "vjps" not in stated)
        if pieces is True
        else pieces or None,
        **stated,
    }
    made = Primitive(
        forward or function,
        name=_named(function, name),
        arity=arity,
        settings=keywords,
        positional=_positional_names(function, arity),
        cost=cost,
        slope=slope,
        second=second,
        label=label,
        category="elementwise",
        **derived,
    )
    return _declared(function, made)


def _pieces(function: Any, forward: Any, partials: Sequence[Any], multiplied: bool) -> Pieces:
    """Return how an operation is computed in pieces.

    NumPy's ``x ** 2`` is another loop than its power, so that is called as it is.
    """
    writes = isinstance(function, np.ufunc) and forward is not operator.pow
    return Pieces(
        function if writes else None,
        tuple([p if multiplied and callable(p) else None for p in partials]),
    )


def _unknown(name: str, place: int) -> Rule:
    """Return the rule of an argument for which none was given."""

    def refused(g: Any, y: Any, *args: Any, **params: Any) -> Any:
        raise errors.RuleError(
            f"{name}: no derivative is known for argument {place}; declare a rule for it, or pass "
            "a constant.",
            Location.of_caller(),
        )

    refused.is_unknown = True  # type: ignore[attr-defined]  # a function's own attribute
    return refused


def is_unknown(rule: Any) -> bool:
    """Tell whether a rule only says that there is none."""
    return getattr(rule, "is_unknown", False)


def _all_known(name: str, rules: Any) -> tuple[Rule, ...] | None:
    """Return a rule for each argument; None where one rule serves all."""
    if rules is None or callable(rules):
        return None
    return tuple(rule or _unknown(name, k) for k, rule in enumerate(rules))


def _elementwise_rule(partial: Rule | float, arity: int, keywords: bool) -> Rule | None:
    """Return ``g * partial``, which serves both modes; spelt out by arity because it is hot."""
    if not callable(partial):
        if partial == 1:
            return copied
        if partial == -1 and arity <= 2 and not keywords:
            return (lambda g, y, x: -g) if arity == 1 else lambda g, y, a, b: -g
        if partial == 0:
            return zeros_rule
        return lambda g, y, *args, **params: g * partial
    if keywords or arity > 2:
        return lambda g, y, *args, **params: g * partial(y, *args, **params)
    if arity == 1:
        return lambda g, y, x: g * partial(y, x)
    return lambda g, y, a, b: g * partial(y, a, b)


def linear(
    function: Callable[..., Any],
    transpose: Rule,
    *,
    name: str | None = None,
    forward: Callable[..., Any] | None = None,
    view: bool = False,
    cost: float | Callable[..., float] | None = None,
    label: str | None = None,
    category: str = "linear",
    **stated: Any,
) -> Primitive:
    """Declare an operation that is linear in its one array argument.

    Parameters
    ----------
    function : callable
        ``function(x, **settings)``; a NumPy function is also registered.
    transpose : callable
        ``transpose(g, x, **settings)``: the transposed map applied to g.  Of x
        only shape and dtype may be used.  Its keyword-only parameters are the
        settings that are supported.
    name, forward, cost, label, **stated : optional
        As in `elementwise`.
    view : bool
        Whether the result can share memory with x.
    category : str
        How graphs group it.

    Returns
    -------
    Primitive
        Its jvp is the operation itself.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad, linear
    >>> second = linear(lambda x: x[1], lambda g, x: g * np.eye(len(x))[1], name="second")
    >>> grad(second)(np.array([1.0, 2.0, 3.0]))
    array([0., 1., 0.])
    """

    def pulled(g: Any, y: Any, x: Any, **params: Any) -> Any:
        return transpose(g, x, **params)

    def pushed(t: Any, y: Any, x: Any, **params: Any) -> Any:
        return made(t, **params)

    derived = {
        "vjps": (pulled,),
        "jvps": (pushed,),
        "sources": lambda: (values_read(transpose, 1).after(1),),  # nothing, of a good rule
        **stated,
    }
    made = Primitive(
        forward or function,
        name=_named(function, name),
        arity=1,
        settings=_settings(function, (transpose,), 1),
        positional=_positional_names(function, 1),
        view=view,
        cost=cost,
        label=label,
        category=category,
        **derived,
    )
    return _declared(function, made)


def bilinear(
    function: Callable[..., Any],
    left: Rule,
    right: Rule,
    *,
    name: str | None = None,
    forward: Callable[..., Any] | None = None,
    cost: float | Callable[..., float] | None = None,
    label: str | None = None,
    category: str = "product",
    **stated: Any,
) -> Primitive:
    """Declare an operation that is linear in each of its two array arguments.

    Parameters
    ----------
    function : callable
        ``function(a, b, **settings)``; a NumPy function is also registered.
    left, right : callable
        ``left(g, a, b, **settings)`` is the gradient of a, ``right(...)`` of b;
        broadcast axes need not be summed.
    name, forward, cost, label, category, **stated : optional
        As in `linear`.

    Returns
    -------
    Primitive
        Its jvp is ``f(da, b) + f(a, db)``.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import bilinear, grad
    >>> dot = bilinear(lambda a, b: np.sum(a * b), lambda g, a, b: g * b,
    ...                lambda g, a, b: g * a, name="mydot")
    >>> grad(dot)(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([3., 4.])
    """
    settings = _settings(function, (left, right), 2)
    to_left: Rule
    to_right: Rule
    if settings:
        to_left = lambda g, y, a, b, **params: left(g, a, b, **params)  # noqa: E731
        to_right = lambda g, y, a, b, **params: right(g, a, b, **params)  # noqa: E731
    else:
        to_left = lambda g, y, a, b: left(g, a, b)  # noqa: E731 - hot: no dictionary made
        to_right = lambda g, y, a, b: right(g, a, b)  # noqa: E731

    def from_left(t: Any, y: Any, a: Any, b: Any, **params: Any) -> Any:
        return made(t, b, **params)

    def from_right(t: Any, y: Any, a: Any, b: Any, **params: Any) -> Any:
        return made(a, t, **params)

    derived = {
        "vjps": (to_left, to_right),
        "jvps": (from_left, from_right),
        "sources": lambda: tuple(values_read(rule, 1).after(1) for rule in (left, right)),
        **stated,
    }
    made = Primitive(
        forward or function,
        name=_named(function, name),
        arity=2,
        settings=settings,
        positional=_positional_names(function, 2),
        cost=cost,
        label=label,
        category=category,
        **derived,
    )
    return _declared(function, made)


def primitive(
    function: Callable[..., Any],
    *,
    vjp: Rule | Sequence[Rule | None] | None = None,
    jvp: Rule | Sequence[Rule | None] | None = None,
    name: str | None = None,
    arity: int | None = None,
    multiple: bool = False,
    cost: float | Callable[..., float] | None = None,
    composite: Callable[..., Any] | None = None,
    label: str | None = None,
    category: str = "operation",
    forward: Callable[..., Any] | None = None,
    **stated: Any,
) -> Primitive:
    """Declare any operation by its reverse and forward rules.

    One of the two is enough. The other is then found by transposition, which is correct but slower.

    Parameters
    ----------
    function : callable
        ``function(*arrays, **settings)``; a NumPy function is also registered.
    vjp : callable or sequence of callable
        One for each argument, ``rule(g, y, *args, **settings)`` returning the
        gradient of that argument; or one for all, returning a tuple of them.
    jvp : callable or sequence of callable
        One for each argument, ``rule(t, y, *args, **settings)`` returning what
        its tangent adds to the result's; or one for all.  That gets the tangent as the one
        `vjp` gets g: of one argument the tangent itself (``t[0]`` is it as well), of several
        the list of their tangents (zeros where there is none).
    name, forward, cost, label, category, **stated : optional
        As in `linear`.
    arity : int, optional
        Number of array arguments, if it cannot be told from the rules;
        any number if the function takes ``*args``.
    multiple : bool
        Whether the function returns a tuple; then g and y are tuples too.
    composite : callable, optional
        The same function as a composition of other operations, with the same
        arguments and settings, if this one is a kernel written for speed. The
        ledger counts a kernel and its sweeps as the program it stands for.

    Returns
    -------
    Primitive
        Callable like the function.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad, jvp, primitive
    >>> cube = primitive(lambda x: x ** 3, vjp=lambda g, y, x: g * 3 * x ** 2, name="cube")
    >>> float(grad(cube)(2.0)), float(grad(grad(cube))(2.0))
    (12.0, 12.0)
    >>> float(jvp(cube, (2.0,), (1.0,))[1])
    12.0
    >>> both = primitive(lambda x: x ** 3, vjp=lambda g, y, x: g * 3 * x ** 2,
    ...                  jvp=lambda t, y, x: t * 3 * x ** 2, name="both")
    >>> float(jvp(both, (2.0,), (1.0,))[1])
    12.0
    """
    each_back = _all_known(_named(function, name), vjp)
    each_forward = _all_known(_named(function, name), jvp)
    rules: list[Any] = [*(each_back or ()), *(each_forward or ()), vjp, jvp]
    if arity is None:
        arity = _infer_arity(function, each_back or each_forward, vjp or jvp)
    joint = vjp if callable(vjp) else None
    derived = {
        "sources": reader(each_back, 1)
        if each_back
        else lambda: (EVERYTHING if joint is None else values_read(joint, 1),),
        **stated,
    }
    made = Primitive(
        forward or function,
        name=_named(function, name),
        arity=arity,
        settings=_settings(function, rules, arity),
        positional=_positional_names(function, arity),
        vjps=each_back,
        jvps=each_forward,
        vjp=joint,
        jvp=jvp if callable(jvp) else None,
        multiple=multiple,
        cost=cost,
        composite=composite,
        label=label,
        category=category,
        **derived,
    )
    return _declared(function, made)


def _infer_arity(
    function: Callable[..., Any], each: tuple[Rule | None, ...] | None, joint: Any
) -> int | None:
    if each is not None:
        return len(each)
    if callable(joint):
        parameters = inspect.signature(joint).parameters.values()
        if any(p.kind is p.VAR_POSITIONAL for p in parameters):
            return None
        return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters) - 2
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return sum(p.default is p.empty and p.kind is not p.KEYWORD_ONLY for p in parameters)


def constant(*functions: Callable[..., Any]) -> None:
    """Declare functions whose results carry no derivative."""
    for function in functions:
        register(function, Constant(function))
