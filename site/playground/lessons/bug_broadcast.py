"""Find the bug: shapes that fit, but should not.

Three examples, three targets, and yet the loss adds nine differences. Step
forward and read the shapes. Mend the line and run again. The last line tells
whether the bug is gone.
"""

import numpy as np

from autograd_core import Tensor, animate

X = np.array([[1.0], [2.0], [3.0]])
target = np.array([2.0, 4.0, 6.0])
w = Tensor([[1.9]], requires_grad=True)

out = X @ w
error = out - target
loss = np.mean(error**2)

print("bug gone:", error.size == 3)
animate(loss)
