"""A neuron: weights, a bias, a sigmoid and a loss.

The delta of the output, (a - y) a (1 - a), goes back to the sum z. Each
weight receives it times its own input.
"""

import numpy as np

from autograd_core import Tensor, animate

x1, x2, y = 1.0, -2.0, 1.0
w1 = Tensor(0.5, requires_grad=True)
w2 = Tensor(-0.3, requires_grad=True)
b = Tensor(0.1, requires_grad=True)

z = w1 * x1 + w2 * x2 + b
a = 1 / (1 + np.exp(-z))
loss = 0.5 * (a - y) ** 2

animate(loss)
