"""A branch adds.

x is used twice. Going forward, the branch copies its value; going backward, it adds the gradients
that come back: 132 + 8 = 140.
"""

from autograd_core import Tensor, animate, draw

x = Tensor(2.0, requires_grad=True)
y = Tensor(3.0, requires_grad=True)
c = x**3
s = x + 3 * y
F = c * s

picture = draw(F)
page = animate(F, title="F = x³ (x + 3y)")
