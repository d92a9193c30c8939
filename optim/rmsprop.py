"""RMSprop."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import checks
from .keywords import accepts
from .optimizer import Optimizer
from .state import Group, State


@accepts("foreach", "fused", "capturable", "differentiable")
class RMSprop(Optimizer):
    r"""RMSprop: the gradient divided by the root of its running mean square.

    .. math:: v \leftarrow \alpha v + (1 - \alpha) g^2, \quad
              p \leftarrow p - \eta \frac{g}{\sqrt{v} + \epsilon}

    Parameters
    ----------
    params : iterable
        Parameters or groups; see `Optimizer`.
    lr : float
        The learning rate.
    alpha : float
        How much of the running mean is kept.
    eps : float
        Keeps the quotient finite.
    weight_decay : float
        L2 penalty, added to the gradient.
    momentum : float
        How much of the last update is kept.
    centered : bool
        Subtract the squared running mean: divide by the standard deviation.
    maximize : bool
        Climb instead of descend.

    References
    ----------
    Tieleman and Hinton, "Neural networks for machine learning", lecture 6.5
    (2012); Graves, "Generating sequences with recurrent neural networks"
    (2013) for the centered form.

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> p = Tensor([3.0], requires_grad=True)
    >>> p.grad = [7.0]
    >>> RMSprop([p], lr=0.01).step()  # the first mean square is only 1 % of g squared
    >>> p
    Tensor([2.9], requires_grad=True)
    """

    scratch = 2

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "alpha": alpha,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum": momentum,
                "centered": centered,
                "maximize": maximize,
            },
        )

    def validate(self, group: Group) -> None:
        """Raise `SettingError` where a group's settings are out of range."""
        super().validate(group)
        checks.unit(self.name, "alpha", group["alpha"])
        checks.non_negative(self.name, "momentum", group["momentum"])
        checks.non_negative(self.name, "eps", group["eps"])

    squares = "square_avg"

    def squares_weight(self, group: Group) -> float:
        """Return how much of the gradient's square is added to the running mean."""
        return 1.0 - float(group["alpha"])

    def arrays(self, group: Group) -> tuple[str, ...]:
        """Return the names of what is kept with these settings."""
        names = ("square_avg",)
        if group["centered"]:
            names += ("grad_avg",)  # type: ignore[assignment]  # a tuple of any length
        if group["momentum"]:
            names += ("momentum_buffer",)  # type: ignore[assignment]
        return names

    def scalars(self, group: Group, state: State, first: bool) -> tuple[Any, ...]:
        """Return lr, alpha, eps, momentum, and whether to center."""
        state["step"] = state.get("step", 0) + 1
        return group["lr"], group["alpha"], group["eps"], group["momentum"], group["centered"]

    def update(self, scalars: Any, scratch: Any, p: Any, g: Any, *state: Any) -> None:
        """Do one step on one piece."""
        lr, alpha, eps, momentum, centered = scalars
        t, u = scratch
        v = state[0]
        np.multiply(g, 1.0 - alpha, out=t)  # before the square: it overflows later
        t *= g
        v *= alpha
        v += t
        if centered:
            mean = state[1]
            np.multiply(g, 1.0 - alpha, out=t)
            mean *= alpha
            mean += t
            np.multiply(mean, mean, out=u)
            np.subtract(v, u, out=t)
            np.maximum(t, 0.0, out=t)  # rounding may bring a variance below zero
            np.sqrt(t, out=t)
        else:
            np.sqrt(v, out=t)
        t += eps
        np.divide(g, t, out=t)
        if momentum:
            buffer = state[-1]
            buffer *= momentum
            buffer += t
            np.multiply(buffer, lr, out=t)
        else:
            t *= lr
        p -= t
