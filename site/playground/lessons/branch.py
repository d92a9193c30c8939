"""A branch: the program decides, and only what ran is recorded.

Change x from 1.5 to a negative number: the program runs again, takes the
other way, and the graph is another one.
"""

import numpy as np

from autograd_core import Tensor, animate

x = Tensor(1.5, requires_grad=True)
if x > 0:
    y = x * np.sin(x)
else:
    y = np.exp(x) - 1

F = y * y
animate(F)
