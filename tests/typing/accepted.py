"""What a type checker must accept, with the types that it must find; `make lint` runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_type, cast

import numpy as np

import nn
import optim
from autograd_core import Tensor, grad, jvp, value_and_grad, vjp

Array = np.ndarray[Any, np.dtype[np.float64]]


def tensors() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    assert_type(x, Tensor)
    assert_type(Tensor(3.0), Tensor)
    assert_type(x + 1, Tensor)
    assert_type(1 - x, Tensor)
    assert_type(x * x / 2.0, Tensor)
    assert_type(-(x**2), Tensor)
    assert_type(x @ x, Tensor)
    assert_type(x[0], Tensor)
    assert_type(x > 0, Tensor)
    assert_type(x.sum(axis=0, keepdims=True).reshape(-1).T, Tensor)
    assert_type(x.std(dtype=float), Tensor)
    assert_type(x.shape, tuple[int, ...])
    assert_type([row.ndim for row in x], list[int])
    assert_type(x.requires_grad, bool)
    assert_type(float(x.sum()), float)
    x.backward(gradient=np.ones(2))


def functions_of_numpy() -> None:
    """The ways around NumPy's stubs that docs/typing.md shows."""
    x = Tensor([1.0, 2.0], requires_grad=True)
    assert_type(x.mean(), Tensor)
    assert_type(x.reshape((2, 1)), Tensor)
    assert_type(x * np.ones(2), Tensor)
    y = cast(Tensor, np.sin(x))
    assert_type(y.sum(), Tensor)
    np.sum(x).backward()


def loss(w: Array, scale: float) -> float:
    return float(scale * w.sum())


def with_aux(w: Array) -> tuple[float, str]:
    return float(w.sum()), "aux"


def transforms(w: Array) -> None:
    assert_type(grad(loss)(w, 2.0), Array)
    assert_type(value_and_grad(loss)(w, 2.0), tuple[float, Array])
    assert_type(grad(with_aux, has_aux=True)(w), tuple[Array, str])
    assert_type(value_and_grad(with_aux, has_aux=True)(w), tuple[tuple[float, str], Array])
    assert_type(jvp(loss, (w, 2.0), (w, 0.0)), tuple[float, float])
    assert_type(vjp(loss, w, 2.0), tuple[float, Callable[[Any], tuple[Any, ...]]])
    grad(loss, argnums=(0, 1))(w, 2.0)
    grad(np.sin)(0.5)
    grad(grad(lambda x: x * x * x))(2.0)


def training(x: Array) -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    value = np.mean(model(x) ** 2)
    value.backward()
    optimizer.step()
    nothing: Callable[[], None] = optimizer.step
    nothing()
    assert_type(optimizer.step(lambda: 2.0), float)
    assert_type(optimizer.step(closure=closure), Tensor)
    optimizer.zero_grad()


def closure() -> Tensor:
    return Tensor(1.0)
