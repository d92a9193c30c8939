"""Where a NaN comes from.

Red cards hold a NaN or an infinity. The line below the picture names the first of them.
"""

import numpy as np

from autograd_core import Tensor, draw

x = Tensor([2.0, -1.0, 0.5], requires_grad=True)
with np.errstate(invalid="ignore"):
    root = np.sqrt(x)  # of a negative number
loss = np.sum(root * 3)

picture = draw(loss)
