"""Objective: a scalar function seen as a function of one vector.

The methods that look at the whole function (line search, Newton, L-BFGS) are
written for vectors; this flattens any pytree of arrays, or the parameters of a
model, into one and back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_core import Tensor, grad, gradients, linearize, mark_overwritten, value_and_grad
from autograd_core.extend import errors, explains_wrong_calls, foreign, tree

Vector = Any


@explains_wrong_calls
@dataclass
class Result:
    """The result of a minimization.

    Attributes
    ----------
    x : pytree
        The best point, nested as the start was (for parameters: their arrays).
    value : float
        The function's value there.
    gradient_norm : float
        The largest element of the gradient there.
    iterations, evaluations : int
        Steps taken; values or gradients computed.
    converged : bool
        Whether the gradient fell below the tolerance.
    reason : str
        Why it ended.
    values : list of float
        The function after each step, the start first.

    Examples
    --------
    >>> import numpy as np, optim
    >>> found = optim.newton(lambda x: np.sum((x - 1.0) ** 2), np.zeros(2))
    >>> found.x, found.converged
    (array([1., 1.]), True)
    """

    x: Any
    value: float
    gradient_norm: float
    iterations: int
    evaluations: int
    converged: bool
    reason: str
    values: list[float] = field(default_factory=list, repr=False)


@explains_wrong_calls
class Objective:
    """A scalar function of one vector: the base of both kinds below.

    Parameters
    ----------
    leaves : list of ndarray
        The start, real floating-point numbers.
    owner : str
        Who asks, for messages.

    Attributes
    ----------
    start : ndarray, shape (n,)
        All of the start in one vector.
    evaluations : int
        Values or gradients computed so far.

    Raises
    ------
    SettingError
        If the start is empty.
    DTypeError
        If it holds other than floating-point numbers.

    Examples
    --------
    >>> import numpy as np
    >>> Objective([np.ones((2, 2)), np.zeros(1)], "example").start
    array([1., 1., 1., 1., 0.])
    """

    start: Vector
    evaluations: int = 0

    def __init__(self, leaves: list[Any], owner: str) -> None:
        if not leaves:
            raise errors.SettingError(f"{owner}: the start is empty; there is nothing to vary.")
        for k, leaf in enumerate(leaves):
            if foreign(leaf) is not None:
                raise errors.OperandError(
                    f"{owner}: array {k} of the start is a {type(leaf).__name__} of "
                    f"{type(leaf).__module__.partition('.')[0]}; this method works on one vector "
                    "of NumPy's. Give NumPy's arrays and convert them inside of the function, or "
                    "use an optimizer such as optim.Adam."
                )
            if leaf.dtype.kind != "f":
                raise errors.DTypeError(
                    f"{owner}: array {k} of the start has dtype {leaf.dtype}; "
                    "give real floating-point numbers."
                )
        self._shapes = [leaf.shape for leaf in leaves]
        self._dtypes = [leaf.dtype for leaf in leaves]
        self.start = self.flat(leaves)

    @staticmethod
    def flat(leaves: list[Any]) -> Vector:
        """Return the arrays joined into one float64 vector."""
        return np.concatenate([np.asarray(a, np.float64).reshape(-1) for a in leaves])

    def split(self, x: Vector) -> list[Any]:
        """Return a vector as arrays of the original shapes and dtypes."""
        made, place = [], 0
        for shape, dtype in zip(self._shapes, self._dtypes, strict=True):
            size = math.prod(shape)
            made.append(x[place : place + size].reshape(shape).astype(dtype))
            place += size
        return made

    def value_and_grad(self, x: Vector) -> tuple[float, Vector]:
        """Return the value and the gradient at a vector."""
        raise NotImplementedError

    def hessian_operator(self, x: Vector) -> Callable[[Vector], Vector]:
        """Return the function v -> H(x) v; the Hessian itself is never formed."""
        raise NotImplementedError

    def nest(self, x: Vector) -> Any:
        """Return a vector nested like the caller's start (and write it into parameters, if any)."""
        raise NotImplementedError

    def hessian(self, x: Vector) -> Any:
        """Return the Hessian, column by column, made exactly symmetric."""
        operator = self.hessian_operator(x)
        full = np.stack([operator(unit) for unit in np.eye(x.size)])
        return (full + full.T) / 2.0


