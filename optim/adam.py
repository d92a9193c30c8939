"""Adam and AdamW."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import checks
from .keywords import accepts
from .optimizer import Optimizer
from .state import Group, State


def moments(m: Any, v: Any, g: Any, beta1: float, beta2: float, t: Any) -> None:
    """Update the running means of the gradient and of its square; t is scratch."""
    np.multiply(g, 1.0 - beta1, out=t)
    m *= beta1
    m += t
    np.multiply(g, 1.0 - beta2, out=t)  # before the square: it overflows later
    t *= g
    v *= beta2
    v += t


class Moments(Optimizer):
    """What Adam and its relatives share: betas, eps, two running means, decay of the weights."""

    def validate(self, group: Group) -> None:
        """Raise `SettingError` where a group's settings are out of range."""
        super().validate(group)
        checks.betas(self.name, group["betas"])
        checks.non_negative(self.name, "eps", group["eps"])

    squares = "exp_avg_sq"

    def squares_weight(self, group: Group) -> float:
        """Return how much of the gradient's square is added to the running mean."""
        return 1.0 - float(group["betas"][1])

    def arrays(self, group: Group) -> tuple[str, ...]:
        """Return the names of the running means."""
        return "exp_avg", "exp_avg_sq"

    def keep(self, group: Group) -> float:
        """Return the factor by which decoupled weight decay shrinks the weights."""
        return 1.0 - group["lr"] * group["weight_decay"] if self.decoupled(group) else 1.0


@accepts("foreach", "fused", "capturable", "differentiable")
class Adam(Moments):
    r"""Adam: each number has its own rate, from running means of the gradient and its square.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        p &\leftarrow p - \eta \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    Parameters
    ----------
    params : iterable
        Parameters or groups; see `Optimizer`.
    lr : float
        The learning rate.
    betas : (float, float)
        How much of the two running means is kept.
    eps : float
        Keeps the quotient finite.
    weight_decay : float
        L2 penalty, added to the gradient.
    amsgrad : bool
        Divide by the largest v so far, so that rates never grow.
    maximize : bool
        Climb instead of descend.
    decoupled_weight_decay : bool
        Shrink the weights directly instead, as `AdamW` does.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization" (2015);
    Reddi et al., "On the convergence of Adam and beyond" (2018).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> p = Tensor([3.0, -500.0], requires_grad=True)
    >>> optimizer = Adam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()  # the first step has length lr, whatever the gradient's size
    >>> p
    Tensor([   2.9, -499.9], requires_grad=True)
    """

    compiled = "adam"

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )

    def arrays(self, group: Group) -> tuple[str, ...]:
        """Return the names of the running means."""
        names = super().arrays(group)
        return (*names, "max_exp_avg_sq") if group["amsgrad"] else names

    def scalars(self, group: Group, state: State, first: bool) -> tuple[Any, ...]:
        """Return the betas, the corrected step length and eps, and the weights' shrinking."""
        step = state["step"] = state.get("step", 0) + 1
        beta1, beta2 = group["betas"]
        # m / (sqrt(v) / root + eps) = root * m / (sqrt(v) + root * eps): one pass fewer
        root = math.sqrt(1.0 - beta2**step)
        length = group["lr"] * root / (1.0 - beta1**step)
        return beta1, beta2, length, root * group["eps"], self.keep(group)

    def update(self, scalars: Any, scratch: Any, p: Any, g: Any, *state: Any) -> None:
        """Do one step on one piece."""
        beta1, beta2, length, eps, keep = scalars
        (t,) = scratch
        m, v = state[:2]
        moments(m, v, g, beta1, beta2, t)
        if keep != 1.0:
            p *= keep
        if len(state) == 3:
            v = np.maximum(state[2], v, out=state[2])
        np.sqrt(v, out=t)
        t += eps
        np.divide(m, t, out=t)
        t *= length
        p -= t


@accepts("foreach", "fused", "capturable", "differentiable")
class AdamW(Adam):
    r"""Adam with decoupled weight decay: first :math:`p \leftarrow p(1-\eta\lambda)`.

    Parameters
    ----------
    params, lr, betas, eps, amsgrad, maximize
        As for `Adam`.
    weight_decay : float
        :math:`\lambda`.

    References
    ----------
    Loshchilov and Hutter, "Decoupled weight decay regularization" (2019).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> p = Tensor([1.0], requires_grad=True)
    >>> p.grad = [0.0]
    >>> AdamW([p], lr=0.1, weight_decay=0.5).step()
    >>> p
    Tensor([0.95], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            maximize=maximize,
            decoupled_weight_decay=True,
        )
