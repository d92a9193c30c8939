"""Softmax and cross-entropy: the gradient is p - target.

However long the way back looks, what arrives at the scores is the
probabilities minus the target. Choose the scores in the box below the code
and compare.
"""

import numpy as np

from autograd_core import Tensor, animate

scores = Tensor([2.0, 1.0, -1.0], requires_grad=True)
target = np.array([0.0, 1.0, 0.0])

e = np.exp(scores - 2.0)  # a constant shift changes nothing, but nothing overflows
p = e / np.sum(e)
loss = -np.sum(target * np.log(p))

print("p - target =", p.data - target)
animate(loss)
