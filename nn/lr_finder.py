"""How large a learning rate may be: by one run of growing rates, or by runs of constant ones.

Both train copies of the model and the optimizer, so that the training itself stays where it is,
also if an exception ends the search.
"""

from __future__ import annotations

import copy
import itertools
import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_core import SettingError, UnsupportedError
from autograd_core.extend import explains_wrong_calls

from . import checks, measures
from .data import as_loader
from .errors import DataError
from .progress import progress_bar
from .random import get_rng_state, set_rng_state
from .trainer import Trainer

_SMOOTHING = 0.9  # of the moving average; its beginning is corrected as Adam's


@explains_wrong_calls
class LRFinder:
    """What `lr_find` measured.

    Parameters
    ----------
    lrs : sequence of float
        The rates, growing.
    losses : sequence of float
        The loss of the batch before the step of each rate.

    Attributes
    ----------
    lrs, losses : ndarray, shape (steps,)
        The same.
    smoothed : ndarray, shape (steps,)
        The moving average of the losses.

    Examples
    --------
    >>> import nn
    >>> rates = np.geomspace(1e-3, 1.0, 40)
    >>> found = nn.LRFinder(rates, 2 - 1 / (1 + (0.1 / rates) ** 4))
    >>> 0.05 < found.suggestion() < 0.2
    True
    """

    def __init__(self, lrs: Sequence[float], losses: Sequence[float]) -> None:
        self.lrs, self.losses = np.array(lrs), np.array(losses)
        average, found = 0.0, []
        for k, loss in enumerate(losses, 1):
            average = _SMOOTHING * average + (1 - _SMOOTHING) * loss
            found.append(average / (1 - _SMOOTHING**k))
        self.smoothed = np.array(found)

    def suggestion(self, skip_begin: int = 10, skip_end: int = 1) -> float:
        """Return the rate at which the smoothed loss falls most steeply, over the rate's logarithm.

        Parameters
        ----------
        skip_begin, skip_end : int
            Steps to leave out, where the average has not settled, or the loss explodes.

        Returns
        -------
        float

        Raises
        ------
        DataError
            If the loss fell nowhere.
        """
        end = len(self.lrs) - skip_end
        lrs, losses = self.lrs[skip_begin:end], self.smoothed[skip_begin:end]
        if len(lrs) < 2 or not (slopes := np.gradient(losses, np.log(lrs))).min() < 0:
            raise DataError(
                f"lr_find: in {len(self.lrs)} steps with rates from {self.lrs[0]:.2g} to "
                f"{self.lrs[-1]:.2g} the loss never fell after the first {skip_begin}; begin with "
                "a smaller min_lr, or take more steps (num_training)."
            )
        return float(lrs[np.argmin(slopes)])

    def plot(self, ax: Any = None, suggest: bool = True) -> Any:
        """Plot the loss over the rate.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; default a new figure.
        suggest : bool
            Mark the suggestion.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        UnsupportedError
            If Matplotlib is not installed (the extra ``demo``).
        """
        ax = _ax(ax)
        ax.semilogx(self.lrs, self.losses, color="#777777", lw=0.8, label="loss of a batch")
        ax.semilogx(self.lrs, self.smoothed, color="#005f99", label="moving average")
        if suggest:
            rate = self.suggestion()
            height = self.smoothed[np.argmin(abs(self.lrs - rate))]
            ax.plot(rate, height, "o", color="#b34700", label=f"steepest fall: {rate:.2g}")
        low, high = self.smoothed.min(), self.smoothed[0]
        ax.set_ylim(low - 0.2 * (high - low) - 1e-12, high + 1.0 * abs(high - low) + 1e-12)
        return _labelled(ax)


