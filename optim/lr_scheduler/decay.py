"""Schedules that lower the rate: by steps, exponentially, by a power, by any function."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from autograd_core.extend import errors

from .. import checks, restoring
from .schedule import Factor, LRScheduler, per_group


class StepLR(LRScheduler):
    """Multiply the rate by gamma every `step_size` steps.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer whose rates are set.
    step_size : int
        Steps between two changes.
    gamma : float
        The factor.
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
    >>> schedule = StepLR(SGD([Tensor([0.0], requires_grad=True)], lr=1.0), 1, gamma=0.5)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    limits: ClassVar[Mapping[str, restoring.Check]] = {
        **LRScheduler.limits,
        "step_size": checks.count,
        "gamma": checks.positive,
    }

    def __init__(
        self, optimizer: Any, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        checks.count(self.name, "step_size", step_size)
        checks.positive(self.name, "gamma", gamma)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Return each group's rate for step `last_epoch`."""
        turn = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        return [lr * self.gamma if turn else lr for lr in self._now()]

    def rates_at(self, epoch: int) -> list[float]:
        """Return the rates of a step: base * gamma ** (epoch // step_size)."""
        return [lr * self.gamma ** (epoch // self.step_size) for lr in self.base_lrs]


class MultiStepLR(LRScheduler):
    """Multiply the rate by gamma at given steps.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer whose rates are set.
    milestones : iterable of int
        The steps; one named twice counts twice.
    gamma : float
        The factor.
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
    >>> schedule = MultiStepLR(SGD([Tensor([0.0], requires_grad=True)], lr=1.0), [1, 3], 0.5)
    >>> for _ in range(3):
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    limits: ClassVar[Mapping[str, restoring.Check]] = {
        **LRScheduler.limits,
        "milestones": checks.each(checks.whole),
        "gamma": checks.positive,
    }

    def __init__(
        self, optimizer: Any, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = sorted(milestones)
        for milestone in self.milestones:
            checks.count(self.name, "milestones", milestone, 0)
        checks.positive(self.name, "gamma", gamma)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Return each group's rate for step `last_epoch`."""
        times = self.milestones.count(self.last_epoch)
        return [lr * self.gamma**times for lr in self._now()]

    def rates_at(self, epoch: int) -> list[float]:
        """Return the rates of a step: base * gamma ** (milestones passed)."""
        times = bisect_right(self.milestones, epoch)
        return [lr * self.gamma**times for lr in self.base_lrs]


class ExponentialLR(LRScheduler):
    """Multiply the rate by gamma at every step.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer whose rates are set.
    gamma : float
        The factor.
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
    >>> schedule = ExponentialLR(SGD([Tensor([0.0], requires_grad=True)], lr=1.0), gamma=0.5)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    limits: ClassVar[Mapping[str, restoring.Check]] = {
        **LRScheduler.limits,
        "gamma": checks.positive,
    }

    def __init__(self, optimizer: Any, gamma: float, last_epoch: int = -1) -> None:
        checks.positive(self.name, "gamma", gamma)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Return each group's rate for step `last_epoch`."""
        return [lr * self.gamma if self.last_epoch > 0 else lr for lr in self._now()]

    def rates_at(self, epoch: int) -> list[float]:
        """Return the rates of a step: base * gamma ** epoch."""
        return [lr * self.gamma**epoch for lr in self.base_lrs]


class PolynomialLR(LRScheduler):
    """Let the rate fall to zero as :math:`(1 - t / T)^p`.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer whose rates are set.
    total_iters : int
        T.
    power : float
        p; 1 is a straight line.
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
    >>> schedule = PolynomialLR(SGD([Tensor([0.0], requires_grad=True)], lr=1.0), 4)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.75]
    """

    limits: ClassVar[Mapping[str, restoring.Check]] = {
        **LRScheduler.limits,
        "total_iters": checks.count,
        "power": checks.positive,
    }

    def __init__(
        self, optimizer: Any, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        checks.count(self.name, "total_iters", total_iters)
        checks.positive(self.name, "power", power)
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def _left(self, epoch: int) -> float:
        return float((1.0 - min(epoch, self.total_iters) / self.total_iters) ** self.power)

    def get_lr(self) -> list[float]:
        """Return each group's rate for step `last_epoch`."""
        t = self.last_epoch
        before = self._left(t - 1) if 0 < t <= self.total_iters else 0.0
        factor = self._left(t) / before if before else 1.0
        return [lr * factor for lr in self._now()]

    def rates_at(self, epoch: int) -> list[float]:
        """Return the rates of a given step."""
        return [lr * self._left(epoch) for lr in self.base_lrs]


class LambdaLR(LRScheduler):
    """Set the rate to the base rate times a function of the step.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer whose rates are set.
    lr_lambda : callable or list of callable
        From step to factor; one for each group if a list.
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
    >>> schedule = LambdaLR(sgd, lambda step: 1 / (1 + step))
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(
        self, optimizer: Any, lr_lambda: Factor | Sequence[Factor], last_epoch: int = -1
    ) -> None:
        groups = getattr(optimizer, "param_groups", ())
        self.lr_lambdas = per_group(self.name, "lr_lambda", lr_lambda, len(groups))
        for f in self.lr_lambdas:
            if not callable(f):
                raise errors.OperandError(f"{self.name}: lr_lambda must be callable.")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Return each group's rate for step `last_epoch`."""
        return [
            lr * f(self.last_epoch) for lr, f in zip(self.base_lrs, self.lr_lambdas, strict=True)
        ]


class MultiplicativeLR(LambdaLR):
    """Multiply the rate at every step by a function of the step.

    Parameters
    ----------
    optimizer, lr_lambda, last_epoch
        As for `LambdaLR`.

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> from optim import SGD
    >>> sgd = SGD([Tensor([0.0], requires_grad=True)], lr=1.0)
    >>> schedule = MultiplicativeLR(sgd, lambda step: 0.5)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def start(self) -> None:
        """Begin with the rates that stand there; only later steps multiply."""
        if self.last_epoch >= 0:
            super().start()
        else:
            self.last_epoch += 1
            self._set(self._now())

    def get_lr(self) -> list[float]:
        """Return each group's rate for step `last_epoch`."""
        return [lr * f(self.last_epoch) for lr, f in zip(self._now(), self.lr_lambdas, strict=True)]
