"""Measures of predicted numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import explains_wrong_calls

from .. import checks
from ..values import shape_error
from .metric import Metric, plain_array

_OUTPUTS = ("uniform_average", "variance_weighted", "raw_values")


def _pair(name: str, input: Any, target: Any) -> tuple[Any, Any]:
    """Return two arrays of one shape in double precision."""
    found, truth = plain_array(name, "the input", input), plain_array(name, "the target", target)
    if found.shape != truth.shape:
        raise shape_error(
            f"{name}: input has shape {found.shape}, target {truth.shape}; they must be equal."
        )
    return found.astype(float), truth.astype(float)


@explains_wrong_calls
def mean_absolute_error(input: Any, target: Any) -> float:
    """Return the mean of abs(input - target) over all elements.

    Parameters
    ----------
    input, target : array, of one shape

    Returns
    -------
    float
        In the target's units.

    Raises
    ------
    ShapeError
        If the shapes differ.

    Examples
    --------
    >>> mean_absolute_error([1.0, 2.0], [1.0, 5.0])
    1.5
    """
    a, b = _pair("mean_absolute_error", input, target)
    return float(np.mean(np.abs(a - b)))


@explains_wrong_calls
def mean_squared_error(input: Any, target: Any) -> float:
    """Return the mean of (input - target)**2 over all elements.

    Parameters
    ----------
    input, target : array, of one shape

    Returns
    -------
    float
        In the target's units, squared.

    Raises
    ------
    ShapeError
        If the shapes differ.

    Examples
    --------
    >>> mean_squared_error([1.0, 2.0], [1.0, 5.0])
    4.5
    """
    a, b = _pair("mean_squared_error", input, target)
    return float(np.mean((a - b) ** 2))


class _Mean(Metric):
    """A mean over all elements of a whole set."""

    def __init__(self) -> None:
        super().__init__()

    def start(self) -> Any:
        """Return a sum of no elements, and their number."""
        return np.zeros(2)

    def statistics(self, input: Any, target: Any) -> Any:
        """Return a batch's sum and its number of elements."""
        a, b = _pair(type(self).__name__, input, target)
        return np.array([np.sum(self._each(a - b)), a.size])

    def _each(self, difference: Any) -> Any:
        return np.abs(difference)

    def value(self, statistics: Any) -> Any:
        """Return the mean; NaN if there was no element."""
        total, count = map(float, statistics)
        return total / count if count else float("nan")


@explains_wrong_calls
class MeanAbsoluteError(_Mean):
    """The mean of abs(input - target) over all elements of a whole set.

    Examples
    --------
    >>> import nn
    >>> metric = nn.metrics.MeanAbsoluteError()
    >>> metric.update(np.array([1.0, 2.0]), np.array([1.0, 5.0]))
    >>> metric.update(np.array([0.0]), np.array([3.0]))
    >>> metric.compute()
    2.0
    """


@explains_wrong_calls
class MeanSquaredError(_Mean):
    """The mean of (input - target)**2 over all elements of a whole set, or its root.

    Parameters
    ----------
    squared : bool
        If False, the root. The root of a set is not the mean of its batches' roots.

    Examples
    --------
    >>> import nn
    >>> metric = nn.metrics.MeanSquaredError(squared=False)
    >>> metric.update(np.array([0.0]), np.array([1.0]))
    >>> metric.update(np.array([0.0]), np.array([7.0]))
    >>> metric.compute()
    5.0
    """

    def __init__(self, squared: bool = True) -> None:
        super().__init__()
        self.squared = squared

    def _each(self, difference: Any) -> Any:
        return difference**2

    def value(self, statistics: Any) -> Any:
        """Return the mean or its root; NaN if there was no element."""
        found = super().value(statistics)
        return found if self.squared else float(np.sqrt(found))


@explains_wrong_calls
class R2Score(Metric):
    r"""The share of the targets' variance that predictions explain, over a whole set.

    .. math:: R^2 = 1 - \frac{\sum_i (y_i - \hat y_i)^2}{\sum_i (y_i - \bar y)^2}

    Where targets do not vary it is 1 if all predictions are right, else 0, as in scikit-learn.

    Parameters
    ----------
    num_outputs : int
        How many numbers are predicted for each row.
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        The outputs' mean; weighted by the variances of their targets; or each, as an array.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import nn
    >>> metric = nn.metrics.R2Score()
    >>> metric.update(np.array([2.5, 0.0]), np.array([3.0, -0.5]))
    >>> metric.update(np.array([2.0, 8.0]), np.array([2.0, 7.0]))
    >>> round(metric.compute(), 4)
    0.9486
    """

    def __init__(self, num_outputs: int = 1, multioutput: str = "uniform_average") -> None:
        checks.count("R2Score", "num_outputs", num_outputs)
        checks.choice("R2Score", "multioutput", multioutput, _OUTPUTS)
        self.num_outputs, self.multioutput = num_outputs, multioutput
        self.scalar = multioutput != "raw_values"

    def start(self) -> Any:
        """Return rows of: how many, the mean, squared deviations from it, squared errors."""
        return np.zeros((4, self.num_outputs))

    def statistics(self, input: Any, target: Any) -> Any:
        """Return the same of a batch."""
        a, b = _pair("R2Score", input, target)
        rows = len(b) if b.ndim else 1
        if b.size != rows * self.num_outputs:
            raise shape_error(
                f"R2Score: a target of shape {b.shape} has not num_outputs = {self.num_outputs} "
                "numbers in each row."
            )
        if not rows:
            return self.start()
        a, b = (v.reshape(rows, self.num_outputs) for v in (a, b))
        mean = b.mean(axis=0)
        count = np.full(self.num_outputs, float(rows))
        return np.stack([count, mean, ((b - mean) ** 2).sum(axis=0), ((a - b) ** 2).sum(axis=0)])

    def combine(self, first: Any, second: Any) -> Any:
        """Join means and deviations (Chan, Golub and LeVeque, 1983), which loses no digits."""
        (n, mean, spread, wrong), (m, other, apart, more) = first, second
        total = n + m
        if not total.all():
            return first
        shift = other - mean
        joined = spread + apart + shift**2 * n * m / total
        return np.stack([total, mean + shift * m / total, joined, wrong + more])

    def value(self, statistics: Any) -> Any:
        """Return the share; NaN of fewer than two rows."""
        count, _, spread, wrong = statistics
        each = np.where(wrong > 0, 0.0, 1.0)
        np.divide(spread - wrong, spread, out=each, where=spread > 0)
        each[count < 2] = np.nan
        if self.multioutput == "raw_values":
            return each
        if self.multioutput == "variance_weighted" and spread.any():
            return float(spread @ each / spread.sum())
        return float(each.mean())
