"""Losses as modules."""

from __future__ import annotations

from typing import Any

from autograd_core import optim

from . import checks
from .functional import loss as f
from .functional.similarity import cosine_similarity
from .module import Module


class _Loss(Module):
    """A loss with a reduction; its class names the function."""

    reductions: tuple[str, ...] = ("mean", "sum", "none")

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        checks.choice(type(self).__name__, "reduction", reduction, self.reductions)
        self.reduction = reduction

    def extra_repr(self) -> str:
        """Return the reduction."""
        return f"reduction={self.reduction!r}"


class _WeightedLoss(_Loss):
    def __init__(self, weight: Any = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)


@optim.keywords.accepts("size_average", "reduce")
class MSELoss(_Loss):
    """Mean of (input - target)**2."""

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.mse_loss(input, target, self.reduction)


class HalfSquaredError(_Loss):
    """Half the squared distance of each sample, mean over the batch: the textbooks' quadratic cost.

    Examples
    --------
    >>> import numpy as np, nn
    >>> float(nn.HalfSquaredError()(np.array([[3.0, 4.0]]), np.zeros((1, 2))))
    12.5
    """

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.half_squared_error(input, target, self.reduction)


@optim.keywords.accepts("size_average", "reduce")
class L1Loss(_Loss):
    """Mean of abs(input - target)."""

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.l1_loss(input, target, self.reduction)


class HuberLoss(_Loss):
    """Squared error up to delta, absolute error beyond."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        checks.positive("HuberLoss", "delta", delta)
        self.delta = delta

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.huber_loss(input, target, self.reduction, self.delta)


@optim.keywords.accepts("size_average", "reduce")
class SmoothL1Loss(_Loss):
    """Huber loss divided by beta."""

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        checks.non_negative("SmoothL1Loss", "beta", beta)
        self.beta = beta

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.smooth_l1_loss(input, target, self.reduction, self.beta)


class HingeLoss(_Loss):
    """Binary hinge, max(0, margin - t x), for targets -1 and +1."""

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        checks.real(type(self).__name__, "margin", margin)
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.hinge_loss(input, target, self.reduction, self.margin)


@optim.keywords.accepts("size_average", "reduce")
class MultiMarginLoss(_WeightedLoss):
    """Multi-class hinge."""

    def __init__(
        self, p: int = 1, margin: float = 1.0, weight: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(weight, reduction)
        checks.choice("MultiMarginLoss", "p", p, (1, 2))
        checks.real("MultiMarginLoss", "margin", margin)
        self.p, self.margin = p, margin

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.multi_margin_loss(input, target, self.p, self.margin, self.weight, self.reduction)


@optim.keywords.accepts("size_average", "reduce")
class NLLLoss(_WeightedLoss):
    """Minus the log-probability of each sample's class; takes log-probabilities."""

    def __init__(
        self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        super().__init__(weight, reduction)
        checks.count("NLLLoss", "ignore_index", ignore_index, -(2**63))
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


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

    Examples
    --------
    >>> import numpy as np, nn
    >>> round(float(nn.CrossEntropyLoss()(np.zeros((5, 10)), np.arange(5))), 4)
    2.3026
    """

    def __init__(
        self,
        weight: Any = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, reduction)
        checks.count("CrossEntropyLoss", "ignore_index", ignore_index, -(2**63))
        checks.unit("CrossEntropyLoss", "label_smoothing", label_smoothing)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.cross_entropy(
            input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )


@optim.keywords.accepts("size_average", "reduce")
class BCELoss(_WeightedLoss):
    """Binary cross-entropy of probabilities."""

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.binary_cross_entropy(input, target, self.weight, self.reduction)


@optim.keywords.accepts("size_average", "reduce")
class BCEWithLogitsLoss(_WeightedLoss):
    """Binary cross-entropy of sigmoid(input); takes logits."""

    def __init__(self, weight: Any = None, reduction: str = "mean", pos_weight: Any = None) -> None:
        super().__init__(weight, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.binary_cross_entropy_with_logits(
            input, target, self.weight, self.reduction, self.pos_weight
        )


@optim.keywords.accepts("size_average", "reduce")
class KLDivLoss(_Loss):
    """Kullback-Leibler divergence; input holds log-probabilities."""

    reductions = ("mean", "sum", "none", "batchmean")

    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction)
        self.log_target = log_target

    def forward(self, input: Any, target: Any) -> Any:
        """Compare."""
        return f.kl_div(input, target, self.reduction, self.log_target)


class EntropyLoss(_Loss):
    """Entropy of softmax(input); add it, or subtract it to keep a policy exploring."""

    def __init__(self, dim: int = -1, reduction: str = "mean") -> None:
        super().__init__(reduction)
        checks.axis("EntropyLoss", "dim", dim)
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """Measure."""
        return f.entropy(input, self.dim, self.reduction)


class CosineSimilarity(Module):
    """Cosine of the angle between two vectors along an axis."""

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        checks.axis("CosineSimilarity", "dim", dim)
        checks.non_negative("CosineSimilarity", "eps", eps)
        self.dim, self.eps = dim, eps

    def forward(self, x1: Any, x2: Any) -> Any:
        """Compare."""
        return cosine_similarity(x1, x2, self.dim, self.eps)


@optim.keywords.accepts("size_average", "reduce")
class CosineEmbeddingLoss(_Loss):
    """1 - cos for target 1, max(0, cos - margin) for target -1."""

    def __init__(self, margin: float = 0.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        checks.real(type(self).__name__, "margin", margin)
        self.margin = margin

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        """Compare."""
        return f.cosine_embedding_loss(input1, input2, target, self.margin, self.reduction)
