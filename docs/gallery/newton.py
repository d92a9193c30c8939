"""A loop.

Newton's method for the square root of 2, with its rounds folded into one box. The page has a + at
the box that opens it.
"""

from autograd_core import Tensor, animate, draw, scope

a = Tensor(2.0, requires_grad=True)
root = a / 2
for k in range(4):
    with scope(f"round{k}"):
        root = (root + a / root) / 2

picture = draw(root, depth=0)
page = animate(root, depth=0, title="The square root of 2, by Newton")
