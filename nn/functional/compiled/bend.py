"""tanh and the logistic function in a form that compilers turn into vector code.

tanh(x) is x times a quotient of two polynomials in x*x, fitted on [-9, 9] to a relative error of
7e-9 (before rounding); beyond 9, float32 knows only 1.  With float32's own rounding the result is
within 6 units in the last place of the true one (tests/networks/test_recurrent_kernels.py).
NaN stays NaN: no comparison with it is true.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.workers.compiled import inlined


def _float32(*values: float) -> tuple[Any, ...]:
    return tuple(np.float32(v) for v in values)


_LARGEST, _ONE, _HALF = _float32(9, 1, 0.5)
_P0, _P1, _P2, _P3, _P4, _P5, _P6 = _float32(
    1.0, 0.130840211, 0.00310396841, 1.11544313e-05, -2.02256962e-08, 5.27815858e-11,
    -8.48920761e-14,
)  # fmt: skip
_Q0, _Q1, _Q2, _Q3 = _float32(1.0, 0.464173483, 0.0244952274, 0.000254616272)


@inlined
def tanh(x: Any) -> Any:  # pragma: no cover - compiled
    """Return tanh(x), x of float32."""
    x = _LARGEST if x > _LARGEST else x
    x = -_LARGEST if x < -_LARGEST else x
    s = x * x
    p = (((((_P6 * s + _P5) * s + _P4) * s + _P3) * s + _P2) * s + _P1) * s + _P0
    q = ((_Q3 * s + _Q2) * s + _Q1) * s + _Q0
    y = x * p / q
    y = _ONE if y > _ONE else y
    return -_ONE if y < -_ONE else y


@inlined
def sigmoid_of_half(x: Any) -> Any:  # pragma: no cover - compiled
    """Return 1 / (1 + exp(-2 x)), x of float32: the logistic function of 2 x."""
    return _HALF * tanh(x) + _HALF
