"""An operation of your own: one line states its derivative.

softsign(x) = x / (1 + |x|). gradcheck compares the rule with differences, in
both modes and to second order.
"""

import numpy as np

from autograd_core import Tensor, animate, elementwise, gradcheck

softsign = elementwise(
    lambda x: x / (1 + np.abs(x)),
    lambda y, x: 1 / (1 + np.abs(x)) ** 2,
    name="softsign",
)

x = Tensor([-2.0, 0.5, 3.0], requires_grad=True)
print("gradcheck:", gradcheck(softsign, x.data))
F = np.sum(softsign(x) * x)

animate(F)
