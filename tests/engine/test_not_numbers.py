"""Text, bytes, dates, spans of time, objects and records beside traced values: never a Tensor."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core.numpy as anp
from autograd_core import AutogradError, DTypeError, Tensor, grad, jvp, primitive

X = np.array([1.0, 2.0, 3.0])
STRANGE = {
    "text": np.array(["a", "b", "c"]),
    "bytes": np.array([b"a", b"b", b"c"]),
    "objects": np.array([1, "a", None], dtype=object),
    "dates": np.array(["2020-01-01"] * 3, dtype="M8[D]"),
    "spans of time": np.array([1, 2, 3], dtype="m8[s]"),
    "records": np.array([(1.0, 2)] * 3, dtype=[("a", float), ("b", int)]),
}
JOINED = {
    "concatenate": lambda x, k: np.concatenate([x, k]),
    "stack": lambda x, k: np.stack([x, k]),
    "hstack of a list": lambda x, k: np.hstack([x, k.tolist()]),
    "append": lambda x, k: np.append(x, k),
    "block": lambda x, k: np.block([x, k]),
    "array": lambda x, k: anp.array([x, k]),
    "where": lambda x, k: np.where(X > 1, x, k),
    "choose": lambda x, k: np.choose([0, 1, 0], [x, k]),
    "multiply": np.multiply,
    "times": lambda x, k: x * k,
    "times, reflected": lambda x, k: k * x,
    "times one": lambda x, k: x * k[1],
    "times one, reflected": lambda x, k: k[1] * x,
    "divided": lambda x, k: k / x,
    "plus": lambda x, k: x + k,
    "maximum": np.maximum,
    "clip": lambda x, k: np.clip(x, 0, k),
    "dot": np.dot,
    "outer": np.outer,
    "einsum": lambda x, k: np.einsum("i,i->i", x, k),
    "interp": lambda x, k: np.interp(x, X, k),
    "linspace": lambda x, k: np.linspace(x, k),
    "astype": lambda x, k: x.astype(k.dtype),
    "np.astype": lambda x, k: np.astype(x, k.dtype),
    "sum": lambda x, k: np.sum(x, dtype=k.dtype),
}
WAYS = {
    "tape": lambda f: f(Tensor(X, requires_grad=True)),
    "a constant": lambda f: f(Tensor(X)),
    "grad": lambda f: grad(lambda x: np.sum(f(x)))(X),
    "jvp": lambda f: jvp(f, (X,), (X,)),
}


@pytest.mark.parametrize("way", ["tape", "grad", "jvp"])
@pytest.mark.parametrize("name", JOINED)
@pytest.mark.parametrize("kind", STRANGE)
def test_what_numpy_makes_of_them_is_refused_at_once(kind: str, name: str, way: str) -> None:
    if name == "np.astype" and not hasattr(np, "astype"):
        pytest.skip("NumPy 2.1")
    with pytest.raises(AutogradError) as caught:
        WAYS[way](lambda x: JOINED[name](x, STRANGE[kind]))
    assert "test_not_numbers.py" in str(caught.value)


@pytest.mark.parametrize("kind", STRANGE)
def test_no_constant_is_cast_to_them(kind: str) -> None:
    """A cast to integers is a constant; one to these is no Tensor, as ``Tensor("a")`` is none."""
    with pytest.raises(DTypeError, match=r"astype: .* are not numbers; write np.asarray\("):
        WAYS["a constant"](lambda x: x.astype(STRANGE[kind].dtype))


def test_parts_of_a_result_are_numbers_too() -> None:
    named = primitive(lambda x: (x * 1.0, np.array(["a"])), vjp=lambda g, y, x: g[0], name="named",
                      multiple=True)  # fmt: skip
    with pytest.raises(DTypeError, match="named: a part of the result is"):
        named(Tensor(X, requires_grad=True))


def test_answers_about_them_are_plain() -> None:
    """A comparison has a truth for each element and no derivative: NumPy's answer stands."""
    x = Tensor(X, requires_grad=True)
    assert np.isin(x, STRANGE["text"]).tolist() == [False, False, False]
    assert [bool(v) for v in x == STRANGE["objects"]] == [True, False, False]
