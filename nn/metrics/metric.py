"""Metric: a measure of a whole set of rows, gathered batch by batch.

The mean of the batches' F-measures is not the F-measure of the set.  What can be gathered is the
statistics it is made of: counts, sums.  So a metric says what it keeps of a batch, how two of them
combine, and what the measure of the whole is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core import Tensor, optim
from autograd_core.extend import explains_wrong_calls, host

from ..errors import DataError
from ..values import as_array, shape_error

checks = optim.restoring


def plain_array(name: str, what: str, value: Any) -> Any:
    """Return a value as an array of NumPy's that holds real numbers.

    Examples
    --------
    >>> plain_array("f1_score", "the target", Tensor([1.0]))
    array([1.])
    """
    array = np.asarray(host(as_array(value.detach().data if isinstance(value, Tensor) else value)))
    if array.dtype.kind not in "biuf":
        raise shape_error(f"{name}: {what} must hold real numbers, not {array.dtype}.")
    return array


class Metric:
    """Base of measures of a whole set that batches cannot be averaged to.

    A subclass says in `start`, `statistics`, `combine` and `value` what it gathers. These depend on
    nothing but their arguments; so a `Trainer` can take back a batch, save its position in the
    middle of an epoch, and join what several processes have found. In a loop of your own, use
    `update`, `compute` and `reset`, with torchmetrics' names.

    Attributes
    ----------
    scalar : bool
        Whether the value is one number, as a history holds them.

    Examples
    --------
    The root of the mean square, which is not the mean of the batches' roots:

    >>> import nn
    >>> class RootMeanSquare(nn.metrics.Metric):
    ...     def start(self):
    ...         return np.zeros(2)
    ...     def statistics(self, input, target):
    ...         return np.array([np.sum((input - target) ** 2), np.size(target)])
    ...     def value(self, statistics):
    ...         return np.sqrt(statistics[0] / statistics[1])
    >>> metric = RootMeanSquare()
    >>> metric.update(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    >>> metric.update(np.array([5.0]), np.array([2.0]))
    >>> bool(metric.compute() == np.sqrt(10 / 3))
    True
    """

    scalar = True
    _found: Any = None

    def start(self) -> Any:
        """Return the statistics of no rows: an array, or a list."""
        raise NotImplementedError(f"{type(self).__name__}.start")

    def statistics(self, input: Any, target: Any) -> Any:
        """Return the statistics of one batch, without changing anything."""
        raise NotImplementedError(f"{type(self).__name__}.statistics")

    def combine(self, first: Any, second: Any) -> Any:
        """Return the statistics of two sets of rows together; as written here, their sum."""
        return first + second

    def value(self, statistics: Any) -> Any:
        """Return the measure of all rows that the statistics are of."""
        raise NotImplementedError(f"{type(self).__name__}.value")

    def check(self, statistics: Any) -> Any:
        """Return saved statistics, or raise ``UnlikeError`` if they are none of this metric's."""
        return checks.like(self.start(), statistics)

    # --- in a loop of one's own ---------------------------------------------

    def update(self, input: Any, target: Any) -> None:
        """Add a batch."""
        found = self.statistics(input, target)
        before = self.start() if self._found is None else self._found
        self._found = self.combine(before, found)

    def compute(self) -> Any:
        """Return the measure of all batches since the last `reset`."""
        if self._found is None:
            raise DataError(f"{type(self).__name__}.compute: there was no update() yet.")
        return self.value(self._found)

    def reset(self) -> None:
        """Forget all batches."""
        self._found = None

    def __call__(self, input: Any, target: Any) -> Any:
        """Return the measure of these rows alone."""
        return self.value(self.statistics(input, target))


@explains_wrong_calls
class WholeSet(Metric):
    """Any function of the outputs and targets of a whole set, which are kept until its end.

    Parameters
    ----------
    function : callable
        ``function(outputs, targets)`` on arrays of all rows; its value is one number.

    Raises
    ------
    ShapeError
        If `function` cannot be called.

    Examples
    --------
    >>> import nn
    >>> from sklearn.metrics import roc_auc_score
    >>> area = nn.metrics.WholeSet(lambda scores, labels: roc_auc_score(labels, scores))
    >>> area.update(np.array([0.1, 0.4]), np.array([0, 0]))
    >>> area.update(np.array([0.35, 0.8]), np.array([1, 1]))
    >>> float(area.compute())
    0.75
    """

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        if not callable(function):
            raise shape_error(f"WholeSet: function must be callable, not {function!r}.")
        self.function = function

    def start(self) -> Any:
        """Return an empty list."""
        return []

    def statistics(self, input: Any, target: Any) -> Any:
        """Return a copy of the batch."""
        outputs = np.array(plain_array("WholeSet", "the output", input))
        targets = np.array(plain_array("WholeSet", "the target", target))
        if not outputs.ndim or not targets.ndim or len(outputs) != len(targets):
            raise shape_error(
                f"WholeSet: outputs of shape {outputs.shape} and targets of shape {targets.shape} "
                "are not of as many rows."
            )
        return [(outputs, targets)]

    def value(self, statistics: Any) -> Any:
        """Return the function's value."""
        if not statistics:
            return float("nan")
        outputs, targets = (np.concatenate(parts) for parts in zip(*statistics, strict=True))
        return self.function(outputs, targets)

    def check(self, statistics: Any) -> Any:
        """Return saved batches, or raise if they are not pairs of arrays of as many rows."""
        found = checks.like([], statistics)
        for pair in found:
            if not (
                isinstance(pair, (list, tuple))
                and len(pair) == 2
                and all(type(a) is np.ndarray and a.ndim for a in pair)
                and len(pair[0]) == len(pair[1])
            ):
                raise checks.UnlikeError("pairs of arrays, outputs and targets")
        return [tuple(pair) for pair in found]
