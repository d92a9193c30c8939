"""Losses as modules."""

from __future__ import annotations

from typing import Any

from autograd_core import optim

from . import checks
from .functional import likelihood
from .functional import loss as f
from .module import Module
from .similarity import CosineSimilarity  # noqa: F401 - pickles name it here


class _Loss(Module):
    """A loss with a reduction; its class names the function."""

    reductions: tuple[str, ...] = ("mean", "sum", "none")

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__()
        checks.choice(type(self).__name__, "reduction", reduction, self.reductions)
        self.reduction = reduction

    def extra_repr(self) -> str:
        """Return the reduction."""
        return f"reduction={self.reduction!r}"


class _WeightedLoss(_Loss):
    def __init__(self, weight: Any = None, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)


@optim.keywords.accepts("size_average", "reduce")
class MSELoss(_Loss):
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


class HalfSquaredError(_Loss):
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
class L1Loss(_Loss):
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


class HuberLoss(_Loss):
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
class SmoothL1Loss(_Loss):
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


class HingeLoss(_Loss):
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
class MultiMarginLoss(_WeightedLoss):
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
class NLLLoss(_WeightedLoss):
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
class CrossEntropyLoss(_WeightedLoss):
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
class BCELoss(_WeightedLoss):
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
class BCEWithLogitsLoss(_WeightedLoss):
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
class KLDivLoss(_Loss):
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


class EntropyLoss(_Loss):
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


@optim.keywords.accepts("size_average", "reduce")
class CosineEmbeddingLoss(_Loss):
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
