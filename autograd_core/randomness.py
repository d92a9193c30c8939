"""Random draws under vmap."""

from autograd_core.transforms.randomness import draw

__all__ = ["draw"]