@explains_wrong_calls
class LRThreshold:
    """What `lr_threshold` measured.

    Parameters
    ----------
    tried : sequence of tuple of float
        For each rate: the rate, the loss of some batches before training, the same after it
        (infinite, if it did not stay finite).

    Attributes
    ----------
    lr : float
        The largest rate tried that lowers the loss.
    tried : list of tuple of float
        What was given, in the order of the rates.

    Raises
    ------
    DataError
        If no rate lowers the loss.

    Examples
    --------
    >>> import nn
    >>> nn.LRThreshold([(0.1, 2.3, 1.2), (0.4, 2.3, 9.5), (0.2, 2.3, 0.7)]).lr
    0.2
    """

    def __init__(self, tried: Sequence[tuple[float, float, float]]) -> None:
        self.tried = sorted(tried)
        fits = [rate for rate, before, after in self.tried if after < before]
        if not fits:
            raise DataError(
                "lr_threshold: no rate lowered the loss, the smallest of them "
                f"{self.tried[0][0]:.2g}; begin with a smaller one (lr=), or look for a fault in "
                "the model (gradcheck)."
            )
        self.lr = max(fits)

    def plot(self, ax: Any = None) -> Any:
        """Plot the loss after training over the rate.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; default a new figure.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        UnsupportedError
            If Matplotlib is not installed (the extra ``demo``).
        """
        ax = _ax(ax)
        rates, before, after = map(np.array, zip(*self.tried, strict=True))
        top = 2 * before.max()
        ax.semilogx(rates, before, color="#777777", ls="--", label="before training")
        ax.semilogx(rates, np.minimum(after, top), "o-", color="#005f99", label="after it")
        ax.axvline(self.lr, color="#b34700", label=f"largest that lowers it: {self.lr:.2g}")
        return _labelled(ax)


def _ax(ax: Any) -> Any:
    if ax is not None:
        return ax
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UnsupportedError(
            "plot: this needs Matplotlib; install the extra: pip install 'autograd-core[demo]'."
        ) from error
    return Figure(figsize=(5.6, 3.6), layout="constrained").add_subplot()


def _labelled(ax: Any) -> Any:
    ax.set(xlabel="learning rate", ylabel="loss")
    ax.legend()
    return ax.figure


