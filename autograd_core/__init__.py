"""Reverse- and forward-mode automatic differentiation of NumPy code, with a visible graph."""

from autograd_core.backward import gradients
from autograd_core.check import gradcheck
from autograd_core.checkpointing import checkpoint
from autograd_core.dual import Dual
from autograd_core.errors import *  # noqa: F403 - every error is public
from autograd_core.graph import Graph
from autograd_core.inplace import mark_overwritten
from autograd_core.modes import detect_anomaly, enable_grad, no_grad
from autograd_core.primitive import bilinear, elementwise, linear, primitive
from autograd_core.rules.graph import branch, plus, stop_gradient
from autograd_core.rules.special import logsumexp
from autograd_core.scopes import scope
from autograd_core.tensor import Tensor
from autograd_core.transforms import (
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)
from autograd_core.viewer import animate, draw
