"""Schedules made of schedules: one after the other, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from autograd_core.extend import errors

from .. import restoring
from .schedule import LRScheduler


def _check_parts(name: str, schedulers: Sequence[Any], optimizer: Any) -> Any:
    if not schedulers:
        raise errors.SettingError(f"{name}: the list of schedules is empty.")
    owner = optimizer if optimizer is not None else schedulers[0].optimizer
    for k, part in enumerate(schedulers):
        if not isinstance(part, LRScheduler):
            raise errors.OperandError(
                f"{name}: schedule {k} is a {type(part).__name__}; only schedules that need no "
                "measure can be combined."
            )
        if part.optimizer is not owner:
            raise errors.SettingError(f"{name}: schedule {k} belongs to another optimizer.")
    return owner


def attributes(schedule: Any) -> list[tuple[Any, dict[str, Any]]]:
    """Return a schedule and all its parts, each with what it holds now."""
    parts = getattr(schedule, "_schedulers", ())
    return [(schedule, dict(vars(schedule))), *(held for p in parts for held in attributes(p))]


def put_back(held: Sequence[tuple[Any, dict[str, Any]]]) -> None:
    """Undo what was changed since `attributes`."""
    for owner, values in held:
        vars(owner).clear()
        vars(owner).update(values)


class _Composed(LRScheduler):
    """What the two share: parts, and a state dict with theirs inside."""

    _schedulers: list[LRScheduler]

    def state_dict(self) -> dict[str, Any]:
        """Return the own state with the parts' inside."""
        found = {k: v for k, v in vars(self).items() if k not in ("optimizer", "_schedulers")}
        found["_schedulers"] = [part.state_dict() for part in self._schedulers]
        return found

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load a state that `state_dict` returned; `StateDictError` if it does not fit."""
        values = self.check_state_dict(state_dict)
        parts = values.pop("_schedulers")
        before = [held for part in self._schedulers for held in attributes(part)]
        try:
            for part, state in zip(self._schedulers, parts, strict=True):
                part.load_state_dict(state)
        except BaseException:
            put_back(before)
            raise
        vars(self).update(values)
        self._resume()

    def check_state_dict(self, state_dict: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a state, or raise `StateDictError`; change nothing."""
        live = self.state_dict()
        del live["_schedulers"]
        restoring.check_keys(self.name, (*live, "_schedulers"), state_dict)
        parts = state_dict["_schedulers"]
        if type(parts) not in (list, tuple) or len(parts) != len(self._schedulers):
            found = len(parts) if type(parts) in (list, tuple) else restoring.shown(parts)
            raise restoring.refused(self.name, f"{found} schedules for {len(self._schedulers)}")
        own = {key: value for key, value in state_dict.items() if key != "_schedulers"}
        return {
            **restoring.restored(self.name, live, own, self.limits),
            "_schedulers": [
                part.check_state_dict(state)
                for part, state in zip(self._schedulers, parts, strict=True)
            ],
        }


class SequentialLR(_Composed):
    """One schedule after the other, for instance a warm-up and then a decay.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer whose rates are set.
    schedulers : list of LRScheduler
        In their order.
    milestones : list of int
        The steps at which the second, third, ... one takes over.
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
    >>> from optim.lr_scheduler import ExponentialLR, LinearLR
    >>> sgd = SGD([Tensor([0.0], requires_grad=True)], lr=1.0)
    >>> warm_up = LinearLR(sgd, start_factor=0.5, total_iters=2)
    >>> schedule = SequentialLR(sgd, [warm_up, ExponentialLR(sgd, 0.1)], milestones=[2])
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(round(schedule.get_last_lr()[0], 4))
    ...     schedule.step()
    >>> rates
    [0.5, 0.75, 1.0, 0.1]
    """

    def __init__(
        self,
        optimizer: Any,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        _check_parts(self.name, schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1 or list(milestones) != sorted(milestones):
            raise errors.SettingError(
                f"{self.name}: {len(schedulers)} schedules need {len(schedulers) - 1} growing "
                f"milestones, not {list(milestones)}."
            )
        self._schedulers = list(schedulers)
        self._milestones = list(milestones)
        # making the parts has set the rate to what all of them together begin with
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        for part in self._schedulers:
            part.last_epoch -= 1
        self._schedulers[0].start()
        super().__init__(optimizer, last_epoch)

    def check_state_dict(self, state_dict: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a state, or raise `StateDictError`; change nothing."""
        found = super().check_state_dict(state_dict)
        steps = found["_milestones"]
        if len(steps) != len(self._milestones) or steps != sorted(steps):
            raise restoring.refused(
                self.name,
                f"_milestones is {steps}; {len(self._schedulers)} schedules need "
                f"{len(self._milestones)} growing milestones",
            )
        return found

    def start(self) -> None:
        """Begin with the first part's first rate."""
        self.last_epoch += 1
        self._last_lr = self._schedulers[0].get_last_lr()

    def step(self, epoch: Any = None) -> None:
        """Advance by one step, with the schedule whose turn it is."""
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        part = self._schedulers[turn]
        if turn and self._milestones[turn - 1] == self.last_epoch:
            part.step(0)
        else:
            part.step()
        self._last_lr = part.get_last_lr()


class ChainedScheduler(_Composed):
    """Several schedules at once: their factors are multiplied.

    Parameters
    ----------
    schedulers : list of LRScheduler
        They should multiply the current rate. `LambdaLR`, `OneCycleLR` and
        `CosineAnnealingWarmRestarts` set the rate, and so undo the schedules before them.
    optimizer : Optimizer, optional
        The optimizer of these schedules.

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
    >>> from optim.lr_scheduler import ConstantLR, ExponentialLR
    >>> sgd = SGD([Tensor([0.0], requires_grad=True)], lr=1.0)
    >>> parts = [ConstantLR(sgd, factor=0.5, total_iters=2), ExponentialLR(sgd, 0.5)]
    >>> schedule = ChainedScheduler(parts)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(schedule.get_last_lr()[0])
    ...     schedule.step()
    >>> rates
    [0.5, 0.25, 0.25, 0.125]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Any = None) -> None:
        owner = _check_parts(self.name, list(schedulers), optimizer)
        self._schedulers = list(schedulers)
        super().__init__(owner)

    def start(self) -> None:
        """Begin with what the parts have set."""
        self.last_epoch += 1
        self._last_lr = self._now()

    def step(self, epoch: Any = None) -> None:
        """Advance every part by one step."""
        self.last_epoch += 1
        for part in self._schedulers:
            part.step()
        self._last_lr = self._now()
