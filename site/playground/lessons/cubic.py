"""A cubic: one value, used twice.

F = x³(x + 3y) at x = 2, y = 3. The page on the right steps through the
forward pass and then back. x is used twice, so its gradient is a sum:
132 + 8 = 140. Choose x in the graph to change its value.
"""

from autograd_core import Tensor, animate

x = Tensor(2.0, requires_grad=True)
y = Tensor(3.0, requires_grad=True)
c = x**3
s = x + 3 * y
F = c * s

animate(F)
