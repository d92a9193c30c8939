"""scikit-learn estimators around a network: fit, predict, and everything built on them.

They need the extra ``sklearn``; this file is only read when one of them is
asked for.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core import SettingError, optim

from . import activation as activations
from .callbacks import Callback, EarlyStopping
from .containers import Sequential
from .data import DataLoader
from .errors import MissingExtraError
from .likelihood import CrossEntropyLoss
from .linear import Linear
from .loss import MSELoss
from .module import Module
from .random import get_rng_state, manual_seed, set_rng_state
from .trainer import Trainer

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data
except ImportError as error:
    raise MissingExtraError(
        "NeuralNetClassifier and NeuralNetRegressor need scikit-learn 1.6 or later; "
        "install the extra: pip install 'autograd-core[sklearn]'."
    ) from error

_ACTIVATIONS = {
    "relu": activations.ReLU,
    "tanh": activations.Tanh,
    "sigmoid": activations.Sigmoid,
    "gelu": activations.GELU,
    "silu": activations.SiLU,
}


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


class _NeuralNet(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """What classifier and regressor share; see there."""

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

    def _optimizer(self, module: Module) -> Any:
        rule: Any = self.optimizer
        if isinstance(rule, str):
            rule = getattr(optim, rule, None)
            if not (isinstance(rule, type) and issubclass(rule, optim.Optimizer)):
                raise SettingError(
                    f"{type(self).__name__}: optimizer = {self.optimizer!r}; it must name one of "
                    "optim's, such as 'SGD' or 'Adam', or be callable."
                )
        return rule(module.parameters(), lr=self.lr, weight_decay=self.weight_decay)

    def _train(self, x: Any, y: Any, outputs: int, loss: Any, stratify: Any) -> None:
        """Fit a module to checked data; the shared random sequence stays as it was."""
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        before = get_rng_state()
        manual_seed(seed)
        try:
            module = self._module(x.shape[1], outputs, x.dtype)
            watchers = copy.deepcopy(list(self.callbacks or ()))
            tests = None
            if self.early_stopping:
                x, held_x, y, held_y = train_test_split(
                    x, y, test_size=self.validation_fraction, random_state=seed, stratify=stratify
                )
                tests = (held_x, held_y)
                watchers.append(EarlyStopping(patience=self.patience, restore_best=True))
            trainer = Trainer(
                module,
                self.loss if self.loss is not None else loss,
                self._optimizer(module),
                callbacks=watchers,
                seed=seed,
                progress=bool(self.verbose),
            )
            loader = DataLoader(
                (x, y), min(self.batch_size, len(x)), shuffle=True, seed=seed, check_finite=False
            )
            trainer.fit(loader, tests, epochs=self.max_epochs)
        finally:
            set_rng_state(before)
        self.module_ = module
        self.callbacks_ = watchers
        self.history_ = trainer.history
        self.n_iter_ = len(trainer.history)

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


class NeuralNetClassifier(ClassifierMixin, _NeuralNet):  # type: ignore[misc]  # as above
    """A network as a scikit-learn classifier.

    Parameters
    ----------
    module : callable, optional
        From the numbers of inputs and classes to a Module that returns logits;
        default a multilayer perceptron.
    hidden_layer_sizes : sequence of int
        The widths of the default module's hidden layers.
    activation : {"relu", "tanh", "sigmoid", "gelu", "silu"}
        Between the default module's layers.
    loss : callable, optional
        Default `CrossEntropyLoss`.
    optimizer : str or callable
        A name in `optim`, or ``callable(params, lr=..., weight_decay=...)``.
    lr, weight_decay : float
        The optimizer's.
    batch_size, max_epochs : int
        How to go through the data, and how often.
    early_stopping : bool
        Hold out `validation_fraction` of the data and stop when its loss has
        not improved in `patience` epochs; the best epoch's weights are kept.
    callbacks : sequence of Callback, optional
        Further callbacks; each fit uses copies.
    warm_start : bool
        Go on from the last fit's weights.
    random_state : int, RandomState or None
        Decides initial weights, order and dropout.
    verbose : bool
        Show progress.

    Attributes
    ----------
    module_ : Module
        The trained network, in eval mode.
    classes_ : ndarray
        The labels.
    history_ : History
        Loss by epoch.
    callbacks_ : list of Callback
        The copies that the fit used.
    n_iter_ : int
        Epochs done.

    Notes
    -----
    The network computes in the dtype of X: float32 stays, all else is float64.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NeuralNetClassifier(hidden_layer_sizes=(16,), lr=0.02, max_epochs=30, random_state=0)
    >>> net.fit(X, y).score(X, y) > 0.95
    True
    """

    classes_: Any

    def fit(self, X: Any, y: Any) -> NeuralNetClassifier:  # noqa: N803
        """Train on X, shape (n, features), and labels y, shape (n,)."""
        x, y = validate_data(self, X, y, dtype=(np.float64, np.float32))
        check_classification_targets(y)
        classes, index = np.unique(y, return_inverse=True)
        if (
            self.warm_start
            and hasattr(self, "module_")
            and not np.array_equal(classes, self.classes_)
        ):
            raise SettingError(
                "NeuralNetClassifier: warm_start = True, but the classes are not those of the "
                "last fit."
            )
        stratify = index if index.size and np.bincount(index).min() > 1 else None
        self._train(x, index, len(classes), CrossEntropyLoss(), stratify)
        self.classes_ = classes
        return self

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        """Return each class's probability, shape (n, classes)."""
        logits = self._output(X)
        scores = np.exp(logits - logits.max(axis=1, keepdims=True))
        return scores / scores.sum(axis=1, keepdims=True)

    def decision_function(self, X: Any) -> Any:  # noqa: N803
        """Return the logits; for two classes the second's minus the first's, shape (n,)."""
        logits = self._output(X)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Return the likeliest label of each row."""
        logits = self._output(X)
        return self.classes_[np.argmax(logits, axis=1)]


class NeuralNetRegressor(RegressorMixin, _NeuralNet):  # type: ignore[misc]  # as above
    """A network as a scikit-learn regressor; `NeuralNetClassifier` tells the parameters.

    The default loss is `MSELoss`.  Targets of shape (n,) or (n, outputs); scale
    them to about unit variance (``TransformedTargetRegressor``).

    Examples
    --------
    >>> x = np.linspace(-1, 1, 100)[:, None]
    >>> net = NeuralNetRegressor(hidden_layer_sizes=(32,), lr=0.02, max_epochs=60, random_state=0)
    >>> net.fit(x, np.sin(4 * x[:, 0])).score(x, np.sin(4 * x[:, 0])) > 0.95
    True
    """

    def fit(self, X: Any, y: Any) -> NeuralNetRegressor:  # noqa: N803
        """Train on X, shape (n, features), and targets y, shape (n,) or (n, outputs)."""
        x, y = validate_data(
            self, X, y, dtype=(np.float64, np.float32), multi_output=True, y_numeric=True
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._flat = y.ndim == 1
        targets = y.reshape(len(y), -1).astype(x.dtype)
        self._train(x, targets, targets.shape[1], MSELoss(), None)
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Return the predicted targets, shaped as they were given to `fit`."""
        found = self._output(X)
        return found[:, 0] if self._flat else found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
