"""Attention.

Queries ask, keys answer, and the softmax of their products weighs the values. The input goes three
ways and comes together again.
"""

import numpy as np

from autograd_core import Tensor, animate, draw, nn

rng = np.random.default_rng(2)
x = Tensor(rng.normal(size=(5, 4)), requires_grad=True)
Wq, Wk, Wv = (Tensor(rng.normal(size=(4, 4)) / 2, requires_grad=True) for _ in range(3))
q, k, v = x @ Wq, x @ Wk, x @ Wv
weights = nn.functional.softmax(q @ k.T / 2, dim=-1)
out = weights @ v
loss = np.sum(out**2)

picture = draw(loss)
page = animate(loss, title="Attention")
