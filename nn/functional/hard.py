"""Activations made of straight pieces; at a kink the derivative is PyTorch's choice."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Primitive, elementwise
from autograd_core.extend import renamed_keywords

from ..values import shape_error
from .documented import activation, elementwise_doc
from .floating import floating, reals
from .pointwise import declared


def _hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    return np.clip(reals(x), min_val, max_val)


hardtanh = activation(
    _hardtanh,
    lambda y, x, *, min_val=-1.0, max_val=1.0: (x > min_val) & (x < max_val),
    name="hardtanh",
    doc=elementwise_doc(
        "x, held between min_val and max_val; its derivative at both is 0.",
        "hardtanh(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-1.  ,  0.25,  1.  ])",
        min_val="The lowest value.",
        max_val="The highest value.",
    ),
)


def _hardsigmoid(x: Any) -> Any:
    return np.clip(reals(x) + 3, 0, 6) / 6


hardsigmoid = activation(
    _hardsigmoid,
    lambda y, x: np.where((x > -3) & (x < 3), np.full_like(x, 1 / 6), 0),
    name="hardsigmoid",
    cost=3.0,
    doc=elementwise_doc(
        "min(max(0, x + 3), 6) / 6; its derivative at -3 and at 3 is 0.",
        "hardsigmoid(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([0.3333, 0.5417, 1.    ])",
    ),
)


def _hardswish(x: Any) -> Any:
    x = reals(x)
    return x * (np.clip(x + 3, 0, 6) / 6)


hardswish = activation(
    _hardswish,
    lambda y, x: np.where(x <= -3, 0, np.where(x < 3, x / 3 + 0.5, np.ones_like(x))),
    name="hardswish",
    cost=4.0,
    doc=elementwise_doc(
        "x hardsigmoid(x) (Howard et al., 2019); its derivative at -3 is 0, at 3 it is 1.",
        "hardswish(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-0.3333,  0.1354,  4.    ])",
    ),
)


def _hardshrink(x: Any, lambd: float = 0.5) -> Any:
    x = reals(x)
    return np.where(np.abs(x) <= lambd, np.zeros_like(x), x)


hardshrink = activation(
    _hardshrink,
    lambda y, x, *, lambd=0.5: ~(np.abs(x) <= lambd),
    name="hardshrink",
    doc=elementwise_doc(
        "x where abs(x) > lambd, else 0, as its derivative is.",
        "hardshrink(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-1.,  0.,  4.])",
        lambd="Half the width of what becomes 0.",
    ),
)


def _softshrink(x: Any, lambd: float = 0.5) -> Any:
    x = reals(x)
    return np.where(np.abs(x) <= lambd, np.zeros_like(x), x - np.sign(x) * lambd)


softshrink = activation(
    _softshrink,
    lambda y, x, *, lambd=0.5: ~(np.abs(x) <= lambd),
    name="softshrink",
    doc=elementwise_doc(
        "x moved towards 0 by lambd, and 0 where abs(x) <= lambd, as its derivative is.",
        "softshrink(np.array([-1.0, 0.25, 4.0])).round(4)",
        "array([-0.5,  0. ,  3.5])",
        lambd="How far.",
    ),
)


def _threshold(x: Any, threshold: float, value: float) -> Any:
    x = reals(x)
    return np.where(x <= threshold, np.zeros_like(x) + value, x)


_threshold_settings = declared(
    lambda x, *, threshold, value: _threshold(x, threshold, value),
    lambda y, x, *, threshold, value: ~(x <= threshold),
    name="threshold",
)


@renamed_keywords(x="input")
def threshold(input: Any, threshold: float, value: float) -> Any:
    """Return the input where it is above a threshold, and a value elsewhere.

    Parameters
    ----------
    input : array or Tensor or Dual
        Real numbers, of any shape.
    threshold : float
        Above it the input stays; at it the derivative is 0.
    value : float
        What stands elsewhere.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Examples
    --------
    >>> threshold(np.array([-1.0, 0.5, 2.0]), 1.0, 0.0)
    array([0., 0., 2.])
    """
    return _threshold_settings(input, threshold=threshold, value=value)


def _heaviside(x: Any) -> Any:
    return np.heaviside(reals(x), 1).astype(x.dtype)


_step = elementwise(_heaviside, 0, name="step")
_step_through = elementwise(_heaviside, lambda y, x: np.abs(x) <= 1, name="step")


@renamed_keywords(x="input")
def step(input: Any, straight_through: bool = False) -> Any:
    """Return 1 where the input is >= 0, else 0.

    Its derivative is 0 everywhere (at 0 it has none, and 0 is taken), so
    nothing before a step learns.  ``straight_through=True`` uses 1 for
    abs(input) <= 1 instead (Bengio et al., 2013): not the derivative of this
    function, but a direction that trains.

    Parameters
    ----------
    input : array or Tensor or Dual
        Real numbers, of any shape.
    straight_through : bool
        Whether gradients pass where abs(input) <= 1.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import grad
    >>> step(np.array([-0.5, 0.0, 2.0]))
    array([0., 1., 1.])
    >>> float(grad(step)(0.5)), float(grad(lambda x: step(x, straight_through=True))(0.5))
    (0.0, 1.0)
    """
    return _step_through(input) if straight_through else _step(input)


@floating("input", "weight", renamed={"x": "input"})
def prelu(input: Any, weight: Any) -> Any:
    """Return x where positive, weight times x elsewhere; one weight, or one a channel (axis 1).

    Parameters
    ----------
    input : array or Tensor or Dual
        The values.
    weight : shape () or (1,) or (channels,)
        The slopes.

    Returns
    -------
    array or Tensor or Dual
        Shaped like the input.

    Raises
    ------
    ShapeError
        If there are no slopes, or not as many as channels.

    References
    ----------
    He et al., "Delving deep into rectifiers" (2015).

    Examples
    --------
    >>> prelu(np.array([-1.0, 2.0]), np.array(0.25))
    array([-0.25,  2.  ])
    """
    if not np.size(weight):
        raise shape_error("prelu: there is no slope; weight is empty.")
    if np.size(weight) > 1:
        if np.ndim(input) < 2 or input.shape[1] != np.size(weight):
            raise shape_error(
                f"prelu: {np.size(weight)} slopes need as many channels on axis 1, "
                f"the input has shape {np.shape(input)}."
            )
        weight = weight.reshape((-1, *(1,) * (input.ndim - 2)))
    elif np.ndim(weight):
        weight = weight.reshape(())  # so that a number stays a number
    positive = input > 0
    # the inner where: infinity times the 0 that is sent to the other branch would be NaN
    return np.where(positive, input, weight * np.where(positive, 0, input))


__all__ = [
    "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "prelu", "softshrink", "step",
    "threshold",
]  # fmt: skip
__test__ = {  # the examples of those that are declared by their rules
    name: globals()[name].__doc__ for name in __all__ if isinstance(globals()[name], Primitive)
}
