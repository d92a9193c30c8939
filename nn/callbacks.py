"""Callbacks: what else can happen during training."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

import numpy as np

from autograd_core import SettingError, mark_overwritten, optim
from autograd_core.extend import (
    beside,
    explains_wrong_calls,
    renamed_attribute,
    renamed_keywords,
)

from .files import PathLock, check_target, remove_leftovers
from .random import generator
from .restoring import callback_values
from .serialization import save
from .state import check_state

Row = dict[str, float]


class Training(Protocol):
    """What a callback sees of the `Trainer` that runs it."""

    model: Any
    optimizer: Any
    scheduler: Any
    history: Any
    callbacks: list[Any]
    epoch: int
    batch: int
    stopped: str | None
    finished: bool
    updating: bool
    group: Any

    def stop(self, reason: str) -> None:
        """Let training end after this epoch, and say why."""


class Callback:
    """Base class of callbacks: override what you need.

    Whatever a callback must remember from one epoch to the next goes into `state_dict`, so that a
    resumed run ends like an uninterrupted one.

    A checkpoint may come from somebody else, so `load_state_dict` restores little by default: only
    the keys that `state_dict` returns now, only attributes that hold data, and only values of the
    same kind as the current ones. Methods and constructor arguments (a path, a patience) are never
    changed, and text is accepted only in place of text. If a callback needs more, name it in
    `saved`, or override `load_state_dict` and check what it is given.

    Attributes
    ----------
    saved : mapping, of the class
        For an attribute in `state_dict`, an example of its kind and a check of its value:
        ``{"waited": (0, optim.checks.whole)}``.

    Examples
    --------
    >>> class Count(Callback):
    ...     def on_epoch_end(self, trainer, row):
    ...         row["epochs"] = trainer.epoch
    >>> Count().state_dict()
    {}
    """

    saved: ClassVar[Mapping[str, tuple[Any, optim.restoring.Check]]] = {}

    @explains_wrong_calls
    def __init__(self) -> None:
        super().__init__()

    def on_fit_start(self, trainer: Training) -> None:
        """Run before the first batch, after a checkpoint was loaded."""

    def on_epoch_start(self, trainer: Training) -> None:
        """Run before an epoch's first batch."""

    def on_loss(self, trainer: Training, loss: Any) -> Any:
        """Return the loss to differentiate; penalties are added here."""
        return loss

    def on_backward(self, trainer: Training) -> None:
        """Run between the sweep and the update: gradients can be read and changed."""

    def on_epoch_end(self, trainer: Training, row: Row) -> None:
        """Run after an epoch and its validation; may add values to the history's row."""

    def on_val_check(self, trainer: Training, row: Row) -> None:
        """Run after a validation within an epoch (``val_check_interval``); may add to its row."""

    def on_fit_end(self, trainer: Training) -> None:
        """Run after the last epoch, also when training failed."""

    def state_dict(self) -> dict[str, Any]:
        """Return what must be saved: arrays, numbers, text and pytrees of them."""
        return {}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load what `state_dict` returned; if it does not fit, nothing is changed."""
        for name, value in self.check_state_dict(state_dict).items():
            setattr(self, name, value)

    def check_state_dict(
        self, state_dict: Mapping[str, Any], trainer: Training | None = None
    ) -> dict[str, Any]:
        """Return the attributes that a state sets, or raise `StateDictError`; change nothing."""
        inherited = type(self).load_state_dict is Callback.load_state_dict
        return callback_values(self, state_dict, inherited)


class Monitor(Callback):
    """Base of callbacks that watch whether a measure improves.

    With ``val_check_interval``, a measure of the validation data (``val_...``) is looked at each
    time it is taken, and a patience counts these looks in place of epochs.

    Parameters
    ----------
    monitor : str
        The measure's name in the history.
    mode : {"min", "max"}
        Whether smaller or larger is better.
    min_delta : float
        How large an improvement must be to count.
    """

    saved: ClassVar[Mapping[str, tuple[Any, optim.restoring.Check]]] = {
        "best": (0.0, optim.checks.no_nan),
        "waited": (0, optim.checks.whole),
    }

    def __init__(
        self, monitor: str = "val_loss", mode: str = "min", min_delta: float = 0.0
    ) -> None:
        if mode not in ("min", "max"):
            raise SettingError(
                f"{type(self).__name__}: mode = {mode!r}; it must be 'min' or 'max'."
            )
        self.monitor = monitor
        self.mode = mode
        self.min_delta = min_delta
        self.best = math.inf if mode == "min" else -math.inf
        self.waited = 0

    def improved(self, row: Row) -> bool:
        """Look at the measure, and count the epochs since it was best."""
        if self.monitor not in row:
            raise SettingError(
                f"{type(self).__name__}: there is no {self.monitor!r}; this epoch measured "
                f"{', '.join(row)}. Pass validation data to fit(), or monitor something else."
            )
        value = row[self.monitor]
        better = (
            value < self.best - self.min_delta
            if self.mode == "min"
            else value > self.best + self.min_delta
        )
        if better:
            self.best, self.waited = value, 0
        else:
            self.waited += 1
        return better

    def on_val_check(self, trainer: Training, row: Row) -> None:
        """Do what is done at an epoch's end, if it is the validation data that are watched."""
        if self.monitor.startswith("val_"):
            self.on_epoch_end(trainer, row)

    def state_dict(self) -> dict[str, Any]:
        """Return the best value and how long ago it was."""
        return {"best": self.best, "waited": self.waited}


