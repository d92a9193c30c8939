"""The NumPy namespace behind ``compat.autograd.numpy``: the one place that names it."""

import autograd_core.numpy as namespace

__all__ = ["namespace"]
