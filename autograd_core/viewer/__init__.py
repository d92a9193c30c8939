"""Pictures of the recorded graph: drawn by Graphviz, or as text where there is none."""

from autograd_core.viewer.drawing import Drawing, draw

__all__ = ["Drawing", "draw"]
