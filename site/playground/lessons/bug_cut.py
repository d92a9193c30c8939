"""Find the bug: a weight that never learns.

w1 gets no gradient. Step backward and see where the dashed lines end. Mend
the line and run again. The last line tells whether the bug is gone.
"""

import numpy as np

from autograd_core import Tensor, animate, explain

x = np.array([1.0, 2.0])
w1 = Tensor([[0.5, -0.4], [0.3, 0.8]], requires_grad=True)
w2 = Tensor([1.0, -2.0], requires_grad=True)

h = np.tanh(x @ w1)
size = np.sqrt(np.sum(h * h))
h = h.detach() / size.detach()
loss = np.sum(h * w2) ** 2

why = explain(w1, loss)
print(why)
print("bug gone:", not why.reason)
animate(loss)
