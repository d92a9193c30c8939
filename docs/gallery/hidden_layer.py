"""A hidden layer.

Matrices go through the same graph: the gradient of a weight is a product of two matrices, and the
gradient of a bias is a sum over the rows, because the bias was added to each of them.
"""

import numpy as np

from autograd_core import Tensor, animate, draw

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(32, 2)), rng.normal(size=(32, 1))
W = Tensor(rng.normal(size=(2, 16)), requires_grad=True)
b = Tensor(np.zeros(16), requires_grad=True)
v = Tensor(rng.normal(size=(16, 1)) / 4, requires_grad=True)
h = np.maximum(X @ W + b, 0)
e = h @ v - Y
loss = np.mean(e * e)

picture = draw(loss)
page = animate(loss, title="A hidden layer")
