"""Averages of weights over a training: equal shares (SWA) or exponential ones (EMA)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd_core import SettingError, mark_overwritten, no_grad, optim
from autograd_core.extend import Location, explains_wrong_calls

from . import checks
from .module import Module
from .normalization import _BatchNorm

SWALR = optim.lr_scheduler.SWALR
Average = Callable[[Any, Any, Any], Any]


@explains_wrong_calls
def get_swa_avg_fn() -> Average:
    """Return the function of the plain mean: ``avg_fn(averaged, current, num_averaged)``.

    Returns
    -------
    callable

    Examples
    --------
    >>> float(get_swa_avg_fn()(np.array(1.0), np.array(4.0), 2))
    2.0
    """
    return lambda averaged, current, count: averaged + (current - averaged) / (count + 1)


@explains_wrong_calls
def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """Return the function of the exponential average.

    Parameters
    ----------
    decay : float
        What is kept of the average.

    Returns
    -------
    callable
        ``avg_fn(averaged, current, num_averaged)``.

    Raises
    ------
    ShapeError
        If the decay is not between 0 and 1.

    Examples
    --------
    >>> float(get_ema_avg_fn(0.75)(np.array(0.0), np.array(4.0), 7))
    1.0
    """
    checks.unit("get_ema_avg_fn", "decay", decay)
    return lambda averaged, current, count: decay * averaged + (1 - decay) * current


MultiAverage = Callable[[list[Any], list[Any], Any], None]


def _in_place(average: Average) -> MultiAverage:
    """Return the function that averages each array of a list, in place."""

    def run(averaged: list[Any], current: list[Any], count: Any) -> None:
        for mine, its in zip(averaged, current, strict=True):
            mine[...] = average(mine, its, count)

    return run


@explains_wrong_calls
def get_swa_multi_avg_fn() -> MultiAverage:
    """Return the function of the plain mean, of lists of arrays: it changes the first in place.

    Returns
    -------
    callable
        ``multi_avg_fn(averaged, current, num_averaged)``.

    Examples
    --------
    >>> averaged = [np.array([1.0]), np.array([2.0])]
    >>> get_swa_multi_avg_fn()(averaged, [np.array([4.0]), np.array([8.0])], 2)
    >>> averaged
    [array([2.]), array([4.])]
    """
    return _in_place(get_swa_avg_fn())


@explains_wrong_calls
def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """Return the function of the exponential average, of lists of arrays, in place.

    Parameters
    ----------
    decay : float
        What is kept of the average.

    Returns
    -------
    callable
        ``multi_avg_fn(averaged, current, num_averaged)``.

    Raises
    ------
    ShapeError
        If the decay is not between 0 and 1.

    Examples
    --------
    >>> averaged = [np.array([0.0])]
    >>> get_ema_multi_avg_fn(0.75)(averaged, [np.array([4.0])], 7)
    >>> averaged
    [array([1.])]
    """
    checks.unit("get_ema_multi_avg_fn", "decay", decay)
    return _in_place(get_ema_avg_fn(decay))


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of the model's.

    Parameters
    ----------
    model : Module
        The model; it is copied.
    device : {"cpu"}, optional
        As in PyTorch.
    avg_fn : callable, optional
        ``avg_fn(averaged, current, num_averaged)`` returns the new average of an array; the plain
        mean by default.
    multi_avg_fn : callable, optional
        ``multi_avg_fn(averaged, current, num_averaged)`` changes a list of arrays in place.
    use_buffers : bool
        Whether buffers are averaged too; else they are copied.

    Attributes
    ----------
    module : Module
        The copy.
    n_averaged : array of shape ()
        How many states were averaged.

    Raises
    ------
    SettingError
        If both functions are given.

    References
    ----------
    Izmailov et al., "Averaging weights leads to wider optima and better generalization" (2018).

    Examples
    --------
    >>> import numpy as np, nn
    >>> model = nn.Linear(1, 1, bias=False)
    >>> average = nn.AveragedModel(model)
    >>> for value in (1.0, 3.0):
    ...     model.weight.data[...] = value
    ...     average.update_parameters(model)
    >>> float(average(np.ones((1, 1))).data[0, 0])
    2.0
    """

    n_averaged: Any
    module: Any

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        optim.keywords.check_harmless("AveragedModel", "device", device)
        if not isinstance(model, Module):
            raise SettingError(
                f"AveragedModel: model must be a Module, not a {type(model).__name__}.",
                Location.of_caller(),
            )
        if avg_fn is not None and multi_avg_fn is not None:
            raise SettingError(
                "AveragedModel: give avg_fn or multi_avg_fn, not both.", Location.of_caller()
            )
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", np.zeros((), np.int64))
        self.avg_fn = get_swa_avg_fn() if avg_fn is None else avg_fn
        self.multi_avg_fn, self.use_buffers = multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the copy."""
        return self.module(*args, **kwargs)

    def _arrays(self, model: Any) -> list[Any]:
        buffers = list(model.buffers()) if self.use_buffers else []
        return [*(p.data for p in model.parameters()), *buffers]

    def update_parameters(self, model: Module) -> None:
        """Take the model's present parameters into the average; the first time, copy them."""
        mine, its = self._arrays(self.module), self._arrays(model)
        count = int(self.n_averaged)
        if not count:
            for array, current in zip(mine, its, strict=True):
                array[...] = current
        elif self.multi_avg_fn is not None:
            self.multi_avg_fn(mine, its, count)
        else:
            for array, current in zip(mine, its, strict=True):
                array[...] = self.avg_fn(array, current, count)
        if not self.use_buffers:
            for buffer, current in zip(self.module.buffers(), model.buffers(), strict=True):
                buffer[...] = current
        self.n_averaged += 1
        mark_overwritten(*self.module.parameters())


@explains_wrong_calls
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of a model's batch norms anew, over some data.

    Averaged weights need it: the statistics of the model that was trained are not theirs.

    Parameters
    ----------
    loader : iterable of batches
        Arrays, or tuples whose first entry is the model's input.
    model : Module
        The model.
    device : {"cpu"}, optional
        As in PyTorch.

    Examples
    --------
    >>> import numpy as np, nn
    >>> model = nn.Sequential(nn.BatchNorm1d(1))
    >>> nn.update_bn([np.array([[1.0], [3.0]]), np.array([[5.0], [7.0]])], model)
    >>> float(model[0].running_mean[0])
    4.0
    """
    optim.keywords.check_harmless("update_bn", "device", device)
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    if not norms:
        return
    momenta, modes = [m.momentum for m in norms], [(m, m.training) for m in model.modules()]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    model.train()
    try:
        with no_grad():
            for batch in loader:
                model(batch[0] if isinstance(batch, (tuple, list)) else batch)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        for module, training in modes:
            module.training = training


__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]
