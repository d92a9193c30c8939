"""SWALR: down or up to the constant rate at which weights are averaged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from .. import checks, restoring
from .schedule import LRScheduler, per_group


class SWALR(LRScheduler):
    """Move the rate to a constant one in some steps; for stochastic weight averaging.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer whose rates are set.
    swa_lr : float or list of float
        The rate at which weights are averaged.
    anneal_epochs : int
        Steps until then; 0 sets it at once.
    anneal_strategy : {"cos", "linear"}
        The way there.
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
    Izmailov et al., "Averaging weights leads to wider optima and better generalization" (2018).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> from optim import SGD
    >>> sgd = SGD([Tensor([0.0], requires_grad=True)], lr=1.0)
    >>> schedule = SWALR(sgd, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(schedule.get_last_lr()[0])
    ...     schedule.step()
    >>> rates
    [1.0, 0.75, 0.5, 0.5]
    """

    limits: ClassVar[Mapping[str, restoring.Check]] = {
        **LRScheduler.limits,
        "swa_lrs": checks.each(checks.non_negative),
        "anneal_epochs": checks.whole,
        "anneal_strategy": checks.one_of("cos", "linear"),
    }

    def __init__(
        self,
        optimizer: Any,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        groups = getattr(optimizer, "param_groups", [])
        self.swa_lrs = per_group(self.name, "swa_lr", swa_lr, len(groups))
        for value in self.swa_lrs:
            checks.non_negative(self.name, "swa_lr", value)
        checks.count(self.name, "anneal_epochs", anneal_epochs, 0)
        checks.one_of("cos", "linear")(self.name, "anneal_strategy", anneal_strategy)
        self.anneal_epochs, self.anneal_strategy = anneal_epochs, anneal_strategy
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """Return how much of the way is done after a step."""
        done = min(1.0, max(0.0, step / max(1, self.anneal_epochs))) if self.anneal_epochs else 1.0
        return done if self.anneal_strategy == "linear" else (1 - math.cos(math.pi * done)) / 2

    def get_lr(self) -> list[float]:
        """Return each group's rate for step `last_epoch`, from the rate of the step before."""
        before, now = self._share(self.last_epoch - 1), self._share(self.last_epoch)
        if not self.last_epoch:
            before = 0.0
        found = []
        for rate, goal in zip(self._now(), self.swa_lrs, strict=True):
            if before >= 1.0:
                found.append(float(goal))
                continue
            start = (rate - before * goal) / (1 - before)
            found.append(now * goal + (1 - now) * start)
        return found
