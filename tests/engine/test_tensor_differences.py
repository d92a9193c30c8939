"""docs/tensor.md: each row of its table, for NumPy's arrays, Tensors, and PyTorch's if there."""

import copy
import pickle
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from autograd_core import Tensor

PAGE = Path(__file__).parents[2] / "docs" / "tensor.md"
ROWS = re.findall(r"^\| `(.+?)` \| (.*) \| (.*) \| (.*) \|$", PAGE.read_text("utf-8"), re.M)
MAKE = {"ndarray": np.array, "Tensor": lambda v: Tensor(v, requires_grad=True)}


def outcome(expression, make):
    names = {"x": make([1.0, -2.0]), "s": make(2.34567), "np": np, "copy": copy, "pickle": pickle}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return shown(eval(expression, names))
        except Exception as error:
            return next(c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins")


def shown(value):
    value = value.detach() if hasattr(value, "detach") else value
    plain = isinstance(value, (str, bool, int, type(None)))
    if plain or "dtype" in type(value).__name__.lower():
        return str(value).replace("torch.", "")
    if callable(value):
        return "method"
    if hasattr(value, "values") and isinstance(value, tuple):
        return "values, indices"
    return str(np.round(np.asarray(value, float), 3).tolist())


def test_there_are_rows():
    assert len(ROWS) > 50


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
@pytest.mark.parametrize("library", ["ndarray", "torch.Tensor", "Tensor"])
def test_a_row_is_true(row, library):
    expression, *said = row
    if library == "torch.Tensor":
        torch = pytest.importorskip("torch")

        def make(v):
            return torch.tensor(v, dtype=torch.float64, requires_grad=True)

    else:
        make = MAKE[library]
    wanted = dict(zip(("ndarray", "torch.Tensor", "Tensor"), said, strict=True))[library]
    assert outcome(expression, make) == wanted


def test_notebooks_show_the_numbers_as_a_picture():
    x = Tensor([[1.0, -2.0, np.nan], [0.5, 0.0, np.inf]], requires_grad=True)
    page = x._repr_html_()
    assert "Tensor 2×3 float64, leaf, requires_grad" in page
    assert page.count("<td") == 6
    assert page.count("×</td>") == 2  # NaN and infinity
    assert "rgba(166,66,0,1.00)" in page  # the largest, below 0
    assert 'title="0.5"' in page
    y = np.tanh(x)
    assert "op = tanh" in y._repr_html_()
    assert "constant" in Tensor([1.0, 2.0])._repr_html_()
    large = Tensor(np.ones((200, 300)))._repr_html_()
    assert large.count("<td") <= 256
    assert "root mean square" in large
    assert Tensor(3.0)._repr_html_() == "<pre>Tensor(3.)</pre>"
    assert "<pre>" in Tensor(np.array([1j, 2.0]))._repr_html_()
    assert "<pre>" in Tensor(np.zeros((0, 2)))._repr_html_()


def test_detach_in_place_ends_the_chain():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    z = y * 3
    assert y.detach_() is y
    assert not y.requires_grad
    (np.sum(z) + np.sum(y * x)).backward()
    assert x.grad.data.tolist() == [6.0 + 2.0, 6.0 + 4.0]  # z was made before; y is a constant now


def test_a_format_that_is_for_one_number_says_so():
    with pytest.raises(TypeError, match=r"'.2f' is for one number"):
        f"{Tensor([1.0, 2.0]):.2f}"
    assert f"{Tensor([1.0, 2.0]):>20}" == "    Tensor([1., 2.])"
    assert f"{Tensor([1.25]):.1f}" == "1.2"


def test_round_is_a_number_to_read_and_an_operation_inside_of_transforms():
    from autograd_core import compile, grad, vmap

    loss = Tensor(2.34567, requires_grad=True)
    assert type(round(loss, 3)) is float
    assert type(round(loss)) is int
    assert round(Tensor([1.26, 2.34]), 1).data.tolist() == [1.3, 2.3]
    assert grad(lambda x: x * round(x, 1))(2.34) == 2.3
    x = np.array([[1.23, 4.0], [2.0, 3.11]])
    found = vmap(lambda row: round(np.sum(row), 1))(x)
    np.testing.assert_array_equal(found, np.round(x.sum(axis=1), 1))
    step = compile(lambda x: np.sum(x) * round(np.sum(x), 1))
    assert [float(step(x)[0]) for x in (np.ones(2), 2 * np.ones(2))] == [4.0, 16.0]
    assert step.count == 1


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min"])
@pytest.mark.parametrize("axis", [None, 0, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_masked_reductions_are_numpy_s_with_slopes_of_differences(name, axis, keepdims, rng):
    from autograd_core import gradcheck, vmap

    x = rng.uniform(0.5, 2.0, (3, 4))
    mask = rng.random((3, 4)) < 0.6
    more = {} if name == "mean" else {"initial": 0.75}
    settings = {"axis": axis, "keepdims": keepdims, "where": mask, **more}
    function = getattr(np, name)
    made = getattr(Tensor(x, requires_grad=True), name)(**settings)
    np.testing.assert_allclose(made.data, function(x, **settings), rtol=1e-14)
    assert gradcheck(lambda x: function(x, **settings), x)
    batch = np.stack([x, 2 * x])
    np.testing.assert_allclose(
        vmap(lambda x: function(x, **settings))(batch), [function(b, **settings) for b in batch]
    )


def test_masked_extremes_need_an_initial_value():
    with pytest.raises(ValueError, match="initial"):
        Tensor([1.0, 2.0], requires_grad=True).max(where=np.array([True, False]))
