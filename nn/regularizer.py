"""Penalties to add to a loss."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_core.extend import explains_wrong_calls

from .module import Module
from .values import numbers, shape_error


def _weights(model: Any) -> list[Any]:
    """Return a model's weights: parameters of two axes or more, so no biases, no scales."""
    given = model.parameters() if isinstance(model, Module) else model
    return [p for p in given if len(np.shape(p)) > 1]


def _checked(strength: float) -> float:
    if not strength >= 0:
        raise shape_error(f"a regularizer's strength must not be negative, not {strength}.")
    return strength


@explains_wrong_calls
def l1_penalty(model: Module | Iterable[Any], strength: float = 1.0) -> Any:
    """Return strength * sum of abs(w) over all weights; biases are not counted.

    Parameters
    ----------
    model : Module or iterable of Tensor
        Whose weights.
    strength : float
        The factor.

    Returns
    -------
    Tensor
        The penalty, to be added to a loss.

    Raises
    ------
    ShapeError
        If the strength is negative.

    Examples
    --------
    >>> import nn
    >>> layer = nn.Linear(2, 1)
    >>> layer.weight.data[...] = [[3.0, -4.0]]
    >>> float(l1_penalty(layer, 0.5)), float(l2_penalty(layer, 0.5))
    (3.5, 6.25)
    """
    return _checked(strength) * sum(np.sum(np.abs(w)) for w in _weights(model))


@explains_wrong_calls
def l2_penalty(model: Module | Iterable[Any], strength: float = 1.0) -> Any:
    """Return strength / 2 * sum of w**2 over all weights; its derivative is strength * w.

    Parameters
    ----------
    model : Module or iterable of Tensor
        Whose weights; biases are not counted.
    strength : float
        The factor.

    Returns
    -------
    Tensor
        The penalty, to be added to a loss.

    Raises
    ------
    ShapeError
        If the strength is negative.

    Examples
    --------
    >>> import nn
    >>> layer = nn.Linear(2, 1)
    >>> layer.weight.data[...] = [[3.0, -4.0]]
    >>> float(l2_penalty(layer, 0.5))
    6.25
    """
    return _checked(strength) / 2 * sum(np.sum(w * w) for w in _weights(model))


class ActivitySparsity(Module):
    """Return the input, and remember how active it is, for a penalty.

    Put it after a hidden layer and add ``.penalty`` to the loss.

    Parameters
    ----------
    strength : float
        The factor.
    target : float, optional
        None: the mean of abs(activity).  Otherwise the activity, between 0 and 1, that
        each unit should have on average; measured by the Kullback-Leibler divergence.

    Attributes
    ----------
    penalty : Tensor or float
        Of the last input.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.ActivitySparsity(0.5)
    >>> _ = layer(np.array([[1.0, -3.0]]))
    >>> float(layer.penalty)
    1.0
    """

    def __init__(self, strength: float = 1.0, target: float | None = None) -> None:
        super().__init__()
        self.strength, self.target = _checked(strength), target
        if target is not None and not 0 < target < 1:
            raise shape_error(
                f"ActivitySparsity: the target must be between 0 and 1, not {target}."
            )
        self.penalty: Any = 0.0

    def forward(self, input: Any) -> Any:
        """Return the input."""
        input = numbers("ActivitySparsity", input)
        if self.target is None:
            self.penalty = self.strength * np.mean(np.abs(input))
            return input
        p = self.target
        q = np.clip(np.mean(input, axis=0), 1e-7, 1 - 1e-7)
        divergence = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
        self.penalty = self.strength * np.sum(divergence)
        return input

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"strength={self.strength}, target={self.target}"
