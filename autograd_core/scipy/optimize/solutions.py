"""A solution of SciPy's as a function of the parameters: solved with numbers, then differentiated.

SciPy's solver runs once on plain numbers.  The solution's derivative is that of the equations
that it solves (the implicit function theorem, `autograd_core.adjoints.implicit`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.operations.primitive import bare
from autograd_core.scipy.optimize.regions import Region
from autograd_core.scipy.optimize.unknowns import Unknowns
from autograd_core.scipy.values import is_traced, refuse
from autograd_core.transforms.adjoints import DENSE, implicit
from autograd_core.transforms.jacobians import jacobian
from autograd_core.transforms.right_sides import Arguments

# How long the Newton step from what SciPy calls a solution may be, beside the solution.
SLACK = 1e-3


def numbers(
    f: Callable[..., Any], function: str, remedy: str = "Pass it through args."
) -> Callable[..., Any]:
    """Return a function that SciPy calls; what it closes over must not be traced."""
    where = Location.of_caller()

    @wraps(f)
    def checked(*args: Any) -> Any:
        made = f(*args)
        if is_traced(made):
            raise refuse(
                f"optimize.{function}",
                "the function closes over a traced value, whose derivative would be lost.",
                remedy,
                where,
            )
        return made

    return checked


class Solved:
    """One call of a solver, with traced values somewhere in x0 or args.

    Parameters
    ----------
    solve : callable
        ``solve(x0, *rest)`` runs SciPy on plain numbers and returns its result and the
        solution as a vector.
    equations : callable
        ``equations(vector, unknowns, *rest)``: zero at a solution; with a region the objective.
    x0, rest : pytrees
        All that can be traced.
    function : str
        For messages.
    region : Region, optional
        What a minimum lies in; its data is passed to `solve` and is differentiated in too.
    """

    def __init__(
        self,
        solve: Callable[..., tuple[Any, Any]],
        equations: Callable[..., Any],
        x0: Any,
        rest: tuple[Any, ...],
        function: str,
        region: Region | None = None,
    ) -> None:
        where = Location.of_caller()
        complete = None
        if region is not None:
            complete = region.completed(equations)
            equations = region.equations(equations)
            rest = (*rest, region.data)
        arguments = Arguments((x0, *rest))
        self.results: list[Any] = []

        def residual(vector: Any, *traced: Any) -> Any:
            start, *others = arguments.filled(traced)
            return equations(vector, Unknowns(start, function), *others)

        def solver(*traced: Any) -> Any:
            start, *others = arguments.filled(traced)
            try:
                result, vector = solve(start, *others)
            except Exception as error:
                raise errors.translate(error, f"{function}(): {error}", where) from error
            _check(result, function, where)
            unknowns, n = Unknowns(start, function), np.size(vector)
            if complete is not None:
                vector = complete(vector, unknowns, *others)
            _solves(lambda v: equations(v, unknowns, *others), vector, n, function, where)
            self.results.append(result)
            return vector

        self.vector = implicit(residual, solver)(*arguments.traced())
        if region is not None:
            self.vector = region.split(self.vector)[0]
        self.unknowns = Unknowns(x0, function)
        self.x = self.unknowns.pytree(self.vector)

    @property
    def result(self) -> Any:
        """SciPy's result; under vmap, where SciPy ran once for each element, their sums."""
        if len(self.results) == 1:
            return self.results[0]
        counts = ("nfev", "njev", "nhev", "nit", "function_calls", "iterations")
        sums = {k: sum(r[k] for r in self.results) for k in counts if k in self.results[0]}
        return OptimizeResult(success=True, message=f"{len(self.results)} runs", **sums)


def _solves(f: Callable[[Any], Any], vector: Any, n: int, function: str, where: Any) -> None:
    """Raise if the equations do not hold where SciPy stopped: one step of Newton's tells.

    The first n numbers are the unknowns; the others, multipliers, follow from them.
    """
    size = np.size(vector)
    if size > DENSE:
        return
    try:
        step = np.linalg.solve(np.reshape(jacobian(f)(vector), (size, size)), bare(f(vector)))
    except np.linalg.LinAlgError:
        return  # the derivative itself will say so
    length = float(np.max(np.abs(step[:n]), initial=0.0))
    if not length <= SLACK * (1.0 + np.max(np.abs(vector[:n]), initial=0.0)):
        raise errors.AutogradError(
            f"{function}(): where SciPy stopped, the equations that define a solution do not hold "
            f"(a step of Newton's is {length:.3g} long): the derivative would be wrong. Lower the "
            "tolerance, or take a method that uses derivatives.",
            where,
        )


def _check(result: Any, function: str, where: Any) -> None:
    """Raise if there is no solution to differentiate."""
    if not getattr(result, "success", getattr(result, "converged", True)):
        why = getattr(result, "message", getattr(result, "flag", ""))
        raise errors.AutogradError(
            f"{function}(): SciPy found no solution ({why}), so that there is none to "
            "differentiate. Change the start, the method, maxiter or the tolerance; without traced "
            "values, SciPy's result is returned as it is.",
            where,
        )
