"""Axes in every form that NumPy accepts: the value, both modes and vmap."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_core import AutogradError, Tensor, grad, jvp, vmap
from autograd_core.base import tree

FORMS = {
    "int": lambda k: k,
    "numpy integer": np.int64,
    "small integer": np.int8,
    "unsigned": lambda k: np.uint8(k) if k >= 0 else k,
    "0-d array": lambda k: np.array(k),
    "tuple": lambda k: (k,),
    "list": lambda k: [k],
    "array": lambda k: np.array([k]),
    "tuple of a numpy integer": lambda k: (np.int32(k),),
    "bool": lambda k: bool(k) if k in (0, 1) else k,
    "float": float,
    "None": lambda k: None,
    "empty": lambda k: (),
}
M = np.arange(1.0, 25.0).reshape(2, 3, 4) / 7
# Functions of an array and one axis; where NumPy takes several axes, a pair as well.
ONE = {
    "transpose of one": lambda x, k: np.transpose(x[0, 0], k),
    "T of one": lambda x, k: x[0, 0].transpose(k),
    "sum": lambda x, k: np.sum(x, axis=k),
    "mean": lambda x, k: np.mean(x, axis=k),
    "max": lambda x, k: np.max(x, axis=k),
    "min": lambda x, k: np.min(x, axis=k, keepdims=True),
    "prod": lambda x, k: np.prod(x, axis=k),
    "var": lambda x, k: np.var(x, axis=k),
    "std": lambda x, k: np.std(x, axis=k),
    "median": lambda x, k: np.median(x, axis=k),
    "ptp": lambda x, k: np.ptp(x, axis=k),
    "average": lambda x, k: np.average(x, axis=k),
    "nansum": lambda x, k: np.nansum(x, axis=k),
    "method sum": lambda x, k: x.sum(axis=k),
    "method mean": lambda x, k: x.mean(k),
    "method max": lambda x, k: x.max(k),
    "cumsum": lambda x, k: np.cumsum(x, axis=k),
    "cumprod": lambda x, k: np.cumprod(x, axis=k),
    "diff": lambda x, k: np.diff(x, axis=k),
    "flip": lambda x, k: np.flip(x, k),
    "roll": lambda x, k: np.roll(x, 1, axis=k),
    "sort": lambda x, k: np.sort(x, axis=k),
    "expand_dims": lambda x, k: np.expand_dims(x, k),
    "squeeze": lambda x, k: np.squeeze(x[:1, :1, :1], k),
    "method squeeze": lambda x, k: x[:1, :1, :1].squeeze(k),
    "moveaxis": lambda x, k: np.moveaxis(x, k, 0),
    "moveaxis to": lambda x, k: np.moveaxis(x, 0, k),
    "swapaxes": lambda x, k: np.swapaxes(x, k, 0),
    "rollaxis": lambda x, k: np.rollaxis(x, k),
    "concatenate": lambda x, k: np.concatenate([x, x], axis=k),
    "stack": lambda x, k: np.stack([x, x], axis=k),
    "split": lambda x, k: np.split(x[:, :2, :2], 2, axis=k),
    "array_split": lambda x, k: np.array_split(x, 2, axis=k),
    "repeat": lambda x, k: np.repeat(x, 2, axis=k),
    "take": lambda x, k: np.take(x, [0, 1], axis=k),
    "append": lambda x, k: np.append(x, x, axis=k),
    "delete": lambda x, k: np.delete(x, 0, axis=k),
    "insert": lambda x, k: np.insert(x, 0, 1.0, axis=k),
    "rot90": lambda x, k: np.rot90(x, 1, (k, 2 if k != 2 else 0)),
    "diagonal": lambda x, k: np.diagonal(x, 0, k, 2),
    "trace": lambda x, k: np.trace(x, 0, k, 2),
    "norm": lambda x, k: np.linalg.norm(x, axis=k),
    "gradient": lambda x, k: np.gradient(x, axis=k),
    "unstack": lambda x, k: np.unstack(x, axis=k) if hasattr(np, "unstack") else x,
    "tensordot": lambda x, k: np.tensordot(x, x, axes=(k, k)),
    "fft": lambda x, k: np.abs(np.fft.fft(x, axis=k)) ** 2,
    "trapezoid": lambda x, k: np.trapezoid(x, axis=k) if hasattr(np, "trapezoid") else x,
    "logaddexp.reduce": lambda x, k: np.add.reduce(x, axis=k),
    "argsort of": lambda x, k: np.take_along_axis(x, np.argsort(x, axis=k), k),
    "quantile": lambda x, k: np.quantile(x, 0.3, axis=k),
    "apply_over_axes": lambda x, k: np.apply_over_axes(np.sum, x, k),
    "cross": lambda x, k: np.cross(x[:, :, :3], x[:, :, :3] + 1, axis=k),
    "reshape": lambda x, k: np.reshape(x, (k, 4, 3) if k == 2 else k),
}
SEVERAL = {
    "transpose": (lambda x, a: np.transpose(x, a), [(2, 0, 1), (-1, 0, -2)]),
    "method transpose": (lambda x, a: x.transpose(a), [(2, 0, 1), (-1, 0, -2)]),
    "method transpose, apart": (lambda x, a: x.transpose(*a), [(2, 0, 1), (-1, 0, -2)]),
    "permute_dims": (lambda x, a: np.permute_dims(x, a), [(2, 0, 1)]),
    "sum": (lambda x, a: np.sum(x, axis=a), [(0, 2), (-1, 0)]),
    "max": (lambda x, a: np.max(x, axis=a), [(0, 2), (-1, 0)]),
    "mean": (lambda x, a: np.mean(x, axis=a), [(0, -1)]),
    "var": (lambda x, a: np.var(x, axis=a), [(0, -1)]),
    "median": (lambda x, a: np.median(x, axis=a), [(0, -1)]),
    "flip": (lambda x, a: np.flip(x, a), [(0, 2), (-1, 0)]),
    "roll": (lambda x, a: np.roll(x, (1, 2), a), [(0, 2), (-1, 0)]),
    "roll by lists": (lambda x, a: np.roll(x, [1, 2], a), [(0, 2)]),
    "roll by one": (lambda x, a: np.roll(x, 1, a), [(0, 2)]),
    "expand_dims": (lambda x, a: np.expand_dims(x, a), [(0, 2), (-1, 0)]),
    "squeeze": (lambda x, a: np.squeeze(x[:1, :, :1], a), [(0, 2), (-1, 0)]),
    "moveaxis": (lambda x, a: np.moveaxis(x, a, (1, 0)), [(0, 2), (-1, 0)]),
    "moveaxis to": (lambda x, a: np.moveaxis(x, (1, 0), a), [(0, 2), (-1, 0)]),
    "norm": (lambda x, a: np.linalg.norm(x, axis=a), [(0, 2)]),
    "tensordot": (lambda x, a: np.tensordot(x, x, axes=(a, a)), [(0, 2)]),
    "rot90": (lambda x, a: np.rot90(x, 1, a), [(0, 2), (-1, 0)]),
    "broadcast_to": (lambda x, a: np.broadcast_to(x[0, 0, 0], a), [(2, 3)]),
    "reshape": (lambda x, a: np.reshape(x, a), [(4, 6), (-1, 6)]),
    "method reshape": (lambda x, a: x.reshape(a), [(4, 6)]),
    "tile": (lambda x, a: np.tile(x, a), [(2, 1), (1, 2, 1, 2)]),
    "index": (lambda x, a: x[tuple(a)], [(1, 2), (0, -1)]),
}
SEQUENCES = {
    "tuple": tuple,
    "list": list,
    "array": np.array,
    "numpy integers": lambda a: tuple(map(np.int64, a)),
    "list of 0-d arrays": lambda a: [np.array(k) for k in a],
}
# Written in other functions: they take other forms than NumPy does, or refuse some of them.
LOOSE = {"median", "average", "norm", "gradient", "tensordot", "quantile", "cross", "rot90"}


def _check(f, axis, strict):
    try:
        plain = f(M, axis)
    except Exception:
        if not strict:
            return  # some take more than NumPy does
        for x in (Tensor(M, requires_grad=True), Tensor(M)):
            with pytest.raises((AutogradError, TypeError)):
                f(x, axis)
        return
    leaves = [np.asarray(a) for a in tree.leaves(plain)]
    if not leaves:
        return
    if not strict:
        try:
            f(Tensor(M, requires_grad=True), axis)
        except AutogradError:
            return  # refused by name is as good
    weights = [np.cos(np.arange(a.size)).reshape(a.shape) for a in leaves]

    def scalar(x):
        parts = tree.leaves(f(x, axis))
        total = np.sum(parts[0] * weights[0])
        for part, w in zip(parts[1:], weights[1:], strict=True):
            total = total + np.sum(part * w)
        return total

    for kind in (Tensor(M), Tensor(M, requires_grad=True)):
        found = [np.asarray(t.detach()) for t in tree.leaves(f(kind, axis))]
        for a, b in zip(found, leaves, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13)
    v = np.sin(np.arange(24.0)).reshape(M.shape)
    numerical = (scalar(M + 1e-6 * v) - scalar(M - 1e-6 * v)) / 2e-6
    g = grad(scalar)(M)
    np.testing.assert_allclose(np.sum(g * v), numerical, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(jvp(scalar, (M,), (v,))[1], numerical, rtol=1e-5, atol=1e-7)
    try:
        batched = vmap(grad(scalar))(np.stack([M, M]))
    except AutogradError:
        return  # not every function has a rule for batches
    np.testing.assert_allclose(batched[1], g, rtol=1e-12, atol=1e-14)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ONE)
def test_one_axis(name: str, form: str) -> None:
    for axis in (0, 2, -1, 7):
        _check(ONE[name], FORMS[form](axis), name not in LOOSE and form != "bool")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("form", SEQUENCES)
@pytest.mark.parametrize("name", SEVERAL)
def test_several_axes(name: str, form: str) -> None:
    f, several = SEVERAL[name]
    for axes in several:
        _check(f, SEQUENCES[form](axes), name not in LOOSE)
