"""What ran before an error.

The operation that failed, its operands and their shapes stand at the end of what was computed.
"""

import numpy as np

from autograd_core import ShapeError, Tensor, draw

x = np.ones((3, 4))
w = Tensor(np.ones((2, 4)), requires_grad=True)
try:
    h = np.tanh(x * 2) @ w
except ShapeError as error:
    picture = draw(error)
