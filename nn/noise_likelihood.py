"""Losses of noise and of sequences as modules: Gaussian, Poisson, and CTC."""

from __future__ import annotations

from typing import Any

from autograd_core import optim

from . import checks
from .base_loss import Loss
from .functional.ctc import ctc_loss
from .functional.noise_likelihood import gaussian_nll_loss, poisson_nll_loss


class GaussianNLLLoss(Loss):
    """Minus the log-likelihood of targets under N(input, var).

    Parameters
    ----------
    full : bool
        Whether to add log(2 pi) / 2.
    eps : float
        The least variance.
    reduction : {"mean", "sum", "none"}
        The mean over all elements, the sum, or no reduction.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> x, t, var = np.zeros(2), np.array([1.0, 2.0]), np.array([1.0, 4.0])
    >>> nn.GaussianNLLLoss(reduction="none")(x, t, var).round(4)
    array([0.5   , 1.1931])
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        checks.positive("GaussianNLLLoss", "eps", eps)
        self.full = full
        self.eps = eps

    def forward(self, input: Any, target: Any, var: Any) -> Any:
        """Compare."""
        return gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)


@optim.keywords.accepts("size_average", "reduce")
class PoissonNLLLoss(Loss):
    """Minus the log-likelihood of counts under Poisson.

    Parameters
    ----------
    log_input : bool
        Whether the input is the logarithm of the expected count.
    full : bool
        Whether to add Stirling's approximation of log(t!).
    eps : float
        Added before the logarithm if log_input is False.
    reduction : {"mean", "sum", "none"}
        The mean over all elements, the sum, or no reduction.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.PoissonNLLLoss(reduction="none")(np.zeros(2), np.array([0.0, 3.0]))
    array([1., 1.])
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        *,
        eps: float = 1e-8,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        checks.positive("PoissonNLLLoss", "eps", eps)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Any, target: Any) -> Any:
        """Compare."""
        return poisson_nll_loss(
            log_input, target, self.log_input, self.full, eps=self.eps, reduction=self.reduction
        )


class CTCLoss(Loss):
    """Minus the log-probability of sequences of labels, over all ways to place them in time.

    Parameters
    ----------
    blank : int
        The class that stands for no label.
    reduction : {"mean", "sum", "none"}
        The mean over the batch of losses by label, the sum, or no reduction.
    zero_infinity : bool
        Whether labels that do not fit into a sequence count 0, in place of infinity.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> log_probs = np.log(np.full((2, 1, 3), 1 / 3))
    >>> float(nn.CTCLoss()(log_probs, np.array([[1]]), [2], [1]).round(4))
    1.0986
    """

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        checks.count("CTCLoss", "blank", blank, 0)
        self.blank, self.zero_infinity = blank, zero_infinity

    def forward(self, log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any) -> Any:
        """Compare."""
        return ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction,
            self.zero_infinity,
        )  # fmt: skip
