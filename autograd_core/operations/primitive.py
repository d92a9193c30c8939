"""Primitive: one operation, its derivative rules, and what happens when it is called.

A rule is plain NumPy code.  Given arrays it is the fast first-order path; given
Tensors or Duals the same line records or differentiates itself, which is how
every higher order works.  So a rule never unwraps a value, never mutates one,
and makes new arrays only with the ``*_like`` functions.

Arrays are positional, settings (``axis=...``) are keywords.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pickle import PicklingError
from types import MappingProxyType
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.renamed import renamed_attribute, renamed_keywords
from autograd_core.base.source import Location
from autograd_core.operations import arguments, cut_marks, nested_sequences, other_libraries
from autograd_core.operations.anomaly import check_forward
from autograd_core.operations.boxed import (
    NOT_NUMBERS,
    Boxed,
    as_constant,
    bare,
    describe,
    innermost_array,
    level_of,
    like_tuple,
    numeric,
    unwrapped,
    youngest_batched,
)
from autograd_core.operations.failures import failure
from autograd_core.operations.missing_rules import no_rule, pulled_by_pushing, pushed_by_pulling
from autograd_core.operations.modes import current
from autograd_core.operations.other_libraries import FAMILIAR
from autograd_core.operations.pieces import Pieces, first_large
from autograd_core.operations.pieces import forward as in_pieces
from autograd_core.operations.registry import (
    BUILT_IN,
    REGISTRY,
    WRITERS,
    Rule,
    implements,
    register,
)
from autograd_core.operations.saved_reads import EVERYTHING, Reading, values_read
from autograd_core.operations.sole_tangent import SoleTangent, without_sole

_ndarray = np.ndarray
_double = np.dtype(float)


class _Doc:
    """The class's docstring of `Primitive`, and an operation's own where it states one."""

    def __init__(self, text: str | None) -> None:
        self.text = text

    def __get__(self, operation: Primitive | None, owner: type) -> str | None:
        return operation.doc if operation is not None and operation.doc else self.text


_NOTHING: Mapping[str, str] = MappingProxyType({})


def _named(module: str, name: str) -> Any:
    """Return what a module holds under a name: how operations are pickled."""
    return getattr(import_module(module), name)


_DECLARATORS = ("autograd_core.operations.", "autograd_core.base.")
_FOR_OTHERS = "autograd_core.compat."  # declares for its callers, when they first call
_PACKAGES = frozenset({"autograd_core", "nn", "optim"})


def _declared_here() -> bool:
    """Whether the operation that is being declared is one of these packages."""
    frame = sys._getframe(2)
    name: str = frame.f_globals.get("__name__", "")
    while name.startswith(_DECLARATORS) and frame.f_back is not None:
        frame = frame.f_back
        name = frame.f_globals.get("__name__", "")
    return name.partition(".")[0] in _PACKAGES and not name.startswith(_FOR_OTHERS)


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
    outer_product : bool
        Whether, of a matrix and a vector, the gradient of the matrix is the outer product
        of the result's gradient and the vector; a sweep may put it off.
    own : bool
        Whether the library itself declares it: rules that are found by name are for these alone.
    shaped : bool
        Whether its one rule is known to return the argument's shape, so that a sweep
        need not look.
    adds : callable or None
        ``adds(total, g, **params)`` adds in place what the one rule returns.
    pieces : Pieces or None
        How large arrays are computed in pieces; of an elementwise operation that may be.
    lines : callable or None
        `forward` where arrays may be large: shared among threads, of an operation along an axis;
        without slow copies, of a product.
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
    renamed : dict
        The name that users know for each array argument of `forward` that is called otherwise
        there; that name still works, with a DeprecationWarning.
    doc : str or None
        Its docstring.
    formulas : sequence of str or callable, or callable, or None
        What the viewer writes of the reverse rules, where the rules' own code would not read well:
        for each argument a NumPy expression of ``upstream``, the result ``y`` and the arguments
        (``x``; of several ``a``, ``b``, ``c``), or ``formula(y, *args, **params)`` that returns
        one, or a tuple of one, of what other names in it stand for, and of how these are shown.
        One callable for any number of arguments gets the argument's index first. A page shows a
        formula only where it gives the message, so special points need not be covered.

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
        "_spared",
        "_vjp_reads",
        "adds",
        "again",
        "arity",
        "category",
        "composite",
        "cost",
        "doc",
        "formulas",
        "forward",
        "jvp",
        "jvps",
        "label",
        "lines",
        "multiple",
        "name",
        "none_if_unused",
        "outer_product",
        "own",
        "pieces",
        "renamed",
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
    _spared: dict[tuple[bool, ...], tuple[int, ...]]
    _vjp_reads: tuple[Reading, ...] | None
    adds: Callable[..., None] | None
    again: bool
    arity: int | None
    category: str
    composite: Callable[..., Any] | None
    cost: float | Callable[..., float] | None
    doc: str | None
    formulas: Sequence[Any] | Callable[..., Any] | None
    forward: Callable[..., Any]
    jvp: Rule | None
    jvps: tuple[Rule | None, ...] | None
    label: str
    multiple: bool
    name: str
    none_if_unused: bool
    outer_product: bool
    own: bool
    pieces: Pieces | None
    lines: Callable[..., Any] | None
    renamed: Mapping[str, str]
    second: Rule | None
    settings: frozenset[str]
    shaped: bool
    simple: bool
    slope: Rule | None
    sources: Callable[[], tuple[Reading, ...]] | None
    view: bool
    vjp: Rule | None
    vjps: tuple[Rule | None, ...] | None

    outer = renamed_attribute("outer", "outer_product")
    reads = renamed_attribute("reads", "vjp_reads")
    pushed_reads = renamed_attribute("pushed_reads", "jvp_reads")

    @renamed_keywords(outer="outer_product")
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
        adds: Callable[..., None] | None = None,
        outer_product: bool = False,
        pieces: Pieces | None = None,
        lines: Callable[..., Any] | None = None,
        shaped: bool = False,
        none_if_unused: bool = False,
        renamed: Mapping[str, str] = _NOTHING,
        doc: str | None = None,
        formulas: Sequence[Any] | Callable[..., Any] | None = None,
    ) -> None:
        stated = {
            "forward": forward,
            "formulas": formulas,
            "name": name,
            "arity": arity,
            "settings": settings,
            "_positional": tuple([renamed.get(name, name) for name in positional]),
            "vjps": vjps,
            "jvps": jvps,
            "vjp": vjp,
            "jvp": jvp,
            "sources": sources,
            "_spared": {},  # found when first asked for, as the next
            "_vjp_reads": None,
            "multiple": multiple,
            "view": view,
            "cost": cost,
            "composite": composite,
            "slope": slope,
            "second": second,
            "label": label or name,
            "category": category,
            "again": again,
            "adds": adds,
            "outer_product": outer_product,
            "own": _declared_here(),
            "pieces": pieces,
            "lines": lines,
            "shaped": shaped,
            "simple": not multiple
            and vjps is not None
            and (arity == 1 or (arity == 2 and not settings)),
            "none_if_unused": none_if_unused,
            "renamed": renamed,
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

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Be pickled by the name under which a module holds it, as functions are."""
        for module, held in list(sys.modules.items()):
            if module == "__mp_main__":  # `__main__` by its second name
                continue
            for name, value in list(getattr(held, "__dict__", {}).items()):
                if value is self:
                    return _named, (module, name)
        raise PicklingError(
            f"{self.name}: no module holds this operation, and it is pickled by its name there; "
            "declare it at the top level of a module."
        )

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __call__(self, *args: Any, **params: Any) -> Any:
        """Apply the operation; the youngest trace among the arguments decides what else happens."""
        if len(args) != self.arity and self.arity is not None:
            args, params = arguments.bind(self, args, params)
        top: Boxed | None = None
        level = 0
        for a in args:
            if isinstance(a, Boxed):
                if top is None or a._level > level:
                    top = a
                    level = a._level
            elif a.__class__ is _ndarray:
                if a.dtype is not _double and a.dtype.hasobject:
                    joined = nested_sequences.without_objects(args)
                    if joined is not None:
                        return self(*joined, **params)
            elif a.__class__ not in FAMILIAR:
                if a.__class__ is SoleTangent:
                    return self(*without_sole(args), **params)
                args = arguments.familiar(self, args)
        if params and not (params.keys() <= self.settings and arguments.plain(params)):
            if not params.keys() <= self.settings:
                run = arguments.composed(self, params, top, args)
                if run is not None:
                    return run()
            params = arguments.checked(self, params, top, args)
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
        cut_marks.mark(made, "", self.name, args)
        if self.view:
            top._note_view(made, self, params)
        return made

    def run(self, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Compute the value of raw arguments; NumPy's complaints become the engine's."""
        try:
            if self.pieces is not None and not params and first_large(args) is not None:
                return in_pieces(self, args)
            return (self.lines or self.forward)(*args, **params)
        except Exception as error:
            raise self.failure(error, args) from error

    def traceable(self, value: Any, args: Sequence[Any] = ()) -> Any:
        """Return a forward result that can be traced: Python's floats become NumPy's."""
        try:
            if value.dtype.kind not in NOT_NUMBERS:
                return value
        except AttributeError:
            objects = any(
                getattr(getattr(bare(a), "dtype", None), "hasobject", False) for a in args
            )
            if isinstance(value, (float, complex)) and not objects:
                return np.asarray(value)[()]
            if self.multiple and isinstance(value, tuple):
                return like_tuple(value, [self._traceable_part(part) for part in value])
            if self.multiple and isinstance(value, list):
                return tuple(self._traceable_part(part) for part in value)
        kind = describe(value) if hasattr(value, "dtype") else f"a {type(value).__name__}"
        raise errors.DTypeError(
            f"{self.name}: the result is {kind}; an operation on traced values must return "
            f"{'a tuple of arrays' if self.multiple else 'an array'} of numbers (not Python "
            "objects, lists or integers, text or times).",
            Location.of_caller(),
        )

    def _traceable_part(self, part: Any) -> Any:
        if hasattr(part, "dtype") and part.dtype.kind not in NOT_NUMBERS:
            return part
        if isinstance(part, (bool, int, float, complex)):
            return np.asarray(part)[()]
        raise errors.DTypeError(
            f"{self.name}: a part of the result is {describe(part)}; give arrays of numbers.",
            Location.of_caller(),
        )

    def failure(self, error: Exception, args: tuple[Any, ...]) -> Exception:
        """Return the error that names this operation, its operands and the user's line."""
        return failure(self.name, self.category, error, args, self._positional[: len(args)])

    def vjp_reads(self) -> tuple[Reading, ...]:
        """For each argument's rule the saved values it looks at: 0 the result, k argument k.

        A single entry stands for a rule that serves all arguments.
        """
        if self._vjp_reads is None:
            found = self.sources() if self.sources else (EVERYTHING,)
            object.__setattr__(self, "_vjp_reads", found)  # of the declaration, as all else
            return found
        return self._vjp_reads

    def spared(self, tracked: tuple[bool, ...]) -> tuple[int, ...]:
        """Return which arguments no rule of a sweep reads, of those that it gives a gradient to.

        Parameters
        ----------
        tracked : tuple of bool
            For each argument whether the sweep gives it one: rules of constants do not run.
        """
        found = self._spared.get(tracked)
        if found is None:
            reads = self.vjp_reads()
            if len(reads) == len(tracked):
                reads = tuple(read for read, runs in zip(reads, tracked, strict=True) if runs)
            looks_at_all = self.again or self.outer_product
            found = self._spared[tracked] = tuple(
                k for k, runs in enumerate(tracked)
                if runs and not looks_at_all and not any(k + 1 in read for read in reads)
            )  # fmt: skip
        return found

    def jvp_reads(self) -> tuple[Reading, ...]:
        """Return what the forward rules read, as `vjp_reads` does for the rules of the sweep."""
        if self.jvps is not None:
            if self.jvps is self.vjps:
                return self.vjp_reads()
            return tuple(values_read(rule, 1) for rule in self.jvps)
        return (values_read(self.jvp, 1) if self.jvp is not None else EVERYTHING,)

    def pull(self, g: Any, y: Any, args: Sequence[Any], params: dict[str, Any]) -> Sequence[Any]:
        """Return the gradient of every argument at once (rules that share work)."""
        if self.vjp is not None:
            pulled = self.vjp(g, y, *args, **params)
            return pulled if isinstance(pulled, (tuple, list)) else (pulled,)
        if self.jvp is None and self.jvps is None:
            raise no_rule(self.name)
        return pulled_by_pushing(
            lambda tangents: self.push(tangents, y, args, params), g, args, self.multiple
        )

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
            if self.arity == 1:
                return without_sole(self.jvp(SoleTangent(full[0], self.name), y, *args, **params))
            return self.jvp(full, y, *args, **params)
        if self.vjps is None and self.vjp is None:
            raise no_rule(self.name)

        def pulled(g: Any) -> Any:
            if self.vjps is None:  # None is no gradient: zero
                gradients = zip(self.pull(g, y, args, params), args, strict=True)
                return tuple(np.zeros_like(a) if c is None else c for c, a in gradients)
            return tuple(
                None if t is None or rule is None else rule(g, y, *args, **params)
                for rule, t in zip(self.vjps, tangents, strict=True)
            )

        seeds = tuple(full) if self.vjps is None else tuple(tangents)
        return pushed_by_pulling(pulled, seeds, y, self.multiple)


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
        return cut_marks.mark(as_constant(boxed[0], value), "no derivative", self.name, boxed)

    def _compared(self, value: Any, raw: Any, beside: tuple[Any, ...]) -> Any:
        if isinstance(value, (Boxed, str, bytes)):
            return raw
        return other_libraries.plain(raw, self.name, beside)


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
    "innermost_array",
    "level_of",
    "like_tuple",
    "numeric",
    "register",
    "unwrapped",
    "youngest_batched",
]
