"""Timer: how long a training has taken, row by row, and an end when its time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from autograd_core import SettingError, optim
from autograd_core.extend import explains_wrong_calls

from .callbacks import Callback, Row, Training


@explains_wrong_calls
class Timer(Callback):
    """Note the seconds since training began in the history, and stop when its time is up.

    Only time inside of `fit` counts, that of earlier runs included if a checkpoint is resumed;
    what a batch took that was interrupted does not.

    Parameters
    ----------
    duration : float, optional
        Seconds after which training stops, at the end of an epoch.
    clock : callable
        What tells the time, in seconds; ``time.process_time`` counts the processor's.

    Raises
    ------
    SettingError
        If the duration is not positive.

    Examples
    --------
    >>> import nn, optim
    >>> model = nn.Linear(1, 1)
    >>> trainer = nn.Trainer(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1),
    ...                      callbacks=[nn.Timer()])
    >>> history = trainer.fit(([[0.0], [1.0]], [[0.0], [2.0]]), epochs=2)
    >>> first, second = history["seconds"]
    >>> 0 < first < second
    True
    """

    saved: ClassVar[Mapping[str, tuple[Any, optim.restoring.Check]]] = {
        "elapsed": (0.0, optim.checks.non_negative)
    }

    def __init__(
        self, duration: float | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        if duration is not None and not duration > 0:
            raise SettingError(f"Timer: duration = {duration!r}; it must be positive.")
        self.duration = duration
        self.clock = clock
        self._before = 0.0  # what earlier runs took
        self._since: float | None = None  # when this run began

    @property
    def elapsed(self) -> float:
        """Seconds of training so far."""
        return self._before + (0.0 if self._since is None else self.clock() - self._since)

    def on_fit_start(self, trainer: Training) -> None:
        """Start."""
        self._since = self.clock()

    def on_epoch_end(self, trainer: Training, row: Row) -> None:
        """Note the time, and stop if it is up."""
        row["seconds"] = self.elapsed
        if self.duration is not None and row["seconds"] >= self.duration:
            trainer.stop(f"the time of {self.duration} seconds is up")

    def on_val_check(self, trainer: Training, row: Row) -> None:
        """Do the same within an epoch."""
        self.on_epoch_end(trainer, row)

    def on_fit_end(self, trainer: Training) -> None:
        """Stop the clock."""
        self._before, self._since = self.elapsed, None

    def state_dict(self) -> dict[str, Any]:
        """Return the seconds so far."""
        return {"elapsed": self.elapsed}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from the seconds that `state_dict` returned."""
        self._before = self.check_state_dict(state_dict)["elapsed"]
        if self._since is not None:
            self._since = self.clock()
