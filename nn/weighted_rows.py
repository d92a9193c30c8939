"""Rows that count with a weight: the loss and the trainer behind ``sample_weight``.

The weights are divided by their mean, so that the loss of all rows in one batch is their weighted
mean, and a batch of any size is an unbiased estimate of it.  (A mean that is weighted inside of
each batch is not: in batches of one row, the weights would cancel.)
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from autograd_core import SettingError

from .likelihood import CrossEntropyLoss, NLLLoss
from .module import Module
from .trainer import Trainer


class WeightedRows:
    """The targets of a batch and the weights of its rows, as a loss is given them.

    Examples
    --------
    >>> len(WeightedRows(np.zeros((5, 2)), np.ones(5)))
    5
    """

    def __init__(self, target: Any, weight: Any) -> None:
        self.target, self.weight = target, weight

    def __len__(self) -> int:
        return len(self.weight)


class WeightedMean(Module):
    """A loss that takes its mean over rows with a weight for each.

    Parameters
    ----------
    loss : Module
        With ``reduction="mean"``, a mean over rows.

    Raises
    ------
    SettingError
        If the loss cannot be asked for the rows one by one.

    Examples
    --------
    >>> import nn
    >>> loss = WeightedMean(nn.MSELoss())
    >>> output, target = np.array([[1.0], [2.0]]), np.zeros((2, 1))
    >>> float(loss(output, WeightedRows(target, np.array([1.0, 0.5])))), float(loss(output, target))
    (1.5, 2.5)
    """

    def __init__(self, loss: Any) -> None:
        super().__init__()
        reduction = getattr(loss, "reduction", None)
        if not isinstance(loss, Module) or reduction != "mean":
            raise SettingError(
                "sample_weight, class_weight: the loss must be a module whose reduction is 'mean', "
                "such as nn.MSELoss(), because its rows are weighed one by one; this one is "
                f"{loss!r}."
            )
        if isinstance(loss, (NLLLoss, CrossEntropyLoss)) and (
            loss.weight is not None or loss.ignore_index >= 0
        ):
            raise SettingError(
                f"sample_weight, class_weight: {loss!r} has weights of its own, by which it "
                "divides; give the estimator class_weight= in their place (0 for an ignored class)."
            )
        self.loss = loss
        self.each = copy.deepcopy(loss)
        self.each.reduction = "none"

    def forward(self, output: Any, target: Any) -> Any:
        """Compare; targets without weights count alike."""
        if not isinstance(target, WeightedRows):
            return self.loss(output, target)
        losses = self.each(output, target.target)
        rows = np.mean(np.reshape(losses, (len(target), -1)), axis=1)
        return np.mean(rows * target.weight.astype(rows.dtype, copy=False))


class WeightedTrainer(Trainer):
    """A Trainer of inputs, targets and weights; its loss is a `WeightedMean`."""

    def _parts(self, batch: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
        if len(batch) < 3:  # a callback evaluates data without weights, or predicts
            return super()._parts(batch)
        (inputs, target), weight = super()._parts(batch)
        return (inputs,), WeightedRows(target, weight)


def scaled(weight: Any) -> Any:
    """Return weights divided by their mean.

    Examples
    --------
    >>> scaled(np.array([1.0, 3.0]))
    array([0.5, 1.5])
    """
    return weight / np.mean(weight)
