"""One neuron.

A sigmoid and its cross-entropy. The gradient at z is p minus the target: the two derivatives
between them cancel.
"""

import numpy as np

from autograd_core import Tensor, animate, draw

x, target = np.array([1.0, -2.0, 0.5]), 1.0
w = Tensor([0.4, 0.3, -0.6], requires_grad=True)
b = Tensor(0.1, requires_grad=True)
z = w @ x + b
p = 1 / (1 + np.exp(-z))
loss = -(target * np.log(p) + (1 - target) * np.log(1 - p))

picture = draw(loss)
page = animate(loss, title="One neuron")
