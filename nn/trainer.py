"""Trainer: the loop that every training is, written once.

    for each epoch, for each batch:
        loss of the model's answer -> backward -> optimizer.step

with validation, schedules, callbacks, a history, and checkpoints from which a
killed run goes on and ends bit for bit where it would have ended.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from autograd_core import (
    NonFiniteError,
    SettingError,
    Tensor,
    no_grad,
    optim,
)
from autograd_core.extend import explains_wrong_calls, renamed_attribute, renamed_keywords

from .callbacks import Callback
from .data import DataLoader, as_loader
from .diagnosis import first_broken
from .distributed.alone import ALONE
from .distributed.parallel import DataParallel, share_of
from .functional.freed_memory import keep_freed_memory
from .history import History
from .interrupts import Signals
from .progress import progress_bar, show
from .resuming import Resumable
from .rollback import Rollback

Metric = Callable[[Any, Any], float]


@explains_wrong_calls
class Trainer(Resumable):
    """Trains a model.

    Parameters
    ----------
    model : Module
        Called with all parts of a batch but the last. With a `DataParallel`, each rank takes its
        share of every batch; measures are sums over all ranks, and rank 0 writes the files.
    loss : callable
        ``loss(output, target)``, a Tensor of one element: the mean over the
        batch.  The target is the batch's last part (an autoencoder's only one).
    optimizer : optim.Optimizer
        Holds the model's parameters.
    scheduler : LRScheduler or ReduceLROnPlateau, optional
        Steps once per epoch, or per batch.
    scheduler_every : {"epoch", "batch"}
        Which.
    metrics : dict of str to callable, optional
        ``metric(output, target)`` on arrays, a mean over the batch.
    callbacks : sequence of Callback
        Run in this order.
    checkpoint : path, optional
        Save here after each epoch; `fit` resumes from the file if it exists.
    checkpoint_batches : int, optional
        Also save each time after this many batches.
    monitor : str
        The measure that ReduceLROnPlateau monitors.
    seed : int
        Decides the order of data given as arrays.
    progress : bool, optional
        Show a progress bar (tqdm, from the extra ``demo``). By default it is shown if tqdm is
        installed and the output is a terminal.

    Attributes
    ----------
    history : History
        One row for each epoch.
    epoch, batch : int
        The position: whole epochs done, batches done in the current one.
    stopped : str or None
        Why training ended early.
    finished : bool
        True once `fit` has finished, False while it runs and after an exception.

    Raises
    ------
    SettingError
        If a setting is out of range.

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

    schedule = renamed_attribute("schedule", "scheduler")
    schedule_every = renamed_attribute("schedule_every", "scheduler_every")

    @renamed_keywords(schedule="scheduler", schedule_every="scheduler_every")
    def __init__(
        self,
        model: Any,
        loss: Callable[[Any, Any], Any],
        optimizer: Any,
        scheduler: Any = None,
        *,
        scheduler_every: str = "epoch",
        metrics: Mapping[str, Metric] | None = None,
        callbacks: Sequence[Callback] = (),
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_batches: int | None = None,
        monitor: str = "val_loss",
        seed: int = 0,
        progress: bool | None = None,
    ) -> None:
        super().__init__()
        if scheduler_every not in ("epoch", "batch"):
            raise SettingError(
                f"Trainer: scheduler_every = {scheduler_every!r}; it must be 'epoch' or 'batch'."
            )
        if checkpoint_batches is not None and checkpoint_batches < 1:
            raise SettingError(f"Trainer: checkpoint_batches = {checkpoint_batches}; at least 1.")
        self.model = model
        self.parallel = model if isinstance(model, DataParallel) else None
        self.group = ALONE if self.parallel is None else self.parallel.group
        self.loss = loss
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.scheduler_every = scheduler_every
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
        self.finished = False
        self.updating = False  # True between a batch's forward and its update

    # --- training -----------------------------------------------------------

    def fit(
        self,
        train: Any,
        validation: Any = None,
        epochs: int = 10,
        batch_size: int = 32,
    ) -> History:
        """Train until the given total number of epochs has been done.

        Parameters
        ----------
        train : DataLoader or data
            Arrays ``(inputs, targets)`` or a dataset; shuffled each epoch.
        validation : DataLoader or data, optional
            Measured after each epoch.
        epochs : int
            The total, counted from the very beginning: calling again with the same number does
            nothing, and a resumed run ends when it should.
        batch_size : int
            For data that is not in a loader.

        Returns
        -------
        History

        Raises
        ------
        NonFiniteError
            If the loss becomes NaN or infinite; the batch changes nothing.  The message
            says what was not finite first: input, target, parameter, or which layer's output.
        DataError
            If the data cannot be trained on.
        StateDictError
            If a checkpoint does not belong to this training.
        """
        if isinstance(epochs, bool) or not hasattr(epochs, "__index__") or epochs < 0:
            raise SettingError(f"fit: epochs = {epochs!r}; it must be an integer >= 0.")
        keep_freed_memory()
        self._warn_of_weights()
        loader = self._shard(as_loader(train, batch_size, True, self.seed))
        tests = None if validation is None else as_loader(validation, batch_size, False, self.seed)
        self._loader, self._tests = loader, tests
        self.finished = False
        with ExitStack() as held:
            self._undo_unfinished()
            self._begin(held)
            if (self.epoch, self.batch) > (epochs, 0):  # the end of this call lies in the past
                self.model.eval()
                return self.history
            self._tells = isinstance(self.optimizer, optim.Optimizer)
            rollback = self._rollback = Rollback(self, self._sources()[0])
            signals = held.enter_context(Signals())
            self._fitting = True
            try:
                for callback in self.callbacks:
                    callback.on_fit_start(self)
                shown = self.progress if self.group.is_main else False
                with progress_bar(shown, self._done(loader), epochs * len(loader)) as bar:
                    while self.epoch < epochs and self.stopped is None:
                        self._run_epoch(loader, tests, bar, rollback, signals)
                self.finished = True
            finally:
                signals.hold()
                self._fitting = False
                self._end()
        return self.history

    def _end(self) -> None:
        """Let all callbacks end, then raise what the first of them raised."""
        errors = []
        for callback in self.callbacks:
            try:
                callback.on_fit_end(self)
            except BaseException as error:
                errors.append(error)
        self.model.eval()
        if errors:
            raise errors[0]

    def stop(self, reason: str) -> None:
        """End training after this epoch; for callbacks."""
        self.stopped = reason

    def _done(self, loader: DataLoader) -> int:
        return self.epoch * len(loader) + self.batch

    def _run_epoch(
        self,
        loader: DataLoader,
        tests: DataLoader | None,
        bar: Any,
        rollback: Rollback,
        signals: Signals,
    ) -> None:
        self.model.train()
        batches = loader.batches(self.epoch, self.batch)
        total, every, note = len(loader), self.checkpoint_batches, rollback.note_batch
        while self.batch < total:
            self._whole(note, signals, self._learn, batches, rollback)
            if bar is not None:
                show(bar, self.epoch, self._means(self._sums), self.history)
            if every and self.batch % every == 0 and self.batch < total:
                self._save()
        self._whole(rollback.note_epoch_end, signals, self._end_epoch, tests, rollback)
        if self.parallel is not None:
            self.parallel.check_replicas()
        self._save()

    def _whole(self, note: Callable[[], None], signals: Signals, do: Any, *args: Any) -> None:
        """Do something whole or, if an exception comes, not at all."""
        note()
        try:
            do(*args, signals)
        except BaseException:
            signals.hold()
            self._undo_unfinished()
            signals.release()
            raise
        signals.release()

    def _end_epoch(self, tests: DataLoader | None, rollback: Rollback, signals: Signals) -> None:
        row = self._measure(tests)
        signals.hold()
        self.history.append(row)
        self.epoch, self.batch, self._sums = self.epoch + 1, 0, {}
        rollback.close()

    def _measure(self, tests: DataLoader | None) -> dict[str, float]:
        """Return an epoch's row; validate, step the schedule, and call the callbacks."""
        row: dict[str, float] = {
            "epoch": self.epoch + 1,
            "lr": float(self.optimizer.param_groups[0]["lr"]),
            **self._means(self._sums),
        }
        if tests is not None:
            row |= {"val_" + name: value for name, value in self.evaluate(tests).items()}
        if self.scheduler is not None and self.scheduler_every == "epoch":
            self._step_schedule(row)
        for callback in self.callbacks:
            callback.on_epoch_end(self, row)
        # a callback may have a reason of its own on one rank, such as the time
        self.stopped = next((s for s in self.group.gather(self.stopped) if s is not None), None)
        return row

    def _learn(self, batches: Iterator[Any], rollback: Rollback, signals: Signals) -> None:
        """Do one update: all that may fail comes first, then what must be whole."""
        if self.batch == 0:
            self._sums = {}
            for callback in self.callbacks:
                callback.on_epoch_start(self)
        inputs, target = self._parts(next(batches))
        self.optimizer.zero_grad()
        rollback.note_gradients()
        self.updating = True
        try:
            output = self.model(*inputs)
            loss = self.loss(output, target)
            value = _scalar(loss)
            for callback in self.callbacks:
                loss = callback.on_loss(self, loss)
            value, whole, share = self._over_ranks(value, _scalar(loss), len(target))
            if not (math.isfinite(value) and math.isfinite(whole)):
                raise NonFiniteError(
                    f"training: the loss is {value} in epoch {self.epoch + 1}, batch "
                    f"{self.batch + 1}; the batch changed nothing.\n"
                    f"  {first_broken(self.model, inputs, target)}.\n  Clean the data, lower the "
                    "rate, clip gradients, or find the operation with detect_anomaly()."
                    + (f" The training went on from {self._source}." if self._source else "")
                )
            (loss if share == 1.0 else loss * share).backward()
            for callback in self.callbacks:
                callback.on_backward(self)
            sums = dict(self._sums)
            self._add(sums, self._batch_means(value, output, target), self._rows_of_batch(target))
            signals.hold()
            if self._tells:
                self.optimizer._begun = False
            self._updating_weights = True
            self.optimizer.step()
            self._sums, self.batch = sums, self.batch + 1
            if self.scheduler is not None and self.scheduler_every == "batch":
                self.scheduler.step()
            rollback.open = self._updating_weights = False
        finally:
            self.updating = False

    def _parts(self, batch: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
        """Return inputs and target, floating-point arrays in the model's precision."""
        first = next(self.model.parameters(), None)
        if first is not None:
            real = first.data.real.dtype
            kinds = {"f": real, "c": np.result_type(real, np.complex64)}
            batch = tuple(a.astype(kinds.get(a.dtype.kind, a.dtype), copy=False) for a in batch)
        return (batch[:-1] or batch), batch[-1]

    # --- on several ranks ---------------------------------------------------

    def _shard(self, loader: DataLoader, repeat: bool = True) -> DataLoader:
        """Return a loader of this rank's share; of a larger batch, if each rank has one."""
        ranks = self.group.size
        if self.parallel is None or ranks == 1:
            return loader
        if self.parallel.scale_batch:
            loader = loader.scaled(ranks)
        return loader.shard(ranks, self.group.rank, repeat)

    def _warn_of_weights(self) -> None:
        """Say it if a mean over the rows is not the mean of the ranks' means."""
        if self.group.size > 1 and getattr(self.loss, "weight", None) is not None:
            warnings.warn(
                "Trainer: the loss has class weights, and each rank divides by the weights of its "
                "own rows. The ranks' average is not quite what one process would compute.",
                RuntimeWarning,
                stacklevel=3,
            )

    def _over_ranks(self, value: float, whole: float, rows: int) -> tuple[float, float, float]:
        """Return the means over all ranks' rows of the loss, without and with what callbacks add.

        The third is what this rank's loss is multiplied with, so that each row counts the same.
        """
        if self.parallel is None or self.group.size == 1:
            return value, whole, 1.0
        value, whole, total = self.group.sum(np.array([value * rows, whole * rows, rows], float))
        share = share_of(rows, total, self.parallel)
        return float(value / total), float(whole / total), share

    def _rows_of_batch(self, target: Any) -> int:
        """Return how many rows the batch has, on all ranks together."""
        if self.group.size == 1:
            return len(target)
        assert self._loader is not None
        return self._loader.rows_in(self.batch)

    # --- measures -----------------------------------------------------------

    def _measures(self, loss: float, output: Any, target: Any) -> dict[str, float]:
        """Return what is measured of a batch: means over this rank's rows."""
        values = {"loss": loss}
        if self.metrics:
            answer = output.detach().data if isinstance(output, Tensor) else output
            values |= {name: float(f(answer, target)) for name, f in self.metrics.items()}
        return values

    def _batch_means(self, loss: float, output: Any, target: Any) -> dict[str, float]:
        """Return the same, as means over all ranks' rows; the loss is one already."""
        values = self._measures(loss, output, target)
        if self.group.size == 1 or not self.metrics:
            return values
        rows = len(target)
        *found, total = self.group.sum(
            np.array([values[name] * rows for name in self.metrics] + [rows], float)
        )
        return values | {k: float(v / total) for k, v in zip(self.metrics, found, strict=True)}

    @staticmethod
    def _add(sums: dict[str, float], values: Mapping[str, float], rows: int) -> None:
        """Add a batch to the sums, each row counting the same."""
        for name, value in values.items():
            sums[name] = sums.get(name, 0.0) + value * rows
        sums["rows"] = sums.get("rows", 0) + rows

    @staticmethod
    def _means(sums: Mapping[str, float]) -> dict[str, float]:
        return {name: total / sums["rows"] for name, total in sums.items() if name != "rows"}

    def _step_schedule(self, row: Mapping[str, float]) -> None:
        if not hasattr(self.scheduler, "patience"):
            self.scheduler.step()
            return
        if self.monitor not in row:
            raise SettingError(
                f"Trainer: the schedule monitors {self.monitor!r}, but this epoch measured "
                f"{', '.join(row)}; pass validation data to fit(), or set monitor=."
            )
        self.scheduler.step(row[self.monitor])

    # --- using the model ----------------------------------------------------

    def evaluate(self, data: Any, batch_size: int = 256) -> dict[str, float]:
        """Return loss and metrics on data, in eval mode, without learning.

        Parameters
        ----------
        data : DataLoader or data
            As for `fit`.
        batch_size : int
            For data that is not in a loader.

        Returns
        -------
        dict
            From name to mean. The ranks of a `DataParallel` model share the data, and all must call
            this.
        """
        loader = self._shard(as_loader(data, batch_size, False, self.seed), repeat=False)
        sums: dict[str, float] = {}
        with self._evaluating():
            for batch in loader.batches(0):
                if not batch:  # fewer rows than ranks
                    continue
                inputs, target = self._parts(batch)
                output = self.model(*inputs)
                value = _scalar(self.loss(output, target))
                self._add(sums, self._measures(value, output, target), len(target))
        if self.parallel is not None and self.group.size > 1:
            names = ["loss", *self.metrics, "rows"]
            total = self.group.sum(np.array([sums.get(name, 0) for name in names], float))
            sums = dict(zip(names, map(float, total), strict=True))
        return self._means(sums)

    def predict(self, *inputs: Any, batch_size: int = 256) -> Any:
        """Return the model's outputs for inputs, as an array, in eval mode."""
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
