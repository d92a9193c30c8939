"""The graph of a derivative.

With `create_graph`, the backward sweep is recorded as well. Its own graph can be drawn, and
differentiated again: this is how second derivatives come about.
"""

import numpy as np

from autograd_core import Tensor, draw, gradients

x = Tensor(0.7, requires_grad=True)
y = np.sin(x) * x**2
(slope,) = gradients(y, [x], create_graph=True)
slope.backward(retain_graph=True)  # the second derivative, in x.grad

picture = draw(slope)
