"""Losses of distances and margins as modules."""

from __future__ import annotations

from typing import Any

from autograd_core import optim

from . import checks
from .base_loss import Loss, WeightedLoss
from .functional import loss as f
from .likelihood import (  # noqa: F401 - pickles name them here
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    EntropyLoss,
    KLDivLoss,
    NLLLoss,
)
from .similarity import CosineSimilarity  # noqa: F401 - pickles name it here


@optim.keywords.accepts("size_average", "reduce")
class MSELoss(Loss):
    """Mean of (input - target)**2.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        The mean over all elements, their sum, or each by itself.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> float(nn.MSELoss()(np.array([3.0, 4.0]), np.zeros(2)))
    12.5
    """

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.mse_loss(input, target, reduction=self.reduction)


class HalfSquaredError(Loss):
    """Half the squared distance of each sample, mean over the batch: the textbooks' quadratic cost.

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
    >>> float(nn.HalfSquaredError()(np.array([[3.0, 4.0]]), np.zeros((1, 2))))
    12.5
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.half_squared_error(input, target, self.reduction)


@optim.keywords.accepts("size_average", "reduce")
class L1Loss(Loss):
    """Mean of abs(input - target).

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        The mean over all elements, their sum, or each by itself.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> float(nn.L1Loss()(np.array([3.0, -4.0]), np.zeros(2)))
    3.5
    """

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.l1_loss(input, target, reduction=self.reduction)


class HuberLoss(Loss):
    """Half the squared error up to delta, straight beyond (Huber, 1964).

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        The mean over all elements, their sum, or each by itself.
    delta : float
        Where the square goes over into a straight line.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.HuberLoss("none")(np.array([0.5, -4.0]), np.zeros(2))
    array([0.125, 3.5  ])
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        checks.positive("HuberLoss", "delta", delta)
        self.delta = delta

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.huber_loss(input, target, self.reduction, self.delta)


@optim.keywords.accepts("size_average", "reduce")
class SmoothL1Loss(Loss):
    """Huber loss divided by beta.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        The mean over all elements, their sum, or each by itself.
    beta : float
        Where the square goes over into a straight line; 0 is the absolute error.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.SmoothL1Loss(reduction="none", beta=2.0)(np.array([0.5, -4.0]), np.zeros(2))
    array([0.0625, 3.    ])
    """

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        checks.non_negative("SmoothL1Loss", "beta", beta)
        self.beta = beta

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HingeLoss(Loss):
    """Binary hinge, max(0, margin - t x), for targets -1 and +1.

    Parameters
    ----------
    margin : float
        The distance that is enough.
    reduction : {"mean", "sum", "none"}
        The mean over all elements, their sum, or each by itself.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> float(nn.HingeLoss()(np.array([0.25, 3.0]), np.array([1, 1])))
    0.375
    """

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        checks.real(type(self).__name__, "margin", margin)
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.hinge_loss(input, target, self.reduction, self.margin)


@optim.keywords.accepts("size_average", "reduce")
class MultiMarginLoss(WeightedLoss):
    """Multi-class hinge: mean over wrong classes j of max(0, margin - x_t + x_j)**p.

    Parameters
    ----------
    p : {1, 2}
        Power.
    margin : float
        The distance that is enough.
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
    >>> float(nn.MultiMarginLoss()(np.array([[0.0, 0.5, 0.0]]), np.array([1])).round(4))
    0.3333
    """

    def __init__(
        self, p: int = 1, margin: float = 1.0, weight: Any = None, *, reduction: str = "mean"
    ) -> None:
        super().__init__(weight, reduction=reduction)
        checks.choice("MultiMarginLoss", "p", p, (1, 2))
        checks.real("MultiMarginLoss", "margin", margin)
        self.p, self.margin = p, margin

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.multi_margin_loss(
            input, target, self.p, self.margin, self.weight, reduction=self.reduction
        )


@optim.keywords.accepts("size_average", "reduce")
class CosineEmbeddingLoss(Loss):
    """1 - cos for target 1, max(0, cos - margin) for target -1.

    Parameters
    ----------
    margin : float
        The cosine that is small enough for target -1.
    reduction : {"mean", "sum", "none"}
        The mean over the batch, the sum, or no reduction.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> float(nn.CosineEmbeddingLoss()(np.ones((1, 2)), np.ones((1, 2)), np.array([-1])).round(4))
    1.0
    """

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        checks.real(type(self).__name__, "margin", margin)
        self.margin = margin

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        """Compare."""
        return f.cosine_embedding_loss(
            input1, input2, target, self.margin, reduction=self.reduction
        )
