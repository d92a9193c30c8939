"""Dual: a value and its tangent, computed together.

A dual number a + b e with e * e = 0 carries a derivative through any program:
f(a + b e) = f(a) + f'(a) b e (Clifford 1873; Wengert 1964).  One pass gives the
derivative along one direction, so n inputs need n passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.engine.inplace import lowered
from autograd_core.engine.tensor import untracked
from autograd_core.engine.trace_borders import alive
from autograd_core.engine.traced import Traced, as_inexact
from autograd_core.operations.anomaly import check_forward
from autograd_core.operations.modes import current
from autograd_core.operations.primitive import Boxed, Primitive, bare, level_of, like_tuple, numeric

_new = object.__new__
_ndarray = np.ndarray
_float64 = np.float64
_double = np.dtype(float)
_FILLABLE = frozenset({np.zeros_like, np.ones_like, np.empty_like, np.full_like})


class Dual(Traced):
    """A value with its tangent, as one computes by hand on paper.

    Parameters
    ----------
    primal : array_like
        The value; a Tensor or another Dual nests.
    tangent : array_like, optional
        The direction's derivative, shaped like the primal; zero if left out.

    Raises
    ------
    DTypeError
        If the primal is not floating-point.
    SeedError
        If the tangent's shape is not the primal's.

    Examples
    --------
    >>> x = Dual(3.0, 1.0)
    >>> y = x * x + 2 * x
    >>> float(y.primal), float(y.tangent)
    (15.0, 8.0)
    """

    __slots__ = ("_level", "_slope", "_tangent", "primal")
    _slope: tuple[Any, ...]  # of what a tape keeps: the derivative; of which y, x and tangent of x

    def __init__(self, primal: Any, tangent: Any = None) -> None:
        self.primal = as_inexact(alive(primal, "Dual"), "Dual")
        if tangent is not None:
            tangent = as_inexact(alive(tangent, "Dual"), "Dual")
            if np.shape(bare(tangent)) != np.shape(bare(primal)):
                raise errors.SeedError(
                    f"Dual: the tangent has shape {np.shape(bare(tangent))}, the primal "
                    f"{np.shape(bare(primal))}; they must be equal.",
                    Location.of_caller(),
                )
        self._tangent = tangent
        self._level = max(level_of(primal), level_of(tangent)) + 1

    @property
    def tangent(self) -> Any:
        """The derivative along the seeded direction, shaped like the primal."""
        return np.zeros_like(self.primal) if self._tangent is None else self._tangent

    @tangent.setter
    def tangent(self, value: Any) -> None:
        self._tangent = value

    @classmethod
    def _make(cls, primal: Any, tangent: Any, level: int) -> Dual:
        made = _new(cls)
        made.primal = primal
        made._tangent = tangent
        made._level = level
        return made

    def __repr__(self) -> str:
        return f"Dual({self.primal!r}, tangent={self.tangent!r})"

    def _below(self) -> Any:
        return self.primal

    def _constant(self, value: Any) -> Any:
        return self.primal._constant(value) if isinstance(self.primal, Boxed) else value

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        made = super().__array_function__(function, types, args, keywords)
        if function in _FILLABLE and made.__class__ in (_ndarray, _float64):
            return untracked(made)  # a plain array could not be filled with traced values
        return made

    def _become(self, other: Any) -> None:
        other = lowered(other, self._level)
        if isinstance(other, Dual) and other._level == self._level:
            self.primal, self._tangent = other.primal, other._tangent
        elif level_of(other) > self._level:
            raise errors.InPlaceError(
                "in-place change of a Dual with a value of a younger trace: "
                "write x = x + y instead of x += y; or fill an array of the younger trace's own, "
                "made in its function with np.zeros_like or autograd_core.numpy.zeros.",
                Location.of_caller(),
            )
        else:
            self.primal, self._tangent = other, None

    def _process(
        self, primitive: Primitive, args: tuple[Any, ...], params: dict[str, Any], level: int
    ) -> Any:
        primals = []
        tangents = []
        plain = not params  # nothing of an older trace below: the forward function itself
        still = True
        for a in args:
            d = None
            if isinstance(a, Boxed):
                if a._level == level:
                    d = a._tangent  # type: ignore[attr-defined]
                    a = a.primal  # type: ignore[attr-defined]
                    if d is not None:
                        still = False
                elif not a._level:
                    a = a._below()
                if plain and isinstance(a, Boxed):
                    plain = False
            primals.append(a)
            tangents.append(d)
        y = primitive.run(tuple(primals), params) if plain else primitive(*primals, **params)
        kind = y.__class__
        if kind is not _float64 and (kind is not _ndarray or y.dtype is not _double):
            y = primitive.traceable(y, primals)
            kind = y.__class__
        anomaly = current().anomaly
        if anomaly:
            check_forward(primitive, primals, y)
        t: Any = None
        if not still:
            try:
                t = primitive.push(tangents, y, primals, params)
            except errors.AutogradError:
                raise
            except Exception as error:
                raise rule_failure(primitive, error, Location.of_caller()) from error
        if primitive.multiple:
            return self._parts(primitive, y, t, level)
        if t is not None:
            if anomaly:
                check_forward(primitive, [*primals, *(d for d in tangents if d is not None)], t)
            if t.__class__ is not kind or kind is not _float64:
                t = _fitted(t, y, primitive, primals)
        made = _new(Dual)
        made.primal = y
        made._tangent = t
        made._level = level
        if primitive.view:
            args[0]._note_view(made, primitive, params)
        return made

    def _parts(self, primitive: Primitive, y: Any, t: Any, level: int) -> Any:
        """Return the Duals of an operation that returns a tuple."""
        ts = (None,) * len(y) if t is None else t
        made = [
            self._make(part, fit_tangent(d, part, primitive.name), level)
            for part, d in zip(y, ts, strict=True)
        ]
        return like_tuple(y, made)

    def _process_recorded(self, primitive: Primitive) -> Any:
        # An elementwise operation that states its second derivative: the first is kept for it.
        x, t = self.primal, self._tangent
        if t is None or current().anomaly:
            return self._process(primitive, (self,), {}, self._level)
        if isinstance(x, Boxed):
            y = x._process_recorded(primitive)
        else:
            y = primitive.traceable(primitive.run((x,), {}), (x,))
        try:
            slope = primitive.slope(y, x)  # type: ignore[misc]
            pushed = t * slope
        except errors.AutogradError:
            raise
        except Exception as error:
            raise rule_failure(primitive, error, Location.of_caller()) from error
        made = self._make(y, _fitted(pushed, y, primitive, (x,)), self._level)
        made._slope = (slope, y, x, t)
        if primitive.view:
            self._note_view(made, primitive, {})
        return made

    def _slope_at(self, primitive: Primitive, x: Any) -> Any:
        try:
            slope, y, below, t = self._slope
        except AttributeError:
            return super()._slope_at(primitive, x)
        return self._make(slope, t * primitive.second(y, slope, below), self._level)  # type: ignore[misc]


def rule_failure(primitive: Primitive, error: Exception, where: Location) -> Exception:
    """Return the error of a forward rule that failed."""
    hint = ""
    if primitive.jvp is not None and isinstance(error, TypeError):
        hint = " (one jvp for several arguments gets the list of their tangents; jvp=[rule, ...] "
        hint += "gets one each)"
    return errors.RuleError(
        f"{primitive.name}: its derivative rule raised {type(error).__name__}: {error}{hint}", where
    )


def _fitted(t: Any, y: Any, primitive: Primitive, primals: Sequence[Any]) -> Any:
    """Return a tangent that is like its value; most are already."""
    if (
        (t.__class__ is y.__class__ or isinstance(t, Boxed))
        and t.dtype is y.dtype
        and t.shape == y.shape
        and (t.dtype is _double or t.dtype.kind in "fc")
    ):
        return t
    return fit_tangent(t, y, primitive.name, primals)


def fit_tangent(t: Any, y: Any, name: str = "a rule", among: Sequence[Any] = ()) -> Any:
    """Return a tangent with the shape and dtype of its value (a rule may return it broadcast)."""
    if t is None:
        return None
    if not hasattr(t, "shape"):
        t = np.asarray(t)[()]  # a rule may return a Python number
    if t.dtype.kind not in "fc":
        raise errors.RuleError(
            f"{name}: the jvp returned {t.dtype}; it must return floating-point numbers.",
            Location.of_caller(),
        )
    if t.shape != y.shape:
        try:
            t = np.broadcast_to(t, y.shape)
        except ValueError as error:
            raise errors.RuleError(
                f"{name}: the jvp returned shape {t.shape}, but the result has shape {y.shape}.",
                Location.of_caller(),
            ) from error
    if t.dtype != y.dtype:
        if t.dtype.kind == "c" and y.dtype.kind != "c":
            if among and not any(np.result_type(bare(a)).kind == "c" for a in among if numeric(a)):
                raise errors.RuleError(
                    f"{name}: the jvp returned complex numbers, but the arguments and the result "
                    "are real; return np.real(...) if that is meant.",
                    Location.of_caller(),
                )
            t = t.real
        t = t.astype(y.dtype)
    return t
