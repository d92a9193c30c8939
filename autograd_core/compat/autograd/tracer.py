"""Boxes and primitives under the name ``autograd.tracer``; its nodes have no counterpart."""

from autograd_core.compat.autograd.boxes import Box, getval, isbox
from autograd_core.compat.autograd.operations import notrace_primitive, primitive

__all__ = ["Box", "getval", "isbox", "notrace_primitive", "primitive"]
