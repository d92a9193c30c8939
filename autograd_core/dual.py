"""Dual: a value and its tangent, pushed forward together.

A dual number a + b e with e * e = 0 carries a derivative through any program:
f(a + b e) = f(a) + f'(a) b e (Clifford 1873; Wengert 1964).  One pass gives the
derivative along one direction, so n inputs need n passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core import errors
from autograd_core.anomaly import check_forward
from autograd_core.modes import current
from autograd_core.primitive import Boxed, Primitive, bare, like_tuple, numeric
from autograd_core.source import Location
from autograd_core.traced import Traced, as_inexact, level_of

_new = object.__new__


class Dual(Traced):
    """A value with its tangent: what a learner computes with on paper.

    Parameters
    ----------
    primal : array_like
        The value; a Tensor or another Dual nests.
    tangent : array_like, optional
        The direction's derivative, shaped like the primal; zero if left out.

    Raises
    ------
    DTypeError
        If the primal is not of floating-point kind.
    SeedError
        If the tangent's shape is not the primal's.

    Examples
    --------
    >>> x = Dual(3.0, 1.0)
    >>> y = x * x + 2 * x
    >>> float(y.primal), float(y.tangent)
    (15.0, 8.0)
    """

    __slots__ = ("_level", "_tangent", "primal")

    def __init__(self, primal: Any, tangent: Any = None) -> None:
        self.primal = as_inexact(primal, "Dual")
        if tangent is not None:
            tangent = as_inexact(tangent, "Dual")
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

    def _become(self, other: Any) -> None:
        if isinstance(other, Dual) and other._level == self._level:
            self.primal, self._tangent = other.primal, other._tangent
        elif level_of(other) > self._level:
            raise errors.InPlaceError(
                "in-place change of a Dual with a value of a younger trace: "
                "write x = x + y instead of x += y.",
                Location.of_caller(),
            )
        else:
            self.primal, self._tangent = other, None

    def _process(
        self, primitive: Primitive, args: tuple[Any, ...], params: dict[str, Any], level: int
    ) -> Any:
        primals = []
        tangents = []
        for a in args:
            if isinstance(a, Boxed):
                if a._level == level:
                    primals.append(a.primal)  # type: ignore[attr-defined]
                    tangents.append(a._tangent)  # type: ignore[attr-defined]
                    continue
                if not a._level:
                    a = a._below()
            primals.append(a)
            tangents.append(None)
        y = primitive.settled(primitive(*primals, **params))
        if current().anomaly:
            check_forward(primitive, primals, y)
        if all(t is None for t in tangents):
            t: Any = (None,) * len(y) if primitive.multiple else None
        else:
            try:
                t = primitive.push(tangents, y, primals, params)
            except errors.AutogradError:
                raise
            except Exception as error:
                raise errors.RuleError(
                    f"{primitive.name}: its derivative rule raised {type(error).__name__}: {error}",
                    Location.of_caller(),
                ) from error
        if current().anomaly and t is not None and not primitive.multiple:
            check_forward(primitive, [*primals, *(d for d in tangents if d is not None)], t)
        if primitive.multiple:
            parts = [
                self._make(p, fit_tangent(d, p, primitive.name), level)
                for p, d in zip(y, t, strict=True)
            ]
            return like_tuple(y, parts)
        made = self._make(y, fit_tangent(t, y, primitive.name, primals), level)
        if primitive.view:
            args[0]._note_view(made, primitive, params)
        return made


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
