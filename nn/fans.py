"""What initial values depend on: a layer's inputs and outputs, and its nonlinearity."""

from __future__ import annotations

import math

from autograd_core.extend import explains_wrong_calls

from .values import shape_error


@explains_wrong_calls
def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return fan-in and fan-out: inputs of one output, and outputs of one input.

    Parameters
    ----------
    shape : tuple of int
        (outputs, inputs, ...), the kernel's size behind.

    Returns
    -------
    int, int
        Fan-in and fan-out.

    Raises
    ------
    ShapeError
        If there are fewer than two axes.

    Examples
    --------
    >>> fans((20, 10)), fans((16, 3, 5, 5))
    ((10, 20), (75, 400))
    """
    if len(shape) < 2:
        raise shape_error(f"fan-in and fan-out need at least 2 axes, the tensor has shape {shape}.")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


@explains_wrong_calls
def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor that keeps the variance through a nonlinearity.

    Parameters
    ----------
    nonlinearity : str
        linear, sigmoid, tanh, relu, leaky_relu, selu or identity.
    param : float, optional
        The slope of leaky_relu.

    Returns
    -------
    float
        The factor.

    Raises
    ------
    ShapeError
        If the nonlinearity is unknown.

    Examples
    --------
    >>> round(calculate_gain("relu"), 4)
    1.4142
    """
    if nonlinearity in ("linear", "sigmoid", "conv1d", "conv2d", "identity"):
        return 1.0
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise shape_error(
        f"calculate_gain: {nonlinearity!r} is none of linear, sigmoid, tanh, relu, "
        "leaky_relu, selu."
    )
