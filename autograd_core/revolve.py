"""Loops of many steps differentiated with few states in memory: binomial checkpointing."""

from autograd_core.transforms.revolve import Action, Counts, Revolve, advances, revolve, schedule

__all__ = ["Action", "Counts", "Revolve", "advances", "revolve", "schedule"]
