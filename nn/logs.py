"""Log: what a training measures, handed to TensorBoard and its like, or written to a file."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any, ClassVar

from autograd_core import SettingError, optim
from autograd_core.extend import Location, explains_wrong_calls

from .callbacks import Callback, Row, Training
from .files import check_target, write_atomically

Send = Callable[[Mapping[str, float], int], None]


@explains_wrong_calls
class Log(Callback):
    """Hand each epoch's measures to a writer, or write them to a file.

    Parameters
    ----------
    writer : object or path
        What gets the numbers; the first of these that it has:

        - ``add_scalar(name, value, step)``: TensorBoard's ``SummaryWriter``, and whatever has its
          interface;
        - ``log_metrics(numbers, step=...)``: the module ``mlflow``;
        - ``log(numbers, step=...)``: a run of Weights & Biases;
        - a path that ends in ``.csv`` or ``.jsonl``: a table, or one JSON object a line, of all
          epochs. A resumed run writes the file that the run would have written whole.
    batches : int, optional
        Also hand over the loss, as ``batch/loss``, each time after this many batches. Files have
        epochs only.

    Attributes
    ----------
    seen : int
        Batches so far, which is the step of ``batch/loss``.

    Raises
    ------
    SettingError
        If the writer is none of these, or `batches` is not positive.

    Examples
    --------
    >>> import numpy as np, nn, optim
    >>> class Printing:
    ...     def add_scalar(self, name, value, step):
    ...         print(step, name, round(value, 3))
    >>> model = nn.Linear(1, 1, bias=False)
    >>> model.weight.data[...] = 1
    >>> trainer = nn.Trainer(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.5),
    ...                      callbacks=[nn.Log(Printing())])
    >>> _ = trainer.fit((np.ones((2, 1)), np.zeros((2, 1))), epochs=1)
    1 lr 0.5
    1 loss 1.0
    """

    saved: ClassVar[Mapping[str, tuple[Any, optim.restoring.Check]]] = {
        "seen": (0, optim.checks.whole)
    }

    def __init__(self, writer: Any, batches: int | None = None) -> None:
        super().__init__()
        if batches is not None and (isinstance(batches, bool) or not batches >= 1):
            raise SettingError(f"Log: batches = {batches!r}; it must be a positive integer.")
        self.writer, self.batches = writer, batches
        self.seen = 0
        self._file = os.fspath(writer) if isinstance(writer, (str, os.PathLike)) else None
        if self._file is not None:
            self._written = _written_as(self._file)
        else:
            self._send = _sender(writer)

    def on_fit_start(self, trainer: Training) -> None:
        """Check now that the file can be written."""
        if self._file is not None:
            target = self._file
            trainer.group.on_main("looks at Log's file", lambda: check_target("Log: path", target))

    def on_loss(self, trainer: Training, loss: Any) -> Any:
        """Hand over the loss, if it is its turn."""
        self.seen += 1
        due = self.batches is not None and self.seen % self.batches == 0
        if due and self._file is None and trainer.group.is_main:
            self._send({"batch/loss": float(loss.item())}, self.seen)
        return loss

    def on_epoch_end(self, trainer: Training, row: Row) -> None:
        """Hand over the epoch's row; of callbacks, those before this one have put theirs in."""
        if not trainer.group.is_main:
            return
        if self._file is not None:
            self._write([*trainer.history, row])
            return
        numbers = {k: float(v) for k, v in row.items() if k != "epoch" and isinstance(v, Real)}
        self._send(numbers, int(row["epoch"]))

    def on_fit_end(self, trainer: Training) -> None:
        """Write what callbacks after this one have noted, and let a writer write."""
        if not trainer.group.is_main:
            return
        if self._file is None:
            flush = getattr(self.writer, "flush", None)
            if callable(flush):
                flush()
        elif len(trainer.history):
            self._write(trainer.history)

    def _write(self, rows: Iterable[Row]) -> None:
        assert self._file is not None
        write_atomically(self._file, [self._written(list(rows)).encode()])

    def state_dict(self) -> dict[str, Any]:
        """Return how many batches there were."""
        return {"seen": self.seen}


def _sender(writer: Any) -> Send:
    """Return what hands numbers to a writer."""
    if callable(add := getattr(writer, "add_scalar", None)):

        def scalars(numbers: Mapping[str, float], step: int) -> None:
            for name, value in numbers.items():
                add(name, value, step)

        return scalars
    for name in ("log_metrics", "log"):
        if callable(log := getattr(writer, name, None)):
            return lambda numbers, step, log=log: log(dict(numbers), step=step)  # type: ignore[misc]
    raise SettingError(
        f"Log: a {type(writer).__name__} has none of add_scalar (TensorBoard), log_metrics "
        "(MLflow) and log (Weights & Biases), and is no path; give an object with a method "
        "add_scalar(name, value, step).",
        Location.of_caller(),
    )


def _written_as(path: str) -> Callable[[list[Row]], str]:
    """Return what writes rows in the form that a file's name says."""
    if path.endswith(".csv"):
        return as_csv
    if path.endswith(".jsonl"):
        return as_json_lines
    raise SettingError(f"Log: {path!r} must end in .csv or .jsonl.", Location.of_caller())


def as_csv(rows: list[Row]) -> str:
    """Return rows as CSV: a column for each measure, empty where it was not taken.

    Examples
    --------
    >>> print(as_csv([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "val_loss": 0.25}]), end="")
    epoch,loss,val_loss
    1,0.5,
    2,,0.25
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    table = csv.DictWriter(text, names, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows({k: _plain(v) for k, v in row.items()} for row in rows)
    return text.getvalue()


def as_json_lines(rows: list[Row]) -> str:
    """Return rows as one JSON object a line; what is not finite is null.

    Examples
    --------
    >>> print(as_json_lines([{"epoch": 1, "loss": float("nan")}]), end="")
    {"epoch": 1, "loss": null}
    """
    return "".join(
        json.dumps({k: None if _odd(v) else _plain(v) for k, v in row.items()}) + "\n"
        for row in rows
    )


def _plain(value: Any) -> Any:
    """Return a number as Python's, anything else as text."""
    if isinstance(value, Real):
        return int(value) if isinstance(value, int) else float(value)
    return str(value)


def _odd(value: Any) -> bool:
    """Whether JSON has no such number."""
    return isinstance(value, Real) and not math.isfinite(value)
