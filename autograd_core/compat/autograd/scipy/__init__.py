"""SciPy under the name ``autograd.scipy``: its values, with derivatives."""

from autograd_core.compat.autograd.scipy import integrate, linalg, signal, special, stats

__all__ = ["integrate", "linalg", "signal", "special", "stats"]
