"""Rounding: which operation loses the digits, and whether float32 is enough."""

from autograd_core.lab.rounding import NodeRounding, Rounding, rounding

__all__ = ["NodeRounding", "Rounding", "rounding"]