def _weights(owner: str, name: str, value: Any) -> None:
    """Raise unless None, or arrays by name."""
    if value is not None and not (
        isinstance(value, dict)
        and all(type(k) is str and np.shape(v) is not None for k, v in value.items())
    ):
        raise SettingError(f"{owner}: {name} is a {type(value).__name__}, not a state dict.")


@explains_wrong_calls
class EarlyStopping(Monitor):
    """Stop when a measure has not improved for some epochs.

    Parameters
    ----------
    monitor, mode, min_delta
        As for `Monitor`.
    patience : int
        For how many epochs the measure may fail to improve.
    restore_best : bool
        Put the best epoch's weights back at the end of `fit`.  An exception leaves the last
        weights, so that `fit` can go on; the best ones are in ``best_weights``.

    Raises
    ------
    SettingError
        If a setting is out of range.

    Examples
    --------
    >>> import nn
    >>> nn.EarlyStopping(patience=3).waited
    0
    """

    saved: ClassVar[Mapping[str, tuple[Any, optim.restoring.Check]]] = {
        **Monitor.saved,
        "best_weights": (None, _weights),
    }

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 10,
        mode: str = "min",
        min_delta: float = 0.0,
        restore_best: bool = False,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if patience < 1:
            raise SettingError(f"EarlyStopping: patience = {patience}; it must be at least 1.")
        self.patience = patience
        self.restore_best = restore_best
        self.best_weights: dict[str, Any] | None = None

    def on_epoch_end(self, trainer: Training, row: Row) -> None:
        """Stop, or note a new best."""
        if self.improved(row):
            if self.restore_best:
                state = trainer.model.state_dict()
                self.best_weights = {name: np.array(a) for name, a in state.items()}
        elif self.waited >= self.patience:
            trainer.stop(f"no improvement of {self.monitor} in {self.patience} epochs")

    def on_fit_end(self, trainer: Training) -> None:
        """Restore the best weights, if that was asked for and training was completed."""
        if self.best_weights is not None and trainer.finished:
            trainer.model.load_state_dict(self.best_weights)

    def state_dict(self) -> dict[str, Any]:
        """Return the best value, its weights, and how long ago it was."""
        return {**super().state_dict(), "best_weights": self.best_weights}

    def check_state_dict(
        self, state_dict: Mapping[str, Any], trainer: Training | None = None
    ) -> dict[str, Any]:
        """Return the attributes that a state sets; the weights must be the model's."""
        found = super().check_state_dict(state_dict, trainer)
        weights = found.get("best_weights")
        if trainer is not None and weights is not None:
            name = "EarlyStopping.load_state_dict: best_weights"
            check_state(name, trainer.model.state_dict(), weights, strict=True)
        return found


@explains_wrong_calls
class Annealing(Monitor):
    """Keep the rate until a measure stops improving, then divide it; finally stop.

    Parameters
    ----------
    monitor, mode, min_delta
        As for `Monitor`.
    patience : int
        Epochs without improvement before the rate is divided.
    divide_by : float
        By what.
    times : int, optional
        Stop instead of dividing once more than so often.

    Raises
    ------
    SettingError
        If a setting is out of range.

    Examples
    --------
    >>> import nn
    >>> nn.Annealing(patience=3, divide_by=10.0).divided
    0
    """

    saved: ClassVar[Mapping[str, tuple[Any, optim.restoring.Check]]] = {
        **Monitor.saved,
        "divided": (0, optim.checks.whole),
    }

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 10,
        divide_by: float = 2.0,
        times: int | None = None,
        mode: str = "min",
        min_delta: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if patience < 1 or divide_by <= 1:
            raise SettingError(
                f"Annealing: patience = {patience}, divide_by = {divide_by}; they must be at "
                "least 1 and above 1."
            )
        self.patience = patience
        self.divide_by = divide_by
        self.times = times
        self.divided = 0

    def on_epoch_end(self, trainer: Training, row: Row) -> None:
        """Divide the rates, or stop."""
        if self.improved(row) or self.waited < self.patience:
            return
        if self.divided == self.times:
            trainer.stop(f"the rate was divided {self.times} times")
            return
        self.divided += 1
        self.waited = 0
        for group in trainer.optimizer.param_groups:
            group["lr"] /= self.divide_by

    def state_dict(self) -> dict[str, Any]:
        """Return the best value, how long ago it was, and how often the rate was divided."""
        return {**super().state_dict(), "divided": self.divided}


