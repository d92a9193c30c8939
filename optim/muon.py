"""Muon: momentum whose matrix is made orthogonal before it is a step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.extend import errors

from . import checks
from .state import Group, State
from .whole import WholeRule


def orthogonalized(g: Any, coefficients: tuple[float, float, float], steps: int, eps: float) -> Any:
    """Return a matrix with g's singular vectors and singular values near 1 (Newton-Schulz).

    Examples
    --------
    >>> found = orthogonalized(np.diag([3.0, 0.5]), (3.4445, -4.775, 2.0315), 5, 1e-7)
    >>> bool((abs(np.linalg.svd(found)[1] - 1) < 0.35).all())
    True
    """
    a, b, c = coefficients
    tall = g.shape[0] > g.shape[1]
    x = g.T if tall else g
    x = x / max(float(np.sqrt(np.sum(np.square(x)))), eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.T if tall else x


class Muon(WholeRule):
    r"""Momentum, orthogonalized by Newton-Schulz iterations; for matrices, not for biases.

    .. math::
        m \leftarrow \mu m + (1 - \mu) g, \quad
        p \leftarrow (1 - \eta \lambda) p - \eta' \operatorname{orth}((1 - \mu) g + \mu m)

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, each with two axes; train the others by another optimizer.
    lr : float
        The rate.
    weight_decay : float
        How much the weights shrink in a step, times lr.
    momentum : float
        How much of the momentum stays.
    nesterov : bool
        Whether to look ahead; else the momentum alone is the step.
    ns_coefficients : tuple of float
        Of the iteration's polynomial.
    eps : float
        The least norm that is divided by.
    ns_steps : int
        How many iterations.
    adjust_lr_fn : {"original", "match_rms_adamw"}, optional
        How the rate depends on the shape (A, B): times sqrt(max(1, A/B)), the default, or times
        0.2 sqrt(max(A, B)), for rates that were found for AdamW.

    Raises
    ------
    SettingError
        If a setting is out of range, or a parameter is no matrix.

    References
    ----------
    Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> p = Tensor(np.zeros((2, 2)), requires_grad=True)
    >>> p.grad = np.diag([5.0, 0.1])
    >>> Muon([p], lr=1.0).step()
    >>> bool((abs(np.diag(p.data) + 1) < 0.4).all())  # both directions alike
    True
    """

    numbers = ()

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "weight_decay": weight_decay,
                "momentum": momentum,
                "nesterov": nesterov,
                "ns_coefficients": ns_coefficients,
                "eps": eps,
                "ns_steps": ns_steps,
                "adjust_lr_fn": adjust_lr_fn,
            },
        )

    def validate(self, group: Group) -> None:
        """Raise `SettingError` where a group's settings are out of range."""
        super().validate(group)
        checks.non_negative(self.name, "momentum", group["momentum"])
        checks.non_negative(self.name, "eps", group["eps"])
        checks.count(self.name, "ns_steps", group["ns_steps"])
        checks.number(self.name, "ns_steps", group["ns_steps"], 1, 99, "from 1 to 99")
        given = group["ns_coefficients"]
        if not isinstance(given, (tuple, list)) or len(given) != 3:
            raise errors.SettingError(
                f"{self.name}: ns_coefficients = {given!r}; it must be three numbers."
            )
        for k, value in enumerate(given):
            checks.finite(self.name, f"ns_coefficients[{k}]", value)
        if group["adjust_lr_fn"] not in (None, "original", "match_rms_adamw"):
            raise errors.SettingError(
                f"{self.name}: adjust_lr_fn = {group['adjust_lr_fn']!r}; it must be None, "
                "'original' or 'match_rms_adamw'."
            )
        for p in group["params"]:
            if p.ndim != 2:
                raise errors.SettingError(
                    f"{self.name}: a parameter has shape {p.shape}; only matrices can be made "
                    "orthogonal. Train the others by another optimizer, such as AdamW."
                )

    def decoupled(self, group: Group) -> bool:
        """Whether weight decay shrinks the weights directly: it does."""
        return True

    def arrays(self, group: Group) -> tuple[str, ...]:
        """Return the name of the momentum."""
        return ("momentum_buffer",)

    def scalars(self, group: Group, state: State, first: bool) -> tuple[Any, ...]:
        """Return the group's settings."""
        lr = group["lr"]
        iteration = tuple(group["ns_coefficients"]), group["ns_steps"], group["eps"]
        keep = 1.0 - lr * group["weight_decay"]
        return lr, group["momentum"], group["nesterov"], iteration, keep, group["adjust_lr_fn"]

    def update(self, scalars: Any, scratch: Any, p: Any, g: Any, *state: Any) -> None:
        """Do one step on one parameter."""
        lr, momentum, nesterov, iteration, keep, adjust = scalars
        (buffer,) = state
        buffer *= momentum
        buffer += (1.0 - momentum) * g
        ahead = (1.0 - momentum) * g + momentum * buffer if nesterov else buffer
        rows, columns = p.shape
        if adjust == "match_rms_adamw":
            lr = lr * 0.2 * math.sqrt(max(rows, columns))
        else:
            lr = lr * math.sqrt(max(1.0, rows / max(columns, 1)))
        p *= keep
        p -= lr * orthogonalized(ahead, *iteration)
