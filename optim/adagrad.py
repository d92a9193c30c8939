"""Rules that divide by the size of past gradients: Adagrad, Adadelta."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import checks
from .keywords import accepts
from .optimizer import Optimizer
from .state import Group, State


@accepts("foreach", "fused", "capturable", "differentiable")
class Adagrad(Optimizer):
    r"""Adagrad: learning rates fall with the sum of all squared gradients so far.

    .. math:: s \leftarrow s + g^2, \quad
              p \leftarrow p - \frac{\eta}{1 + (t - 1) \eta_d} \frac{g}{\sqrt{s} + \epsilon}

    Parameters
    ----------
    params : iterable
        Parameters or groups; see `Optimizer`.
    lr : float
        The learning rate.
    lr_decay : float
        :math:`\eta_d`.
    weight_decay : float
        L2 penalty, added to the gradient.
    initial_accumulator_value : float
        Where the sum starts.
    eps : float
        Keeps the quotient finite.
    maximize : bool
        Climb instead of descend.

    References
    ----------
    Duchi et al., "Adaptive subgradient methods for online learning and
    stochastic optimization" (2011).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> p = Tensor([3.0], requires_grad=True)
    >>> p.grad = [7.0]
    >>> Adagrad([p], lr=0.5).step()
    >>> p
    Tensor([2.5], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "eps": eps,
                "maximize": maximize,
            },
        )

    def validate(self, group: Group) -> None:
        """Raise `SettingError` where a group's settings are out of range."""
        super().validate(group)
        for name in ("lr_decay", "initial_accumulator_value", "eps"):
            checks.non_negative(self.name, name, group[name])

    squares = "sum"

    def arrays(self, group: Group) -> tuple[str, ...]:
        """Return the sum's name."""
        return ("sum",)

    def fill(self, name: str, group: Group) -> float:
        """Return where the sum starts."""
        return float(group["initial_accumulator_value"])

    def scalars(self, group: Group, state: State, first: bool) -> tuple[Any, ...]:
        """Return the rate and eps."""
        step = state["step"] = state.get("step", 0) + 1
        return group["lr"] / (1.0 + (step - 1) * group["lr_decay"]), group["eps"]

    def update(self, scalars: Any, scratch: Any, p: Any, g: Any, *state: Any) -> None:
        """Do one step on one piece."""
        lr, eps = scalars
        (t,) = scratch
        (total,) = state
        np.multiply(g, g, out=t)
        total += t
        np.sqrt(total, out=t)
        t += eps
        np.divide(g, t, out=t)
        t *= lr
        p -= t


@accepts("foreach", "fused", "capturable", "differentiable")
class Adadelta(Optimizer):
    r"""Adadelta: steps as large as recent steps, in the units of the parameter.

    .. math::
        v \leftarrow \rho v + (1 - \rho) g^2, \quad
        \Delta = \sqrt{\frac{u + \epsilon}{v + \epsilon}}\, g, \quad
        u \leftarrow \rho u + (1 - \rho) \Delta^2, \quad p \leftarrow p - \eta \Delta

    Parameters
    ----------
    params : iterable
        Parameters or groups; see `Optimizer`.
    lr : float
        A factor on the step, usually 1.
    rho : float
        How much of the running means is kept.
    eps : float
        Keeps the quotient finite and starts the first steps.
    weight_decay : float
        L2 penalty, added to the gradient.
    maximize : bool
        Climb instead of descend.

    References
    ----------
    Zeiler, "ADADELTA: an adaptive learning rate method" (2012).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> p = Tensor([3.0], requires_grad=True)
    >>> p.grad = [7.0]
    >>> Adadelta([p]).step()
    >>> bool(p.data[0] < 3.0)
    True
    """

    scratch = 2

    def __init__(
        self,
        params: Any,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "rho": rho,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
            },
        )

    def validate(self, group: Group) -> None:
        """Raise `SettingError` where a group's settings are out of range."""
        super().validate(group)
        checks.unit(self.name, "rho", group["rho"])
        checks.non_negative(self.name, "eps", group["eps"])

    squares = "square_avg"

    def squares_weight(self, group: Group) -> float:
        """Return how much of the gradient's square is added to the running mean."""
        return 1.0 - float(group["rho"])

    def arrays(self, group: Group) -> tuple[str, ...]:
        """Return the names of the running squares of gradient and step."""
        return "square_avg", "acc_delta"

    def scalars(self, group: Group, state: State, first: bool) -> tuple[Any, ...]:
        """Return lr, rho and eps."""
        state["step"] = state.get("step", 0) + 1
        return group["lr"], group["rho"], group["eps"]

    def update(self, scalars: Any, scratch: Any, p: Any, g: Any, *state: Any) -> None:
        """Do one step on one piece."""
        lr, rho, eps = scalars
        t, root = scratch
        v, u = state
        np.multiply(g, 1.0 - rho, out=t)  # before the square: it overflows later
        t *= g
        v *= rho
        v += t
        np.add(v, eps, out=root)
        np.add(u, eps, out=t)
        t /= root
        np.sqrt(t, out=t)
        t *= g
        np.multiply(t, t, out=root)
        root *= 1.0 - rho
        u *= rho
        u += root
        t *= lr
        p -= t
