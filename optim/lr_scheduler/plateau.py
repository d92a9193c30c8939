"""Annealing by result: keep the rate until a measure stops improving, then divide it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from autograd_core.extend import errors, explains_wrong_calls

from .. import checks, restoring
from .schedule import copied, per_group


@explains_wrong_calls
class ReduceLROnPlateau:
    """Multiply the rate by a factor when a measure has not improved for some steps.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer whose rates are set.
    mode : {"min", "max"}
        Whether smaller or larger is better.
    factor : float
        The factor, below 1.
    patience : int
        How many steps without improvement are allowed.
    threshold : float
        How large an improvement must be to count.
    threshold_mode : {"rel", "abs"}
        Whether the threshold is relative to the best value.
    cooldown : int
        Steps after a reduction in which nothing is counted.
    min_lr : float or list of float
        The lowest rate.
    eps : float
        Smaller changes than this are not made.

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
    >>> schedule = ReduceLROnPlateau(sgd, factor=0.1, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     schedule.step(loss)
    >>> schedule.get_last_lr()
    [0.1]
    """

    limits: ClassVar[Mapping[str, restoring.Check]] = {
        "mode": checks.one_of("min", "max"),
        "threshold_mode": checks.one_of("rel", "abs"),
        "factor": checks.between_0_and_1,
        "patience": checks.whole,
        "cooldown": checks.whole,
        "threshold": checks.non_negative,
        "eps": checks.non_negative,
        "min_lrs": checks.each(checks.non_negative),
        "best": checks.no_nan,
        "num_bad_epochs": checks.whole,
        "cooldown_counter": checks.whole,
        "last_epoch": checks.whole,
    }

    def __init__(
        self,
        optimizer: Any,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: Any = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if not hasattr(optimizer, "param_groups"):
            raise errors.OperandError(f"{self.name}: the first argument must be an optimizer.")
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise errors.SettingError(
                f"{self.name}: mode = {mode!r}, threshold_mode = {threshold_mode!r}; they must be "
                "'min' or 'max', 'rel' or 'abs'."
            )
        checks.between_0_and_1(self.name, "factor", factor)
        checks.count(self.name, "patience", patience, 0)
        checks.count(self.name, "cooldown", cooldown, 0)
        checks.non_negative(self.name, "threshold", threshold)
        checks.non_negative(self.name, "eps", eps)
        self.optimizer = optimizer
        self.mode = mode
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.cooldown = cooldown
        self.min_lrs = per_group(self.name, "min_lr", min_lr, len(optimizer.param_groups))
        self.eps = eps
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = 0
        self.cooldown_counter = 0
        self.last_epoch = 0

    @property
    def name(self) -> str:
        """The schedule's name."""
        return type(self).__name__

    def step(self, metrics: float) -> None:
        """Take a new value of the measure, and lower the rate if it is due.

        Parameters
        ----------
        metrics : float
            The measure, usually the validation loss of an epoch.
        """
        value = float(metrics)
        self.last_epoch += 1
        if self._better(value):
            self.best = value
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            for group, low in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
                rate = max(group["lr"] * self.factor, low)
                if group["lr"] - rate > self.eps:
                    group["lr"] = rate
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0

    def _better(self, value: float) -> bool:
        sign = 1.0 if self.mode == "min" else -1.0
        if math.isinf(self.best):
            margin = 0.0
        elif self.threshold_mode == "rel":
            margin = self.threshold * self.best  # PyTorch's rule, whatever best's sign is
        else:
            margin = self.threshold
        return sign * value < sign * self.best - margin

    def get_last_lr(self) -> list[float]:
        """Return the groups' current rates."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer."""
        return copied({k: value for k, value in vars(self).items() if k != "optimizer"})

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load a state that `state_dict` returned; `StateDictError` if the keys differ."""
        vars(self).update(self.check_state_dict(state_dict))

    def check_state_dict(self, state_dict: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a state, or raise `StateDictError`; change nothing."""
        return restoring.restored(self.name, self.state_dict(), state_dict, self.limits)
