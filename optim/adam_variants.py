"""Rules near Adam: NAdam, RAdam, Adamax."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import checks
from .adam import Moments, moments
from .keywords import accepts
from .state import Group, State


@accepts("foreach", "fused", "capturable", "differentiable")
class NAdam(Moments):
    r"""Adam with Nesterov momentum: the gradient's own share is corrected separately.

    .. math::
        \mu_t = \beta_1 \left(1 - \tfrac12\, 0.96^{t \psi}\right), \quad
        p \leftarrow p - \frac{\eta}{\sqrt{\hat v} + \epsilon} \left(
        \frac{1 - \mu_t}{1 - \prod_{i \le t} \mu_i}\, g +
        \frac{\mu_{t+1}}{1 - \prod_{i \le t+1} \mu_i}\, m \right)

    Parameters
    ----------
    params, lr, betas, eps, weight_decay, maximize, decoupled_weight_decay
        As for `Adam`.
    momentum_decay : float
        :math:`\psi`.

    References
    ----------
    Dozat, "Incorporating Nesterov momentum into Adam" (2016).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> p = Tensor([1.0], requires_grad=True)
    >>> p.grad = [2.0]
    >>> NAdam([p], lr=0.1).step()
    >>> bool(p.data[0] < 1.0)
    True
    """

    numbers = ("step", "mu_product")
    scratch = 2

    def __init__(
        self,
        params: Any,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
            },
        )

    def validate(self, group: Group) -> None:
        """Raise `SettingError` where a group's settings are out of range."""
        super().validate(group)
        checks.non_negative(self.name, "momentum_decay", group["momentum_decay"])

    def scalars(self, group: Group, state: State, first: bool) -> tuple[Any, ...]:
        """Return betas, the shares of gradient and momentum, eps, the weights' shrinking."""
        step = state["step"] = state.get("step", 0) + 1
        beta1, beta2 = group["betas"]
        psi = group["momentum_decay"]
        now = beta1 * (1.0 - 0.5 * 0.96 ** (step * psi))
        after = beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * psi))
        product = state["mu_product"] = state.get("mu_product", 1.0) * now
        root = math.sqrt(1.0 - beta2**step)
        of_g = group["lr"] * root * (1.0 - now) / (1.0 - product)
        of_m = group["lr"] * root * after / (1.0 - product * after)
        return beta1, beta2, of_g, of_m, root * group["eps"], self.keep(group)

    def update(self, scalars: Any, scratch: Any, p: Any, g: Any, *state: Any) -> None:
        """Do one step on one piece."""
        beta1, beta2, of_g, of_m, eps, keep = scalars
        t, u = scratch
        m, v = state
        moments(m, v, g, beta1, beta2, t)
        if keep != 1.0:
            p *= keep
        np.multiply(g, of_g, out=t)
        np.multiply(m, of_m, out=u)
        t += u
        np.sqrt(v, out=u)
        u += eps
        t /= u
        p -= t


@accepts("foreach", "fused", "capturable", "differentiable")
class RAdam(Moments):
    r"""Adam that rectifies its rate while the running square is still uncertain.

    With :math:`\rho_\infty = 2 / (1 - \beta_2) - 1` and
    :math:`\rho_t = \rho_\infty - 2 t \beta_2^t / (1 - \beta_2^t)`, steps with
    :math:`\rho_t \le 5` use momentum alone, later ones Adam's rule times

    .. math:: r_t = \sqrt{\frac{(\rho_t - 4)(\rho_t - 2)\rho_\infty}
                               {(\rho_\infty - 4)(\rho_\infty - 2)\rho_t}}

    Parameters
    ----------
    params, lr, betas, eps, weight_decay, maximize, decoupled_weight_decay
        As for `Adam`.

    References
    ----------
    Liu et al., "On the variance of the adaptive learning rate and beyond" (2020).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> p = Tensor([1.0], requires_grad=True)
    >>> p.grad = [2.0]
    >>> RAdam([p], lr=0.1).step()
    >>> p  # the first steps are plain momentum
    Tensor([0.8], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
            },
        )

    def scalars(self, group: Group, state: State, first: bool) -> tuple[Any, ...]:
        """Return betas, the step length, whether it is rectified, eps, the shrinking."""
        step = state["step"] = state.get("step", 0) + 1
        beta1, beta2 = group["betas"]
        rest = 1.0 - beta2**step
        longest = 2.0 / (1.0 - beta2) - 1.0
        rho = longest - 2.0 * step * beta2**step / rest
        length = group["lr"] / (1.0 - beta1**step)
        rectified = rho > 5.0
        if rectified:
            length *= math.sqrt(
                rest
                * ((rho - 4.0) * (rho - 2.0) * longest)
                / ((longest - 4.0) * (longest - 2.0) * rho)
            )
        return beta1, beta2, length, rectified, group["eps"], self.keep(group)

    def update(self, scalars: Any, scratch: Any, p: Any, g: Any, *state: Any) -> None:
        """Do one step on one piece."""
        beta1, beta2, length, rectified, eps, keep = scalars
        (t,) = scratch
        m, v = state
        moments(m, v, g, beta1, beta2, t)
        if keep != 1.0:
            p *= keep
        if rectified:
            np.sqrt(v, out=t)
            t += eps
            np.divide(m, t, out=t)
            t *= length
        else:
            np.multiply(m, length, out=t)
        p -= t


@accepts("foreach", "fused", "capturable", "differentiable")
class Adamax(Moments):
    r"""Adam with the largest recent gradient in place of the mean square.

    .. math:: u \leftarrow \max(\beta_2 u, |g| + \epsilon), \quad
              p \leftarrow p - \frac{\eta}{1 - \beta_1^t} \frac{m}{u}

    Parameters
    ----------
    params, lr, betas, eps, weight_decay, maximize
        As for `Adam`.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization" (2015), section 7.

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> p = Tensor([1.0], requires_grad=True)
    >>> p.grad = [2.0]
    >>> Adamax([p], lr=0.1).step()
    >>> p
    Tensor([0.9], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
            },
        )

    squares = ""  # no gradient is squared

    def arrays(self, group: Group) -> tuple[str, ...]:
        """Return the names of the running mean and of the running maximum."""
        return "exp_avg", "exp_inf"

    def scalars(self, group: Group, state: State, first: bool) -> tuple[Any, ...]:
        """Return betas, the step length, eps."""
        step = state["step"] = state.get("step", 0) + 1
        beta1, beta2 = group["betas"]
        return beta1, beta2, group["lr"] / (1.0 - beta1**step), group["eps"]

    def update(self, scalars: Any, scratch: Any, p: Any, g: Any, *state: Any) -> None:
        """Do one step on one piece."""
        beta1, beta2, length, eps = scalars
        (t,) = scratch
        m, u = state
        np.multiply(g, 1.0 - beta1, out=t)
        m *= beta1
        m += t
        u *= beta2
        np.absolute(g, out=t)
        t += eps
        np.maximum(u, t, out=u)
        np.divide(m, u, out=t)
        t *= length
        p -= t
