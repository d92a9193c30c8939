"""CyclicLR: the rate goes up and down between two limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from autograd_core.extend import errors

from .. import checks, restoring
from .schedule import LRScheduler, per_group

_MODES = ("triangular", "triangular2", "exp_range")


class CyclicLR(LRScheduler):
    """Move the rate up and down along straight lines; call ``step()`` after each batch.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer whose rates are set.
    base_lr, max_lr : float or list of float
        The lowest and the highest rate.
    step_size_up : int
        Steps from the lowest to the highest.
    step_size_down : int, optional
        Steps back; as many by default.
    mode : {"triangular", "triangular2", "exp_range"}
        How the height changes: not, by half with each cycle, or by gamma with each step.
    gamma : float
        The factor of "exp_range".
    scale_fn : callable, optional
        The height as a function of the cycle (from 1) or the step, in place of `mode`.
    scale_mode : {"cycle", "iterations"}
        Which of them `scale_fn` gets.
    cycle_momentum : bool
        Move momentum (or the first beta) against the rate.
    base_momentum, max_momentum : float or list of float
        The range in which it moves.
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
    Smith, "Cyclical learning rates for training neural networks" (2017).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> from optim import SGD
    >>> sgd = SGD([Tensor([0.0], requires_grad=True)], lr=0.1, momentum=0.9)
    >>> schedule = CyclicLR(sgd, base_lr=1.0, max_lr=3.0, step_size_up=2)
    >>> rates = []
    >>> for _ in range(6):
    ...     rates.append(schedule.get_last_lr()[0])
    ...     schedule.step()
    >>> rates
    [1.0, 2.0, 3.0, 2.0, 1.0, 2.0]
    """

    limits: ClassVar[Mapping[str, restoring.Check]] = {
        **LRScheduler.limits,
        "_low": checks.each(checks.non_negative),
        "max_lrs": checks.each(checks.non_negative),
        "total_size": checks.positive,
        "step_ratio": checks.between_0_and_1,
        "mode": checks.one_of(*_MODES),
        "gamma": checks.non_negative,
        "scale_mode": checks.one_of("cycle", "iterations"),
    }

    def __init__(
        self,
        optimizer: Any,
        base_lr: Any,
        max_lr: Any,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.8,
        max_momentum: Any = 0.9,
        last_epoch: int = -1,
    ) -> None:
        groups = getattr(optimizer, "param_groups", [])
        lowest = per_group(self.name, "base_lr", base_lr, len(groups))
        self.max_lrs = per_group(self.name, "max_lr", max_lr, len(groups))
        for low, high in zip(lowest, self.max_lrs, strict=True):
            checks.non_negative(self.name, "base_lr", low)
            checks.non_negative(self.name, "max_lr", high)
        checks.count(self.name, "step_size_up", step_size_up)
        step_size_down = step_size_up if step_size_down is None else step_size_down
        checks.count(self.name, "step_size_down", step_size_down)
        checks.non_negative(self.name, "gamma", gamma)
        checks.one_of("cycle", "iterations")(self.name, "scale_mode", scale_mode)
        if scale_fn is not None and not callable(scale_fn):
            raise errors.OperandError(f"{self.name}: scale_fn must be callable.")
        if scale_fn is None:
            checks.one_of(*_MODES)(self.name, "mode", mode)
        self.total_size = float(step_size_up + step_size_down)
        self.step_ratio = step_size_up / self.total_size
        self.mode, self.gamma = mode, gamma
        self.scale_fn, self.scale_mode = scale_fn, scale_mode
        self.cycle_momentum = cycle_momentum
        low_momenta = per_group(self.name, "base_momentum", base_momentum, len(groups))
        high_momenta = per_group(self.name, "max_momentum", max_momentum, len(groups))
        self.momenta = [
            {"base": low, "max": high} for low, high in zip(low_momenta, high_momenta, strict=True)
        ]
        if cycle_momentum:
            for k, group in enumerate(groups):
                if "momentum" not in group and "betas" not in group:
                    raise errors.SettingError(
                        f"{self.name}: group {k} has neither momentum nor betas; "
                        "pass cycle_momentum=False."
                    )
                for name, value in self.momenta[k].items():
                    checks.fraction(self.name, f"{name}_momentum", value)
        if last_epoch == -1:
            for group, low in zip(groups, lowest, strict=True):
                group["lr"] = group["initial_lr"] = low
        self._low = list(lowest)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = list(lowest)

    def _height(self) -> float:
        """Return how high the rate is between its limits, 0 to 1, and beyond by the user's word."""
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        done = 1.0 + self.last_epoch / self.total_size - cycle
        up = done <= self.step_ratio
        height = done / self.step_ratio if up else (done - 1) / (self.step_ratio - 1)
        if self.scale_fn is not None:
            place = cycle if self.scale_mode == "cycle" else self.last_epoch
            return float(height * self.scale_fn(place))
        if self.mode == "triangular2":
            return height / 2.0 ** (cycle - 1)
        if self.mode == "exp_range":
            return float(height * self.gamma**self.last_epoch)
        return height

    def _set_momentum(self, height: float) -> None:
        for group, values in zip(self.optimizer.param_groups, self.momenta, strict=True):
            if not self.cycle_momentum:
                return
            momentum = values["max"] - (values["max"] - values["base"]) * height
            if "betas" in group:
                group["betas"] = (momentum, *group["betas"][1:])
            else:
                group["momentum"] = momentum

    def _resume(self) -> None:
        """Set rate and momentum of the last step."""
        super()._resume()
        self._set_momentum(self._height())

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer and the function; plain numbers and lists."""
        return {key: value for key, value in super().state_dict().items() if key != "scale_fn"}

    def check_state_dict(self, state_dict: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a state, or raise `StateDictError`; change nothing."""
        found = super().check_state_dict(state_dict)
        for values in found["momenta"]:
            for value in values.values():
                restoring.within(self.name, checks.fraction, "momenta", value)
        return found

    def get_lr(self) -> list[float]:
        """Return each group's rate for step `last_epoch`, and set its momentum."""
        height = self._height()
        self._set_momentum(height)
        return [
            low + (high - low) * height for low, high in zip(self._low, self.max_lrs, strict=True)
        ]
