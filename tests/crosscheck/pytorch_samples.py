"""PyTorch's own databases of samples, and one of them run here and there."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from autograd_core import Tensor, gradients

pytest.importorskip("torch", reason="PyTorch is not installed")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import torch
    from torch.testing._internal import common_methods_invocations, common_modules
    from torch.testing._internal.common_optimizers import optim_db

PREFIX = "nn.functional."
OPERATIONS = [op for op in common_methods_invocations.op_db if op.name.startswith(PREFIX)]
MODULES = list(common_modules.module_db)
OPTIMIZERS = list(optim_db)


def ours(value: Any) -> Any:
    """Return what a value of PyTorch's is here; tracked where it is tracked there."""
    if isinstance(value, torch.Tensor):
        array = value.detach().numpy().copy()
        return Tensor(array, requires_grad=True) if value.requires_grad else array
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    if isinstance(value, (torch.Size, tuple)):
        return tuple(ours(v) for v in value)
    if isinstance(value, list):
        return [ours(v) for v in value]
    return value


def tensors(value: Any) -> Iterator[Any]:
    """Yield the tracked tensors among nested values, of either library, in order."""
    if isinstance(value, (torch.Tensor, Tensor)):
        if value.requires_grad:
            yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from tensors(part)
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from tensors(part)


def leaves(value: Any) -> list[Any]:
    """Return nested results as a list."""
    if isinstance(value, (tuple, list)):
        return [leaf for part in value for leaf in leaves(part)]
    return [] if value is None else [value]


def plain(value: Any) -> Any:
    """Return the numbers of a result of either library."""
    if isinstance(value, torch.Tensor):
        return value.detach().numpy(force=True)
    return value.detach().data if isinstance(value, Tensor) else np.asarray(value)


def compare(here: Any, there: Any, what: str, tolerance: float) -> None:
    """Compare numbers, shapes, and NaN and infinities where they stand."""
    a, b = plain(here), plain(there)
    assert a.shape == b.shape, f"{what}: shape {a.shape}, PyTorch {b.shape}"
    np.testing.assert_allclose(a, b, tolerance, tolerance, err_msg=what)


def compare_derivatives(
    here: Any, there: Any, mine: list[Any], its: list[Any], tolerance: float, second: bool
) -> None:
    """Compare gradients, and derivatives of their product with a direction."""
    rng = np.random.default_rng(1)
    results = [
        (y, z) for y, z in zip(leaves(here), leaves(there), strict=True)
        if isinstance(z, torch.Tensor) and z.requires_grad and z.numel()
    ]  # fmt: skip
    if not results or not its:
        return
    total: Any = 0
    other: Any = 0
    for y, z in results:
        c = rng.normal(size=tuple(z.shape)).astype(plain(z).dtype)
        total, other = total + np.sum(y * c), other + (z * torch.tensor(c)).sum()
    found = gradients(total, mine, create_graph=second)
    wanted = torch.autograd.grad(other, its, create_graph=second, allow_unused=True)
    mine_after: Any = 0
    other_after: Any = 0
    for k, (a, b) in enumerate(zip(found, wanted, strict=True)):
        if b is None:
            assert a is None or not np.any(plain(a)), f"gradient {k}: there is none there"
            continue
        a = np.zeros(tuple(b.shape)) if a is None else a
        compare(a, b, f"gradient {k}", tolerance)
        v = rng.normal(size=tuple(b.shape)).astype(plain(b).dtype)
        mine_after = mine_after + np.sum(a * v)
        other_after = other_after + (b * torch.tensor(v)).sum()
    if not second or not isinstance(other_after, torch.Tensor) or not other_after.requires_grad:
        return
    try:
        wanted = torch.autograd.grad(other_after, its, allow_unused=True)
    except RuntimeError as error:  # PyTorch has no second derivative of some kernels
        assert "is not implemented" in str(error)  # noqa: PT017
        return
    traced = isinstance(mine_after, Tensor) and mine_after.requires_grad
    found = gradients(mine_after, mine) if traced else [None] * len(mine)
    for k, (a, b) in enumerate(zip(found, wanted, strict=True)):
        here_none = np.zeros(tuple(its[k].shape)) if a is None else a
        there_none = torch.zeros_like(its[k]) if b is None else b
        compare(here_none, there_none, f"second derivative {k}", 10 * tolerance)
