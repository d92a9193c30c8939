"""Losses of probabilities as modules: likelihoods, cross-entropies, divergence, entropy."""

from __future__ import annotations

from typing import Any

from autograd_core import optim

from . import checks
from .base_loss import Loss, WeightedLoss
from .functional import likelihood


@optim.keywords.accepts("size_average", "reduce")
class NLLLoss(WeightedLoss):
    """Minus the log-probability of each sample's class; takes log-probabilities.

    Parameters
    ----------
    weight : shape (classes,), optional
        A factor for each class.
    ignore_index : int
        Samples with this class count nothing.
    reduction : {"mean", "sum", "none"}
        The mean divides by the total weight.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> float(nn.NLLLoss()(np.log([[0.25, 0.75]]), np.array([0])).round(4))
    1.3863
    """

    def __init__(
        self, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        super().__init__(weight, reduction=reduction)
        checks.count("NLLLoss", "ignore_index", ignore_index, -(2**63))
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return likelihood.nll_loss(
            input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction
        )


@optim.keywords.accepts("size_average", "reduce")
class CrossEntropyLoss(WeightedLoss):
    """Cross-entropy of softmax(input) with class indices or distributions; takes logits.

    Parameters
    ----------
    weight : shape (classes,), optional
        A factor for each class.
    ignore_index : int
        Samples with this class do not count.
    reduction : {"mean", "sum", "none"}
        The mean divides by the total weight.
    label_smoothing : float
        This much of the target is spread evenly over all classes.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> round(float(nn.CrossEntropyLoss()(np.zeros((5, 10)), np.arange(5))), 4)
    2.3026
    """

    def __init__(
        self,
        weight: Any = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, reduction=reduction)
        checks.count("CrossEntropyLoss", "ignore_index", ignore_index, -(2**63))
        checks.unit("CrossEntropyLoss", "label_smoothing", label_smoothing)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return likelihood.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


@optim.keywords.accepts("size_average", "reduce")
class BCELoss(WeightedLoss):
    """Binary cross-entropy of probabilities, -(t log p + (1 - t) log(1 - p)).

    Parameters
    ----------
    weight : array, optional
        A factor for each element; it broadcasts.
    reduction : {"mean", "sum", "none"}
        The mean over all elements, their sum, or each by itself.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> float(nn.BCELoss()(np.array([0.25]), np.array([1.0])).round(4))
    1.3863
    """

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return likelihood.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


@optim.keywords.accepts("size_average", "reduce")
class BCEWithLogitsLoss(WeightedLoss):
    """Binary cross-entropy of sigmoid(input); takes logits.

    Parameters
    ----------
    weight : array, optional
        A factor for each element; it broadcasts.
    reduction : {"mean", "sum", "none"}
        The mean over all elements, their sum, or each by itself.
    pos_weight : array, optional
        A factor for the positive targets; it broadcasts.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> float(nn.BCEWithLogitsLoss()(np.array([0.0]), np.array([1.0])).round(4))
    0.6931
    """

    def __init__(
        self, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None
    ) -> None:
        super().__init__(weight, reduction=reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return likelihood.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


@optim.keywords.accepts("size_average", "reduce")
class KLDivLoss(Loss):
    """Kullback-Leibler divergence; input holds log-probabilities.

    Parameters
    ----------
    reduction : {"mean", "sum", "none", "batchmean"}
        The divergence itself is "batchmean": the sum over classes, mean over the batch.
    log_target : bool
        Whether the target holds logarithms too.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> float(nn.KLDivLoss(reduction="sum")(np.log([0.5, 0.5]), np.array([1.0, 0.0])).round(4))
    0.6931
    """

    reductions = ("mean", "sum", "none", "batchmean")

    def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.log_target = log_target

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return likelihood.kl_div(
            input, target, reduction=self.reduction, log_target=self.log_target
        )


class EntropyLoss(Loss):
    """Entropy of softmax(input); add it, or subtract it to keep a policy exploring.

    Parameters
    ----------
    dim : int
        The axis of the classes.
    reduction : {"mean", "sum", "none"}
        The mean over the batch, the sum, or no reduction.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> float(nn.EntropyLoss()(np.zeros((3, 4))).round(4))
    1.3863
    """

    def __init__(self, dim: int = -1, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        checks.axis("EntropyLoss", "dim", dim)
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """Measure."""
        return likelihood.entropy(input, self.dim, self.reduction)
