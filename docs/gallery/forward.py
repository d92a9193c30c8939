"""Forward mode.

The opposite question: how does everything change with this one number? Tangents travel with the
values, and one sweep is needed for each input. Choose another seed in the page.
"""

import numpy as np

from autograd_core import Tensor, animate, draw

x = Tensor(1.2, requires_grad=True)
y = Tensor(0.5, requires_grad=True)
F = np.sin(x * y) + x**2

picture = draw(F)
page = animate(F, mode="forward", title="One sweep for each input")
