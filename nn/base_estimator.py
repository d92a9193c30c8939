"""What the scikit-learn estimators share: the module, its optimizer, weights of rows, one fit."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any

import numpy as np

from autograd_core import SettingError, optim

from . import activation as activations
from .callbacks import Callback, EarlyStopping
from .containers import Sequential
from .data import DataLoader
from .history import History
from .linear import Linear
from .loss import MSELoss
from .module import Module
from .random import get_rng_state, manual_seed, set_rng_state
from .sklearn_parts import (
    BaseEstimator,
    check_is_fitted,
    check_random_state,
    check_sample_weight,
    train_test_split,
    validate_data,
)
from .trainer import Trainer
from .weighted_rows import WeightedMean, WeightedTrainer, scaled

_ACTIVATIONS = {
    "relu": activations.ReLU,
    "tanh": activations.Tanh,
    "sigmoid": activations.Sigmoid,
    "gelu": activations.GELU,
    "silu": activations.SiLU,
}

_FITTING = RLock()  # fits draw from the shared random sequence: one at a time


def _free_in_child() -> None:  # pragma: no cover - runs in the child of a fork
    global _FITTING
    _FITTING = RLock()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_free_in_child)


@contextmanager
def _shared_state_kept() -> Iterator[None]:
    before = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(before)


def mlp(inputs: int, outputs: int, hidden: Sequence[int], activation: str = "relu") -> Module:
    """Return a multilayer perceptron: linear layers with an activation between.

    Examples
    --------
    >>> mlp(4, 3, (8,))
    Sequential(
      (0): Linear(in_features=4, out_features=8, bias=True)
      (1): ReLU()
      (2): Linear(in_features=8, out_features=3, bias=True)
    )
    """
    if activation not in _ACTIVATIONS:
        raise SettingError(
            f"activation = {activation!r}; it must be one of {', '.join(_ACTIVATIONS)}."
        )
    layers: list[Module] = []
    for width in hidden:
        layers += [Linear(inputs, width), _ACTIVATIONS[activation]()]
        inputs = width
    return Sequential(*layers, Linear(inputs, outputs))


class BaseNeuralNet(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """What classifier and regressor share; see there."""

    module_: Module
    callbacks_: list[Callback]
    history_: History
    _seed: int
    _random: dict[str, Any]

    def __init__(
        self,
        module: Callable[[int, int], Module] | None = None,
        *,
        hidden_layer_sizes: Sequence[int] = (100,),
        activation: str = "relu",
        loss: Callable[[Any, Any], Any] | None = None,
        optimizer: str | Callable[..., Any] = "Adam",
        lr: float = 1e-3,
        weight_decay: float = 0.0,
        batch_size: int = 32,
        max_epochs: int = 200,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        callbacks: Sequence[Callback] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.module = module
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.optimizer = optimizer
        self.lr = lr
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def _make_optimizer(self, module: Module) -> Any:
        rule: Any = self.optimizer
        if isinstance(rule, str):
            rule = getattr(optim, rule, None)
            if not (isinstance(rule, type) and issubclass(rule, optim.Optimizer)):
                raise SettingError(
                    f"{type(self).__name__}: optimizer = {self.optimizer!r}; it must name one of "
                    "optim's, such as 'SGD' or 'Adam', or be callable."
                )
        every: list[Any] = list(module.parameters())
        thin = [p for p in every if p.ndim < 2]  # biases and the gains of norms
        if self.weight_decay and thin:
            wide = [p for p in every if p.ndim >= 2]
            every = [{"params": wide}] if wide else []
            every.append({"params": thin, "weight_decay": 0.0})
        return rule(every, lr=self.lr, weight_decay=self.weight_decay)

    def _continued_optimizer(self) -> Any:
        """Return the optimizer of the last call, with today's rate; a new one if it is another."""
        if self._made_with[1:] != (self.weight_decay, self.optimizer):
            return self._make_optimizer(self.module_)
        if self._made_with[0] != self.lr:
            for group in self._optimizer.param_groups:
                group["lr"] = self.lr
        return self._optimizer

    def _weights(self, x: Any, sample_weight: Any) -> Any:
        """Return checked weights, or None if every row counts alike."""
        if sample_weight is None:
            return None
        return check_sample_weight(sample_weight, x, dtype=np.float64, ensure_non_negative=True)

    def _train(
        self, x: Any, y: Any, weight: Any, outputs: int, *, stratify: bool, first: bool, once: bool
    ) -> None:
        """Fit a module to checked data; the shared random sequence stays as it was.

        Threads take turns, because all of them draw from that sequence.
        """
        parts = (x, y) if weight is None else tuple(a[weight > 0] for a in (x, y, weight))
        if not len(parts[0]):
            raise SettingError(f"{type(self).__name__}: the weights of all rows are zero.")
        with _FITTING, _shared_state_kept():
            if first:
                seed = int(check_random_state(self.random_state).randint(2**31 - 1))
                manual_seed(seed)
                module = self._module(x.shape[1], outputs, x.dtype)
                optimizer = self._make_optimizer(module)
                watchers = copy.deepcopy(list(self.callbacks or ()))
                history, end = History(), self.max_epochs
            else:
                seed, module, watchers = self._seed, self.module_, self.callbacks_
                set_rng_state(self._random)
                optimizer, history = self._continued_optimizer(), self.history_
            if once:
                end = len(history) + 1
            parts, tests = self._split(parts, seed, stratify, watchers)
            loss: Any = self._loss() if self.loss is None else self.loss
            if weight is not None:
                loss = WeightedMean(loss)
            trainer = (Trainer if weight is None else WeightedTrainer)(
                module,
                loss,
                optimizer,
                callbacks=watchers,
                seed=seed,
                progress=bool(self.verbose),
            )
            trainer.history, trainer.epoch = history, len(history)
            size = min(self.batch_size, len(parts[0]))
            loader = DataLoader(parts, size, shuffle=True, seed=seed, check_finite=False)
            trainer.fit(loader, tests, epochs=end)
            self._random = get_rng_state()
        self.module_, self.callbacks_, self.history_ = module, watchers, trainer.history
        self.n_iter_ = len(trainer.history)
        self._seed, self._optimizer = seed, optimizer
        self._made_with = (self.lr, self.weight_decay, self.optimizer)

    def _split(self, parts: Any, seed: int, stratify: bool, watchers: list[Callback]) -> Any:
        """Return rows to train on, and rows to stop by or None; each with weights of mean 1."""
        tests = None
        if self.early_stopping:
            counts = np.unique_counts(parts[1]).counts if stratify else [0]
            labels = parts[1] if np.min(counts) > 1 else None
            both = train_test_split(
                *parts, test_size=self.validation_fraction, random_state=seed, stratify=labels
            )
            parts, tests = tuple(both[::2]), tuple(both[1::2])
            watchers.append(EarlyStopping(patience=self.patience, restore_best=True))
        if len(parts) == 3:
            parts = (*parts[:2], scaled(parts[2]))
            tests = tests and (*tests[:2], scaled(tests[2]))
        return parts, tests

    def _check_continues(self) -> bool:
        """Return whether this call of `partial_fit` is the first."""
        if self.early_stopping:
            raise SettingError(
                f"{type(self).__name__}: partial_fit does not hold rows out; set "
                "early_stopping=False, or call fit."
            )
        return not hasattr(self, "module_")

    def _module(self, inputs: int, outputs: int, dtype: Any) -> Module:
        if self.warm_start and hasattr(self, "module_"):
            found: Module = self.module_
            return found
        if self.module is None:
            return mlp(inputs, outputs, self.hidden_layer_sizes, self.activation).to(dtype)
        made = self.module(inputs, outputs)
        if not isinstance(made, Module):
            raise SettingError(
                f"{type(self).__name__}: module must make a Module from the numbers of inputs and "
                f"outputs; it made a {type(made).__name__}."
            )
        return made.to(dtype)

    def _output(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name for it
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, dtype=(np.float64, np.float32))
        trainer = Trainer(self.module_, MSELoss(), None, progress=False)
        return trainer.predict(x)
