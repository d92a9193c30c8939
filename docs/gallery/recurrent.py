"""A recurrent network.

The same two weights are used at every step of time. So each of them is a branch, and its gradient
is a sum over the steps.
"""

import numpy as np

from autograd_core import Tensor, animate, draw

rng = np.random.default_rng(1)
inputs = rng.normal(size=(3, 2))
W = Tensor(rng.normal(size=(4, 2)) / 2, requires_grad=True)
U = Tensor(rng.normal(size=(4, 4)) / 2, requires_grad=True)
h1 = np.tanh(W @ inputs[0])
h2 = np.tanh(W @ inputs[1] + U @ h1)
h3 = np.tanh(W @ inputs[2] + U @ h2)
loss = np.sum(h3**2)

picture = draw(loss)
page = animate(loss, title="Three steps of time")
