"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_core import mark_overwritten
from autograd_core.extend import explains_wrong_calls

from ..values import raw, shape_error


@explains_wrong_calls
def parameters_to_vector(parameters: Iterable[Any]) -> Any:
    """Return the numbers of parameters one behind the other.

    Parameters
    ----------
    parameters : iterable of Tensor
        Such as ``model.parameters()``.

    Returns
    -------
    Tensor of one axis
        It carries the parameters' derivative.

    Raises
    ------
    ShapeError
        If there are no parameters.

    Examples
    --------
    >>> import nn
    >>> nn.utils.parameters_to_vector(nn.Linear(3, 2).parameters()).shape
    (8,)
    """
    parts = [np.reshape(p, -1) for p in parameters]
    if not parts:
        raise shape_error("parameters_to_vector: there are no parameters.")
    return np.concatenate(parts)


@explains_wrong_calls
def vector_to_parameters(vec: Any, parameters: Iterable[Any]) -> None:
    """Write the numbers of a vector into parameters, in their memory.

    Parameters
    ----------
    vec : shape (total,)
        The numbers, in the order of `parameters_to_vector`.
    parameters : iterable of Tensor
        Such as ``model.parameters()``.

    Raises
    ------
    ShapeError
        If the vector has more or fewer numbers than the parameters.

    Examples
    --------
    >>> import nn
    >>> layer = nn.Linear(1, 2, bias=False)
    >>> nn.utils.vector_to_parameters(np.array([3.0, 4.0]), layer.parameters())
    >>> layer.weight.data.tolist()
    [[3.0], [4.0]]
    """
    given, held = raw(vec), list(parameters)
    total = sum(int(p.size) for p in held)
    if given.shape != (total,):
        raise shape_error(
            f"vector_to_parameters: the vector has shape {given.shape}; the parameters need "
            f"({total},)."
        )
    begin = 0
    for p in held:
        size = int(p.size)
        p.data[...] = given[begin : begin + size].reshape(p.shape)
        begin += size
    mark_overwritten(*held)
