"""Trainer: the loop that every training is, written once.

    for each epoch, for each batch:
        loss of the model's answer -> backward -> optimizer.step

with validation, schedules, callbacks, a history, and checkpoints from which a
killed run goes on and ends bit for bit where it would have ended.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_core import (
    AutogradError,
    NonFiniteError,
    SettingError,
    StateDictError,
    Tensor,
    no_grad,
)
from autograd_core.extend import random_sources
from nn.callbacks import Callback
from nn.checkpoints import load_checkpoint, remove_leftovers, save_checkpoint
from nn.data import DataLoader, as_loader
from nn.diagnosis import first_broken
from nn.functional.heap import keep_freed_memory
from nn.history import History
from nn.progress import progress_bar, show
from nn.random import get_rng_state, set_rng_state
from nn.restoring import checked_randomness, checked_training, contents
from optim.lr_scheduler.compose import attributes, put_back

Metric = Callable[[Any, Any], float]
_VERSION = 1


class Trainer:
    """Trains a model.

    Parameters
    ----------
    model : Module
        Called with all parts of a batch but the last.
    loss : callable
        ``loss(output, target)``, a Tensor of one element: the mean over the
        batch.  The target is the batch's last part (an autoencoder's only one).
    optimizer : Optimizer
        Holds the model's parameters.
    schedule : LRScheduler or ReduceLROnPlateau, optional
        Steps once an epoch, or a batch.
    schedule_every : {"epoch", "batch"}
        Which.
    metrics : dict of str to callable, optional
        ``metric(output, target)`` on arrays, a mean over the batch.
    callbacks : sequence of Callback
        Run in this order.
    checkpoint : path, optional
        Save here after each epoch; `fit` goes on from the file if it exists.
    checkpoint_batches : int, optional
        Save also after every so many batches.
    monitor : str
        What ReduceLROnPlateau looks at.
    seed : int
        Decides the order of data given as arrays.
    progress : bool, optional
        Show a bar (tqdm, from the extra ``demo``); default if tqdm is
        installed and somebody watches.

    Attributes
    ----------
    history : History
        One row for each epoch.
    epoch, batch : int
        The position: whole epochs done, batches done in the current one.
    stopped : str or None
        Why training ended before its time.

    Examples
    --------
    >>> import nn, optim
    >>> _ = nn.manual_seed(0)
    >>> x = np.linspace(-1.0, 1.0, 64)[:, None]
    >>> model = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    >>> trainer = Trainer(model, nn.MSELoss(), optim.Adam(model.parameters(), lr=0.05))
    >>> history = trainer.fit((x, np.sin(3 * x)), epochs=100)
    >>> history["loss"][-1] < 1e-2 < history["loss"][0]
    True
    """

    def __init__(
        self,
        model: Any,
        loss: Callable[[Any, Any], Any],
        optimizer: Any,
        schedule: Any = None,
        *,
        schedule_every: str = "epoch",
        metrics: Mapping[str, Metric] | None = None,
        callbacks: Sequence[Callback] = (),
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_batches: int | None = None,
        monitor: str = "val_loss",
        seed: int = 0,
        progress: bool | None = None,
    ) -> None:
        if schedule_every not in ("epoch", "batch"):
            raise SettingError(
                f"Trainer: schedule_every = {schedule_every!r}; it must be 'epoch' or 'batch'."
            )
        if checkpoint_batches is not None and checkpoint_batches < 1:
            raise SettingError(f"Trainer: checkpoint_batches = {checkpoint_batches}; at least 1.")
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.schedule = schedule
        self.schedule_every = schedule_every
        self.metrics = dict(metrics or {})
        self.callbacks = list(callbacks)
        self.checkpoint = checkpoint
        self.checkpoint_batches = checkpoint_batches
        self.monitor = monitor
        self.seed = seed
        self.progress = progress
        self.history = History()
        self.epoch = 0
        self.batch = 0
        self.stopped: str | None = None
        self.updating = False  # True between a batch's forward and its update
        self._sums: dict[str, float] = {}
        self._loader: DataLoader | None = None
        self._loaded: Mapping[str, Any] | None = None
        self._source = ""  # the file that the training goes on from

    # --- training -----------------------------------------------------------

    def fit(
        self,
        train: Any,
        validation: Any = None,
        epochs: int = 10,
        batch_size: int = 32,
    ) -> History:
        """Train until so many epochs have been done in all.

        Parameters
        ----------
        train : DataLoader or data
            Arrays ``(inputs, targets)`` or a dataset; shuffled each epoch.
        validation : DataLoader or data, optional
            Measured after each epoch.
        epochs : int
            In all, counted from the very beginning: calling again with the
            same number does nothing, and a resumed run ends when it should.
        batch_size : int
            For data that are not in a loader.

        Returns
        -------
        History

        Raises
        ------
        NonFiniteError
            If the loss becomes NaN or infinite; the batch is not learned.  The message
            says what was not finite first: input, target, parameter, or which layer's output.
        DataError
            If the data cannot be trained on.
        StateDictError
            If a checkpoint does not belong to this training.
        """
        if isinstance(epochs, bool) or not hasattr(epochs, "__index__") or epochs < 0:
            raise SettingError(f"fit: epochs = {epochs!r}; it must be an integer >= 0.")
        keep_freed_memory()
        loader = as_loader(train, batch_size, True, self.seed)
        tests = None if validation is None else as_loader(validation, batch_size, False, self.seed)
        self._loader = loader
        if self.checkpoint is not None and self.epoch == 0 and self.batch == 0:
            remove_leftovers(self.checkpoint)
            if os.path.exists(self.checkpoint):
                self.load(self.checkpoint)
        elif self._loaded is not None:
            self._check_loader(self._loaded)
        self._loaded = None
        try:
            for callback in self.callbacks:
                callback.on_fit_start(self)
            with progress_bar(self.progress, self._done(loader), epochs * len(loader)) as bar:
                while self.epoch < epochs and self.stopped is None:
                    self._run_epoch(loader, tests, bar)
        finally:
            for callback in self.callbacks:
                callback.on_fit_end(self)
            self.model.eval()
        return self.history

    def stop(self, reason: str) -> None:
        """End training after this epoch; for callbacks."""
        self.stopped = reason

    def _done(self, loader: DataLoader) -> int:
        return self.epoch * len(loader) + self.batch

    def _run_epoch(self, loader: DataLoader, tests: DataLoader | None, bar: Any) -> None:
        self.model.train()
        if self.batch == 0:
            self._sums = {}
            for callback in self.callbacks:
                callback.on_epoch_start(self)
        for batch in loader.batches(self.epoch, self.batch):
            self._learn(batch)
            self.batch += 1
            if self.schedule is not None and self.schedule_every == "batch":
                self.schedule.step()
            if bar is not None:
                show(bar, self.epoch, self._means(self._sums), self.history)
            every = self.checkpoint_batches
            if every and self.batch % every == 0 and self.batch < len(loader):
                self._save()
        row: dict[str, float] = {
            "epoch": self.epoch + 1,
            "lr": float(self.optimizer.param_groups[0]["lr"]),
            **self._means(self._sums),
        }
        if tests is not None:
            row |= {"val_" + name: value for name, value in self.evaluate(tests).items()}
        if self.schedule is not None and self.schedule_every == "epoch":
            self._step_schedule(row)
        for callback in self.callbacks:
            callback.on_epoch_end(self, row)
        self.history.append(row)
        self.epoch += 1
        self.batch = 0
        self._sums = {}
        self._save()

    def _learn(self, batch: tuple[Any, ...]) -> None:
        """Do one update."""
        inputs, target = self._parts(batch)
        self.optimizer.zero_grad()
        self.updating = True
        try:
            output = self.model(*inputs)
            loss = self.loss(output, target)
            value = _scalar(loss)
            for callback in self.callbacks:
                loss = callback.on_loss(self, loss)
            if not (math.isfinite(value) and math.isfinite(_scalar(loss))):
                raise NonFiniteError(
                    f"training: the loss is {value} in epoch {self.epoch + 1}, batch "
                    f"{self.batch + 1}; the batch was not learned.\n"
                    f"  {first_broken(self.model, inputs, target)}.\n  Clean the data, lower the "
                    "rate, clip gradients, or find the operation with detect_anomaly()."
                    + (f" The training went on from {self._source}." if self._source else "")
                )
            loss.backward()
            for callback in self.callbacks:
                callback.on_backward(self)
            self.optimizer.step()
        finally:
            self.updating = False
        self._add(self._sums, value, output, target)

    def _parts(self, batch: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
        """Return inputs and target, floating-point arrays in the model's precision."""
        first = next(self.model.parameters(), None)
        if first is not None:
            real = first.data.real.dtype
            kinds = {"f": real, "c": np.result_type(real, np.complex64)}
            batch = tuple(a.astype(kinds.get(a.dtype.kind, a.dtype), copy=False) for a in batch)
        return (batch[:-1] or batch), batch[-1]

    def _add(self, sums: dict[str, float], loss: float, output: Any, target: Any) -> None:
        """Add a batch to the sums, each row counting the same."""
        rows = len(target)
        values = {"loss": loss}
        if self.metrics:
            answer = output.detach().data if isinstance(output, Tensor) else output
            values |= {name: float(f(answer, target)) for name, f in self.metrics.items()}
        for name, value in values.items():
            sums[name] = sums.get(name, 0.0) + value * rows
        sums["rows"] = sums.get("rows", 0) + rows

    @staticmethod
    def _means(sums: Mapping[str, float]) -> dict[str, float]:
        return {name: total / sums["rows"] for name, total in sums.items() if name != "rows"}

    def _step_schedule(self, row: Mapping[str, float]) -> None:
        if not hasattr(self.schedule, "patience"):
            self.schedule.step()
            return
        if self.monitor not in row:
            raise SettingError(
                f"Trainer: the schedule looks at {self.monitor!r}, but this epoch measured "
                f"{', '.join(row)}; pass validation data to fit(), or set monitor=."
            )
        self.schedule.step(row[self.monitor])

    # --- using the model ----------------------------------------------------

    def evaluate(self, data: Any, batch_size: int = 256) -> dict[str, float]:
        """Return loss and metrics on data, in eval mode; learns nothing.

        Parameters
        ----------
        data : DataLoader or data
            As for `fit`.
        batch_size : int
            For data that are not in a loader.
        """
        loader = as_loader(data, batch_size, False, self.seed)
        sums: dict[str, float] = {}
        with self._evaluating():
            for batch in loader.batches(0):
                inputs, target = self._parts(batch)
                output = self.model(*inputs)
                self._add(sums, _scalar(self.loss(output, target)), output, target)
        return self._means(sums)

    def predict(self, *inputs: Any, batch_size: int = 256) -> Any:
        """Return the model's answers to inputs, as an array, in eval mode."""
        loader = as_loader(tuple(inputs), batch_size, False, self.seed)
        found = []
        with self._evaluating():
            for batch in loader.batches(0):
                answer = self.model(*self._parts((*batch, batch[0]))[0])
                found.append(np.array(answer.detach().data))
        return np.concatenate(found)

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        training = self.model.training
        self.model.eval()
        try:
            with no_grad():
                yield
        finally:
            self.model.train(training)

    # --- checkpoints --------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return everything that decides how training goes on.

        Model, optimizer, schedule, callbacks, history, position, and the state
        of every random source.
        """
        return {
            "version": _VERSION,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": None if self.schedule is None else self.schedule.state_dict(),
            "callbacks": [callback.state_dict() for callback in self.callbacks],
            "history": self.history.rows,
            "epoch": self.epoch,
            "batch": self.batch,
            "sums": self._sums,
            "stopped": self.stopped,
            "data": None if self._loader is None else self._loader.fingerprint(),
            "random": {
                "nn": get_rng_state(),
                "numpy": np.random.get_state(legacy=False),
                "python": random.getstate(),
                "own": [g.bit_generator.state for g in self._generators()],
            },
        }

    def _generators(self) -> list[np.random.Generator]:
        transform = None if self._loader is None else self._loader.transform
        sources = random_sources(self.model, self.loss, self.callbacks, transform)
        return [s for s in sources if isinstance(s, np.random.Generator)]

    def _save(self) -> None:
        if self.checkpoint is not None:
            self.save(self.checkpoint)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint: the file is the old one whole, or the new one whole."""
        save_checkpoint(self.state_dict(), path)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Go on from a checkpoint.

        Raises
        ------
        SerializationError
            If the file is damaged.
        StateDictError
            If it does not belong to this model, optimizer, schedule or data.
        """
        state = load_checkpoint(path)
        try:
            self.load_state_dict(state)
        except AutogradError as error:  # SettingError too, from a class of the user's
            raise StateDictError(f"{os.fspath(path)}: {error}") from error
        self._source = os.fspath(path)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take on what `state_dict` returned; where it does not fit, nothing is changed."""
        expected = self.state_dict()
        if (
            not isinstance(state, Mapping)
            or set(state) != set(expected)
            or type(state["version"]) is not int
            or state["version"] != _VERSION
        ):
            raise StateDictError("Trainer: this is not the state of a training of this version.")
        undo = self._undo()
        try:
            state = checked_training(self, state)
            self._check_loader(state)
            state["random"] = checked_randomness("random", expected["random"], state["random"])
            self._take(state)
        except Exception as error:
            undo()
            if isinstance(error, AutogradError):
                raise
            raise StateDictError(
                f"Trainer: this is no state of a training ({type(error).__name__}: {error}); "
                "nothing was changed."
            ) from error
        except BaseException:
            undo()
            raise
        self._loaded = state

    def _undo(self) -> Callable[[], None]:
        """Return a function that puts everything back that `_take` changes."""
        model = [(a, a.copy()) for a in self.model.state_dict().values()]
        groups = [(group, dict(group)) for group in self.optimizer.param_groups]
        held = [(part, dict(vars(part))) for part in (self, self.optimizer, *self.callbacks)]
        if self.schedule is not None:
            held += attributes(self.schedule)
        rows, state = self.history.rows, get_rng_state()
        legacy, python = np.random.get_state(legacy=False), random.getstate()
        own = [(g, g.bit_generator.state) for g in self._generators()]
        put_contents_back = contents(self.callbacks)

        def undo() -> None:
            for array, values in model:
                np.copyto(array, values)
            for group, settings in groups:
                group.clear()
                group.update(settings)
            put_back(held)
            put_contents_back()
            self.history.rows = rows
            set_rng_state(state)
            np.random.set_state(legacy)
            random.setstate(python)
            for generator, place in own:
                generator.bit_generator.state = place

        return undo

    def _take(self, state: Mapping[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])
        for callback, found in zip(self.callbacks, state["callbacks"], strict=True):
            callback.load_state_dict(found)
        self.history.rows = state["history"]
        self.epoch, self.batch = state["epoch"], state["batch"]
        self._sums = dict(state["sums"])
        self.stopped = state["stopped"]
        set_rng_state(state["random"]["nn"])
        np.random.set_state(state["random"]["numpy"])
        random.setstate(state["random"]["python"])
        for g, found in zip(self._generators(), state["random"]["own"], strict=True):
            g.bit_generator.state = found

    def _check_loader(self, state: Mapping[str, Any]) -> None:
        if self._loader is None or state["data"] is None:
            return
        mine, saved = self._loader.fingerprint(), state["data"]
        for key, value in mine.items():
            if saved.get(key) != value:
                source = f"{self._source}: " if state is self._loaded and self._source else ""
                raise StateDictError(
                    f"{source}Trainer: the checkpoint was made with {key} = {saved.get(key)!r}, "
                    f"this run has {value!r}; it would not end where the first would have."
                )


def _scalar(loss: Any) -> float:
    value = loss.detach().data if isinstance(loss, Tensor) else np.asarray(loss)
    if value.size != 1:
        raise SettingError(
            f"Trainer: the loss has shape {value.shape}; it must be one number, the batch's mean."
        )
    if value.dtype.kind not in "biuf":
        raise SettingError(
            f"Trainer: the loss is of dtype {value.dtype}; it must be a real number, for instance "
            "the mean of np.abs(output - target) ** 2."
        )
    return float(value.reshape(()))
