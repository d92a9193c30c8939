"""Derivatives of solutions: of linear systems, roots and fixed points, differential equations."""

from autograd_core.transforms.adjoints import implicit, linear_solve, odeint

__all__ = ["implicit", "linear_solve", "odeint"]
