"""Every operator and attribute of ndarray: as NumPy's, or refused by name."""

from __future__ import annotations

import operator

import numpy as np
import pytest

from autograd_core import AutogradError, Dual, Tensor, grad, jvp

BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv,
          operator.mod, operator.pow, operator.matmul, operator.and_, operator.or_, operator.xor,
          operator.lshift, operator.rshift, divmod, operator.lt, operator.le, operator.gt,
          operator.ge, operator.eq, operator.ne, operator.iadd, operator.isub, operator.imul,
          operator.itruediv, operator.ifloordiv, operator.imod, operator.ipow, operator.imatmul,
          operator.iand, operator.ior, operator.ixor, operator.ilshift,
          operator.irshift]  # fmt: skip
UNARY = [operator.neg, operator.pos, operator.abs, operator.invert, operator.index, int, float,
         complex, bool, len, list, operator.truth, str, repr, hash]  # fmt: skip
DATA = {
    "floats": (np.array([[1.5, 2.0], [0.5, 3.0]]), np.array([[1.0, 2.0], [3.0, 0.5]])),
    "integers": (np.array([[1, 2], [3, 4]]), np.array([[1, 1], [2, 3]])),
    "booleans": (np.array([[True, False], [True, True]]), np.array([[True, True], [False, True]])),
}
WITHOUT_TRACE = {
    "__array_finalize__",
    "__array_interface__",
    "__array_namespace__",
    "__array_struct__",
    "__array_wrap__",
    "__class_getitem__",
    "__delitem__",
    "__dlpack__",
    "__dlpack_device__",
    "__setstate__",
    "__copy__",
    "__deepcopy__",
    "device",
    "to_device",
    "data",
}

REFUSED = {
    "flat",
    "view",
    "resize",
    "strides",
    "base",
    "flags",
    "setflags",
    "ctypes",
    "byteswap",
    "getfield",
    "setfield",
    "tobytes",
    "tofile",
    "dump",
    "dumps",
}


def _numbers(value):
    if isinstance(value, tuple):
        return [np.asarray(_numbers(v)) for v in value]
    return np.asarray(value.detach() if isinstance(value, (Tensor, Dual)) else value)


@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize("function", BINARY, ids=lambda f: f.__name__)
def test_operators_of_two(function, kind: str) -> None:
    for first, second in (
        (Tensor, Tensor),
        (Tensor, np.array),
        (np.array, Tensor),
        (Tensor, lambda a: a.flat[1].item()),
        (lambda a: a.flat[1].item(), Tensor),
        (lambda a: Tensor(a, requires_grad=a.dtype.kind == "f") * 1, np.array),
    ):
        a, b = DATA[kind]
        x, y = first(a), second(b)
        plain = [np.array(_numbers(v)) if np.ndim(v) else v for v in (x, y)]
        try:
            expected = function(*plain)
        except Exception:
            with pytest.raises(Exception):  # noqa: B017, PT011 - NumPy's or ours
                function(x, y)
            continue
        if function.__name__.startswith("i") and isinstance(x, np.ndarray):
            continue  # an array cannot take a Tensor on: tested elsewhere
        found = function(x, y)
        np.testing.assert_allclose(_numbers(found), _numbers(expected), rtol=1e-14)
        if function.__name__.startswith("i") and isinstance(x, Tensor):
            assert found is x
            np.testing.assert_array_equal(_numbers(x), plain[0])


@pytest.mark.parametrize("function", UNARY, ids=lambda f: f.__name__)
def test_operators_of_one(function) -> None:
    for data in (2.0, 3, True, [1.0, 2.0], [1, 2], [2.5]):
        plain, ours = np.array(data), Tensor(data)
        if function in (str, repr, hash):
            assert function(ours) == function(ours)
            continue
        try:
            expected = function(plain)
        except Exception:
            with pytest.raises(Exception):  # noqa: B017, PT011 - NumPy's or ours
                function(ours)
            continue
        found = function(ours)
        if function is list:
            found = [t.item() for t in found]
        np.testing.assert_array_equal(_numbers(found), expected)


def test_shifts_of_a_shared_mask() -> None:
    mask = Tensor([1, 2, 4])
    view = mask[1:]
    mask <<= 1
    view |= 1
    np.testing.assert_array_equal(mask.numpy(), [2, 5, 9])
    assert (8 >> Tensor([1, 2]))[1].item() == 2
    assert (1 << Tensor([1, 2]))[1].item() == 4


@pytest.mark.parametrize("name", [n for n in dir(np.ndarray) if n not in WITHOUT_TRACE])
def test_every_attribute_is_there_or_refused_by_name(name: str) -> None:
    for x in (Tensor([1.0, 2.0], requires_grad=True), Dual(np.ones(2), np.ones(2))):
        if name in REFUSED:
            with pytest.raises(AttributeError, match=f"^{name}: ") as caught:
                getattr(x, name)
            assert isinstance(caught.value, AutogradError)
            assert "test_operators.py" in str(caught.value)
            assert not hasattr(x, name)
        elif name != "mT":
            getattr(x, name)


@pytest.mark.parametrize("name", ["shape", "dtype", "strides", "flat", "T", "size"])
def test_what_cannot_be_set_says_so(name: str) -> None:
    x = Tensor(np.ones((2, 2)), requires_grad=True) * 1.0
    with pytest.raises(AttributeError, match=name):
        setattr(x, name, (4,))
    assert x.shape == (2, 2)


def test_real_and_imaginary_parts_can_be_set() -> None:
    def f(x):
        y = x * (1.0 + 2.0j)
        y.real = x * x
        y.imag = 3.0 * x
        z = x * 1.0
        z.real = x**3
        return (np.abs(y) ** 2 + z).sum()

    x = np.array([0.5, 1.5])
    expected = 4 * x**3 + 18 * x + 3 * x**2
    np.testing.assert_allclose(grad(f)(x), expected, rtol=1e-12)
    np.testing.assert_allclose(jvp(f, (x,), (np.ones(2),))[1], expected.sum(), rtol=1e-12)
    w = Tensor(x, requires_grad=True)
    f(w).backward()
    np.testing.assert_allclose(w.grad.data, expected, rtol=1e-12)
    with pytest.raises(AutogradError, match="imag"):
        w.imag = 1.0


def test_methods_that_write_or_choose() -> None:
    x = Tensor([3.0, 1.0, 2.0], requires_grad=True)
    y = x * 2.0
    y.put([0, 2], [5.0, 6.0])
    y.partition(1)
    np.testing.assert_array_equal(y.detach().numpy(), [2.0, 5.0, 6.0])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [0.0, 2.0, 0.0])
    assert x.cumprod()[2].item() == 6.0
    assert x.argpartition(0)[0].item() == 1
    assert Tensor([1.0, 2.0, 3.0]).searchsorted(2.5).item() == 2
    np.testing.assert_array_equal(x.compress([True, False, True]).detach().numpy(), [3.0, 2.0])
    picked = Tensor([1, 0]).choose([x[:2], x[1:]])
    np.testing.assert_array_equal(picked.detach().numpy(), [1.0, 1.0])
    assert (x.nbytes, x.itemsize) == (24, 8)


def test_complex_of_a_value_inside_of_a_transform_is_refused() -> None:
    with pytest.raises(AutogradError, match="complex"):
        grad(lambda x: complex(x).real * x)(2.0)
    assert complex(Tensor(2.0, requires_grad=True)) == 2.0
