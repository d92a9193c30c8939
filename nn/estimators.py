"""scikit-learn estimators around a network: fit, predict, and everything built on them.

They need the extra ``sklearn``; this file is only read when one of them is
asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core import SettingError

from .base_estimator import BaseNeuralNet, mlp  # noqa: F401 - pickles name mlp here
from .callbacks import Callback
from .likelihood import CrossEntropyLoss
from .loss import MSELoss
from .module import Module
from .sklearn_parts import (
    ClassifierMixin,
    LabelEncoder,
    RegressorMixin,
    check_classification_targets,
    column_or_1d,
    compute_class_weight,
    unique_labels,
    validate_data,
)


class NeuralNetClassifier(ClassifierMixin, BaseNeuralNet):  # type: ignore[misc]  # scikit-learn ships no types
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
    lr : float
        The optimizer's rate.
    weight_decay : float
        The optimizer's, of parameters with two axes or more. Biases and the gains of norms, which
        have one, stay without: the optimizer then gets two groups of parameters.
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
    class_weight : dict, "balanced" or None
        A factor for each label, on top of ``sample_weight``; "balanced" makes the classes count
        alike (scikit-learn's ``compute_class_weight``).

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

    Weights are divided by their mean. A row of weight 0 is left out before anything else, so that
    it has no effect at all but to be among the `classes_`. A row of weight k counts as k equal rows
    do if all rows are in one batch and none are held out, and no layer looks at the whole batch, as
    `BatchNorm1d` does. In smaller batches this holds of the mean over all orders only, because the
    repeated rows are in other batches. Losses in `history_` are weighted means, those of the rows
    held out too. The module, its mode and what a callback sees are as without weights; a callback
    that calls ``trainer.evaluate`` gives two arrays or three.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NeuralNetClassifier(hidden_layer_sizes=(16,), lr=0.02, max_epochs=30, random_state=0)
    >>> net.fit(X, y).score(X, y) > 0.95
    True
    """

    classes_: Any

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
        class_weight: Any = None,
    ) -> None:
        super().__init__(
            module,
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            loss=loss,
            optimizer=optimizer,
            lr=lr,
            weight_decay=weight_decay,
            batch_size=batch_size,
            max_epochs=max_epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            callbacks=callbacks,
            warm_start=warm_start,
            random_state=random_state,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def _loss(self) -> Any:
        return CrossEntropyLoss()

    def _both_weights(self, x: Any, y: Any, classes: Any, sample_weight: Any) -> Any:
        """Return each row's weight times its class's, or None if every row counts alike."""
        weight = self._weights(x, sample_weight)
        if self.class_weight is None:
            return weight
        if isinstance(self.class_weight, str) and weight is not None:
            # rows of no weight do not count, and a class of such rows only is none to balance
            present = np.unique(y[weight > 0])
            rows = np.isin(y, present)
            found = compute_class_weight(
                self.class_weight, classes=present, y=y[rows], sample_weight=weight[rows]
            )
            factors = np.zeros(len(classes))
            factors[np.searchsorted(classes, present)] = found
        else:
            factors = compute_class_weight(self.class_weight, classes=classes, y=y)
        if not (np.isfinite(factors).all() and (factors >= 0).all()):
            raise SettingError(
                f"NeuralNetClassifier: class_weight = {self.class_weight!r} makes the factors "
                f"{factors.tolist()}; they must be finite and not negative."
            )
        factors = factors[np.searchsorted(classes, y)]
        return factors if weight is None else weight * factors

    def fit(
        self,
        X: Any,  # noqa: N803
        y: Any,
        sample_weight: Any = None,
    ) -> NeuralNetClassifier:
        """Train from new weights (with ``warm_start``, from the last ones).

        Parameters
        ----------
        X : array, shape (n, features)
        y : array of labels, shape (n,)
        sample_weight : array, shape (n,), optional
            How much each row counts; not negative.

        Returns
        -------
        NeuralNetClassifier
            Itself.

        Raises
        ------
        SettingError
            If a setting is out of range, or all weights are zero.
        """
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
        weight = self._both_weights(x, y, classes, sample_weight)
        self._train(x, index, weight, len(classes), stratify=True, first=True, once=False)
        self.classes_ = classes
        return self

    def partial_fit(
        self,
        X: Any,  # noqa: N803
        y: Any,
        classes: Any = None,
        sample_weight: Any = None,
    ) -> NeuralNetClassifier:
        """Train one epoch on these rows, from where the last call of `partial_fit` or `fit` ended.

        Weights, the optimizer's state, the history and the random sequence go on.

        Parameters
        ----------
        X : array, shape (n, features)
        y : array of labels, shape (n,)
        classes : array of labels, shape (k,), optional
            All labels that will ever come; needed at the first call.
        sample_weight : array, shape (n,), optional
            How much each row counts beside the others of this call; not negative.

        Returns
        -------
        NeuralNetClassifier
            Itself.

        Raises
        ------
        SettingError
            If `classes` is missing or not what it was, `y` has a label that is not among them, or
            a setting does not go with parts: ``early_stopping``, ``class_weight="balanced"``.
        """
        first = self._check_continues()
        if isinstance(self.class_weight, str):
            raise SettingError(
                f"NeuralNetClassifier: class_weight = {self.class_weight!r} needs all rows at "
                "once; give partial_fit a dict, as compute_class_weight makes it from all labels."
            )
        if first and classes is None:
            raise SettingError(
                "NeuralNetClassifier: classes must be passed on the first call to partial_fit."
            )
        known = self.classes_ if classes is None else unique_labels(classes)
        if not first and not np.array_equal(known, self.classes_):
            raise SettingError(
                f"NeuralNetClassifier: classes = {classes!r} is not the same as on the last call "
                f"to partial_fit or fit: {self.classes_!r}."
            )
        x, y = validate_data(self, X, y, dtype=(np.float64, np.float32), reset=first)
        check_classification_targets(y)
        index = LabelEncoder().fit(known).transform(y)  # refuses other labels
        weight = self._both_weights(x, y, known, sample_weight)
        self._train(x, index, weight, len(known), stratify=True, first=first, once=True)
        self.classes_ = known
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


class NeuralNetRegressor(RegressorMixin, BaseNeuralNet):  # type: ignore[misc]  # scikit-learn ships no types
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

    def _loss(self) -> Any:
        return MSELoss()

    def _checked(self, X: Any, y: Any, first: bool) -> tuple[Any, Any]:  # noqa: N803
        x, y = validate_data(
            self,
            X,
            y,
            dtype=(np.float64, np.float32),
            multi_output=True,
            y_numeric=True,
            reset=first,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return x, y.astype(x.dtype)

    def fit(
        self,
        X: Any,  # noqa: N803
        y: Any,
        sample_weight: Any = None,
    ) -> NeuralNetRegressor:
        """Train from new weights (with ``warm_start``, from the last ones).

        Parameters
        ----------
        X : array, shape (n, features)
        y : array, shape (n,) or (n, outputs)
        sample_weight : array, shape (n,), optional
            How much each row counts; not negative.

        Returns
        -------
        NeuralNetRegressor
            Itself.

        Raises
        ------
        SettingError
            If a setting is out of range, or all weights are zero.
        """
        x, y = self._checked(X, y, True)
        weight, rows = self._weights(x, sample_weight), y.reshape(len(y), -1)
        self._train(x, rows, weight, rows.shape[1], stratify=False, first=True, once=False)
        self._shape = y.shape[1:]
        return self

    def partial_fit(
        self,
        X: Any,  # noqa: N803
        y: Any,
        sample_weight: Any = None,
    ) -> NeuralNetRegressor:
        """Train one epoch on these rows, from where the last call of `partial_fit` or `fit` ended.

        Weights, the optimizer's state, the history and the random sequence go on.

        Parameters
        ----------
        X : array, shape (n, features)
        y : array, shape (n,) or (n, outputs)
        sample_weight : array, shape (n,), optional
            How much each row counts beside the others of this call; not negative.

        Returns
        -------
        NeuralNetRegressor
            Itself.

        Raises
        ------
        SettingError
            If targets have another shape than before, or ``early_stopping`` is set.
        """
        first = self._check_continues()
        x, y = self._checked(X, y, first)
        if not first and y.shape[1:] != self._shape:
            raise SettingError(
                f"NeuralNetRegressor: y has shape {y.shape}; after the last call it must be "
                f"{(len(y), *self._shape)}."
            )
        weight, rows = self._weights(x, sample_weight), y.reshape(len(y), -1)
        self._train(x, rows, weight, rows.shape[1], stratify=False, first=first, once=True)
        self._shape = y.shape[1:]
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Return the predicted targets, shaped as they were given to `fit`."""
        found = self._output(X)
        return found.reshape(len(found), *self._shape)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
