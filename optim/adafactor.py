"""Adafactor: Adam's second moment of a matrix, kept as a row and a column."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import errors

from . import checks
from .keywords import accepts
from .state import Group, State
from .whole import WholeRule, root_mean_square


@accepts("foreach")
class Adafactor(WholeRule):
    r"""Adaptive rates with little memory: of squared gradients only means of rows and columns.

    .. math::
        R_t = \beta_t R_{t-1} + (1 - \beta_t) \overline{G^2}_{\text{rows}}, \quad
        C_t = \beta_t C_{t-1} + (1 - \beta_t) \overline{G^2}_{\text{columns}}, \quad
        U = \frac{G}{\sqrt{R_t C_t / \bar R_t}}

    The step is U, with a root mean square of at most d, times the parameter's own root mean square
    (at least eps[1]) and min(lr, 1/sqrt(t)).

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, or groups of them; of one axis, the second moment is kept whole.
    lr : float
        The largest step, in units of the parameter's root mean square.
    beta2_decay : float
        The mean's share of the newest gradient is t to this power.
    eps : tuple
        Added to second moments (None: the spacing of the floats at 1); the least scale of a
        parameter.
    d : float
        The largest root mean square of a step before it is scaled.
    weight_decay : float
        How much the weights shrink in a step, times lr.
    maximize : bool
        Go up instead of down.

    Raises
    ------
    SettingError
        If a setting is out of range.

    References
    ----------
    Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost" (2018).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> p = Tensor(np.ones((3, 2)), requires_grad=True)
    >>> p.grad = np.ones((3, 2))
    >>> optimizer = Adafactor([p], lr=0.5)
    >>> optimizer.step()
    >>> float(p.data[0, 0]), {k: np.shape(v) for k, v in optimizer.state[p].items()}
    (0.5, {'row_var': (3, 1), 'col_var': (1, 2), 'step': ()})
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "beta2_decay": beta2_decay,
                "eps": eps,
                "d": d,
                "weight_decay": weight_decay,
                "maximize": maximize,
            },
        )

    def validate(self, group: Group) -> None:
        """Raise `SettingError` where a group's settings are out of range."""
        super().validate(group)
        checks.number(self.name, "beta2_decay", group["beta2_decay"], -1e9, 0.0, "0 or below")
        if not isinstance(group["eps"], (tuple, list)) or len(group["eps"]) != 2:
            raise errors.SettingError(
                f"{self.name}: eps = {group['eps']!r}; it must be two numbers, or None and one."
            )
        if group["eps"][0] is not None:
            checks.non_negative(self.name, "eps[0]", group["eps"][0])
        checks.non_negative(self.name, "eps[1]", group["eps"][1])
        checks.number(self.name, "d", group["d"], 1.0, 1e300, "at least 1")

    def decoupled(self, group: Group) -> bool:
        """Whether weight decay shrinks the weights directly: it does."""
        return True

    def arrays_of(self, group: Group, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Return the arrays kept for a parameter of a shape, and their shapes."""
        if len(shape) < 2:
            return {"variance": shape}
        return {"row_var": (*shape[:-1], 1), "col_var": (*shape[:-2], 1, shape[-1])}

    def scalars(self, group: Group, state: State, first: bool) -> tuple[Any, ...]:
        """Return the newest gradient's share, the step's scale and limits, the shrinking."""
        step = state["step"] = state.get("step", 0) + 1
        lr = group["lr"]
        share, scale = step ** group["beta2_decay"], min(lr, step**-0.5)
        return share, scale, *group["eps"], group["d"], 1.0 - lr * group["weight_decay"]

    def update(self, scalars: Any, scratch: Any, p: Any, g: Any, *state: Any) -> None:
        """Do one step on one parameter."""
        share, scale, eps, least, d, keep = scalars
        eps = float(np.finfo(p.dtype).eps) if eps is None else eps
        alpha = max(least, root_mean_square(p)) * scale if p.size else 0.0
        if keep != 1.0:
            p *= keep
        if not p.size:
            return
        squares = np.square(g)
        if len(state) == 2:
            rows, columns = state
            rows += share * (squares.mean(axis=-1, keepdims=True) - rows)
            columns += share * (squares.mean(axis=-2, keepdims=True) - columns)
            mean = np.maximum(rows.mean(axis=-2, keepdims=True), eps)
            second = rows * columns / mean
        else:
            (second,) = state
            second += share * (squares - second)
        step = g / np.sqrt(np.maximum(second, eps * eps))
        p -= (alpha / max(1.0, root_mean_square(step) / d)) * step
