"""A loop: Newton's steps to the square root of a.

Python's own loop. Each round is recorded, so the derivative goes back through
all rounds: 1 / (2 √a), up to the error that the rounds have left.
"""

from autograd_core import Tensor, animate

a = Tensor(7.0, requires_grad=True)
r = a * 0.5
for _ in range(4):
    r = 0.5 * (r + a / r)

print("root:", r.item(), " exact derivative:", 0.5 / 7.0**0.5)
animate(r)
