"""Two layers: matrices instead of numbers.

Four examples with two features each. The gradient of a matrix has the shape
of the matrix, and a bias adds what comes back over the examples.
"""

import numpy as np

from autograd_core import Tensor, animate

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [1.0], [1.0], [0.0]])  # exclusive or

W1 = Tensor([[1.0, -1.0, 0.5], [1.0, 0.5, -1.0]], requires_grad=True)
b1 = Tensor([0.0, 0.1, -0.1], requires_grad=True)
W2 = Tensor([[1.0], [-1.0], [0.5]], requires_grad=True)
b2 = Tensor([0.2], requires_grad=True)

h = np.tanh(X @ W1 + b1)
out = h @ W2 + b2
loss = np.mean((out - Y) ** 2)

animate(loss)
