"""Losses of margins as modules: pairs, triplets, and several classes at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_core import optim

from . import checks
from .base_loss import Loss, WeightedLoss
from .functional import margins as f


@optim.keywords.accepts("size_average", "reduce")
class MarginRankingLoss(Loss):
    """max(0, margin - t (x1 - x2)): which of two scores shall be the higher one.

    Parameters
    ----------
    margin : float
        The distance that is enough.
    reduction : {"mean", "sum", "none"}
        The mean over all elements, the sum, or no reduction.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> float(nn.MarginRankingLoss()(np.array([1.0]), np.array([3.0]), np.array([1.0])))
    2.0
    """

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        checks.real("MarginRankingLoss", "margin", margin)
        self.margin = margin

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        """Compare."""
        return f.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


@optim.keywords.accepts("size_average", "reduce")
class HingeEmbeddingLoss(Loss):
    """x for target 1, max(0, margin - x) for target -1, of distances x.

    Parameters
    ----------
    margin : float
        The distance that is enough.
    reduction : {"mean", "sum", "none"}
        The mean over all elements, the sum, or no reduction.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.HingeEmbeddingLoss(reduction="none")(np.array([0.25, 0.25]), np.array([1, -1]))
    array([0.25, 0.75])
    """

    def __init__(self, margin: float = 1.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        checks.real("HingeEmbeddingLoss", "margin", margin)
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


@optim.keywords.accepts("size_average", "reduce")
class TripletMarginLoss(Loss):
    """max(0, margin + |a - p| - |a - n|): the positive shall be nearer than the negative.

    Parameters
    ----------
    margin : float
        The difference that is enough.
    p : float
        The norm's power.
    eps : float
        Added to differences.
    swap : bool
        Take the distance from the positive to the negative if it is smaller.
    reduction : {"mean", "sum", "none"}
        The mean over the batch, the sum, or no reduction.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> a, p, n = np.zeros((1, 2)), np.array([[3.0, 4.0]]), np.array([[0.0, 2.0]])
    >>> float(nn.TripletMarginLoss()(a, p, n).round(4))
    4.0
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        *,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        checks.positive("TripletMarginLoss", "margin", margin)
        checks.real("TripletMarginLoss", "eps", eps)
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        """Compare."""
        return f.triplet_margin_loss(
            anchor,
            positive,
            negative,
            self.margin,
            self.p,
            self.eps,
            self.swap,
            reduction=self.reduction,
        )


class TripletMarginWithDistanceLoss(Loss):
    """`TripletMarginLoss` with a distance of one's own.

    Parameters
    ----------
    distance_function : callable, optional
        From two of them to their distances; `functional.pairwise_distance` by default.
    margin : float
        The difference that is enough.
    swap : bool
        Take the distance from the positive to the negative if it is smaller.
    reduction : {"mean", "sum", "none"}
        The mean over the batch, the sum, or no reduction.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> a, p, n = np.zeros((1, 2)), np.array([[3.0, 4.0]]), np.array([[0.0, 2.0]])
    >>> loss = nn.TripletMarginWithDistanceLoss(
    ...     distance_function=lambda x, y: np.max(np.abs(x - y), axis=-1)
    ... )
    >>> float(loss(a, p, n))
    3.0
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Any, Any], Any] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        checks.positive("TripletMarginWithDistanceLoss", "margin", margin)
        self.distance_function = distance_function
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        """Compare."""
        return f.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )


@optim.keywords.accepts("size_average", "reduce")
class SoftMarginLoss(Loss):
    """log(1 + exp(-t x)): the logistic loss of targets -1 and +1.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        The mean over all elements, the sum, or no reduction.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> float(nn.SoftMarginLoss()(np.zeros(2), np.array([1.0, -1.0])).round(4))
    0.6931
    """

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.soft_margin_loss(input, target, reduction=self.reduction)


@optim.keywords.accepts("size_average", "reduce")
class MultiLabelMarginLoss(Loss):
    """Mean over classes of max(0, 1 - x_t + x_j), t right and j not.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        The mean over the batch, the sum, or no reduction.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> x = np.array([[0.1, 0.2, 0.4, 0.8]])
    >>> float(nn.MultiLabelMarginLoss()(x, np.array([[3, 0, -1, 1]])).round(4))
    0.85
    """

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.multilabel_margin_loss(input, target, reduction=self.reduction)


@optim.keywords.accepts("size_average", "reduce")
class MultiLabelSoftMarginLoss(WeightedLoss):
    """Binary cross-entropy of each class with logits, mean over the classes.

    Parameters
    ----------
    weight : shape (classes,), optional
        A factor for each class.
    reduction : {"mean", "sum", "none"}
        The mean over the batch, the sum, or no reduction.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> x, t = np.zeros((1, 2)), np.array([[1.0, 0.0]])
    >>> float(nn.MultiLabelSoftMarginLoss()(x, t).round(4))
    0.6931
    """

    def __init__(self, weight: Any = None, *, reduction: str = "mean") -> None:
        super().__init__(weight, reduction=reduction)

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)
