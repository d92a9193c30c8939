"""Looking inside while it learns: activity, dead units, correlation, gradients layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from autograd_core import SettingError, Tensor, optim
from autograd_core.extend import explains_wrong_calls, prints_anywhere

from .callbacks import Callback, Row, Training
from .module import Module


def activity(output: Any, limit: int = 256) -> dict[str, Any]:
    """Return what one layer's output shows.

    Parameters
    ----------
    output : array, shape (n, units, ...)
        The activations; positions beyond the second axis count as samples.
    limit : int
        Correlate at most so many units.

    Returns
    -------
    dict
        ``mean``, ``std``; ``sparsity``, the share of exact zeros; ``silent``,
        one flag for each unit: zero for every sample; ``correlation``, the mean
        absolute correlation between different units.

    Examples
    --------
    >>> found = activity(np.array([[1.0, 0.0, 2.0], [3.0, 0.0, 0.0]]))
    >>> float(found["sparsity"]), found["silent"].tolist(), round(found["correlation"], 6)
    (0.5, [False, True, False], 1.0)
    """
    values = np.asarray(output, np.float64)
    values = values.reshape(len(values), -1) if values.ndim < 3 else np.moveaxis(values, 1, -1)
    values = values.reshape(-1, values.shape[-1])
    silent = ~np.any(values, axis=0)
    live = values[:, ~silent][:, :limit]
    centered = live - live.mean(axis=0)
    spread = np.sqrt((centered**2).sum(axis=0))
    moving = centered[:, spread > 0] / spread[spread > 0]
    units = moving.shape[1]
    together = np.abs(moving.T @ moving)
    pairs = units * (units - 1)
    return {
        "mean": float(values.mean()),
        "std": float(values.std()),
        "sparsity": float(np.mean(values == 0)),
        "silent": silent,
        "correlation": float((together.sum() - np.trace(together)) / pairs) if pairs else 0.0,
    }


_MEANS = ("mean", "std", "sparsity", "correlation")
_NORMS = ("gradient", "value")


def _numbers(owner: str, name: str, values: Any, wanted: tuple[str, ...]) -> None:
    """Raise unless a dictionary with numbers under the wanted names."""
    if not isinstance(values, dict) or set(values) != set(wanted):
        raise SettingError(f"{owner}: {name} must hold {', '.join(wanted)}.")
    for key, value in values.items():
        if not isinstance(value, (int, float)):
            raise SettingError(f"{owner}: {key} of {name} = {value!r:.80}; it must be a number.")


def _records(owner: str, name: str, records: Any) -> None:
    for record in records:
        for key, wanted in (("layers", (*_MEANS, "dead")), ("parameters", _NORMS)):
            for part, values in record[key].items():
                _numbers(owner, f"{key} {part!r:.40} in {name}", values, wanted)


def _sums(owner: str, name: str, sums: Any) -> None:
    for part, values in sums.items():
        means = {k: v for k, v in values.items() if k not in ("silent", "looks")}
        _numbers(owner, f"{name}[{part!r:.40}]", means, _MEANS)
        optim.checks.count(owner, f"looks of {name}[{part!r:.40}]", values["looks"])
        silent = values["silent"]
        if not isinstance(silent, np.ndarray) or silent.dtype != bool or silent.ndim != 1:
            raise SettingError(f"{owner}: silent of {name}[{part!r:.40}] must be flags.")


def _norms(owner: str, name: str, sums: Any) -> None:
    for part, values in sums.items():
        _numbers(owner, f"{name}[{part!r:.40}]", values, _NORMS)


@explains_wrong_calls
class LayerStatistics(Callback):
    """Measure every layer from time to time, to see what is dead, vanishing or exploding.

    For each module without children: its output's mean, deviation, sparsity,
    correlation between units, and the share of dead units (zero for every
    sample looked at in the epoch: a ReLU that never fires learns nothing).  For
    each parameter: the norms of value and gradient.

    Parameters
    ----------
    every : int
        Measure once in this many batches.

    Attributes
    ----------
    records : list of dict
        For each epoch ``{"layers": {name: {...}}, "parameters": {name: {...}}}``.

    Raises
    ------
    SettingError
        If a setting is out of range.

    Examples
    --------
    >>> import nn, optim
    >>> from nn.trainer import Trainer
    >>> model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> statistics = LayerStatistics()
    >>> trainer = Trainer(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1),
    ...                   callbacks=[statistics], progress=False)
    >>> x = np.random.default_rng(0).standard_normal((64, 2))
    >>> _ = trainer.fit((x, (x[:, 0] > 0).astype(int)), epochs=1)
    >>> list(statistics.records[0]["layers"]), list(statistics.records[0]["parameters"])
    (['0', '1', '2'], ['0.weight', '0.bias', '2.weight', '2.bias'])
    """

    saved: ClassVar[Mapping[str, tuple[Any, optim.restoring.Check]]] = {
        "records": ([], _records),
        "_sums": ({}, _sums),
        "_norms": ({}, _norms),
        "_looks": (0, optim.checks.whole),
    }

    def __init__(self, every: int = 10) -> None:
        if every < 1:
            raise SettingError(f"LayerStatistics: every = {every}; it must be at least 1.")
        self.every = every
        self.records: list[dict[str, Any]] = []
        self._sums: dict[str, dict[str, Any]] = {}
        self._norms: dict[str, dict[str, float]] = {}
        self._looks = 0
        self._handles: list[Any] = []

    def on_fit_start(self, trainer: Training) -> None:
        """Register hooks on the layers."""
        self._handles = [
            module.register_forward_hook(self._watch(trainer, name))
            for name, module in trainer.model.named_modules()
            if not any(True for _ in module.children())
        ]

    def on_fit_end(self, trainer: Training) -> None:
        """Remove the hooks."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _watch(self, trainer: Training, name: str) -> Any:
        def hook(module: Module, args: Any, output: Any) -> None:
            if trainer.batch % self.every or not module.training or not trainer.updating:
                return
            first = output[0] if isinstance(output, tuple) else output
            found = activity(first.detach().data if isinstance(first, Tensor) else first)
            sums = self._sums.get(name)
            if sums is None or sums["silent"].shape != found["silent"].shape:
                self._sums[name] = {**found, "looks": 1}
                return
            sums["looks"] += 1
            sums["silent"] = sums["silent"] & found["silent"]
            for key in _MEANS:
                sums[key] += found[key]

        return hook

    def on_backward(self, trainer: Training) -> None:
        """Measure gradients and weights."""
        if trainer.batch % self.every:
            return
        self._looks += 1
        for name, p in trainer.model.named_parameters():
            if p.grad is None:
                continue
            sums = self._norms.setdefault(name, {"gradient": 0.0, "value": 0.0})
            sums["gradient"] += float(np.linalg.norm(p.grad.detach().data))
            sums["value"] += float(np.linalg.norm(p.data))

    def on_epoch_end(self, trainer: Training, row: Row) -> None:
        """Take the means of the epoch."""
        layers = {}
        for name, sums in self._sums.items():
            means = {k: sums[k] / sums["looks"] for k in _MEANS}
            layers[name] = {**means, "dead": float(np.mean(sums["silent"]))}
        parameters = {
            name: {key: value / max(self._looks, 1) for key, value in sums.items()}
            for name, sums in self._norms.items()
        }
        self.records.append({"layers": layers, "parameters": parameters})
        self._sums, self._norms, self._looks = {}, {}, 0

    @prints_anywhere
    def __str__(self) -> str:
        """Return the last epoch as a table."""
        if not self.records:
            return "LayerStatistics: no epoch yet"
        lines = [f"{'layer':<20} {'mean':>9} {'std':>9} {'zeros':>7} {'dead':>7} {'corr.':>7}"]
        last = self.records[-1]
        for name, s in last["layers"].items():
            lines.append(
                f"{name:<20} {s['mean']:>9.3g} {s['std']:>9.3g} {s['sparsity']:>7.1%} "
                f"{s['dead']:>7.1%} {s['correlation']:>7.3f}"
            )
        lines.append(f"{'parameter':<20} {'|value|':>9} {'|grad|':>9}")
        for name, s in last["parameters"].items():
            lines.append(f"{name:<20} {s['value']:>9.3g} {s['gradient']:>9.3g}")
        return "\n".join(lines)

    def state_dict(self) -> dict[str, Any]:
        """Return all records, and the sums of the epoch so far."""
        return {"records": self.records, **self._batch_state()}

    def _batch_state(self) -> dict[str, Any]:
        """Return what a batch changes: all but the records, which are long in the end."""
        return {
            "_sums": {name: dict(sums) for name, sums in self._sums.items()},
            "_norms": {name: dict(sums) for name, sums in self._norms.items()},
            "_looks": self._looks,
        }
