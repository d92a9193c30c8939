"""Forward against reverse: why training goes backward.

One forward sweep answers how everything changes with one input number. One
reverse sweep answers how the output changes with all of them. Switch the mode
at the top of the page, and watch the counter below the graph.
"""

import numpy as np

from autograd_core import Tensor, animate, cost

w = Tensor([0.5, -1.0, 2.0, 0.3, -0.7, 1.1], requires_grad=True)
x = np.array([1.0, 2.0, -1.0, 0.5, 3.0, -2.0])
y = np.tanh(np.sum(w * x))

print(cost(lambda w: np.tanh(np.sum(w * x)), np.ones(6)))
animate(y, mode="forward")
