"""polygamma, of which the derivatives of the gamma family are made."""

from __future__ import annotations

from autograd_core.operations.declare import elementwise
from autograd_core.operations.primitive import Primitive
from autograd_core.rules.scipy_ufuncs import sp

polygamma: Primitive = elementwise(
    lambda x, n: sp.polygamma(n, x).astype(x.dtype),
    lambda y, x, *, n: polygamma(x, n=n + 1),
    name="polygamma",
)
