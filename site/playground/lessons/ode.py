"""A differential equation: dx/dt = -k x, by Runge and Kutta.

How does the state at time 1 depend on the rate k? The exact answers are
x(1) = exp(-k) and dx(1)/dk = -exp(-k).
"""

import numpy as np

from autograd_core import Tensor, animate, scope

k = Tensor(1.5, requires_grad=True)
x, dt = 1.0, 0.5


def slope(x):
    return -k * x


for step in range(2):
    with scope(f"step{step}"):
        s1 = slope(x)
        s2 = slope(x + 0.5 * dt * s1)
        s3 = slope(x + 0.5 * dt * s2)
        s4 = slope(x + dt * s3)
        x = x + dt / 6 * (s1 + 2 * s2 + 2 * s3 + s4)

print("x(1):", x.item(), " exact:", np.exp(-1.5))
animate(x)
