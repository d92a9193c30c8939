"""Pruning by masks: ``layer.weight`` is ``weight_orig`` times ``weight_mask``, with PyTorch's keys.

A second pruning of the same parameter counts and chooses among what the first one has left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd_core import OperandError
from autograd_core.extend import Location, explains_wrong_calls

from .. import checks
from ..module import Module
from ..parameter import Parameter
from ..random import generator
from ..values import as_array, raw, shape_error
from .computed import compute, give_back, how_of, take_out


class _Masked:
    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, module: Any) -> Any:
        return getattr(module, f"{self.name}_orig") * getattr(module, f"{self.name}_mask")


def _count(owner: str, amount: Any, size: int) -> int:
    """Return how many of `size` are pruned: a number of them, or a part."""
    if isinstance(amount, (int, np.integer)) and not isinstance(amount, bool):
        if not 0 <= amount <= size:
            raise shape_error(f"{owner}: amount {amount} must be from 0 to {size}.")
        return int(amount)
    checks.unit(owner, "amount", amount)
    count: int = round(amount * size)
    return count


def _pruned(owner: str, module: Module, name: str, chosen: Callable[[Any, Any], Any]) -> Module:
    """Put a mask on a parameter, or a further one on what is masked already."""
    how = how_of(module, name)
    if how is None:
        weight = take_out(owner, module, name)
        try:
            mask = chosen(raw(weight), np.ones_like(raw(weight)))
        except Exception:
            module.register_parameter(name, weight)
            raise
        module.register_parameter(f"{name}_orig", weight)
        module.register_buffer(f"{name}_mask", mask)
        compute(module, name, _Masked(name))
        return module
    if not isinstance(how, _Masked):
        take_out(owner, module, name)  # raises: it is computed by something else
    mask = getattr(module, f"{name}_mask")
    setattr(module, f"{name}_mask", chosen(raw(getattr(module, f"{name}_orig")), mask))
    return module


def _lowest(scores: Any, mask: Any, count: int) -> Any:
    """Return a mask without the `count` lowest scores among those that it has left."""
    made = mask.copy()
    left = np.flatnonzero(mask.reshape(-1))
    order = left[np.argsort(scores.reshape(-1)[left], kind="stable")]
    made.reshape(-1)[order[:count]] = 0
    return made


def _scores(given: Any, value: Any, owner: str) -> Any:
    if given is None:
        return np.abs(value)
    found = raw(as_array(given))
    if found.shape != value.shape:
        raise shape_error(
            f"{owner}: importance_scores have shape {found.shape}, the parameter {value.shape}."
        )
    return found


@explains_wrong_calls
def identity(module: Module, name: str) -> Module:
    """Put a mask of ones on a parameter.

    Parameters
    ----------
    module : Module
        The layer.
    name : str
        The parameter's name; it becomes ``<name>_orig``, with a buffer ``<name>_mask``.

    Returns
    -------
    Module
        The layer.

    Raises
    ------
    OperandError
        If there is no such parameter.

    Examples
    --------
    >>> import nn
    >>> list(nn.utils.prune.identity(nn.Linear(3, 2), "weight").state_dict())
    ['bias', 'weight_orig', 'weight_mask']
    """
    return _pruned("identity", module, name, lambda value, mask: mask)


@explains_wrong_calls
def custom_from_mask(module: Module, name: str, mask: Any) -> Module:
    """Put a mask on a parameter.

    Parameters
    ----------
    module : Module
        The layer.
    name : str
        The parameter's name.
    mask : array of 0 and 1, shaped like the parameter
        0 for what is pruned.

    Returns
    -------
    Module
        The layer.

    Raises
    ------
    ShapeError
        If the mask has another shape.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.prune.custom_from_mask(nn.Linear(2, 1), "weight", [[0, 1]])
    >>> float(layer.weight.data[0, 0])
    0.0
    """

    def chosen(value: Any, before: Any) -> Any:
        given = raw(as_array(mask))
        if given.shape != value.shape:
            raise shape_error(
                f"custom_from_mask: the mask has shape {given.shape}, the parameter {value.shape}."
            )
        return before * given.astype(value.dtype)

    return _pruned("custom_from_mask", module, name, chosen)


@explains_wrong_calls
def l1_unstructured(
    module: Module, name: str, amount: Any, importance_scores: Any = None
) -> Module:
    """Prune the numbers of least magnitude.

    Parameters
    ----------
    module : Module
        The layer.
    name : str
        The parameter's name.
    amount : int or float
        How many of those that are left, or which part of them.
    importance_scores : array, shaped like the parameter, optional
        In place of the magnitudes.

    Returns
    -------
    Module
        The layer.

    Raises
    ------
    ShapeError
        If the amount is out of range.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.prune.l1_unstructured(nn.Linear(4, 2), "weight", amount=0.5)
    >>> int(layer.weight_mask.sum())
    4
    """
    owner = "l1_unstructured"

    def chosen(value: Any, mask: Any) -> Any:
        scores = _scores(importance_scores, value, owner)
        return _lowest(scores, mask, _count(owner, amount, int(mask.sum())))

    return _pruned(owner, module, name, chosen)


@explains_wrong_calls
def random_unstructured(module: Module, name: str, amount: Any) -> Module:
    """Prune numbers at random.

    Parameters
    ----------
    module : Module
        The layer.
    name : str
        The parameter's name.
    amount : int or float
        How many of those that are left, or which part of them.

    Returns
    -------
    Module
        The layer.

    Raises
    ------
    ShapeError
        If the amount is out of range.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.prune.random_unstructured(nn.Linear(4, 2), "weight", amount=3)
    >>> int(layer.weight_mask.sum())
    5
    """
    owner = "random_unstructured"

    def chosen(value: Any, mask: Any) -> Any:
        count = _count(owner, amount, int(mask.sum()))
        return _lowest(generator().random(value.shape), mask, count)

    return _pruned(owner, module, name, chosen)


def _structured(
    owner: str, module: Module, name: str, amount: Any, dim: int, importance: Any
) -> Module:
    def chosen(value: Any, mask: Any) -> Any:
        if value.ndim < 2 or not -value.ndim <= dim < value.ndim:
            raise shape_error(
                f"{owner}: a parameter of shape {value.shape} has no slices along axis {dim}."
            )
        axes = tuple(k for k in range(value.ndim) if k != dim % value.ndim)
        left = mask.any(axis=axes)
        keep = _lowest(importance(value * mask, axes), left.astype(float),
                       _count(owner, amount, int(left.sum())))  # fmt: skip
        shape = [1] * value.ndim
        shape[dim] = -1
        return mask * keep.reshape(shape).astype(value.dtype)

    return _pruned(owner, module, name, chosen)


@explains_wrong_calls
def ln_structured(
    module: Module, name: str, amount: Any, n: float, dim: int, importance_scores: Any = None
) -> Module:
    """Prune the slices along an axis that have the least norm, such as whole output channels.

    Parameters
    ----------
    module : Module
        The layer.
    name : str
        The parameter's name.
    amount : int or float
        How many slices of those that are left, or which part of them.
    n : float
        The norm's power.
    dim : int
        The axis.
    importance_scores : array, shaped like the parameter, optional
        In place of the parameter's values.

    Returns
    -------
    Module
        The layer.

    Raises
    ------
    ShapeError
        If the amount is out of range, or there is no such axis.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.prune.ln_structured(nn.Linear(3, 4), "weight", 1, n=2, dim=0)
    >>> layer.weight_mask.sum(axis=1).tolist().count(0.0)
    1
    """

    def importance(value: Any, axes: tuple[int, ...]) -> Any:
        found = _scores(importance_scores, value, "ln_structured")
        rows = np.moveaxis(found, dim, 0).reshape(found.shape[dim], -1)
        return np.linalg.norm(rows.astype(float), n, axis=1)

    return _structured("ln_structured", module, name, amount, dim, importance)


@explains_wrong_calls
def random_structured(module: Module, name: str, amount: Any, dim: int) -> Module:
    """Prune slices along an axis at random.

    Parameters
    ----------
    module : Module
        The layer.
    name : str
        The parameter's name.
    amount : int or float
        How many slices of those that are left, or which part of them.
    dim : int
        The axis.

    Returns
    -------
    Module
        The layer.

    Raises
    ------
    ShapeError
        If the amount is out of range, or there is no such axis.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.prune.random_structured(nn.Linear(3, 4), "weight", 1, dim=1)
    >>> layer.weight_mask.sum(axis=0).tolist().count(0.0)
    1
    """
    return _structured(
        "random_structured", module, name, amount, dim,
        lambda value, axes: generator().random(value.shape[dim]),
    )  # fmt: skip


class L1Unstructured:
    """The way of `l1_unstructured`, for `global_unstructured`.

    Examples
    --------
    >>> L1Unstructured().scores(np.array([-2.0, 1.0]))
    array([2., 1.])
    """

    def scores(self, value: Any) -> Any:
        """Return how much each number matters."""
        return np.abs(value)


class RandomUnstructured:
    """The way of `random_unstructured`, for `global_unstructured`.

    Examples
    --------
    >>> RandomUnstructured().scores(np.zeros(3)).shape
    (3,)
    """

    def scores(self, value: Any) -> Any:
        """Return numbers drawn from 0 to 1."""
        return generator().random(value.shape)


@explains_wrong_calls
def global_unstructured(
    parameters: Iterable[tuple[Module, str]], pruning_method: Any, *, amount: Any
) -> None:
    """Prune several parameters as if they were one.

    Parameters
    ----------
    parameters : iterable of (module, name)
        Which.
    pruning_method : L1Unstructured or RandomUnstructured
        Which numbers go.
    amount : int or float
        How many of all that are left, or which part of them.

    Raises
    ------
    OperandError
        If nothing is given, or the method is another one.

    Examples
    --------
    >>> import nn
    >>> prune = nn.utils.prune
    >>> model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    >>> prune.global_unstructured(
    ...     [(layer, "weight") for layer in model], prune.L1Unstructured, amount=0.25)
    >>> sum(int(layer.weight_mask.sum()) for layer in model)
    24
    """
    owner, places = "global_unstructured", list(parameters)
    method = pruning_method() if isinstance(pruning_method, type) else pruning_method
    if not places or not hasattr(method, "scores"):
        raise OperandError(
            f"{owner}: give (module, name) pairs, and L1Unstructured or RandomUnstructured.",
            Location.of_caller(),
        )
    for module, name in places:
        identity(module, name)
    masks = [getattr(module, f"{name}_mask") for module, name in places]
    scores = [method.scores(raw(getattr(module, f"{name}_orig"))) for module, name in places]
    flat = np.concatenate([mask.reshape(-1) for mask in masks])
    kept = _lowest(
        np.concatenate([s.reshape(-1) for s in scores]), flat,
        _count(owner, amount, int(flat.sum())),
    )  # fmt: skip
    begin = 0
    for mask in masks:
        mask[...] = kept[begin : begin + mask.size].reshape(mask.shape)
        begin += mask.size


@explains_wrong_calls
def remove(module: Module, name: str) -> Module:
    """Make a pruned parameter an ordinary one again, with zeros where it was pruned.

    Parameters
    ----------
    module : Module
        The layer.
    name : str
        The parameter's name.

    Returns
    -------
    Module
        The layer.

    Raises
    ------
    OperandError
        If it is not pruned.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.prune.l1_unstructured(nn.Linear(4, 2), "weight", amount=5)
    >>> int((nn.utils.prune.remove(layer, "weight").weight.data == 0).sum())
    5
    """
    if not isinstance(how_of(module, name), _Masked):
        raise OperandError(
            f"remove: {type(module).__name__}.{name} is not pruned.", Location.of_caller()
        )
    weight: Parameter = getattr(module, f"{name}_orig")
    weight.data = weight.data * getattr(module, f"{name}_mask")
    delattr(module, f"{name}_orig")
    delattr(module, f"{name}_mask")
    give_back(module, name, weight)
    return module


@explains_wrong_calls
def is_pruned(module: Module) -> bool:
    """Tell whether a parameter of a module, or of one below it, is pruned.

    Parameters
    ----------
    module : Module
        The model.

    Returns
    -------
    bool

    Examples
    --------
    >>> import nn
    >>> nn.utils.prune.is_pruned(nn.Linear(4, 2))
    False
    """
    return any(
        isinstance(how, _Masked)
        for part in module.modules()
        for how in vars(part).get("_computed", {}).values()
    )


__all__ = [
    "L1Unstructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]
