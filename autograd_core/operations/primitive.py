"""Primitive: one operation and its derivative rules, and the ways to declare one.

A rule is plain NumPy code.  Given arrays it is the fast first-order path; given
Tensors or Duals the same line records or differentiates itself, which is how
every higher order works.  So a rule never unwraps a value, never mutates one,
and makes new arrays only with the ``*_like`` functions.

Arrays are positional, settings (``axis=...``) are keywords.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.later import later
from autograd_core.base.source import Location
from autograd_core.operations import cut_marks as cuts
from autograd_core.operations import nests
from autograd_core.operations import other_libraries as foreign
from autograd_core.operations.anomaly import check_forward
from autograd_core.operations.boxed import (
    Boxed,
    bare,
    describe,
    level_of,
    like_tuple,
    memory,
    numeric,
    youngest_batched,
)
from autograd_core.operations.modes import current
from autograd_core.operations.other_libraries import FAMILIAR, KNOWN
from autograd_core.operations.registry import (
    BUILT_IN,
    REGISTRY,
    WRITERS,
    Rule,
    implements,
    register,
)
from autograd_core.operations.saved_reads import EVERYTHING, Reading, values_read

_ndarray = np.ndarray
_double = np.dtype(float)


class _Doc:
    """The class's docstring of `Primitive`, and an operation's own where it states one."""

    def __init__(self, text: str | None) -> None:
        self.text = text

    def __get__(self, operation: Primitive | None, owner: type) -> str | None:
        return operation.doc if operation is not None and operation.doc else self.text


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
    composite : callable or None
        The same function as a composition of other operations, if this one is
        a kernel written for speed: what `cost` counts instead.
    outer : bool
        Whether, of a matrix and a vector, the gradient of the matrix is the outer product
        of the result's gradient and the vector; a sweep may put it off.
    shaped : bool
        Whether its one rule is known to return the argument's shape, so that a sweep
        need not look.
    simple : bool
        Whether it has one argument, or two and no settings, and a rule for each: what a sweep
        is fast at.
    none_if_unused : bool
        What its vjp gets for a part of the result that nobody used: None, instead of zeros.
    again : bool
        Whether a sweep computes the result again from the arguments, if its rule reads the result
        and that was overwritten in place; otherwise that is an error.
    slope, second : callable or None
        Of an elementwise operation of one argument that states its second
        derivative: the first as ``slope(y, x)``, the second as
        ``second(y, slope, x)``.
    label, category : str
        How graphs draw it.
    doc : str or None
        Its docstring.

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

    __doc__ = _Doc(__doc__)
    __slots__ = (
        "_positional",
        "_reads",
        "again",
        "arity",
        "category",
        "composite",
        "cost",
        "doc",
        "forward",
        "jvp",
        "jvps",
        "label",
        "multiple",
        "name",
        "none_if_unused",
        "outer",
        "second",
        "settings",
        "shaped",
        "simple",
        "slope",
        "sources",
        "view",
        "vjp",
        "vjps",
    )
    _positional: tuple[str, ...]
    _reads: tuple[Reading, ...] | None
    again: bool
    arity: int | None
    category: str
    composite: Callable[..., Any] | None
    cost: float | Callable[..., float] | None
    doc: str | None
    forward: Callable[..., Any]
    jvp: Rule | None
    jvps: tuple[Rule | None, ...] | None
    label: str
    multiple: bool
    name: str
    none_if_unused: bool
    outer: bool
    second: Rule | None
    settings: frozenset[str]
    shaped: bool
    simple: bool
    slope: Rule | None
    sources: Callable[[], tuple[Reading, ...]] | None
    view: bool
    vjp: Rule | None
    vjps: tuple[Rule | None, ...] | None

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
        sources: Callable[[], tuple[Reading, ...]] | None = None,
        multiple: bool = False,
        view: bool = False,
        cost: float | Callable[..., float] | None = None,
        composite: Callable[..., Any] | None = None,
        slope: Rule | None = None,
        second: Rule | None = None,
        label: str | None = None,
        category: str = "operation",
        again: bool = False,
        outer: bool = False,
        shaped: bool = False,
        none_if_unused: bool = False,
        doc: str | None = None,
    ) -> None:
        stated = {
            "forward": forward,
            "name": name,
            "arity": arity,
            "settings": settings,
            "_positional": positional,
            "vjps": vjps,
            "jvps": jvps,
            "vjp": vjp,
            "jvp": jvp,
            "sources": sources,
            "_reads": None,
            "multiple": multiple,
            "view": view,
            "cost": cost,
            "composite": composite,
            "slope": slope,
            "second": second,
            "label": label or name,
            "category": category,
            "again": again,
            "outer": outer,
            "shaped": shaped,
            "simple": not multiple
            and vjps is not None
            and (arity == 1 or (arity == 2 and not settings)),
            "none_if_unused": none_if_unused,
            "doc": doc,
        }
        for attribute, value in stated.items():
            object.__setattr__(self, attribute, value)

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse: what an operation is must not depend on when one looks."""
        raise errors.RuleError(
            f"{self.name}.{name}: an operation is declared once and cannot be changed; give "
            f"{name}= to the declarator.",
            Location.of_caller(),
        )

    def __copy__(self) -> Primitive:
        return self  # as functions do: what never changes needs no copy

    def __deepcopy__(self, memo: Any) -> Primitive:
        return self

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        for attribute, value in state[1].items():
            object.__setattr__(self, attribute, value)

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
            elif a.__class__ is _ndarray:
                if a.dtype is not _double and a.dtype.hasobject:
                    joined = nests.without_objects(args)
                    if joined is not None:
                        return self(*joined, **params)
            elif a.__class__ not in FAMILIAR:
                args = self._familiar(args)
        if params:
            params = self._check(params, top, args)
            hidden = youngest_batched(params.values(), level)  # an index or a mask under vmap
            if hidden is not None:
                return hidden._process(self, args, params, hidden._level)
        if level:
            return top._process(self, args, params, level)  # type: ignore[union-attr]
        if top is None:
            return self.run(args, params)
        raw = tuple([bare(a) for a in args])
        value = self.run(raw, params)
        if value.__class__ is float or value.__class__ is complex:
            value = np.asarray(value)[()]
        if current().anomaly:
            check_forward(self, raw, value)
        made = top._constant(value)
        cuts.mark(made, "", self.name, args)
        if self.view:
            top._note_view(made, self, params)
        return made

    def _familiar(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return operands as NumPy's arrays; refuse those that mean more than their numbers."""
        if any(a.__class__ in _NOT_NUMPY for a in args):
            args = tuple([_as_array(a, args) for a in args])
        if any(isinstance(a, Boxed) for a in args):
            return tuple([foreign.plain(a, self.name, args) for a in args])
        return args

    def run(self, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Compute the value of raw arguments; NumPy's complaints become the engine's."""
        try:
            return self.forward(*args, **params)
        except Exception as error:
            raise self.failure(error, args) from error

    def settled(self, value: Any, args: Sequence[Any] = ()) -> Any:
        """Return a forward result that can be traced: Python's floats become NumPy's."""
        try:
            if value.dtype.kind != "O":
                return value
        except AttributeError:
            objects = any(
                getattr(getattr(bare(a), "dtype", None), "hasobject", False) for a in args
            )
            if isinstance(value, (float, complex)) and not objects:
                return np.asarray(value)[()]
            if self.multiple and isinstance(value, tuple):
                return like_tuple(value, [self._settled_part(part) for part in value])
            if self.multiple and isinstance(value, list):
                return tuple(self._settled_part(part) for part in value)
        kind = describe(value) if hasattr(value, "dtype") else f"a {type(value).__name__}"
        raise errors.DTypeError(
            f"{self.name}: the result is {kind}; an operation on traced values must return "
            f"{'a tuple of arrays' if self.multiple else 'an array'} of numbers (not Python "
            "objects, lists or integers).",
            Location.of_caller(),
        )

    def _settled_part(self, part: Any) -> Any:
        if hasattr(part, "dtype") and part.dtype.kind != "O":
            return part
        if isinstance(part, (bool, int, float, complex)):
            return np.asarray(part)[()]
        raise errors.DTypeError(
            f"{self.name}: a part of the result is {describe(part)}; give arrays of numbers.",
            Location.of_caller(),
        )

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

    def _check(
        self, params: dict[str, Any], top: Boxed | None, args: tuple[Any, ...]
    ) -> dict[str, Any]:
        """Drop settings left at NumPy's default; refuse those that the rules don't know."""
        if top is None:
            return params
        if "dtype" in params and params["dtype"] is not None and not top._written:
            self._check_dtype(params["dtype"], args)
        for value in params.values():
            if value.__class__ not in KNOWN:
                foreign.setting(value, self.name)
        if params.keys() <= self.settings:
            return params
        kept = {}
        for name, value in params.items():
            if name in self.settings:
                kept[name] = value
            elif top._written and name != "out" and value is not np._NoValue:
                kept[name] = value  # NumPy's own function will run
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

    def _check_dtype(self, dtype: Any, args: tuple[Any, ...]) -> None:
        try:
            kind = np.dtype(dtype).kind
        except TypeError as error:
            raise errors.OperandError(f"{self.name}: {error}", Location.of_caller()) from error
        if kind == "f" and any(np.result_type(bare(a)).kind == "c" for a in args if numeric(a)):
            raise errors.DTypeError(
                f"{self.name}: dtype={np.dtype(dtype)} would drop the imaginary part of a complex "
                "argument; take np.real(x) first.",
                Location.of_caller(),
            )
        if kind not in "fc":
            raise errors.DTypeError(
                f"{self.name}: a result of {np.dtype(dtype)} cannot carry a derivative; leave out "
                f"dtype=, and cast the result with .astype({np.dtype(dtype)}), a constant.",
                Location.of_caller(),
            )

    def reads(self) -> tuple[Reading, ...]:
        """For each argument's rule the saved values it looks at: 0 the result, k argument k.

        A single entry stands for a rule that serves all arguments.
        """
        if self._reads is None:
            found = self.sources() if self.sources else (EVERYTHING,)
            object.__setattr__(self, "_reads", found)  # of the declaration, as all else
            return found
        return self._reads

    def pushed_reads(self) -> tuple[Reading, ...]:
        """Return what the forward rules read, as `reads` does for the rules of the sweep."""
        if self.jvps is not None:
            if self.jvps is self.vjps:
                return self.reads()
            return tuple(values_read(rule, 1) for rule in self.jvps)
        return (values_read(self.jvp, 1) if self.jvp is not None else EVERYTHING,)

    def pull(self, g: Any, y: Any, args: Sequence[Any], params: dict[str, Any]) -> Sequence[Any]:
        """Return the gradient of every argument at once (rules that share work)."""
        if self.vjp is not None:
            pulled = self.vjp(g, y, *args, **params)
            return pulled if isinstance(pulled, (tuple, list)) else (pulled,)
        if self.jvp is None and self.jvps is None:
            raise errors.RuleError(
                f"{self.name} has no derivative rule: declare vjp= or jvp=.", Location.of_caller()
            )

        def pushed(*tangents: Any) -> Any:
            t = self.push(tangents, y, args, params)
            return tuple(t) if self.multiple else t

        origin = tuple(np.zeros_like(a) for a in args)
        gradients: Sequence[Any] = later("transpose")(pushed, *origin)[1](
            tuple(g) if self.multiple else g
        )
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
        if self.vjps is None and self.vjp is None:
            raise errors.RuleError(
                f"{self.name} has no derivative rule: declare vjp= or jvp=.", Location.of_caller()
            )

        def pulled(g: Any) -> Any:
            if self.vjps is None:  # None is no gradient: zero
                gradients = zip(self.pull(g, y, args, params), args, strict=True)
                return tuple(np.zeros_like(a) if c is None else c for c, a in gradients)
            return tuple(
                None if t is None or rule is None else rule(g, y, *args, **params)
                for rule, t in zip(self.vjps, tangents, strict=True)
            )

        origin = tuple(np.zeros_like(part) for part in y) if self.multiple else np.zeros_like(y)
        seeds = tuple(full) if self.vjps is None else tuple(tangents)
        return later("transpose")(pulled, origin)[1](seeds)[0]


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


_NOT_NUMPY = frozenset({list, tuple, range, complex})


def _as_array(value: Any, beside: tuple[Any, ...] = ()) -> Any:
    """Return lists as arrays, and Python's complex numbers (1j * np.float64 is one) as NumPy's."""
    if isinstance(value, (list, tuple, range)):
        if nests.holds(value):
            return nests.join(value)
        try:
            return np.asarray(value)
        except (TypeError, ValueError) as error:
            message = f"a {type(value).__name__} does not form an array: {error}"
            raise errors.translate(error, message, Location.of_caller()) from error
    if value.__class__ is complex:  # as precise as what stands beside it
        kinds = [b.dtype for b in beside if hasattr(b, "dtype")]
        return np.result_type(np.complex64, *kinds).type(value)
    return value


_BLANK = frozenset({"zeros_like", "ones_like", "empty_like", "full_like"})


class Constant(Primitive):
    """An operation without derivative: comparisons, counts, rounding to integers.

    Its result is a plain constant in every mode.
    """

    __slots__ = ()

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(
            function,
            name=function.name if isinstance(function, Primitive) else function.__name__,
            arity=None,
            settings=frozenset(),
            positional=(),
            category="constant",
        )

    def __call__(self, *args: Any, **params: Any) -> Any:
        """Compute the value from the raw arrays; it carries no derivative."""
        boxed: list[Boxed] = []
        raw = tuple(unwrapped(a, boxed) for a in args)
        settings = unwrapped(params, boxed)
        if boxed and not all(a.__class__ in FAMILIAR or isinstance(a, Boxed) for a in args):
            raw = tuple([self._compared(a, r, args) for a, r in zip(args, raw, strict=True)])
        kept = [b for b in map(bare, boxed) if isinstance(b, Boxed)]
        if kept:  # arrays of another kind: batched, or written down for a program
            youngest: Any = max(kept, key=lambda b: b._level)
            if self.name in _BLANK and boxed[0]._level > youngest._level and len(boxed) == 1:
                # the same for all examples: an array, which the trace above can fill
                model = np.broadcast_to(np.zeros((), youngest.dtype), youngest.shape)
                value = self.run((model, *raw[1:]), settings)
            else:
                value = youngest._apply_constant(self, raw, settings)
        else:
            value = self.run(raw, settings)
        if not boxed:
            return value
        return cuts.mark(as_constant(boxed[0], value), "no derivative", self.name, boxed)

    def _compared(self, value: Any, raw: Any, beside: tuple[Any, ...]) -> Any:
        if isinstance(value, (Boxed, str, bytes)):
            return raw
        return foreign.plain(raw, self.name, beside)


def unwrapped(value: Any, met: list[Boxed]) -> Any:
    """Return raw arrays for traced values, in tuples and lists too; note what was met."""
    if isinstance(value, Boxed):
        met.append(value)
        return bare(value)
    if value.__class__ is tuple or value.__class__ is list:
        return type(value)(unwrapped(part, met) for part in value)
    if value.__class__ is dict:
        return {k: unwrapped(part, met) for k, part in value.items()}
    return value


def as_constant(boxed: Boxed, value: Any) -> Any:
    """Return arrays as constants of a traced value's kind; shapes and counts as they are."""
    if isinstance(value, (tuple, list)):
        parts = [as_constant(boxed, part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    is_array = isinstance(value, (np.generic, Boxed)) or hasattr(value, "__array_function__")
    return boxed._constant(value) if is_array else value


__all__ = [
    "BUILT_IN",
    "REGISTRY",
    "WRITERS",
    "Boxed",
    "Constant",
    "Primitive",
    "Rule",
    "as_constant",
    "bare",
    "describe",
    "implements",
    "level_of",
    "like_tuple",
    "memory",
    "numeric",
    "register",
    "unwrapped",
    "youngest_batched",
]
