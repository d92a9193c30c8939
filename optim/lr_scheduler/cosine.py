"""Cosine annealing, without and with restarts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from autograd_core.extend import errors

from .. import checks, restoring
from .schedule import LRScheduler


def _between(low: float, high: float, fraction: float) -> float:
    return low + (high - low) * (1.0 + math.cos(math.pi * fraction)) / 2.0


class CosineAnnealingLR(LRScheduler):
    r"""Let the rate fall along half a cosine.

    .. math:: \eta_t = \eta_{min} + \tfrac12 (\eta_0 - \eta_{min}) (1 + \cos(\pi t / T))

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer whose rates are set.
    T_max : int
        T, the steps from top to bottom; further steps climb again.
    eta_min : float
        The lowest rate.
    last_epoch : int
        The step to continue after.

    Raises
    ------
    OperandError
        If the first argument is not an optimizer.
    SettingError
        If a setting is out of range.

    References
    ----------
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> from optim import SGD
    >>> schedule = CosineAnnealingLR(SGD([Tensor([0.0], requires_grad=True)], lr=1.0), T_max=2)
    >>> schedule.step()
    >>> round(schedule.get_last_lr()[0], 6)
    0.5
    """

    limits: ClassVar[Mapping[str, restoring.Check]] = {
        **LRScheduler.limits,
        "T_max": checks.count,
        "eta_min": checks.non_negative,
    }

    def __init__(
        self,
        optimizer: Any,
        T_max: int,  # noqa: N803 - the field's name for it
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        checks.count(self.name, "T_max", T_max)
        checks.non_negative(self.name, "eta_min", eta_min)
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Return each group's rate for step `last_epoch`."""
        t, low = self.last_epoch, self.eta_min
        if t == 0:
            return self._now()
        before = 1.0 + math.cos(math.pi * (t - 1) / self.T_max)
        if (t - 1) % (2 * self.T_max) == self.T_max:  # at the bottom a factor says nothing
            rise = (1.0 - math.cos(math.pi / self.T_max)) / 2.0
            return [
                lr + (base - low) * rise
                for lr, base in zip(self._now(), self.base_lrs, strict=True)
            ]
        ratio = (1.0 + math.cos(math.pi * t / self.T_max)) / before
        return [low + (lr - low) * ratio for lr in self._now()]

    def rates_at(self, epoch: int) -> list[float]:
        """Return the rates of a given step."""
        return [_between(self.eta_min, lr, epoch / self.T_max) for lr in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Cosine annealing that jumps back to the top, each time for `T_mult` times as long.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer whose rates are set.
    T_0 : int
        Steps to the first restart.
    T_mult : int
        How much longer each period is than the one before.
    eta_min : float
        The lowest rate.
    last_epoch : int
        The step to continue after.

    Raises
    ------
    OperandError
        If the first argument is not an optimizer.
    SettingError
        If a setting is out of range.

    References
    ----------
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> from optim import SGD
    >>> sgd = SGD([Tensor([0.0], requires_grad=True)], lr=1.0)
    >>> schedule = CosineAnnealingWarmRestarts(sgd, T_0=2, T_mult=2)
    >>> rates = []
    >>> for _ in range(7):
    ...     rates.append(round(schedule.get_last_lr()[0], 3))
    ...     schedule.step()
    >>> rates
    [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """

    limits: ClassVar[Mapping[str, restoring.Check]] = {
        **LRScheduler.limits,
        "T_0": checks.count,
        "T_mult": checks.count,
        "eta_min": checks.non_negative,
        "T_cur": checks.non_negative,
        "T_i": checks.count,
    }

    def __init__(
        self,
        optimizer: Any,
        T_0: int,  # noqa: N803 - the field's name for it
        T_mult: int = 1,  # noqa: N803
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        checks.count(self.name, "T_0", T_0)
        checks.count(self.name, "T_mult", T_mult)
        checks.non_negative(self.name, "eta_min", eta_min)
        self.T_0 = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = 0
        self.T_i = T_0
        super().__init__(optimizer, last_epoch)

    def step(self, epoch: float | None = None) -> None:
        """Advance by one step, or to a given one, which may be a fraction of an epoch."""
        t = self.last_epoch + 1 if epoch is None else epoch
        if t < 0:
            raise errors.SettingError(f"{self.name}.step: epoch = {epoch}; it must be >= 0.")
        period, rest = self.T_0, float(t)
        while rest >= period:
            rest -= period
            period *= self.T_mult
            if self.T_mult == 1:
                rest %= period
        self.T_cur, self.T_i = rest, period
        self.last_epoch = math.floor(t)
        self._set(self.get_lr())

    def get_lr(self) -> list[float]:
        """Return each group's rate at this place of the period."""
        return [_between(self.eta_min, lr, self.T_cur / self.T_i) for lr in self.base_lrs]
