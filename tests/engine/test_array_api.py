"""The array API namespace: complete, right in every mode, and one kind of array."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "docs"), str(Path(__file__).parent)]

from array_api_functions import (  # noqa: E402
    ATTRIBUTES,
    CALLS,
    CONSTANTS,
    MODES,
    STANDARD,
    X,
    outcomes,
)

from autograd_core import (  # noqa: E402
    ConversionError,
    Dual,
    OperandError,
    Tensor,
    array_api,
    compile,
    grad,
    jvp,
    vmap,
)
from autograd_core.operations.boxed import ASKED, BY_HAND  # noqa: E402

OF_UNKNOWN_SHAPE = {"unique_all", "unique_counts", "unique_inverse"}


@pytest.fixture(autouse=True)
def _nobody_asked_by_hand() -> Any:
    """Other tests, and these, see Duals made by hand as in a new context."""
    token = BY_HAND.set(False)
    yield
    BY_HAND.reset(token)


def _constants(ask: bool) -> list[type]:
    """Return what constants are in each mode, in runs that ask for the namespace or do not."""
    x = np.array([1.0, -2.0])
    met: list[type] = []

    def f(x: Any) -> Any:
        if ask:
            x.__array_namespace__()
        met.extend((type(x > 0), type(x.astype(int)), type(np.argmax(x))))
        return x * 1

    jvp(f, (x,), (x,))
    vmap(f)(x[None])
    vmap(lambda x: jvp(f, (x,), (x,))[1])(x[None])
    jvp(lambda y: vmap(f)(y[None]), (x,), (x,))
    f(Dual(x, x))
    return met


def test_the_namespace_has_an_effect_on_the_run_that_asks_only() -> None:
    before = _constants(False)
    assert np.ndarray in before
    asked = copy_context().run(_constants, True)
    assert np.ndarray not in asked
    assert _constants(False) == before
    assert not ASKED - {0}  # nothing is kept of runs that have ended


def test_threads_do_not_see_each_other_ask() -> None:
    before = _constants(False)
    waits = Barrier(2)

    def run(ask: bool) -> list[type]:
        waits.wait()
        return [kind for _ in range(200) for kind in _constants(ask)]

    with ThreadPoolExecutor(2) as pool:
        plain, asked = pool.map(run, (False, True))
    assert plain == before * 200
    assert np.ndarray not in asked


def test_the_list_is_the_standard_s() -> None:
    assert CALLS.keys() == STANDARD


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(CALLS))
def test_function(name: str) -> None:
    with np.errstate(all="ignore"):
        found = outcomes(name)
    wanted = dict.fromkeys(MODES, "right")
    if name in OF_UNKNOWN_SHAPE:
        wanted |= {"vmap": "refused", "compile": "refused"}
    assert found == wanted


@pytest.mark.parametrize("kind", ["Tensor", "grad", "jvp", "vmap", "compile"])
def test_every_traced_value_has_the_namespace(kind: str) -> None:
    def check(x: Any) -> Any:
        assert x.__array_namespace__() is array_api
        assert x.__array_namespace__(api_version="2022.12") is array_api
        assert x.device == "cpu"
        assert x.to_device("cpu") is x
        for name in ATTRIBUTES:
            getattr(x, name)
        return (x * x).sum()

    ways: dict[str, Any] = {
        "Tensor": lambda: check(Tensor(X)),
        "grad": lambda: grad(check)(X),
        "jvp": lambda: jvp(check, (X,), (X,)),
        "vmap": lambda: vmap(check)(np.stack([X, X])),
        "compile": lambda: compile(check)(X),
    }
    ways[kind]()


def test_another_device_or_version_is_refused() -> None:
    with pytest.raises(OperandError, match="test_array_api"):
        Tensor(X).to_device("gpu")
    with pytest.raises(OperandError, match="2030"):
        Tensor(X).__array_namespace__(api_version="2030.12")


def test_information() -> None:
    info = array_api.__array_namespace_info__()
    assert info.default_device() == "cpu"
    assert "cpu" in info.devices()
    assert info.capabilities()["boolean indexing"]
    assert info.default_dtypes()["real floating"] == np.float64
    assert set(info.dtypes()) <= set(array_api.__all__)
    assert array_api.__array_api_version__ == "2024.12"
    for name in CONSTANTS:
        assert hasattr(array_api, name)
    assert array_api.finfo(Tensor(X)).bits == 64
    assert array_api.iinfo(np.ones(1, np.int8)).min == -128
    assert isinstance(array_api.finfo(np.float32).eps, float)


def test_what_makes_arrays_keeps_derivatives() -> None:
    def f(x: Any) -> Any:
        xp = x.__array_namespace__()
        made = xp.asarray([[x[0], 2.0], [3, x[1] * x[1]]])
        filled = xp.full((2,), x[2]) + xp.full_like(x[:2], x[2], dtype=xp.float64)
        return xp.sum(made) + xp.sum(filled) + xp.sum(xp.asarray(x, copy=True))

    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(grad(f)(x), [2.0, 5.0, 5.0])
    np.testing.assert_allclose(jvp(f, (x,), (np.ones(3),))[1], 12.0)
    half = Tensor(x, requires_grad=True)
    array_api.full((2, 2), half[0], dtype=np.float32).sum().backward()
    np.testing.assert_allclose(half.grad.data, [4.0, 0.0, 0.0])


def test_beyond_the_standard_are_numpy_s_functions() -> None:
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(grad(lambda x: array_api.pad(x, 1).sum())(x), [1, 1])
    assert isinstance(array_api.pad(x, 1), Tensor)
    for name in ("nothing", "ndarray", "errstate", "_core"):
        assert not hasattr(array_api, name)


def test_dtypes_without_derivative_give_constants() -> None:
    x = Tensor([1.6, 2.7], requires_grad=True)
    found = array_api.sum(x, dtype=np.uint8)
    assert found.dtype == np.uint8
    assert int(found) == 3
    assert not found.requires_grad
    assert array_api.prod(Tensor([3, 4]), dtype=np.int16).dtype == np.int16
    assert array_api.prod(x, dtype=np.float32).requires_grad
    assert array_api.sum(Tensor([3, 4])).dtype == np.int64


def test_cut_offs_may_be_arrays() -> None:
    stack = Tensor(np.stack([X, X]))
    limits = Tensor([1e-9, 0.9])
    np.testing.assert_array_equal(array_api.linalg.matrix_rank(stack, rtol=limits).data, [2, 1])
    np.testing.assert_allclose(
        array_api.linalg.pinv(stack, rtol=limits).data,
        np.linalg.pinv(stack.data, rtol=limits.data),
    )


def test_other_libraries_get_the_numbers_of_constants_only() -> None:
    np.testing.assert_array_equal(np.from_dlpack(Tensor(X)), X)
    assert Tensor(X).__dlpack_device__() == X.__dlpack_device__()
    with pytest.raises(ConversionError, match="test_array_api"):
        np.from_dlpack(Tensor(X, requires_grad=True))


def test_sorting_downwards() -> None:
    xp, x = array_api, Tensor([2.0, 1.0, 2.0, 3.0])
    np.testing.assert_array_equal(xp.sort(x, descending=True).data, [3, 2, 2, 1])
    np.testing.assert_array_equal(xp.argsort(x, descending=True).data, [3, 0, 2, 1])


def test_one_kind_of_array() -> None:
    """What a comparison gives in forward mode can stand beside the value, once that is asked."""
    kinds: list[type] = []

    def f(x: Any) -> Any:
        x.__array_namespace__()
        for made in (x > 0, x.argmax(), np.isfinite(x), x.astype(int), np.nonzero(x)[0]):
            kinds.append(type(made))
        return (x * x).sum()

    jvp(f, (X,), (X,))
    assert set(kinds) == {Tensor}


@pytest.mark.parametrize(
    "call",
    [
        lambda: array_api.zeros(2, device="gpu"),
        lambda: array_api.asarray([1.0], device="gpu"),
        lambda: array_api.asarray(Tensor([1.0]), dtype=np.float32, copy=False),
        lambda: array_api.asarray([Tensor(1.0)], copy=False),
        lambda: array_api.fft.fftfreq(3, device="gpu"),
    ],
)
def test_what_cannot_be_is_refused_with_the_line(call: Any) -> None:
    with pytest.raises(OperandError, match="test_array_api"):
        call()


def test_a_plain_array_beside_a_traced_value_is_named() -> None:
    def array_namespace(*xs: Any) -> Any:  # as array-api-compat does, in a file of such a name
        return xs[-1].__array_namespace__()

    assert array_namespace(Tensor(X), Tensor(X)) is array_api
    with pytest.raises(OperandError, match=r"shape \(2, 3\).*give Tensor\(a\)") as caught:
        array_namespace(X, Tensor(X))
    assert "test_array_api" in str(caught.value)


def test_extensions_have_what_they_have() -> None:
    assert repr(array_api.fft) == "<autograd_core.array_api.fft>"
    np.testing.assert_array_equal(array_api.fft.fftfreq(4, dtype=np.float32).data[:2], [0, 0.25])
    with pytest.raises(AttributeError, match="no nothing"):
        array_api.linalg.nothing  # noqa: B018
    pytest.importorskip("scipy")
    assert isinstance(array_api.special.gamma(Tensor(3.0)), Tensor)
    assert isinstance(array_api.special.logsumexp(Tensor([3.0])), Tensor)
    with pytest.raises(AttributeError):
        array_api.special.nothing  # noqa: B018


def test_the_page_is_not_stale() -> None:
    page = ROOT / "docs" / "array-api.md"
    text = page.read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in text for name in CALLS)
