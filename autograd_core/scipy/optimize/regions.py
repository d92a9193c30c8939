"""Solutions within bounds and constraints: the equations of Karush, Kuhn and Tucker.

A region is a list of rows ``low <= c(x) <= high``.  At a solution the objective's slope is a
combination of the slopes of the rows that hold it there (the active ones), with multipliers.  They
are estimated from SciPy's solution; it is refused where they do not tell which rows are active,
because the solution then has different derivatives to different sides.

Source: Nocedal and Wright, Numerical Optimization, 2nd ed., sections 12.3 and 12.5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.optimize as _optimize

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations.nested_sequences import join
from autograd_core.scipy.optimize.unknowns import Unknowns, joined
from autograd_core.scipy.values import is_traced
from autograd_core.transforms.adjoints import DENSE
from autograd_core.transforms.derivatives import jvp, transpose
from autograd_core.transforms.jacobians import jacobian

Objective = Callable[[Any], Any]

# Beside the size of the unknowns: how near a row is looked at, and how near to a row with how small
# a multiplier (as the step that it prevents) it is unclear whether the row is active.
NEAR = 1e-3
UNCLEAR = 1e-5
ALIKE = 0.1
# Beside the slope, and beside 1: what is rounding.
NOTHING = 1e-8


def slope_of(f: Objective, v: Any) -> Any:
    """Return the gradient of f at v, which f need not depend on."""
    value, pullback = transpose(f, v)
    return pullback(np.ones_like(value))[0]


def of_pairs(bounds: Any) -> tuple[Any, Any] | None:
    """Return the bounds of minimize as two arrays, traced or not; None if there are none."""
    if bounds is None:
        return None
    if isinstance(bounds, _optimize.Bounds):
        return bounds.lb, bounds.ub
    low = [-np.inf if a is None else a for a, _ in bounds]
    return join(low), join([np.inf if b is None else b for _, b in bounds])


def of_ends(bounds: Any) -> tuple[Any, Any] | None:
    """Return the bounds of least_squares as two arrays; None if there are none."""
    low, high = (bounds.lb, bounds.ub) if isinstance(bounds, _optimize.Bounds) else bounds
    low, high = join(low), join(high)
    if not is_traced(low, high) and np.all(np.isneginf(low) & np.isposinf(high)):
        return None
    return low, high


def moving(constraint: Any) -> Any:
    """Return what of a constraint may be traced."""
    if isinstance(constraint, dict):
        return constraint.get("args", ())
    if isinstance(constraint, _optimize.LinearConstraint):
        return constraint.A, constraint.lb, constraint.ub
    if isinstance(constraint, _optimize.NonlinearConstraint):
        return constraint.lb, constraint.ub
    return ()


class Region:
    """The bounds and constraints of one problem.

    Parameters
    ----------
    bounds : tuple of two arrays, optional
        Ends that broadcast to the unknowns.
    constraints : sequence
        SciPy's; see `moving`.
    function : str
        For messages.
    """

    def __init__(self, bounds: Any, constraints: Sequence[Any], function: str) -> None:
        self.constraints = constraints
        self.function = function
        self.bounded = bounds is not None
        self.data = ([moving(c) for c in constraints], bounds)
        self.where = Location.of_caller()
        self._count = 0  # rows of constraints

    def _constrained(self, x: Any, unknowns: Unknowns, moved: Any) -> list[tuple[Any, Any, Any]]:
        made = []
        for constraint, data in zip(self.constraints, moved, strict=True):
            if isinstance(constraint, dict):
                equal = constraint["type"].lower() == "eq"
                args = data if isinstance(data, tuple) else (data,)
                value = joined(constraint["fun"](unknowns.pytree(x), *args))
                low, high = 0.0, 0.0 if equal else np.inf
            elif isinstance(constraint, _optimize.LinearConstraint):
                matrix, low, high = data
                value = matrix @ x
            elif isinstance(constraint, _optimize.NonlinearConstraint):
                low, high = data
                value = joined(constraint.fun(unknowns.pytree(x)))
            else:
                raise errors.UnsupportedError(
                    f"{self.function}(): the derivative of a solution under a constraint of class "
                    f"{type(constraint).__name__} is not known here; give a dict, a "
                    "LinearConstraint or a NonlinearConstraint.",
                    self.where,
                )
            shape = np.shape(value)
            made.append((value, np.broadcast_to(low, shape), np.broadcast_to(high, shape)))
        return made

    def rows(self, x: Any, unknowns: Unknowns, data: Any) -> tuple[Any, Any, Any]:
        """Return c(x) and its two ends, first of the constraints and then of the bounds."""
        moved, bounds = data
        made = self._constrained(x, unknowns, moved)
        if self.bounded:
            made.append((x, *(np.broadcast_to(join(e), np.shape(x)) for e in bounds)))
        value, low, high = (np.concatenate(parts) for parts in zip(*made, strict=True))
        return value, low, high

    def split(self, both: Any) -> tuple[Any, Any]:
        """Return unknowns and multipliers."""
        n = (np.shape(both)[0] - self._count) // (2 if self.bounded else 1)
        return both[:n], both[n:]

    def equations(self, objective: Callable[..., Any]) -> Callable[..., Any]:
        """Return the equations of unknowns and multipliers for ``objective(x, unknowns, *rest)``.

        A row without multiplier is not active: then its multiplier stays 0.
        """

        def kkt(both: Any, unknowns: Unknowns, *rest: Any) -> Any:
            *others, data = rest
            if not (self.bounded or self.constraints):
                return slope_of(lambda v: objective(v, unknowns, *others), both)
            x, multipliers = self.split(both)

            def lagrangian(v: Any) -> Any:
                value = self.rows(v, unknowns, data)[0]
                return objective(v, unknowns, *others) - np.sum(multipliers * value)

            value, low, high = self.rows(x, unknowns, data)
            above = np.where(multipliers < 0, value - high, multipliers)
            held = np.where((multipliers > 0) | (low == high), value - low, above)
            return np.concatenate([slope_of(lagrangian, x), held])

        return kkt

    def completed(self, objective: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function that adds the multipliers to a solution of SciPy's."""

        def complete(x: Any, unknowns: Unknowns, *rest: Any) -> Any:
            *others, data = rest
            if not (self.bounded or self.constraints):
                return x
            x = np.asarray(x, dtype=float)
            value, low, high = self.rows(x, unknowns, data)
            self._count = np.size(value) - (np.size(x) if self.bounded else 0)
            normals = None
            if self.constraints:
                normals = jacobian(lambda v: self.rows(v, unknowns, data)[0])(x)
            f = lambda v: objective(v, unknowns, *others)  # noqa: E731
            return np.concatenate([x, self._multipliers(f, x, normals, value, low, high)])

        return complete

    def _multipliers(self, f: Objective, x: Any, normals: Any, c: Any, low: Any, high: Any) -> Any:
        slope = slope_of(f, x)
        if normals is None:  # bounds alone: each row is an unknown
            size, unit, reach = np.ones_like(x), None, 1 + np.abs(x)
        else:
            size = np.linalg.norm(normals, axis=1)
            size = np.where(size == 0, 1.0, size)
            unit = normals / size[:, None]
            reach = np.abs(unit) @ (1 + np.abs(x))
        over, under = (c - low) / size, (high - c) / size
        fixed = low == high
        at_low, at_high = over <= NEAR * reach, under <= NEAR * reach
        seen = fixed | at_low | at_high
        found = np.zeros_like(c)
        if not seen.any():
            return found
        least = np.where(fixed | at_high, -np.inf, 0.0)[seen]
        most = np.where(fixed | at_low, np.inf, 0.0)[seen]
        if unit is None:
            found[seen] = np.clip(slope[seen], least, most)
        else:
            found[seen] = _optimize.lsq_linear(
                unit[seen].T, slope, (least, most), method="bvls", tol=1e-14
            ).x
        size_of_slope = np.max(np.abs(slope), initial=0.0)
        found[np.abs(found) <= NOTHING * size_of_slope] = 0.0
        step = np.zeros_like(c)  # what an active row prevents: a step of Newton's across it
        bent = _curvature(f, x, None if unit is None else unit[seen])
        bent = bent[seen] if unit is None else bent
        some = found[seen] != 0
        with np.errstate(divide="ignore"):
            step[seen] = np.where(some, np.abs(found[seen]) / np.where(some, bent, 1.0), 0.0)
        gap = np.abs(np.where(found > 0, over, np.where(found < 0, under, np.minimum(over, under))))
        near = np.maximum(step, gap)
        # interior points stop where the two are alike
        weak = (near <= UNCLEAR * reach) | (np.minimum(step, gap) > ALIKE * near)
        if np.any(seen & ~fixed & weak):
            raise self._refused(
                "a bound or constraint is weakly active: it touches the solution and does not "
                "press on it, so that the solution moves differently to different sides"
            )
        active = seen & (fixed | (step > gap))
        found[~active] = 0.0
        if unit is None or not active.any():
            return found
        if np.linalg.matrix_rank(unit[active], NOTHING * np.sqrt(active.sum())) < active.sum():
            raise self._refused(
                "the slopes of the active constraints depend on each other (LICQ fails), so that "
                "their multipliers are not determined"
            )
        side = np.sign(found)
        found[active] = np.linalg.lstsq(unit[active].T, slope, rcond=None)[0]
        if np.any(active & ~fixed & (np.sign(found) != side)):
            raise self._refused("it is not clear which of the constraints are active")
        return found / size

    def _refused(self, why: str) -> Exception:
        return errors.AutogradError(
            f"{self.function}(): at SciPy's solution {why}. There is no derivative. Leave out "
            "constraints that the others imply, or move the parameters a little.",
            self.where,
        )


def _curvature(f: Objective, x: Any, unit: Any) -> Any:
    """Return how much f bends across each row: up to so many unknowns exactly."""
    if np.size(x) <= DENSE:
        bend = np.abs(jacobian(lambda v: slope_of(f, v))(x))
        if unit is None:
            return np.diagonal(bend)
        return np.einsum("ri,ij,rj->r", np.abs(unit), bend, np.abs(unit), optimize=True)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], np.shape(x))
    along = np.max(np.abs(jvp(lambda v: slope_of(f, v), (x,), (signs,))[1]))
    return np.full(np.shape(x)[0] if unit is None else np.shape(unit)[0], along)
