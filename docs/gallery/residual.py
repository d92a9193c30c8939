"""Residual blocks.

Six equal blocks, folded but for one. Along the skip connections the gradient passes unchanged.
"""

import numpy as np

from autograd_core import Tensor, draw, scope

x = Tensor(np.linspace(-1, 1, 8), requires_grad=True)
h = x
for k in range(6):
    with scope(f"block{k}"):
        with scope("branch"):
            part = np.tanh(h) * 0.5
        h = h + part
loss = np.sum(h * h)

picture = draw(loss, depth=0, open="block2")
