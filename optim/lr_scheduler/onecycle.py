"""One cycle: up to a large rate and down to almost zero, with momentum going the other way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from autograd_core.extend import errors

from .. import checks, restoring
from .schedule import LRScheduler, per_group


def _cosine(start: float, end: float, done: float) -> float:
    return end + (start - end) / 2.0 * (1.0 + math.cos(math.pi * done))


def _corners(owner: str, name: str, values: Any) -> None:
    """Raise unless some steps, each with the name of the value that stands there."""
    checks.count(owner, f"len({name})", len(values))
    for k, (step, corner) in enumerate(values):
        checks.finite(owner, f"{name}[{k}]", step)
        checks.one_of("start", "max", "end")(owner, f"{name}[{k}]", corner)


def _named(check: restoring.Check) -> restoring.Check:
    """Return a check of the values at a cycle's corners."""

    def check_values(owner: str, name: str, values: Mapping[str, Any]) -> None:
        restoring.check_keys(owner, ("start", "max", "end"), values)
        for corner, value in values.items():
            check(owner, f"{name}[{corner!r}]", value)

    return check_values


def _line(start: float, end: float, done: float) -> float:
    return start + (end - start) * done


class OneCycleLR(LRScheduler):
    """Raise the rate to `max_lr` and let it fall far below the start; call it after each batch.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer whose rates and momenta are set.
    max_lr : float or list of float
        The largest rate, one for all groups or for each.
    total_steps : int, optional
        The cycle's length; or give the next two.
    epochs, steps_per_epoch : int, optional
        Their product is the cycle's length.
    pct_start : float
        The part of the cycle in which the rate grows.
    anneal_strategy : {"cos", "linear"}
        The curve between the corners.
    cycle_momentum : bool
        Move momentum (or the first beta) against the rate.
    base_momentum, max_momentum : float or list of float
        The range in which it moves.
    div_factor : float
        The rate starts at ``max_lr / div_factor``
    final_div_factor : float
        and ends at that divided by this.
    three_phase : bool
        Come down to the start as fast as the rate went up, then to the end.
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
    Smith and Topin, "Super-convergence: very fast training of neural networks
    using large learning rates" (2019).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> from optim import SGD
    >>> sgd = SGD([Tensor([0.0], requires_grad=True)], lr=0.1, momentum=0.9)
    >>> schedule = OneCycleLR(sgd, max_lr=1.0, total_steps=10, anneal_strategy="linear")
    >>> rates = []
    >>> for _ in range(10):
    ...     rates.append(round(schedule.get_last_lr()[0], 2))
    ...     schedule.step()
    >>> rates
    [0.04, 0.52, 1.0, 0.86, 0.71, 0.57, 0.43, 0.29, 0.14, 0.0]
    """

    limits: ClassVar[Mapping[str, restoring.Check]] = {
        **LRScheduler.limits,
        "total_steps": checks.count,
        "corners": _corners,
        "lrs": checks.each(_named(checks.non_negative)),
    }

    def __init__(
        self,
        optimizer: Any,
        max_lr: Any,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.85,
        max_momentum: Any = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise errors.SettingError(
                    f"{self.name}: give total_steps, or epochs and steps_per_epoch."
                )
            checks.count(self.name, "epochs", epochs)
            checks.count(self.name, "steps_per_epoch", steps_per_epoch)
            total_steps = epochs * steps_per_epoch
        checks.count(self.name, "total_steps", total_steps)
        checks.unit(self.name, "pct_start", pct_start)
        checks.positive(self.name, "div_factor", div_factor)
        checks.positive(self.name, "final_div_factor", final_div_factor)
        if anneal_strategy not in ("cos", "linear"):
            raise errors.SettingError(
                f"{self.name}: anneal_strategy = {anneal_strategy!r}; it must be 'cos' or 'linear'."
            )
        self.total_steps = total_steps
        self.linear = anneal_strategy == "linear"
        self.cycle_momentum = cycle_momentum
        # the corners: at which step, and which of the named values stands there
        turn = float(pct_start * total_steps) - 1
        last = total_steps - 1
        self.corners: list[Any] = (
            [(turn, "max"), (2 * turn, "start"), (last, "end")]
            if three_phase
            else [(turn, "max"), (last, "end")]
        )
        groups = getattr(optimizer, "param_groups", [])
        largest = per_group(self.name, "max_lr", max_lr, len(groups))
        for value in largest:
            checks.positive(self.name, "max_lr", value)
        self.lrs = [
            {"start": m / div_factor, "max": m, "end": m / div_factor / final_div_factor}
            for m in largest
        ]
        low = per_group(self.name, "base_momentum", base_momentum, len(groups))
        high = per_group(self.name, "max_momentum", max_momentum, len(groups))
        self.momenta = [{"start": h, "max": b, "end": h} for b, h in zip(low, high, strict=True)]
        if cycle_momentum:
            for k, group in enumerate(groups):
                if "momentum" not in group and "betas" not in group:
                    raise errors.SettingError(
                        f"{self.name}: group {k} has neither momentum nor betas; "
                        "pass cycle_momentum=False."
                    )
                checks.fraction(self.name, "base_momentum", low[k])
                checks.fraction(self.name, "max_momentum", high[k])
        if last_epoch == -1:
            for group, values in zip(groups, self.lrs, strict=True):
                group["initial_lr"] = values["start"]
        super().__init__(optimizer, last_epoch)

    def _at(self, step: int, values: dict[str, float]) -> float:
        curve = _line if self.linear else _cosine
        start, name = 0.0, "start"
        for end, following in self.corners[:-1]:
            if step <= end:
                break
            start, name = end, following
        else:
            end, following = self.corners[-1]
        done = (step - start) / (end - start) if end != start else 1.0
        return curve(values[name], values[following], done)

    def check_state_dict(self, state_dict: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a state, or raise `StateDictError`; change nothing."""
        found = super().check_state_dict(state_dict)
        if found["cycle_momentum"] is not self.cycle_momentum:
            raise restoring.refused(
                self.name, f"cycle_momentum is {self.cycle_momentum} in this schedule"
            )
        if self.cycle_momentum:
            check = checks.each(_named(checks.fraction))
            restoring.within(self.name, check, "momenta", found["momenta"])
        return found

    def _set_momentum(self) -> None:
        for group, values in zip(self.optimizer.param_groups, self.momenta, strict=True):
            if not self.cycle_momentum:
                return
            momentum = self._at(self.last_epoch, values)
            if "betas" in group:
                group["betas"] = (momentum, *group["betas"][1:])
            else:
                group["momentum"] = momentum

    def _resume(self) -> None:
        """Set rate and momentum of the last step."""
        super()._resume()
        self._set_momentum()

    def get_lr(self) -> list[float]:
        """Return each group's rate for step `last_epoch`, and set its momentum."""
        t = self.last_epoch
        if t > self.total_steps:
            raise errors.SettingError(
                f"{self.name}.step: step {t} of a cycle of {self.total_steps}; "
                "make the cycle as long as the training."
            )
        self._set_momentum()
        return [self._at(t, values) for values in self.lrs]
