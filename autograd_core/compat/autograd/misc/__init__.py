"""Pytrees as vectors, optimizers and fixed points, under ``autograd.misc``."""

from autograd_core.compat.autograd.misc.flatten import flatten
from autograd_core.compat.autograd.misc.tracers import const_graph

__all__ = ["const_graph", "flatten"]
