"""What a training has measured so far: sums over batches, of which means and metrics are made.

Of the loss and of plain functions the sums are of values times rows; of a `Metric`, what its
batches have combined to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any

import numpy as np

from autograd_core import SettingError, Tensor

from .distributed.alone import Alone
from .metrics import Metric
from .values import as_array

Metrics = Mapping[str, Callable[[Any, Any], Any]]


def checked(metrics: Metrics | None, arrays: bool = False) -> dict[str, Callable[[Any, Any], Any]]:
    """Return the metrics of a training, each of which must give one number, or may give arrays.

    Examples
    --------
    >>> checked({"accuracy": max})
    {'accuracy': <built-in function max>}
    """
    found = dict(metrics or {})
    for name, metric in found.items():
        if not callable(metric):
            raise SettingError(f"Trainer: the metric {name!r} is not callable: {metric!r}.")
        if isinstance(metric, type) and issubclass(metric, Metric):
            raise SettingError(
                f"Trainer: the metric {name!r} is the class {metric.__name__}; give an instance, "
                f"such as {metric.__name__}()."
            )
        if isinstance(metric, Metric) and not (metric.scalar or arrays):
            raise SettingError(
                f"Trainer: the metric {name!r} ({type(metric).__name__}) gives an array, and a "
                "history holds numbers; pass it to evaluate(data, metrics={...}), or set average=."
            )
        if name in ("loss", "rows", "epoch", "lr"):
            raise SettingError(f"Trainer: no metric may be called {name!r}; that is taken.")
    return found


def of_batch(metrics: Metrics, loss: float, output: Any, target: Any) -> dict[str, Any]:
    """Return what is measured of a batch: means over its rows, and metrics' statistics."""
    values: dict[str, Any] = {"loss": loss}
    if metrics:
        answer = output.detach().data if isinstance(output, Tensor) else output
        for name, metric in metrics.items():
            if isinstance(metric, Metric):
                values[name] = metric.statistics(answer, target)
            else:
                values[name] = _number(name, metric(answer, target))
    return values


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"Trainer: the metric {name!r} must return one number, not {type(value).__name__} of "
            f"shape {np.shape(value)}."
        ) from error


def over_ranks(
    group: Alone, metrics: Metrics, values: Mapping[str, Any], rows: int, repeated: bool
) -> dict[str, Any]:
    """Return the measures of all ranks' rows of a batch; the loss is of all already.

    Parameters
    ----------
    repeated : bool
        Whether every rank has the same rows.
    """
    plain = [name for name, metric in metrics.items() if not isinstance(metric, Metric)]
    found = dict(values)
    if plain:
        *sums, total = group.sum(np.array([values[name] * rows for name in plain] + [rows], float))
        found |= {name: float(s / total) for name, s in zip(plain, sums, strict=True)}
    whole = {name: metric for name, metric in metrics.items() if isinstance(metric, Metric)}
    if whole:
        every = group.gather({name: values[name] for name in whole})
        found |= _joined(whole, every[:1] if repeated else every)
    return found


def _joined(whole: Mapping[str, Metric], every: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    parts = list(every)
    return {name: reduce(m.combine, [part[name] for part in parts]) for name, m in whole.items()}


def add(metrics: Metrics, sums: dict[str, Any], values: Mapping[str, Any], rows: int) -> None:
    """Add a batch to the sums, each row counting the same."""
    for name, value in values.items():
        metric = metrics.get(name)
        if isinstance(metric, Metric):
            sums[name] = metric.combine(sums[name] if name in sums else metric.start(), value)
        else:
            sums[name] = sums.get(name, 0.0) + value * rows
    sums["rows"] = sums.get("rows", 0) + rows


def sums_of_ranks(group: Alone, metrics: Metrics, sums: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sums over all ranks, some of which may have had no rows."""
    plain = [name for name, m in metrics.items() if not isinstance(m, Metric)]
    names = ["loss", *plain, "rows"]
    total = group.sum(np.array([sums.get(name, 0) for name in names], float))
    found: dict[str, Any] = dict(zip(names, map(float, total), strict=True))
    whole = {name: metric for name, metric in metrics.items() if isinstance(metric, Metric)}
    if whole:
        every = group.gather({name: sums.get(name) for name in whole})
        filled = [{n: m.start() if e[n] is None else e[n] for n, m in whole.items()} for e in every]
        found |= _joined(whole, filled)
    return {name: found[name] for name in ("loss", *metrics, "rows")}


def values_of(metrics: Metrics, sums: Mapping[str, Any], whole: bool = True) -> dict[str, Any]:
    """Return the measures of all rows so far.

    Parameters
    ----------
    whole : bool
        Whether to compute metrics of the whole set, which may take long.
    """
    found: dict[str, Any] = {}
    for name, total in sums.items():
        metric = metrics.get(name)
        if isinstance(metric, Metric):
            if whole:
                value = metric.value(total)
                found[name] = _number(name, value) if metric.scalar else value
        elif name != "rows":
            found[name] = total / sums["rows"]
    return found


def checked_interval(value: Any) -> int | float | None:
    """Return None, a number of batches, or a part of an epoch; raise for anything else.

    Examples
    --------
    >>> checked_interval(np.int64(100)), checked_interval(0.5)
    (100, 0.5)
    """
    if value is None:
        return None
    if not isinstance(value, (bool, np.bool_)):
        if hasattr(value, "__index__") and value > 0:
            return int(value)
        if isinstance(value, (float, np.floating)) and 0 < value <= 1:
            return float(value)
    raise SettingError(
        f"Trainer: val_check_interval = {value!r}; it must be an integer from 1 (batches) or a "
        "float up to 1 (a part of an epoch)."
    )


def scalar(loss: Any) -> float:
    """Return a loss, which must be one real number.

    Examples
    --------
    >>> scalar(np.array([0.5]))
    0.5
    """
    value = loss.detach().data if isinstance(loss, Tensor) else as_array(loss)
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