@explains_wrong_calls
class Perturbation(Monitor):
    """Perturb the weights when a measure has not improved for some epochs, and continue.

    Parameters
    ----------
    monitor, mode, min_delta
        As for `Monitor`.
    patience : int
        Epochs without improvement before the weights are perturbed.
    scale : float
        The noise's deviation, relative to each array's root mean square.

    Examples
    --------
    >>> import nn
    >>> nn.Perturbation(patience=3, scale=0.01).waited
    0
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 10,
        scale: float = 0.1,
        mode: str = "min",
        min_delta: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.scale = scale

    def on_epoch_end(self, trainer: Training, row: Row) -> None:
        """Perturb the weights, if it is due."""
        if self.improved(row) or self.waited < self.patience:
            return
        self.waited = 0
        parameters = list(trainer.model.parameters())
        for p in parameters:
            size = float(np.sqrt(np.mean(np.square(p.data))))
            noise = generator().standard_normal(p.shape) * (self.scale * size)
            np.add(p.data, beside(p, noise), out=p.data, casting="same_kind")
        trainer.group.copy_from_main("perturbs the weights", [p.data for p in parameters])
        mark_overwritten(*parameters)


@explains_wrong_calls
class SaveBest(Monitor):
    """Save the weights whenever a measure reaches a new best.

    Parameters
    ----------
    path : path
        The safetensors file.
    monitor, mode, min_delta
        As for `Monitor`.

    Examples
    --------
    >>> import nn
    >>> nn.SaveBest("best.safetensors", monitor="val_accuracy", mode="max").best
    -inf
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        monitor: str = "val_loss",
        mode: str = "min",
        min_delta: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.path = path
        self._lock: PathLock | None = None

    def on_fit_start(self, trainer: Training) -> None:
        """Check now that the file can be written, and that no other run writes it."""
        trainer.group.on_main("looks at SaveBest's file", lambda: self._reserve(trainer))

    def _reserve(self, trainer: Training) -> None:
        size = sum(a.nbytes for a in trainer.model.state_dict().values())
        target = check_target("SaveBest: path", self.path, size)
        self._lock = PathLock("SaveBest: path", target)
        remove_leftovers(target)

    def on_fit_end(self, trainer: Training) -> None:
        """Release the file, so that other runs may write it."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def on_epoch_end(self, trainer: Training, row: Row) -> None:
        """Save, if better."""
        if self.improved(row):
            trainer.group.on_main("saves the best", lambda: save(trainer.model, self.path))


@explains_wrong_calls
class GradientClipping(Callback):
    """Clip the gradients before each update.

    Parameters
    ----------
    max_norm : float, optional
        The largest joint norm.
    clip_value : float, optional
        The largest single element.

    Raises
    ------
    SettingError
        If no limit is given, or one that is not positive.

    Examples
    --------
    >>> import nn
    >>> nn.GradientClipping(max_norm=1.0).largest
    0.0
    """

    saved: ClassVar[Mapping[str, tuple[Any, optim.restoring.Check]]] = {
        "largest": (0.0, optim.checks.non_negative)
    }

    value = renamed_attribute("value", "clip_value")

    @renamed_keywords(value="clip_value")
    def __init__(self, max_norm: float | None = None, clip_value: float | None = None) -> None:
        if max_norm is None and clip_value is None:
            raise SettingError("GradientClipping: give max_norm or clip_value.")
        for name, limit in (("max_norm", max_norm), ("clip_value", clip_value)):
            if limit is not None and not limit > 0:
                raise SettingError(f"GradientClipping: {name} = {limit}; it must be positive.")
        self.max_norm = max_norm
        self.clip_value = clip_value
        self.largest = 0.0

    def on_backward(self, trainer: Training) -> None:
        """Clip."""
        parameters = list(trainer.model.parameters())
        if self.clip_value is not None:
            optim.clip_grad_value_(parameters, self.clip_value)
        if self.max_norm is not None:
            norm = optim.clip_grad_norm_(parameters, self.max_norm, error_if_nonfinite=True)
            self.largest = max(self.largest, norm)

    def on_epoch_end(self, trainer: Training, row: Row) -> None:
        """Note the epoch's largest norm before clipping."""
        if self.max_norm is not None:
            row["grad_norm"] = self.largest
            self.largest = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Return the largest norm of the epoch so far."""
        return {"largest": self.largest}


@explains_wrong_calls
class Regularization(Callback):
    """Add a penalty to the loss, starting at a given epoch.

    Parameters
    ----------
    penalty : callable
        From the model to a Tensor of one element: `l1_penalty`, `l2_penalty`
        (which leave biases alone), or your own.
    after_epochs : int
        How many epochs to train without it.

    Examples
    --------
    >>> import nn
    >>> ridge = Regularization(lambda model: nn.l2_penalty(model, 1e-4), after_epochs=3)
    >>> ridge.after_epochs
    3
    """

    def __init__(self, penalty: Callable[[Any], Any], after_epochs: int = 0) -> None:
        self.penalty = penalty
        self.after_epochs = after_epochs

    def on_loss(self, trainer: Training, loss: Any) -> Any:
        """Return the loss with the penalty."""
        return loss + self.penalty(trainer.model) if trainer.epoch >= self.after_epochs else loss