class _OfFunction(Objective):
    """A function of a pytree of arrays."""

    def __init__(self, f: Callable[[Any], Any], x0: Any) -> None:
        self._f = f
        self._x0 = x0
        leaves = [x.data if isinstance(x, Tensor) else x for x in tree.leaves(x0)]
        given = [x if foreign(x) is not None else np.asarray(x) for x in leaves]
        super().__init__(given, "minimize")
        self._both = value_and_grad(f)
        self._grad = grad(f)

    def nest(self, x: Vector) -> Any:
        parts = [a if a.ndim else a[()] for a in self.split(x)]
        return tree.like(self._x0, parts)

    def value_and_grad(self, x: Vector) -> tuple[float, Vector]:
        self.evaluations += 1
        value, g = self._both(self.nest(x))
        return np.asarray(value).item(), self.flat(tree.leaves(g))

    def hessian_operator(self, x: Vector) -> Callable[[Vector], Vector]:
        _, push = linearize(self._grad, self.nest(x))
        return lambda v: self.flat(tree.leaves(push(self.nest(v))))


class _OfParameters(Objective):
    """A loss computed from parameters that it refers to."""

    def __init__(self, closure: Callable[[], Any], params: Iterable[Tensor]) -> None:
        self._closure = closure
        self._params = [params] if isinstance(params, Tensor) else list(params)
        for k, p in enumerate(self._params):
            if not isinstance(p, Tensor) or not (p.is_leaf and p.requires_grad):
                raise errors.OperandError(
                    f"of_parameters: parameter {k} must be a Tensor leaf that requires grad."
                )
        super().__init__([p.data for p in self._params], "of_parameters")

    def nest(self, x: Vector) -> Any:
        parts = self.split(x)
        for p, part in zip(self._params, parts, strict=True):
            p.data[...] = part
        mark_overwritten(*self._params)
        return parts

    def _loss(self, x: Vector) -> Any:
        self.nest(x)
        loss = self._closure()
        if not isinstance(loss, Tensor) or loss.size != 1:
            raise errors.NonScalarError(
                "of_parameters: the closure must return the loss, a Tensor of one element."
            )
        return loss

    def _filled(self, found: list[Any]) -> Vector:
        return self.flat(
            [
                np.zeros(p.shape) if g is None else g.detach().data
                for p, g in zip(self._params, found, strict=True)
            ]
        )

    def value_and_grad(self, x: Vector) -> tuple[float, Vector]:
        self.evaluations += 1
        loss = self._loss(x)
        return loss.detach().item(), self._filled(gradients(loss, self._params, retain_graph=False))

    def hessian_operator(self, x: Vector) -> Callable[[Vector], Vector]:
        found = gradients(self._loss(x), self._params, create_graph=True)

        def operator(v: Vector) -> Vector:
            parts = self.split(v)
            terms = [
                np.sum(g * part)
                for g, part in zip(found, parts, strict=True)
                if isinstance(g, Tensor) and g.requires_grad
            ]
            if not terms:
                return np.zeros_like(v)  # linear in the parameters
            total = terms[0]
            for term in terms[1:]:
                total = total + term
            return self._filled(gradients(total, self._params))

        return operator


@explains_wrong_calls
def of_parameters(closure: Callable[[], Any], params: Iterable[Tensor]) -> Objective:
    """Return the loss of a model as an objective for the methods that need the whole function.

    Parameters
    ----------
    closure : callable
        Computes the loss on all the data from the parameters, without
        ``backward()``.
    params : iterable of Tensor
        The parameters; the method leaves its result in them.

    Returns
    -------
    Objective
        Pass it in place of a function and its start.

    Examples
    --------
    >>> from optim import newton
    >>> w = Tensor([3.0], requires_grad=True)
    >>> newton(of_parameters(lambda: np.sum((w - 2.0) ** 2), [w])).converged
    True
    >>> w
    Tensor([2.], requires_grad=True)
    """
    return _OfParameters(closure, params)


def as_objective(f: Any, x0: Any, operation: str) -> Objective:
    """Return what a method works on: an objective as it is, or a function and its start."""
    if isinstance(f, Objective):
        return f
    if not callable(f):
        raise errors.OperandError(
            f"{operation}: the first argument must be a function or an Objective, "
            f"not a {type(f).__name__}."
        )
    if x0 is None:
        raise errors.SettingError(f"{operation}: give x0, the point to start from.")
    return _OfFunction(f, x0)


def first_value(objective: Objective, operation: str) -> tuple[float, Vector]:
    """Return value and gradient at the start; both must be finite."""
    value, g = objective.value_and_grad(objective.start)
    if not (math.isfinite(value) and np.isfinite(g).all()):
        raise errors.NonFiniteError(
            f"{operation}: at the start the value is {value}, the largest gradient "
            f"{np.abs(g).max()}; start where both are finite."
        )
    return value, g
