"""LRScheduler: what all schedules share.

A schedule multiplies the rate that stands in the group (rather than computing
it from the start), so that several of them can act on one optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from autograd_core.extend import errors, explains_wrong_calls

from .. import checks, restoring

_OURS = f"{__package__}."


class LRScheduler:
    """Base class of schedules: call ``step()`` after the optimizer's steps of an epoch (or batch).

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer whose groups' rates are set.
    last_epoch : int
        The step to continue after; -1 to start.

    Attributes
    ----------
    last_epoch : int
        How many steps were made.
    base_lrs : list of float
        The groups' rates at the start.

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
    >>> from optim.lr_scheduler import StepLR
    >>> optimizer = SGD([Tensor([0.0], requires_grad=True)], lr=1.0)
    >>> schedule = StepLR(optimizer, step_size=2, gamma=0.1)
    >>> rates = []
    >>> for epoch in range(5):
    ...     rates.append(round(optimizer.param_groups[0]["lr"], 6))
    ...     schedule.step()
    >>> rates
    [1.0, 1.0, 0.1, 0.1, 0.01]
    """

    base_lrs: list[float]

    # the ranges of what a state dict may hold; subclasses add their own settings
    limits: ClassVar[Mapping[str, restoring.Check]] = {
        "last_epoch": checks.step,
        "base_lrs": checks.each(checks.non_negative),
        "_last_lr": checks.each(checks.non_negative),
    }

    def __init_subclass__(cls) -> None:
        """Let our own schedules say what is wrong with a call."""
        if "__init__" in vars(cls) and cls.__module__.startswith(_OURS):
            explains_wrong_calls(cls)

    @explains_wrong_calls
    def __init__(self, optimizer: Any, last_epoch: int = -1) -> None:
        if not hasattr(optimizer, "param_groups"):
            raise errors.OperandError(
                f"{self.name}: the first argument must be an optimizer, "
                f"not a {type(optimizer).__name__}."
            )
        self.optimizer = optimizer
        for k, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise errors.SettingError(
                    f"{self.name}: last_epoch = {last_epoch} continues a schedule, but group {k} "
                    "has no 'initial_lr'; load the optimizer's state dict first."
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._last_lr = [group["lr"] for group in optimizer.param_groups]
        self.start()

    @property
    def name(self) -> str:
        """The schedule's name."""
        return type(self).__name__

    def start(self) -> None:
        """Make the step with which every schedule begins: it sets the first rate.

        One that continues takes it from its formula, if it has one: the rate that it finds may be
        that of the step before or already the next one.
        """
        known = self.rates_at(self.last_epoch + 1) if self.last_epoch >= 0 else None
        if known is None:
            self.step()
        else:
            self.last_epoch += 1
            self._set(known)

    # --- what a schedule says -----------------------------------------------

    def get_lr(self) -> list[float]:
        """Return each group's rate for step `last_epoch`, given the current rates."""
        raise NotImplementedError

    def rates_at(self, epoch: int) -> list[float] | None:
        """Return the rates of a given step, if the schedule has a formula."""
        return None

    # --- using it -----------------------------------------------------------

    def step(self, epoch: Any = None) -> None:
        """Advance by one step (or to a given one) and set the groups' rates."""
        if epoch is None:
            self.last_epoch += 1
            rates = self.get_lr()
        else:
            self.last_epoch = int(epoch)
            known = self.rates_at(self.last_epoch)
            rates = self.get_lr() if known is None else known
        self._set(rates)

    def _set(self, rates: Sequence[float]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self._last_lr = list(rates)

    def get_last_lr(self) -> list[float]:
        """Return the rates that the last step set."""
        return list(self._last_lr)

    def _now(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    # --- saving -------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer and functions; plain numbers and lists."""
        return copied(
            {
                key: value
                for key, value in vars(self).items()
                if key != "optimizer" and not callable(value) and not _holds_functions(value)
            }
        )

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load a state that `state_dict` returned.

        Raises
        ------
        StateDictError
            If keys are unknown or missing, or values of another kind or out of range;
            nothing is changed then.
        """
        vars(self).update(self.check_state_dict(state_dict))
        self._resume()

    def _resume(self) -> None:
        """Set the rates of the last step: making this schedule has set those of its first."""
        if len(self._last_lr) == len(self.optimizer.param_groups):
            self._set(self._last_lr)

    def check_state_dict(self, state_dict: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a state, or raise `StateDictError`; change nothing."""
        return restoring.restored(self.name, self.state_dict(), state_dict, self.limits)

    def __repr__(self) -> str:
        return f"{self.name}(step {self.last_epoch}, lr {self._last_lr})"


def _holds_functions(value: Any) -> bool:
    return isinstance(value, list) and any(callable(v) for v in value)


def copied(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state whose lists belong to nobody else."""
    return {key: list(value) if isinstance(value, list) else value for key, value in state.items()}


def per_group(owner: str, name: str, value: Any, count: int) -> list[Any]:
    """Return a setting for each group: one for all, or a list of them."""
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) != count:
        raise errors.SettingError(
            f"{owner}: {name} has {len(value)} entries for {count} parameter groups."
        )
    return list(value)


Factor = Callable[[int], float]
