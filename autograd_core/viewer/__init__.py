"""Pictures of the recorded graph, and a page that steps through its back-propagation."""

from autograd_core.viewer.animation import Animation
from autograd_core.viewer.drawing import Drawing, draw
from autograd_core.viewer.layout_hook import use_layout
from autograd_core.viewer.stepping import animate

__all__ = ["Animation", "Drawing", "animate", "draw", "use_layout"]


def __dir__() -> list[str]:
    return sorted(__all__)
