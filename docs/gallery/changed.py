"""What changed.

Two versions of a program: what only the new one computes is marked +, what is gone is dashed.
"""

import numpy as np

from autograd_core import Tensor, draw

x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
w = Tensor([0.5, -0.5, 0.25], requires_grad=True)
before = np.sum(np.tanh(w * x) ** 2)
after = np.mean(np.tanh(w * x) ** 2) + 0.1 * np.sum(w**2)

picture = draw(before).diff(draw(after))