class _Probe:
    """A copy of a training whose steps change nothing of the original."""

    def __init__(self, trainer: Trainer) -> None:
        own = copy.deepcopy(
            (trainer.model, trainer.optimizer, trainer.loss, list(trainer.callbacks))
        )
        self.trainer = made = copy.copy(trainer)
        made.model, made.optimizer, made.loss, made.callbacks = own
        made.parallel = made.model if trainer.parallel is not None else None
        made.model.train()
        self._rates = [group["lr"] for group in made.optimizer.param_groups]

    def set_rate(self, rate: float) -> None:
        """Give the first group of parameters this rate, and the others theirs in proportion."""
        first = self._rates[0]
        for group, own in zip(self.trainer.optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * (own / first if first else 1.0)

    def step(self, batch: Any, learn: bool = True) -> float:
        """Return a batch's loss, after which a step is taken if it is finite."""
        made = self.trainer
        inputs, target = made._parts(batch)
        made.optimizer.zero_grad()
        with np.errstate(all="ignore"):  # a rate that is too large may overflow
            loss = made.loss(made.model(*inputs), target)
            value = measures.scalar(loss)
            for callback in made.callbacks:
                loss = callback.on_loss(made, loss)
            whole = measures.scalar(loss)
            value, whole, share = made._over_ranks(value, whole, len(target))
            if not (math.isfinite(value) and math.isfinite(whole)):
                return math.inf
            if learn:
                (loss if share == 1.0 else loss * share).backward()
                for callback in made.callbacks:
                    callback.on_backward(made)
                made.optimizer.step()
        return value


@contextmanager
def _random_state_kept() -> Iterator[None]:
    own, legacy, python = get_rng_state(), np.random.get_state(legacy=False), random.getstate()
    try:
        yield
    finally:
        set_rng_state(own)
        np.random.set_state(legacy)
        random.setstate(python)


def _batches(trainer: Trainer, train: Any, batch_size: int, steps: int) -> Iterator[Any]:
    """Yield as many batches as steps, of as many epochs as they fill."""
    loader = trainer._shard(as_loader(train, batch_size, True, trainer.seed))
    epochs = (loader.batches(epoch) for epoch in itertools.count())
    return itertools.islice(itertools.chain.from_iterable(epochs), steps)


def _checked(name: str, trainer: Any, num_training: Any) -> None:
    if not isinstance(trainer, Trainer):
        raise SettingError(f"{name}: trainer must be a Trainer, not {type(trainer).__name__}.")
    if not hasattr(trainer.optimizer, "param_groups"):
        raise SettingError(f"{name}: the trainer has no optimizer whose rate could be set.")
    checks.count(name, "num_training", num_training, 2)


@explains_wrong_calls
def lr_find(
    trainer: Trainer,
    train: Any,
    min_lr: float = 1e-7,
    max_lr: float = 10.0,
    num_training: int = 100,
    early_stop_threshold: float | None = 4.0,
    batch_size: int = 32,
) -> LRFinder:
    """Train with a rate that grows from step to step, and note the loss (Smith, 2017).

    The model, the optimizer and the random state stay as they are: copies are trained. Callbacks
    may add to the loss and change gradients as in `fit`; schedules are left out.

    Parameters
    ----------
    trainer : Trainer
        Whose model, loss and optimizer. Groups of parameters keep the proportions of their rates.
    train : DataLoader or data
        As for `Trainer.fit`.
    min_lr, max_lr : float
        The first and the last rate; those between grow by one factor.
    num_training : int
        How many steps.
    early_stop_threshold : float, optional
        Stop when the loss is this many times the smallest of its moving average.
    batch_size : int
        For data that is not in a loader.

    Returns
    -------
    LRFinder
        With ``suggestion()`` and ``plot()``.

    Raises
    ------
    SettingError, ShapeError
        If a setting is out of range.
    DataError
        If the loss is not finite before the first step.

    Examples
    --------
    >>> import nn, optim
    >>> _ = nn.manual_seed(0)
    >>> x = np.linspace(-1.0, 1.0, 64)[:, None]
    >>> model = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    >>> trainer = nn.Trainer(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=1e-3))
    >>> found = nn.lr_find(trainer, (x, np.sin(3 * x)))
    >>> 1e-3 < found.suggestion() < 3.0
    True
    """
    _checked("lr_find", trainer, num_training)
    checks.positive("lr_find", "min_lr", min_lr)
    checks.positive("lr_find", "max_lr", max_lr)
    if not min_lr < max_lr:
        raise SettingError(f"lr_find: min_lr = {min_lr} must be below max_lr = {max_lr}.")
    if early_stop_threshold is not None and not early_stop_threshold > 1:
        raise SettingError(
            f"lr_find: early_stop_threshold = {early_stop_threshold}; it must be above 1, or None."
        )
    shown = trainer.progress if trainer.group.is_main else False
    rates: list[float] = []
    losses: list[float] = []
    smallest = math.inf
    with _random_state_kept(), progress_bar(shown, 0, num_training) as bar:
        probe = _Probe(trainer)
        for k, batch in enumerate(_batches(trainer, train, batch_size, num_training)):
            rate = min_lr * (max_lr / min_lr) ** (k / (num_training - 1))
            probe.set_rate(rate)
            loss = probe.step(batch)
            if not math.isfinite(loss):
                break
            rates.append(rate)
            losses.append(loss)
            smoothed = LRFinder(rates[-50:], losses[-50:]).smoothed[-1]
            if early_stop_threshold is not None and loss > early_stop_threshold * smallest:
                break
            smallest = min(smallest, smoothed)
            if bar is not None:
                bar.set_postfix(lr=f"{rate:.2g}", loss=f"{loss:.4g}", refresh=False)
                bar.update()
    if not losses:
        raise DataError("lr_find: the loss is not finite before the first step; clean the data.")
    return LRFinder(rates, losses)


@explains_wrong_calls
def lr_threshold(
    trainer: Trainer,
    train: Any,
    lr: float = 1e-2,
    num_training: int = 50,
    factor: float = 2**0.25,
    batch_size: int = 32,
) -> LRThreshold:
    """Find the largest constant rate that still lowers the loss.

    Each rate trains a copy of the model, from the same weights on the same batches. It lowers the
    loss if, over the last quarter of the batches, the mean loss is smaller than it was with the
    weights before training, and has stayed finite. The search doubles or halves the rate until it
    knows one that does and one that does not, and then bisects between them.

    Parameters
    ----------
    trainer : Trainer
        Whose model, loss and optimizer; they stay as they are. Groups of parameters keep the
        proportions of their rates.
    train : DataLoader or data
        As for `Trainer.fit`.
    lr : float
        The rate to begin with.
    num_training : int
        How many steps each rate trains. More of them find smaller thresholds: a rate that is
        slightly too large may take long to diverge.
    factor : float
        How far apart the largest rate that fits and the smallest that does not may be.
    batch_size : int
        For data that is not in a loader.

    Returns
    -------
    LRThreshold
        With ``lr`` and ``plot()``.

    Raises
    ------
    SettingError, ShapeError
        If a setting is out of range.
    DataError
        If no rate lowers the loss, or it is not finite before training.

    Examples
    --------
    Gradient descent on w**2 / 2 halves nothing but multiplies w by 1 - lr: below 2 it converges.

    >>> import nn, optim
    >>> model = nn.Linear(1, 1, bias=False)
    >>> trainer = nn.Trainer(model, nn.HalfSquaredError(), optim.SGD(model.parameters(), lr=0.1))
    >>> found = nn.lr_threshold(trainer, ([[1.0]], [[0.0]]))
    >>> 2 / 2**0.25 <= found.lr <= 2
    True
    """
    _checked("lr_threshold", trainer, num_training)
    checks.positive("lr_threshold", "lr", lr)
    if not factor > 1:
        raise SettingError(f"lr_threshold: factor = {factor}; it must be above 1.")
    shown = trainer.progress if trainer.group.is_main else False
    last = max(1, num_training // 4)
    tried: dict[float, tuple[float, float, float]] = {}

    def lowers(rate: float) -> bool:
        with _random_state_kept():
            fresh = _Probe(trainer)
            batches = list(_batches(trainer, train, batch_size, num_training))
            before = float(np.mean([fresh.step(b, learn=False) for b in batches[-last:]]))
        if not math.isfinite(before):
            raise DataError("lr_threshold: the loss is not finite before training.")
        with _random_state_kept():
            probe = _Probe(trainer)
            probe.set_rate(rate)
            losses = []
            for batch in batches:
                losses.append(probe.step(batch))
                if not math.isfinite(losses[-1]):
                    break
        after = float(np.mean(losses[-last:])) if math.isfinite(losses[-1]) else math.inf
        tried[rate] = rate, before, after
        return after < before

    with progress_bar(shown, 0, 0) as bar:

        def look(rate: float) -> bool:
            if bar is not None:
                bar.set_description(f"rate {rate:.2g}")
                bar.update()
            return lowers(rate)

        good, bad = _bracket(look, lr)
        while good and bad and bad > factor * good:
            middle = math.sqrt(good * bad)
            good, bad = (middle, bad) if look(middle) else (good, middle)
    return LRThreshold(list(tried.values()))


def _bracket(lowers: Any, rate: float) -> tuple[float, float]:
    """Return a rate that lowers the loss and twice it, which does not; 0 for what there is not."""
    up = lowers(rate)
    for _ in range(40):
        following = rate * 2 if up else rate / 2
        if lowers(following) != up:
            return (rate, following) if up else (following, rate)
        rate = following
    return (rate, 0.0) if up else (0.0, rate)
