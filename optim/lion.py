"""Lion."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import checks
from .keywords import accepts
from .optimizer import Optimizer
from .state import Group, State


@accepts("foreach", "fused", "capturable", "differentiable")
class Lion(Optimizer):
    r"""Lion: every number moves by the learning rate; the gradient decides only the sign.

    .. math:: p \leftarrow (1 - \eta \lambda) p
              - \eta\, \mathrm{sign}(\beta_1 m + (1 - \beta_1) g), \quad
              m \leftarrow \beta_2 m + (1 - \beta_2) g

    Parameters
    ----------
    params : iterable
        Parameters or groups; see `Optimizer`.
    lr : float
        The learning rate; about a tenth of Adam's.
    betas : (float, float)
        The momentum's share in the sign, and in the momentum itself.
    weight_decay : float
        :math:`\lambda`, decoupled; about ten times AdamW's.
    maximize : bool
        Climb instead of descend.

    References
    ----------
    Chen et al., "Symbolic discovery of optimization algorithms" (2023).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> p = Tensor([3.0, 4.0], requires_grad=True)
    >>> p.grad = [7.0, -0.001]
    >>> Lion([p], lr=0.5).step()
    >>> p
    Tensor([2.5, 4.5], requires_grad=True)
    """

    numbers = ()

    def __init__(
        self,
        params: Any,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {"lr": lr, "betas": betas, "weight_decay": weight_decay, "maximize": maximize},
        )

    def validate(self, group: Group) -> None:
        """Raise `SettingError` where a group's settings are out of range."""
        super().validate(group)
        checks.betas(self.name, group["betas"])

    def arrays(self, group: Group) -> tuple[str, ...]:
        """Return the momentum's name."""
        return ("exp_avg",)

    def decoupled(self, group: Group) -> bool:
        """Whether weight decay shrinks the weights directly: always."""
        return True

    def scalars(self, group: Group, state: State, first: bool) -> tuple[Any, ...]:
        """Return betas, lr and the weights' shrinking."""
        return *group["betas"], group["lr"], 1.0 - group["lr"] * group["weight_decay"]

    def update(self, scalars: Any, scratch: Any, p: Any, g: Any, *state: Any) -> None:
        """Do one step on one piece."""
        beta1, beta2, lr, keep = scalars
        (t,) = scratch
        (m,) = state
        np.subtract(m, g, out=t)  # beta1 m + (1 - beta1) g = beta1 (m - g) + g
        t *= beta1
        t += g
        np.sign(t, out=t)
        t *= lr
        if keep != 1.0:
            p *= keep
        p -= t
        np.multiply(g, 1.0 - beta2, out=t)
        m *= beta2
        m += t
