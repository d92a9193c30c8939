"""Pictures of the recorded graph, and a page that steps through its back-propagation."""

from autograd_core.viewer.drawing import Drawing, draw

__all__ = ["Drawing", "draw"]
