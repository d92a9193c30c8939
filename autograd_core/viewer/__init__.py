"""Pictures of the recorded graph, and a page that steps through its back-propagation."""

from autograd_core.viewer.animation import Animation, animate
from autograd_core.viewer.drawing import Drawing, draw

__all__ = ["Animation", "Drawing", "animate", "draw"]
