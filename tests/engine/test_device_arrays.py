"""A double of CuPy's array through the whole table: right, or refused as docs/gpu.md has it."""

from __future__ import annotations

import copy
import importlib.util
import pickle
from pathlib import Path
from typing import Any

import cupy_double as xp
import numpy as np
import pytest
from cases import TABLE
from cupy_double import asarray, ndarray
from device_walk import down, outcomes

import autograd_core
from autograd_core import Tensor, animate, draw, explain, grad, gradcheck, hessian, jacobian
from autograd_core.base import errors

ROOT = Path(__file__).parents[2]
X = asarray(np.array([0.5, -1.2, 2.0]))
A = asarray(np.arange(9.0).reshape(3, 3) + 4 * np.eye(3))


def f(x: Any) -> Any:
    return np.sum(np.tanh(x) ** 2 * x)


@pytest.mark.part(3)
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("family", [k for k in TABLE if k != "scipy_functions"])
def test_every_row_is_right_or_refused(family: str) -> None:
    assert outcomes(family)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_page_has_the_table() -> None:
    spec = importlib.util.spec_from_file_location("made", ROOT / "docs" / "make_gpu_page.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert made.page() == made.PAGE.read_text(encoding="utf-8"), "run `make pages`"


def test_the_double_refuses_what_cupy_refuses() -> None:
    with pytest.raises(TypeError, match="Unsupported type"):
        X + np.ones(3)
    with pytest.raises(TypeError, match="Unsupported type"):
        np.ones(()) * X
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.asarray(X, dtype=float)
    with pytest.raises(TypeError, match="initial"):
        np.sum(X, initial=1.0)
    with pytest.raises(TypeError, match="no implementation"):
        np.insert(X, 0, 1.0)
    with pytest.raises(NotImplementedError):
        np.maximum.reduce(X)
    assert isinstance(np.add.reduce(X), ndarray)
    with pytest.raises(AttributeError):
        X.flags.writeable  # noqa: B018 - it has none
    assert isinstance(xp.zeros(3), ndarray)


def test_gradcheck_and_a_wrong_rule() -> None:
    assert gradcheck(lambda a, x: np.linalg.solve(a, np.sin(x)), A, X)
    wrong = autograd_core.elementwise(lambda x: np.tan(x), lambda y, x: y + 1, name="wrong")
    with pytest.raises(errors.GradcheckError, match="rule of wrong"):
        gradcheck(wrong, X)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_jacobians_and_hessians(mode: str) -> None:
    made = jacobian(lambda x: np.sin(x)[:2] * x[1], mode=mode)(X)
    wanted = jacobian(lambda x: np.sin(x)[:2] * x[1], mode=mode)(down(X))
    np.testing.assert_allclose(down(made), wanted, rtol=1e-12)
    np.testing.assert_allclose(down(hessian(f)(X)), hessian(f)(down(X)), rtol=1e-12)
    constant = jacobian(lambda x: (x[:1] * 1, np.ones_like(x[:1]) + 0 * x[:1]), mode=mode)(X)
    assert all(isinstance(part, ndarray) for part in constant)


def test_pictures_and_explanations(tmp_path: Path) -> None:
    def texts(x: Any) -> list[str]:
        x = Tensor(x, requires_grad=True)
        y = np.sum(np.sin(x) * x)
        picture, table = draw(y).to_text(), explain(x, y)
        animate(y).save(tmp_path / "page.html")
        assert "1.377" in (tmp_path / "page.html").read_text(encoding="utf-8")  # an upstream's rms
        return [str(picture), str(table)]

    for on_device, on_host in zip(texts(X), texts(down(X)), strict=True):
        assert on_device.replace("-0 ", "0 ") == on_host.replace("-0 ", "0 ")


def test_seeds_copies_and_mixtures() -> None:
    x = Tensor(X, requires_grad=True)
    (x * x).backward([1.0, 2.0, 3.0])  # numbers of any kind as a seed
    np.testing.assert_allclose(down(x.grad.data), [1.0, -4.8, 12.0])
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert isinstance(twin.data, ndarray)
        assert isinstance(twin.grad.data, ndarray)
        np.testing.assert_array_equal(down(twin.data), down(x.data))
    with pytest.raises(errors.OperandError, match=r"convert it once, np.asarray\(a, like=x\)"):
        grad(lambda x: np.sum(x * np.ones(3)))(X)
    with pytest.raises(errors.OperandError, match="ndarray"):
        Tensor(np.ones(3), requires_grad=True) * X
    with pytest.raises(errors.UnsupportedError, match="value_and_grad"):
        autograd_core.compile(f)(X)
