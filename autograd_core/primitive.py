"""Primitive: one operation and its derivative rules, and the ways to declare one.

A rule is plain NumPy code.  Given arrays it is the fast first-order path; given
Tensors or Duals the same line records or differentiates itself, which is how
every higher order works.  So a rule never unwraps a value, never mutates one,
and makes new arrays only with the ``*_like`` functions.

Arrays are positional, settings (``axis=...``) are keywords.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from autograd_core import errors
from autograd_core.modes import current
from autograd_core.source import Location

Rule = Callable[..., Any]

# NumPy (or SciPy) function -> what runs in its place when an argument is traced.
REGISTRY: dict[Callable[..., Any], Callable[..., Any]] = {}


class Boxed:
    """What the dispatch knows of a traced value: the level of its trace.

    The youngest trace among the arguments is the innermost and is unwrapped
    first; values of older traces are constants to it.  Level 0 is a constant.
    """

    __slots__ = ()
    _level: int

    def _process(
        self, primitive: Primitive, args: tuple[Any, ...], params: dict[str, Any], level: int
    ) -> Any:
        """Apply the primitive at this value's level."""
        raise NotImplementedError

    def _below(self) -> Any:
        """Return the value without this level."""
        raise NotImplementedError

    def _constant(self, value: Any) -> Any:
        """Return how a result without derivative looks among values of this kind."""
        raise NotImplementedError

    def _note_view(self, made: Any, operation: Primitive, params: dict[str, Any]) -> None:
        """Remember that `made` shares memory with this value, for in-place changes."""
        raise NotImplementedError


def bare(value: Any) -> Any:
    """Return the array under any number of derivative levels: raw, or batched by ``vmap``."""
    while isinstance(value, Boxed):
        below = value._below()
        if below is value:
            break
        value = below
    return value


def youngest_batched(values: Iterable[Any], level: int) -> Boxed | None:
    """Return the youngest batched value of a level above `level`, also inside of tuples."""
    found = None
    for value in values:
        if value.__class__ is tuple:
            value = youngest_batched(value, level)
        if isinstance(value, Boxed) and value._level > level and value._below() is value:
            found, level = value, value._level
    return found


def describe(value: Any) -> str:
    """Return a short name of a value for messages: shape and dtype, or the scalar."""
    value = bare(value)
    if isinstance(value, (bool, int, float, complex)):
        return repr(value)
    shape = getattr(value, "shape", None)
    if shape is None:
        return type(value).__name__
    return f"{shape} {value.dtype}"


