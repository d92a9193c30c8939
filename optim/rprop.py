"""Rprop: each number moves by its own step, which grows while the gradient keeps its sign."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import errors

from . import checks
from .keywords import accepts
from .optimizer import Optimizer
from .state import Group, State


@accepts("foreach", "capturable", "differentiable")
class Rprop(Optimizer):
    r"""Resilient back-propagation, for gradients of the whole data set.

    Where the gradient keeps its sign, the step grows by :math:`\eta_+`; where it changes, the step
    shrinks by :math:`\eta_-` and the number stays.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, or groups of them.
    lr : float
        The first step of each number.
    etas : tuple of float
        By what a step shrinks, below 1, and grows, above 1.
    step_sizes : tuple of float
        The smallest and the largest step.
    maximize : bool
        Go up instead of down.

    Raises
    ------
    SettingError
        If a setting is out of range.

    References
    ----------
    Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning" (1993).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> p = Tensor([1.0, -2.0], requires_grad=True)
    >>> p.grad = [300.0, -0.001]
    >>> Rprop([p], lr=0.5).step()
    >>> p
    Tensor([ 0.5, -1.5], requires_grad=True)
    """

    scratch = 2

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50.0),
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "etas": etas, "step_sizes": step_sizes, "maximize": maximize}
        )

    def validate(self, group: Group) -> None:
        """Raise `SettingError` where a group's settings are out of range."""
        super().validate(group)
        for name in ("etas", "step_sizes"):
            if not isinstance(group[name], (tuple, list)) or len(group[name]) != 2:
                raise errors.SettingError(
                    f"{self.name}: {name} = {group[name]!r}; it must be two numbers."
                )
        (down, up), (low, high) = group["etas"], group["step_sizes"]
        checks.between_0_and_1(self.name, "etas[0]", down)
        checks.number(self.name, "etas[1]", up, 1.0, 1e9, "above 1")
        checks.positive(self.name, "step_sizes[0]", low)
        checks.number(self.name, "step_sizes[1]", high, low, 1e300, f"at least {low}")

    def arrays(self, group: Group) -> tuple[str, ...]:
        """Return the names of the last gradient and of the steps."""
        return "prev", "step_size"

    def fill(self, name: str, group: Group) -> float:
        """Return what an array of the state holds before the first step."""
        return float(group["lr"]) if name == "step_size" else 0.0

    def scalars(self, group: Group, state: State, first: bool) -> tuple[Any, ...]:
        """Return the factors and the limits of the steps."""
        state["step"] = state.get("step", 0) + 1
        return (*group["etas"], *group["step_sizes"])

    def update(self, scalars: Any, scratch: Any, p: Any, g: Any, *state: Any) -> None:
        """Do one step on one piece."""
        down, up, low, high = scalars
        t, u = scratch
        last, steps = state
        np.multiply(g, last, out=t)
        turned, kept = t < 0, t > 0
        t[...] = 1.0
        t[kept], t[turned] = up, down
        steps *= t
        np.clip(steps, low, high, out=steps)
        last[...] = g
        last[turned] = 0
        np.sign(last, out=u)
        u *= steps
        p -= u
