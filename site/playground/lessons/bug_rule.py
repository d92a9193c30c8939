"""Find the bug: a rule that is almost right.

F = x⁴ / 2, so the gradient at x = 1 should be 2. It is not. Step backward and
do each multiplication yourself: one step sends a wrong number. Mend the rule
and run again. The last line tells whether the bug is gone.
"""

import numpy as np

from autograd_core import Tensor, animate, elementwise, gradients

square = elementwise(lambda x: x * x, lambda y, x: 2 * x, name="square")
half = elementwise(lambda x: x / 2, lambda y, x: 2 + 0 * x, name="half")

x = Tensor(1.0, requires_grad=True)
a = square(x)
b = half(a)
F = a * b

gradient = gradients(F, [x])[0]
h = 1e-6
by_differences = ((1 + h) ** 4 / 2 - (1 - h) ** 4 / 2) / (2 * h)
print("gradient", gradient, " by differences", round(by_differences, 4))
print("bug gone:", bool(np.isclose(gradient, by_differences)))
animate(F)