class Primitive:
    """One differentiable operation: how to compute it, and its derivative in both modes.

    Made by the declarators `elementwise`, `linear`, `bilinear` and `primitive`;
    called like the function it stands for.

    Attributes
    ----------
    name : str
        The operation's name in messages, graphs and tables.
    forward : callable
        Computes the value from raw arrays.
    vjps : tuple of callable or None
        For each argument ``rule(g, y, *args, **params)``: the gradient that
        goes back to that argument.  None: `vjp` computes all of them at once.
    jvps : tuple of callable or None
        For each argument ``rule(t, y, *args, **params)``: what a tangent of
        that argument adds to the result's tangent.  None: see `jvp`.
    arity : int or None
        Number of array arguments; None for any number.
    settings : frozenset of str
        The keywords that the rules understand.
    multiple : bool
        Whether the result is a tuple of arrays.
    view : bool
        Whether the result may share memory with the first argument.
    cost : float or callable or None
        FLOPs for each element of the result, or ``cost(y, *args, **params)``.
    label, category : str
        How graphs draw it.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import elementwise
    >>> cube = elementwise(lambda x: x**3, lambda y, x: 3 * x**2, name="cube")
    >>> cube
    <primitive cube>
    >>> cube(2.0)
    8.0
    """

    __slots__ = (
        "_positional",
        "_reads",
        "arity",
        "category",
        "cost",
        "forward",
        "jvp",
        "jvps",
        "label",
        "multiple",
        "name",
        "settings",
        "sources",
        "view",
        "vjp",
        "vjps",
    )

    def __init__(
        self,
        forward: Callable[..., Any],
        *,
        name: str,
        arity: int | None,
        settings: frozenset[str],
        positional: tuple[str, ...],
        vjps: tuple[Rule | None, ...] | None = None,
        jvps: tuple[Rule | None, ...] | None = None,
        vjp: Rule | None = None,
        jvp: Rule | None = None,
        sources: Callable[[], tuple[frozenset[int], ...]] | None = None,
        multiple: bool = False,
        view: bool = False,
        cost: float | Callable[..., float] | None = None,
        label: str | None = None,
        category: str = "operation",
    ) -> None:
        self.forward = forward
        self.name = name
        self.arity = arity
        self.settings = settings
        self._positional = positional
        self.vjps = vjps
        self.jvps = jvps
        self.vjp = vjp
        self.jvp = jvp
        self.sources = sources
        self._reads: tuple[frozenset[int], ...] | None = None
        self.multiple = multiple
        self.view = view
        self.cost = cost
        self.label = label or name
        self.category = category

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __call__(self, *args: Any, **params: Any) -> Any:
        """Apply the operation; the youngest trace among the arguments decides what else happens."""
        if len(args) != self.arity and self.arity is not None:
            args, params = self._bind(args, params)
        top: Boxed | None = None
        level = 0
        for a in args:
            if isinstance(a, Boxed):
                if top is None or a._level > level:
                    top = a
                    level = a._level
            elif a.__class__ is list or a.__class__ is tuple:
                return self(*(_as_array(b) for b in args), **params)
        if params:
            params = self._check(params, top is not None)
            hidden = youngest_batched(params.values(), level)  # an index or a condition batched by vmap
            if hidden is not None:
                return hidden._process(self, args, params, hidden._level)
        if level:
            return top._process(self, args, params, level)  # type: ignore[union-attr]
        if top is None:
            return self.run(args, params)
        raw = tuple([bare(a) for a in args])
        value = self.run(raw, params)
        if current().anomaly:
            from autograd_core.anomaly import check_forward

            check_forward(self, raw, value)
        made = top._constant(value)
        if self.view:
            top._note_view(made, self, params)
        return made

    def run(self, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Compute the value of raw arguments; NumPy's complaints become the engine's."""
        try:
            return self.forward(*args, **params)
        except Exception as error:
            raise self.failure(error, args) from error

    def failure(self, error: Exception, args: tuple[Any, ...]) -> Exception:
        """Return the error that names this operation, its operands and the user's line."""
        message = f"{self.name}({', '.join(map(describe, args))}): {error}"
        return errors.translate(error, message + self._hint(args), Location.of_caller())

    def _hint(self, args: tuple[Any, ...]) -> str:
        shapes = [np.shape(bare(a)) for a in args if not isinstance(a, (list, tuple))]
        if self.name == "matmul" and len(shapes) == 2 and all(shapes):
            rows = shapes[1][-2] if len(shapes[1]) > 1 else shapes[1][0]
            if shapes[0][-1] != rows:
                which = "next-to-last" if len(shapes[1]) > 1 else "only"
                return (
                    f"\n  {shapes[0]} @ {shapes[1]}: the last axis of the first, {shapes[0][-1]}, "
                    f"must equal the {which} of the second, {rows}."
                )
        if self.category == "elementwise" and len(shapes) == 2:
            for axis in range(1, min(map(len, shapes)) + 1):
                m, n = shapes[0][-axis], shapes[1][-axis]
                if m != n and 1 not in (m, n):
                    return (
                        f"\n  {shapes[0]} and {shapes[1]}: axis -{axis} is {m} in the first and "
                        f"{n} in the second; they must be equal, or one of them 1."
                    )
        return ""

    def _bind(
        self, args: tuple[Any, ...], params: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Sort arguments into arrays (positional) and settings (keywords), by the signature."""
        names = self._positional
        arity = self.arity or 0
        if len(args) > max(len(names), arity):
            raise errors.OperandError(
                f"{self.name} takes {max(len(names), arity)} arguments, got {len(args)}",
                Location.of_caller(),
            )
        bound = dict(zip(names[arity:], args[arity:], strict=False))
        arrays = list(args[:arity])
        for name in names[len(arrays) : arity]:
            if name not in params:
                raise errors.OperandError(
                    f"{self.name}: the argument {name!r} is missing", Location.of_caller()
                )
            arrays.append(params[name])
        rest = {k: v for k, v in params.items() if k not in names[:arity]}
        return tuple(arrays), {**bound, **rest}

    def _check(self, params: dict[str, Any], traced: bool) -> dict[str, Any]:
        """Drop settings left at NumPy's default; refuse those that the rules don't know."""
        if not traced or params.keys() <= self.settings:
            return params
        kept = {}
        for name, value in params.items():
            if name in self.settings:
                kept[name] = value
            elif not (
                value is None
                or value is np._NoValue
                or (isinstance(value, (bool, str)) and (name, value) in _DEFAULTS)
            ):
                known = ", ".join(f"{k}=" for k in sorted(self.settings)) or "none"
                raise errors.UnsupportedError(
                    f"{self.name}: the keyword {name}= is not supported on a traced value "
                    f"(supported: {known})." + _REMEDIES.get(name, ""),
                    Location.of_caller(),
                )
        return kept

    def reads(self) -> tuple[frozenset[int], ...]:
        """For each argument's rule, the saved values it looks at: 0 the result, k argument k."""
        if self._reads is None:
            self._reads = self.sources() if self.sources else ()
        return self._reads

    def pull(self, g: Any, y: Any, args: Sequence[Any], params: dict[str, Any]) -> Sequence[Any]:
        """Return the gradient of every argument at once (rules that share work)."""
        if self.vjp is not None:
            pulled = self.vjp(g, y, *args, **params)
            return pulled if isinstance(pulled, (tuple, list)) else (pulled,)
        if self.jvp is None and self.jvps is None:
            raise errors.RuleError(
                f"{self.name} has no derivative rule: declare vjp= or jvp=.", Location.of_caller()
            )
        from autograd_core.transforms import vjp as transpose

        def pushed(*tangents: Any) -> Any:
            return self.push(tangents, y, args, params)

        origin = tuple(np.zeros_like(a) for a in args)
        gradients: Sequence[Any] = transpose(pushed, *origin)[1](g)
        return gradients

    def push(
        self, tangents: Sequence[Any], y: Any, args: Sequence[Any], params: dict[str, Any]
    ) -> Any:
        """Return the tangent of the result; None in `tangents` stands for zero."""
        if self.jvps is not None:
            total = None
            for rule, t in zip(self.jvps, tangents, strict=False):
                if t is not None and rule is not None:
                    term = rule(t, y, *args, **params)
                    total = term if total is None else total + term
            return total
        full = [np.zeros_like(a) if t is None else t for t, a in zip(tangents, args, strict=True)]
        if self.jvp is not None:
            return self.jvp(full, y, *args, **params)
        from autograd_core.transforms import vjp as transpose

        if self.vjps is None and self.vjp is None:
            raise errors.RuleError(
                f"{self.name} has no derivative rule: declare vjp= or jvp=.", Location.of_caller()
            )

        def pulled(g: Any) -> Any:
            if self.vjps is None:
                return tuple(self.pull(g, y, args, params))
            return tuple(
                None if t is None or rule is None else rule(g, y, *args, **params)
                for rule, t in zip(self.vjps, tangents, strict=True)
            )

        origin = tuple(np.zeros_like(part) for part in y) if self.multiple else np.zeros_like(y)
        seeds = tuple(full) if self.vjps is None else tuple(tangents)
        return transpose(pulled, origin)[1](seeds)[0]


_DEFAULTS = {
    ("where", True),
    ("subok", True),
    ("casting", "same_kind"),
    ("order", "K"),
    ("copy", True),
    ("mode", "raise"),
}
_REMEDIES = {
    "out": " Use the returned value, or write x[...] = value on a Tensor.",
    "where": " Use np.where(condition, value, other) around it.",
    "dtype": " Use .astype(dtype) on the result.",
    "initial": " Add the initial value to the result.",
}


def _as_array(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, (list, tuple)) else value


def zeros_rule(g: Any, y: Any, *args: Any, **params: Any) -> Any:
    """Return the rule of an argument on which the result does not depend locally."""
    return np.zeros_like(g)


def _positional_names(function: Callable[..., Any], arity: int | None) -> tuple[str, ...]:
    if isinstance(function, np.ufunc):
        return tuple(f"x{k + 1}" for k in range(function.nin))
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return tuple(f"x{k}" for k in range(arity or 0))
    return tuple(
        p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    )


def _keywords(function: Callable[..., Any]) -> set[str]:
    """Return the keyword-only parameters of a rule."""
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
    try:
        parameters = list(inspect.signature(forward).parameters.values())
    except (TypeError, ValueError):
        return frozenset().union(*(_keywords(rule) for rule in rules if callable(rule)))
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    return frozenset(
        {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
        | {p.name for p in positional[len(positional) if arity is None else arity :]}
    )


def _reader(rules: Sequence[Any], skip: int) -> Callable[[], tuple[frozenset[int], ...]]:
    """Return a function that finds, from the bytecode, which saved values each rule reads.

    ``skip`` leading parameters are not saved values.  Looking at ``.shape`` and
    its like is not reading.
    """
    return lambda: tuple(_values_read(rule, skip) for rule in rules)


def _values_read(rule: Any, skip: int) -> frozenset[int]:
    code = getattr(rule, "__code__", None)
    if code is None:
        return frozenset() if not callable(rule) else frozenset(range(64))
    names = code.co_varnames[skip : code.co_argcount]
    found: set[int] = set()
    instructions = list(dis.get_instructions(code))
    for instruction, following in zip(instructions, [*instructions[1:], None], strict=True):
        if not instruction.opname.startswith(("LOAD_FAST", "LOAD_CLOSURE", "LOAD_DEREF")):
            continue
        loaded = instruction.argval
        metadata = (
            following is not None
            and following.opname == "LOAD_ATTR"
            and following.argval in ("shape", "ndim", "size", "dtype")
        )
        for name in loaded if isinstance(loaded, tuple) else (loaded,):
            if name in names and not metadata:
                found.add(names.index(name))
    if code.co_flags & inspect.CO_VARARGS:
        return frozenset(range(64))
    return frozenset(found)


def register(function: Callable[..., Any], implementation: Callable[..., Any]) -> None:
    """Let ``implementation`` run when NumPy's ``function`` meets a traced argument."""
    REGISTRY[function] = implementation


def implements(*functions: Callable[..., Any]) -> Callable[[Rule], Rule]:
    """Register a function written in terms of other NumPy functions (decorator).

    Parameters
    ----------
    *functions : callable
        The NumPy functions that it stands for; same signature.

    Returns
    -------
    callable
        The decorator; it returns the function unchanged.
    """

    def decorate(implementation: Rule) -> Rule:
        for function in functions:
            register(function, implementation)
        return implementation

    return decorate


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
    cost: float | Callable[..., float] | None = 1.0,
    label: str | None = None,
) -> Primitive:
    """Declare an operation that works on each element, by its partial derivatives.

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
        A faster way to the same value.
    times : callable, optional
        For one argument, ``times(g, y, x)``: g times the partial, where saying
        it at once is cheaper; it then serves instead of the partial.
    cost : float or callable, optional
        FLOPs an element.
    label : str, optional
        How graphs write it, for instance ``"+"``.

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
    rules = (
        (times,) if times else tuple(_elementwise_rule(p, arity, bool(keywords)) for p in partials)
    )
    made = Primitive(
        forward or function,
        name=_named(function, name),
        arity=arity,
        settings=keywords,
        positional=_positional_names(function, arity),
        vjps=rules,
        jvps=rules,
        sources=_reader((times,), 1) if times else _reader(partials, 0),
        cost=cost,
        label=label,
        category="elementwise",
    )
    return _declared(function, made)


def copied(g: Any, y: Any, *args: Any, **params: Any) -> Any:
    """Return the rule of a plus: each input gets a copy.  The sweep knows it by identity."""
    return g


def _unknown(g: Any, y: Any, *args: Any, **params: Any) -> Any:
    raise errors.RuleError(
        "no derivative is known for this argument; declare a rule for it, or pass a constant.",
        Location.of_caller(),
    )


def _elementwise_rule(partial: Rule | float | None, arity: int, keywords: bool) -> Rule | None:
    """Return ``g * partial``, which serves both modes; spelt out by arity because it is hot."""
    if partial is None:
        return _unknown
    if not callable(partial):
        if partial == 1:
            return copied
        if partial == -1 and arity == 2:
            return lambda g, y, a, b: -g
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
    view: bool = False,
    cost: float | Callable[..., float] | None = None,
    label: str | None = None,
    category: str = "linear",
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
    name, cost, label : optional
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

    made = Primitive(
        function,
        name=_named(function, name),
        arity=1,
        settings=_settings(function, (transpose,), 1),
        positional=_positional_names(function, 1),
        vjps=(pulled,),
        jvps=(pushed,),
        sources=lambda: (frozenset(),),
        view=view,
        cost=cost,
        label=label,
        category=category,
    )
    return _declared(function, made)


def bilinear(
    function: Callable[..., Any],
    left: Rule,
    right: Rule,
    *,
    name: str | None = None,
    cost: float | Callable[..., float] | None = None,
    label: str | None = None,
    category: str = "product",
) -> Primitive:
    """Declare an operation that is linear in each of its two array arguments.

    Parameters
    ----------
    function : callable
        ``function(a, b, **settings)``; a NumPy function is also registered.
    left, right : callable
        ``left(g, a, b, **settings)`` is the gradient of a, ``right(...)`` of b;
        broadcast axes need not be summed.
    name, cost, label, category : optional
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

    made = Primitive(
        function,
        name=_named(function, name),
        arity=2,
        settings=settings,
        positional=_positional_names(function, 2),
        vjps=(to_left, to_right),
        jvps=(from_left, from_right),
        sources=lambda: tuple(
            frozenset(k + 1 for k in _values_read(rule, 1)) for rule in (left, right)
        ),
        cost=cost,
        label=label,
        category=category,
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
    label: str | None = None,
    category: str = "operation",
) -> Primitive:
    """Declare any operation by its reverse and forward rules.

    One of the two is enough: the other is then found by transposing it, which
    is right but slower.

    Parameters
    ----------
    function : callable
        ``function(*arrays, **settings)``; a NumPy function is also registered.
    vjp : callable or sequence of callable
        One for each argument, ``rule(g, y, *args, **settings)`` returning the
        gradient of that argument; or one for all, returning a tuple of them.
    jvp : callable or sequence of callable
        One for each argument, ``rule(t, y, *args, **settings)`` returning what
        its tangent adds to the result's; or one for all, which gets the list of
        tangents (zeros where there is none).
    name, cost, label, category : optional
        As in `linear`.
    arity : int, optional
        Number of array arguments, if it cannot be told from the rules;
        any number if the function takes ``*args``.
    multiple : bool
        Whether the function returns a tuple; then g and y are tuples too.

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
    """
    each_back = None if vjp is None or callable(vjp) else tuple(r or _unknown for r in vjp)
    each_forward = None if jvp is None or callable(jvp) else tuple(r or _unknown for r in jvp)
    rules: list[Any] = [*(each_back or ()), *(each_forward or ()), vjp, jvp]
    if arity is None:
        arity = _infer_arity(function, each_back or each_forward, vjp or jvp)
    joint = vjp if callable(vjp) else None
    made = Primitive(
        function,
        name=_named(function, name),
        arity=arity,
        settings=_settings(function, rules, arity),
        positional=_positional_names(function, arity),
        vjps=each_back,
        jvps=each_forward,
        vjp=joint,
        jvp=jvp if callable(jvp) else None,
        sources=_reader(each_back, 1)
        if each_back
        else (lambda: tuple(_values_read(joint, 1) for _ in range(arity or 64))),
        multiple=multiple,
        cost=cost,
        label=label,
        category=category,
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


class Constant(Primitive):
    """An operation without derivative: comparisons, counts, rounding to integers.

    Its result is a plain constant in every mode.
    """

    __slots__ = ()

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(
            function,
            name=_named(function, None),
            arity=None,
            settings=frozenset(),
            positional=(),
            category="constant",
        )

    def __call__(self, *args: Any, **params: Any) -> Any:
        """Compute the value from the raw arrays; it carries no derivative."""
        boxed = [a for a in (*args, *params.values()) if isinstance(a, Boxed)]
        raw = tuple(bare(a) for a in args)
        settings = {k: bare(v) for k, v in params.items()}
        if any(isinstance(a, Boxed) for a in (*raw, *settings.values())):
            from autograd_core.batching import constant_rule

            value = constant_rule(self, raw, settings)
        else:
            value = self.run(raw, settings)
        return _as_constant(boxed[0], value) if boxed else value


def _as_constant(boxed: Boxed, value: Any) -> Any:
    """Return arrays as constants of a traced value's kind; shapes and counts as they are."""
    if isinstance(value, (tuple, list)):
        parts = [_as_constant(boxed, part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    is_array = isinstance(value, np.generic) or hasattr(value, "__array_function__")
    return boxed._constant(value) if is_array else value


def constant(*functions: Callable[..., Any]) -> None:
    """Declare functions whose results carry no derivative."""
    for function in functions:
        register(function, Constant(function))
