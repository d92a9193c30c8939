"""Warm-up: constant and linear factors, and the scaling rule that makes them necessary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from autograd_core.extend import explains_wrong_calls

from .. import checks, restoring
from .schedule import LRScheduler


@explains_wrong_calls
def linear_scaling(lr: float, batch_size: int, reference: int = 256) -> float:
    r"""Return the learning rate for a batch size, :math:`\eta \cdot n / n_0`.

    A batch k times as large gives k times fewer steps with a gradient of the same size, so the rate
    must be k times larger. While the weights still change fast, that is too much, so warm up first.

    Parameters
    ----------
    lr : float
        The rate that is right for `reference` examples per step.
    batch_size : int
        Examples per step, over all workers together.
    reference : int
        The batch size that lr belongs to.

    Returns
    -------
    float
        The rate.

    Raises
    ------
    SettingError
        If a number is not positive.

    References
    ----------
    Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour" (2017).

    Examples
    --------
    >>> linear_scaling(0.1, batch_size=1024, reference=256)
    0.4
    """
    checks.positive("linear_scaling", "lr", lr)
    checks.count("linear_scaling", "batch_size", batch_size)
    checks.count("linear_scaling", "reference", reference)
    return lr * batch_size / reference


def _factor(owner: str, name: str, value: Any) -> None:
    """Raise unless above 0 and at most 1."""
    checks.positive(owner, name, value)
    checks.unit(owner, name, value)


class LinearLR(LRScheduler):
    """Multiply the base rate by a factor that changes linearly from one value to another.

    The defaults give a warm-up from a third of the rate to the full rate.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer whose rates are set.
    start_factor : float
        The first factor, above 0 and at most 1.
    end_factor : float
        The last one, between 0 and 1.
    total_iters : int
        Steps from one to the other.
    last_epoch : int
        The step to continue after.

    Raises
    ------
    OperandError
        If the first argument is not an optimizer.
    SettingError
        If a setting is out of range.

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> from optim import SGD
    >>> sgd = SGD([Tensor([0.0], requires_grad=True)], lr=1.0)
    >>> schedule = LinearLR(sgd, start_factor=0.25, total_iters=3)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates.append(schedule.get_last_lr()[0])
    ...     schedule.step()
    >>> rates
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    limits: ClassVar[Mapping[str, restoring.Check]] = {
        **LRScheduler.limits,
        "start_factor": _factor,
        "end_factor": checks.unit,
        "total_iters": checks.count,
    }

    def __init__(
        self,
        optimizer: Any,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        _factor(self.name, "start_factor", start_factor)
        checks.unit(self.name, "end_factor", end_factor)
        checks.count(self.name, "total_iters", total_iters)
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float:
        done = min(epoch, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * done

    def get_lr(self) -> list[float]:
        """Return each group's rate for step `last_epoch`."""
        t = self.last_epoch
        if t == 0:
            factor = self.start_factor
        else:
            before = self._factor(t - 1) if t <= self.total_iters else 0.0
            factor = self._factor(t) / before if before else 1.0
        return [lr * factor for lr in self._now()]

    def rates_at(self, epoch: int) -> list[float]:
        """Return the rates of a given step."""
        return [lr * self._factor(epoch) for lr in self.base_lrs]


class ConstantLR(LRScheduler):
    """Multiply the base rate by a factor for the first steps only.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer whose rates are set.
    factor : float
        The factor, above 0 and at most 1.
    total_iters : int
        For how many steps the factor applies.
    last_epoch : int
        The step to continue after.

    Raises
    ------
    OperandError
        If the first argument is not an optimizer.
    SettingError
        If a setting is out of range.

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> from optim import SGD
    >>> sgd = SGD([Tensor([0.0], requires_grad=True)], lr=1.0)
    >>> schedule = ConstantLR(sgd, factor=0.5, total_iters=1)
    >>> first = schedule.get_last_lr()
    >>> schedule.step()
    >>> first, schedule.get_last_lr()
    ([0.5], [1.0])
    """

    limits: ClassVar[Mapping[str, restoring.Check]] = {
        **LRScheduler.limits,
        "factor": _factor,
        "total_iters": checks.count,
    }

    def __init__(
        self, optimizer: Any, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        _factor(self.name, "factor", factor)
        checks.count(self.name, "total_iters", total_iters)
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Return each group's rate for step `last_epoch`."""
        factor = {0: self.factor, self.total_iters: 1.0 / self.factor}.get(self.last_epoch, 1.0)
        return [lr * factor for lr in self._now()]

    def rates_at(self, epoch: int) -> list[float]:
        """Return the rates of a given step."""
        factor = self.factor if epoch < self.total_iters else 1.0
        return [lr * factor for lr in self.base_lrs]
