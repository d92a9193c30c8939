"""SparseAdam: Adam for tables of which a step reads a few rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .adam import Moments, moments
from .state import Group, State
from .whole import WholeRule


class SparseAdam(WholeRule, Moments):
    r"""Adam on the rows whose gradient is not zero; the other rows and their means stay.

    For embeddings: `Adam` works on the whole table, and goes on moving a row by its momentum in
    steps that did not look it up. Here each row r with :math:`g_r \ne 0` gets

    .. math::
        m_r &\leftarrow \beta_1 m_r + (1 - \beta_1) g_r, \quad
        v_r \leftarrow \beta_2 v_r + (1 - \beta_2) g_r^2 \\
        p_r &\leftarrow p_r - \eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}
        \frac{m_r}{\sqrt{v_r} + \epsilon}

    where t counts all steps of the parameter. Gradients are dense arrays here (leave an embedding's
    ``sparse=True`` out), so a row counts as read where its gradient is not zero throughout. PyTorch
    counts rows that were looked up: it differs where such a row's gradient is exactly zero.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, or groups of them. A row is what the first index takes: a number of a
        vector, a row of a matrix.
    lr : float
        The learning rate.
    betas : (float, float)
        How much of the two running means is kept.
    eps : float
        Keeps the quotient finite.
    maximize : bool
        Climb instead of descend.

    Raises
    ------
    SettingError
        If a setting is out of range.
    UnsupportedError
        If a parameter is complex.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization" (2015), the form at the end of
    section 2, whose epsilon is not corrected.

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> table = Tensor([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], requires_grad=True)
    >>> optimizer = SparseAdam([table], lr=0.1)
    >>> np.sum(table[[0, 2]] ** 2).backward()
    >>> optimizer.step()  # row 1 was not looked up
    >>> np.round(table.data, 3)
    array([[0.9, 0.9],
           [2. , 2. ],
           [2.9, 2.9]])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})

    def scalars(self, group: Group, state: State, first: bool) -> tuple[Any, ...]:
        """Return the betas, the corrected step length, and eps."""
        step = state["step"] = state.get("step", 0) + 1
        beta1, beta2 = group["betas"]
        length = group["lr"] * math.sqrt(1.0 - beta2**step) / (1.0 - beta1**step)
        return beta1, beta2, length, group["eps"]

    def update(self, scalars: Any, scratch: Any, p: Any, g: Any, *state: Any) -> None:
        """Do one step on one parameter."""
        beta1, beta2, length, eps = scalars
        p, g, held_m, held_v = (a if a.ndim else a.reshape(1) for a in (p, g, *state))
        read = np.flatnonzero((g != 0).any(axis=tuple(range(1, g.ndim))))
        g, m, v = g[read], held_m[read], held_v[read]
        moments(m, v, g, beta1, beta2, np.empty_like(g))
        held_m[read], held_v[read] = m, v
        p[read] -= length * m / (np.sqrt(v) + eps)
