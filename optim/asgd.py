"""ASGD: gradient descent that keeps the average of the parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import checks
from .keywords import accepts
from .optimizer import Optimizer
from .state import Group, State


@accepts("foreach", "capturable", "differentiable")
class ASGD(Optimizer):
    r"""Averaged stochastic gradient descent.

    .. math::
        p \leftarrow (1 - \lambda \eta_t) p - \eta_t g, \quad
        \eta_t = \frac{\eta}{(1 + \lambda \eta t)^\alpha}

    The average of the parameters from step t0 on is in ``optimizer.state[p]["ax"]``.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, or groups of them.
    lr : float
        The first rate.
    lambd : float
        How fast the rate falls, and by what the parameters shrink.
    alpha : float
        The power of the rate's fall.
    t0 : float
        From which step on the average is taken.
    weight_decay : float
        L2 penalty.
    maximize : bool
        Go up instead of down.

    Raises
    ------
    SettingError
        If a setting is out of range.

    References
    ----------
    Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> p = Tensor([1.0], requires_grad=True)
    >>> p.grad = [2.0]
    >>> ASGD([p], lr=0.25, lambd=0.0).step()
    >>> p
    Tensor([0.5], requires_grad=True)
    """

    numbers = ("step", "eta", "mu")

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "lambd": lambd,
                "alpha": alpha,
                "t0": t0,
                "weight_decay": weight_decay,
                "maximize": maximize,
            },
        )

    def validate(self, group: Group) -> None:
        """Raise `SettingError` where a group's settings are out of range."""
        super().validate(group)
        for name in ("lambd", "alpha", "t0"):
            checks.non_negative(self.name, name, group[name])

    def arrays(self, group: Group) -> tuple[str, ...]:
        """Return the name of the average."""
        return ("ax",)

    def scalars(self, group: Group, state: State, first: bool) -> tuple[Any, ...]:
        """Return what is kept of the parameters, the rate, and the share of the average."""
        lr, lambd = group["lr"], group["lambd"]
        step = state["step"] = state.get("step", 0) + 1
        eta, mu = state.get("eta", lr), state.get("mu", 1.0)
        state["eta"] = lr / (1.0 + lambd * lr * step) ** group["alpha"]
        state["mu"] = 1.0 / max(1.0, step - group["t0"])
        return 1.0 - lambd * eta, eta, mu

    def update(self, scalars: Any, scratch: Any, p: Any, g: Any, *state: Any) -> None:
        """Do one step on one piece."""
        keep, eta, mu = scalars
        (t,), (average,) = scratch, state
        p *= keep
        np.multiply(g, eta, out=t)
        p -= t
        if mu == 1.0:
            average[...] = p
        else:
            np.subtract(p, average, out=t)
            t *= mu
            average += t
