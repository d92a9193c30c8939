"""Measures of classifiers: accuracy, and what a confusion matrix tells."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import explains_wrong_calls, renamed_keywords

from .. import checks
from ..errors import DataError
from ..values import shape_error
from .metric import Metric, plain_array

_AVERAGES = ("binary", "macro", "micro", "weighted", "none", None)
_NORMALIZE = ("true", "pred", "all", None)


@renamed_keywords(output="input")
def accuracy(input: Any, target: Any) -> float:
    """Return the share of rows whose largest score is the target's class.

    Parameters
    ----------
    input : array, shape (n, classes)
        Scores.
    target : array of int, shape (n,)
        Class indices.

    Returns
    -------
    float
        Between 0 and 1.

    Examples
    --------
    >>> accuracy(np.array([[1.0, 2.0], [3.0, 0.0]]), np.array([1, 1]))
    0.5
    """
    return float(np.mean(np.argmax(input, axis=1) == target))


def _labels(name: str, input: Any, target: Any, threshold: float | None) -> tuple[Any, Any, Any]:
    """Return predicted and true classes, flat, and the number of classes if the scores tell it."""
    scores, truth = plain_array(name, "the input", input), plain_array(name, "the target", target)
    if truth.dtype.kind == "f":
        if not np.all(truth == np.floor(truth)):  # NaN too
            raise DataError(f"{name}: the target holds fractions or NaN; it must be class indices.")
        truth = truth.astype(np.int64)
    classes = None
    if threshold is not None:
        classes = 2
        if scores.ndim == truth.ndim + 1 and scores.shape[1:2] == (1,):
            scores = scores[:, 0]
        _refuse_nan(name, scores)
        scores = scores > threshold
    elif scores.ndim == truth.ndim + 1 and scores.ndim > 1:
        classes = scores.shape[1]
        if classes < 2:
            raise shape_error(
                f"{name}: the input of shape {scores.shape} has scores of {classes} class; give "
                "threshold= for scores of one class (0 for logits, 0.5 for probabilities)."
            )
        _refuse_nan(name, scores)
        scores = scores.argmax(axis=1)
    elif scores.dtype.kind == "f" and scores.shape == truth.shape:
        raise shape_error(
            f"{name}: the input of shape {scores.shape} holds scores, not classes; give threshold= "
            "for two classes (0 for logits, 0.5 for probabilities), or scores on a second axis."
        )
    if scores.shape != truth.shape:
        raise shape_error(
            f"{name}: input has shape {np.shape(input)}, target {truth.shape}; the input must have "
            "the target's shape, or an axis of classes after the first."
        )
    return scores.reshape(-1).astype(np.int64), truth.reshape(-1).astype(np.int64), classes


def _refuse_nan(name: str, scores: Any) -> None:
    if scores.dtype.kind == "f" and np.isnan(scores).any():
        raise DataError(f"{name}: the input holds NaN, of which no class is the largest.")


def _in_range(name: str, what: str, labels: Any, classes: int) -> None:
    wrong = (labels < 0) | (labels >= classes)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise DataError(
            f"{name}: {what} {place} is class {labels[place]}, but there are {classes} classes "
            f"(0 to {classes - 1})."
        )


def _counted(
    name: str, input: Any, target: Any, classes: int, threshold: float | None, ignore: int | None
) -> Any:
    """Return how often each class (rows) was predicted as each class (columns)."""
    found, truth, known = _labels(name, input, target, threshold)
    if ignore is not None:
        found, truth = found[truth != ignore], truth[truth != ignore]
    if known is not None and known != classes:
        raise shape_error(
            f"{name}: there are scores of {known} classes, but num_classes={classes}."
        )
    _in_range(name, "target", truth, classes)
    _in_range(name, "prediction", found, classes)
    return np.bincount(truth * classes + found, minlength=classes**2).reshape(classes, classes)


@explains_wrong_calls
class ConfusionMatrix(Metric):
    """How often rows of each class were predicted to be of each class.

    True classes are rows, predicted ones columns. scikit-learn's ``ConfusionMatrixDisplay`` draws
    it.

    Parameters
    ----------
    num_classes : int
        How many classes there are.
    normalize : {"true", "pred", "all"}, optional
        Divide by the sums of rows, of columns, or of all: shares in place of counts.
    threshold : float, optional
        For scores of the second of two classes: predict it where they are larger.
    ignore_index : int, optional
        A target that does not count, such as padding.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import nn
    >>> matrix = nn.metrics.ConfusionMatrix(2)
    >>> matrix.update(np.array([0, 1]), np.array([1, 1]))
    >>> matrix.update(np.array([[2.0, 1.0]]), np.array([0]))  # scores
    >>> matrix.compute()
    array([[1, 0],
           [1, 1]])
    """

    scalar = False

    def __init__(
        self,
        num_classes: int,
        normalize: str | None = None,
        threshold: float | None = None,
        ignore_index: int | None = None,
    ) -> None:
        name = type(self).__name__
        checks.count(name, "num_classes", num_classes, 2)
        checks.choice(name, "normalize", normalize, _NORMALIZE)
        if threshold is not None:
            checks.real(name, "threshold", threshold)
            if num_classes != 2:
                raise shape_error(
                    f"{name}: threshold = {threshold} is for two classes, not {num_classes}."
                )
        if ignore_index is not None:
            checks.count(name, "ignore_index", ignore_index, -(2**62))
        self.num_classes, self.normalize = num_classes, normalize
        self.threshold, self.ignore_index = threshold, ignore_index

    def start(self) -> Any:
        """Return a matrix of zeros."""
        return np.zeros((self.num_classes, self.num_classes), np.int64)

    def statistics(self, input: Any, target: Any) -> Any:
        """Return a batch's matrix of counts."""
        name = type(self).__name__
        return _counted(name, input, target, self.num_classes, self.threshold, self.ignore_index)

    def value(self, statistics: Any) -> Any:
        """Return the matrix of counts, or of shares."""
        return _normalized(statistics, self.normalize)


