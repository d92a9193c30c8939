"""Stochastic gradient descent, with momentum and Nesterov's variant of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import errors

from . import checks
from .keywords import accepts
from .optimizer import Optimizer
from .state import Group, State


@accepts("foreach", "fused", "capturable", "differentiable")
class SGD(Optimizer):
    r"""Stochastic gradient descent, optionally with (Nesterov) momentum.

    .. math:: b \leftarrow \mu b + (1 - \tau) g, \quad p \leftarrow p - \eta b

    and for Nesterov :math:`p \leftarrow p - \eta (g + \mu b)`.  The first step
    takes :math:`b = g`.

    Parameters
    ----------
    params : iterable
        Parameters or groups; see `Optimizer`.
    lr : float
        The learning rate.
    momentum : float
        :math:`\mu`, how much of the last update is kept.
    dampening : float
        :math:`\tau`.
    weight_decay : float
        L2 penalty: this times the parameter is added to the gradient.
    nesterov : bool
        Look ahead along the momentum; needs momentum and no dampening.
    maximize : bool
        Climb instead of descend.

    References
    ----------
    Sutskever et al., "On the importance of initialization and momentum in deep
    learning" (2013); the rate multiplies the whole buffer, as in PyTorch.

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> p = Tensor([4.0], requires_grad=True)
    >>> optimizer = SGD([p], lr=0.25, momentum=0.5)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (p * p / 2).sum().backward()
    ...     optimizer.step()
    ...     print(float(p.data[0]))
    3.0
    1.75
    """

    numbers = ()
    compiled = "sgd"

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
            },
        )

    def validate(self, group: Group) -> None:
        """Raise `SettingError` where a group's settings are out of range."""
        super().validate(group)
        checks.non_negative(self.name, "momentum", group["momentum"])
        checks.number(self.name, "dampening", group["dampening"], -1e9, 1e9, "a finite number")
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise errors.SettingError(
                f"{self.name}: nesterov = True needs momentum > 0 and dampening = 0."
            )

    def arrays(self, group: Group) -> tuple[str, ...]:
        """Return the momentum buffer's name, if there is momentum."""
        return ("momentum_buffer",) if group["momentum"] else ()

    def scalars(self, group: Group, state: State, first: bool) -> tuple[Any, ...]:
        """Return lr, momentum, the gradient's share, and whether to look ahead."""
        share = 1.0 if first else 1.0 - group["dampening"]
        return group["lr"], group["momentum"], share, group["nesterov"]

    def update(self, scalars: Any, scratch: Any, p: Any, g: Any, *state: Any) -> None:
        """Do one step on one piece."""
        lr, momentum, share, nesterov = scalars
        (t,) = scratch
        if state:
            (buffer,) = state
            buffer *= momentum
            if share == 1.0:
                buffer += g
            else:
                np.multiply(g, share, out=t)
                buffer += t
            if nesterov:
                np.multiply(buffer, momentum, out=t)
                t += g
                t *= lr
                p -= t
                return
            g = buffer
        np.multiply(g, lr, out=t)
        p -= t
