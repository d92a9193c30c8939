"""What losses share: a reduction, and weights that are saved with them."""

from __future__ import annotations

from typing import Any

from . import checks
from .module import Module


class Loss(Module):
    """A loss with a reduction; its class names the function."""

    reductions: tuple[str, ...] = ("mean", "sum", "none")

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__()
        checks.choice(type(self).__name__, "reduction", reduction, self.reductions)
        self.reduction = reduction

    def extra_repr(self) -> str:
        """Return the reduction."""
        return f"reduction={self.reduction!r}"


class WeightedLoss(Loss):
    """A loss with weights, of classes or of elements, that are saved and not trained."""

    def __init__(self, weight: Any = None, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)