def _normalized(counts: Any, normalize: str | None) -> Any:
    if normalize is None:
        return counts
    axis = {"true": 1, "pred": 0, "all": None}[normalize]
    total = counts.sum(axis=axis, keepdims=True)
    return counts / np.maximum(total, 1)  # a class that never occurs has shares of 0


def _averaged(
    counts: Any, kind: str, beta: float, average: str | None, zero_division: float
) -> Any:
    """Return precision, recall or their weighted harmonic mean, of one class or averaged."""
    right, true, guessed = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    below = {
        "precision": guessed,
        "recall": true,
        "fbeta": (beta**2 * true + guessed) / (1 + beta**2),
    }[kind]
    if average == "binary":
        right, below = right[1:], below[1:]
    elif average == "micro":
        right, below = right.sum(keepdims=True), below.sum(keepdims=True)
    each = np.full(len(below), float(zero_division))
    np.divide(right, below, out=each, where=below > 0)
    if average in ("none", None):
        return each
    weights = np.ones(len(each))
    if average == "macro":
        weights = (true + guessed > 0).astype(float)  # classes that occur somewhere
    elif average == "weighted":
        weights = true.astype(float)
    total = weights.sum()
    if not counts.sum() or not total:
        return float("nan")
    return float(weights @ each / total)


class _Score(ConfusionMatrix):
    """What precision, recall and the F-measure share."""

    kind = ""
    beta = 1.0

    def __init__(
        self,
        num_classes: int = 2,
        average: str | None = "macro",
        threshold: float | None = None,
        ignore_index: int | None = None,
        zero_division: float = 0.0,
    ) -> None:
        super().__init__(num_classes, None, threshold, ignore_index)
        name = type(self).__name__
        checks.choice(name, "average", average, _AVERAGES)
        checks.unit(name, "zero_division", zero_division)
        if average == "binary" and num_classes != 2:
            raise shape_error(f"{name}: average = 'binary' is for two classes, not {num_classes}.")
        self.average, self.zero_division = average, zero_division
        self.scalar = average not in ("none", None)

    def value(self, statistics: Any) -> Any:
        """Return the measure; NaN if there was no row."""
        return _averaged(statistics, self.kind, self.beta, self.average, self.zero_division)


@explains_wrong_calls
class Precision(_Score):
    """The share of right ones among the predictions of a class, over a whole set.

    Parameters
    ----------
    num_classes : int
        How many classes there are.
    average : {"macro", "micro", "weighted", "binary", "none"} or None
        The mean over the classes that occur; over all rows; over the classes, by how often they
        occur; of class 1 alone; or each class's, as an array.
    threshold : float, optional
        For scores of the second of two classes: predict it where they are larger.
    ignore_index : int, optional
        A target that does not count, such as padding.
    zero_division : float
        The value for a class that was never predicted.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import nn
    >>> metric = nn.metrics.Precision(2, average="binary")
    >>> metric.update(np.array([1, 1, 0]), np.array([1, 0, 0]))
    >>> metric.compute()
    0.5
    """

    kind = "precision"


@explains_wrong_calls
class Recall(_Score):
    """The share of a class's rows that were predicted as such, over a whole set.

    Parameters
    ----------
    num_classes, average, threshold, ignore_index, zero_division
        As for `Precision`; zero_division is for a class without rows.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import nn
    >>> metric = nn.metrics.Recall(2, average="binary")
    >>> metric.update(np.array([1, 1, 0]), np.array([1, 0, 0]))
    >>> metric.compute()
    1.0
    """

    kind = "recall"


@explains_wrong_calls
class FBetaScore(_Score):
    r"""The weighted harmonic mean of precision and recall, over a whole set.

    .. math:: F_\beta = (1 + \beta^2) \frac{P R}{\beta^2 P + R}

    Parameters
    ----------
    beta : float
        How many times as much recall counts as precision.
    num_classes, average, threshold, ignore_index, zero_division
        As for `Precision`; zero_division is for a class that never occurs.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import nn
    >>> metric = nn.metrics.FBetaScore(2.0, average="binary")
    >>> metric(np.array([1, 1, 0]), np.array([1, 0, 0])) == 5 * 0.5 / (4 * 0.5 + 1)
    True
    """

    kind = "fbeta"

    def __init__(
        self,
        beta: float,
        num_classes: int = 2,
        average: str | None = "macro",
        threshold: float | None = None,
        ignore_index: int | None = None,
        zero_division: float = 0.0,
    ) -> None:
        super().__init__(num_classes, average, threshold, ignore_index, zero_division)
        checks.positive(type(self).__name__, "beta", beta)
        self.beta = beta


@explains_wrong_calls
class F1Score(_Score):
    """The harmonic mean of precision and recall, over a whole set.

    Parameters
    ----------
    num_classes, average, threshold, ignore_index, zero_division
        As for `Precision`; zero_division is for a class that never occurs.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import nn
    >>> model = nn.Linear(4, 3)
    >>> metrics = {"f1": nn.metrics.F1Score(3)}
    >>> trainer = nn.Trainer(model, nn.CrossEntropyLoss(), None, metrics=metrics)
    >>> sorted(trainer.evaluate((np.eye(4), np.array([0, 1, 2, 0])), batch_size=2))
    ['f1', 'loss']
    """

    kind = "fbeta"
