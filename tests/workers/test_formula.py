"""Formulas traced into graphs: dtypes as NumPy has them, shared parts, and what is refused."""

import numpy as np
import pytest

from autograd_core.workers.formula import (
    BY_COLUMN,
    BY_ROW,
    EVERYWHERE,
    SCALAR,
    trace,
)
from autograd_core.workers.numpy_calls import NumPyCalls

UFUNCS = {"where": np.where, "clip": np.clip}


def value(found, arrays, settings):
    """What a graph computes, term by term, in NumPy."""
    known = {}
    for t in found.terms:
        given = [known[a] for a in t.args]
        if t.op == "input":
            known[t] = arrays[t.value]
        elif t.op == "setting":
            known[t] = settings[t.value]
        elif t.op == "constant":
            known[t] = t.value if t.dtype is None else t.dtype.type(t.value)
        elif t.op == "cast":
            known[t] = np.asarray(given[0]).astype(t.dtype)
        elif t.op in ("sum", "max", "min"):
            known[t] = getattr(np, t.op)(given[0], axis=-1, keepdims=True)
        elif t.op == "width":
            known[t] = arrays[0].shape[-1]
        else:
            made = (UFUNCS.get(t.op) or getattr(np, t.op))(*given)
            known[t] = float(made) if t.dtype is None else made
    return [known[t] for t in found.outputs]


FORMULAS = [
    lambda x, y: x + 2 * y,
    lambda x, y: np.where(x > y, x, y * 0.5) ** 2,
    lambda x, y: np.clip(x, -1, 1) - np.minimum(y, 0) / 3,
    lambda x, y: (x > 0) * y,
    lambda x, y: ~(np.abs(x) <= 0.5) | (y == 0),
    lambda x, y: np.where(x > 0, np.ones_like(x), np.full_like(x, 0.25)) * y,
    lambda x, y: np.where(x > 0, 1, 0),
    lambda x, y: np.where(x > 0, 1, y),
    lambda x, y: (x > 0).astype(np.float32) - y,
    lambda x, y: np.exp(-np.abs(x)) + np.float64(2) * y,
    lambda x, y: np.sign(x) * np.zeros_like(y) + True,
    lambda x, y: -x / (1 + np.square(y)),
    lambda x, y: 1 - np.maximum(x, np.float32(0.5)) * (y != 0),
    lambda x, y: np.where(x, y, 0.5),
    lambda x, y: np.clip(x, None, 0.5) + np.clip(y, -0.25, None),
]


@pytest.mark.parametrize("k", range(len(FORMULAS)))
@pytest.mark.parametrize("dtypes", ["ff", "dd", "fd", "?f"])
def test_a_graph_has_the_dtypes_and_the_bits_of_its_formula(k, dtypes):
    rng = np.random.default_rng(k)
    arrays = [(rng.normal(size=50) * 2).astype(d) for d in dtypes]
    try:
        want = FORMULAS[k](*arrays)
    except TypeError:  # NumPy has no such operation for truths
        assert trace(FORMULAS[k], dtypes) is None
        return
    found = trace(FORMULAS[k], dtypes)
    (got,) = value(found, arrays, {})
    assert found.outputs[0].dtype == want.dtype == got.dtype
    np.testing.assert_array_equal(np.broadcast_to(got, want.shape), want)
    again = np.empty_like(want)
    NumPyCalls(found).run(arrays, [again], (), slice(0, 50), 16)
    np.testing.assert_array_equal(again, want)


@pytest.mark.parametrize("dtype", "fd")
@pytest.mark.parametrize(
    "formula",
    [
        lambda x, y: x.min(axis=-1, keepdims=True) * y,
        lambda x, y: np.min(x, axis=-1, keepdims=True) - np.amax(y, axis=(-1,), keepdims=True),
        lambda x, y: x.mean(axis=-1, keepdims=True) + y,
        lambda x, y: y / np.var(x, axis=-1, keepdims=True),
    ],
)
def test_a_reduction_of_rows_is_numpys(formula, dtype):
    x, y = np.random.default_rng(3).normal(size=(2, 4, 7)).astype(dtype)
    want = formula(x, y)
    found = trace(formula, dtype * 2)
    (got,) = value(found, [x, y], {})
    assert found.outputs[0].dtype == want.dtype == got.dtype
    np.testing.assert_allclose(got, want, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", "fd")
def test_numpys_calls_give_results_that_are_arguments_numbers_or_given_twice(dtype):
    def formula(x, s):
        doubled = x * s.astype(np.float64)
        return doubled, x, s + 1, doubled

    found = trace(formula, [dtype, "f"], spans=[EVERYWHERE, SCALAR])
    x, s = np.linspace(-1, 1, 50, dtype=dtype), np.float32(0.3)
    want = formula(x, s)
    outs = [np.empty(50, t.dtype) for t in found.outputs]
    NumPyCalls(found).run([x, s], outs, (), slice(0, 50), 16)
    for got, one in zip(outs, want, strict=True):
        assert got.dtype == one.dtype
        np.testing.assert_array_equal(got, np.broadcast_to(one, 50))


@pytest.mark.parametrize("dtype", "fd")
def test_scipys_error_function_is_one_operation(dtype):
    special = pytest.importorskip("scipy.special")
    found = trace(lambda x: special.erf(x) * 2, dtype)
    assert [t.op for t in found.terms] == ["input", "erf", "constant", "multiply"]
    x, got = np.linspace(-4, 4, 101, dtype=dtype), np.empty(101, dtype)
    NumPyCalls(found).run([x], [got], (), slice(0, 101), 64)
    np.testing.assert_allclose(got, special.erf(x) * 2, rtol=8 * np.finfo(dtype).eps)
    assert trace(special.erf, ["i"]) is None


def test_a_term_says_its_operation_and_its_dtype():
    said = [repr(t) for t in trace(lambda x: x * 2, "f").terms]
    assert said == [
        "input(0): float32",
        "constant(2): number",
        "multiply(input, constant): float32",
    ]


@pytest.mark.parametrize("number", [0.3, 2, -1.5])
def test_settings_are_pythons_numbers(number):
    def formula(x, *, by, scale):
        return np.exp(x * by) * (1 / scale) + by * scale

    x = np.linspace(-1, 1, 9, dtype=np.float32)
    found = trace(formula, ["f"], ["by", "scale"])
    (got,) = value(found, [x], {"by": number, "scale": 3.0})
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, formula(x, by=number, scale=3.0))


def test_what_is_computed_twice_stands_there_once():
    found = trace(lambda x: np.exp(x) / (1 + np.exp(x)), ["f"])
    assert [t.op for t in found.terms] == ["input", "exp", "constant", "add", "divide"]
    found = trace(lambda x: np.copysign(x, 0.0) + np.copysign(x, -0.0), ["f"])
    assert len([t for t in found.terms if t.op == "constant"]) == 2


def test_rows_columns_and_scalars_are_told_apart():
    def softmax(x, w, s):
        e = np.exp((x - x.max(axis=-1, keepdims=True)) * s)
        return e / e.sum(axis=-1, keepdims=True) * w + np.mean(x, axis=-1, keepdims=True)

    found = trace(softmax, "fff", spans=[EVERYWHERE, BY_COLUMN, SCALAR])
    spans = {t.op: t.span for t in found.terms}
    assert spans["max"] == spans["sum"] == spans["divide"]._replace(columns=False) == BY_ROW
    assert spans["width"] == SCALAR
    assert spans["exp"] == found.outputs[0].span == EVERYWHERE
    assert not found.elementwise
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(3, 5)).astype("f"), rng.normal(size=5).astype("f")
    (got,) = value(found, [x, w, np.float32(2)], {})
    np.testing.assert_allclose(got, softmax(x, w, np.float32(2)), rtol=1e-6)


def test_several_results():
    found = trace(lambda x, y: (x * y, x + y), ["f", "d"])
    assert [t.dtype for t in found.outputs] == [np.float64] * 2
    assert not found.single


@pytest.mark.parametrize(
    "formula",
    [
        lambda x: x if x > 0 else -x,
        lambda x: x[0] * x,
        lambda x: x.sum() * x,
        lambda x: np.sum(x, axis=0, keepdims=True) * x,
        lambda x: np.sum(x, axis=-1) * x,
        lambda x: np.sort(x),
        lambda x: np.add(x, x, out=np.ones(3)),
        lambda x: np.exp(x, where=[True]),
        lambda x: np.add.reduce(x),
        lambda x: x * np.ones(3),
        lambda x: x.reshape(-1),
        lambda x: float(x),
        lambda x: list(x),
        lambda x: x @ x,
        lambda x: x * 1j,
        lambda x: x * np.complex64(1j),
        lambda x: np.asarray(x) * 2,
        lambda x: np.sum(x.max(axis=-1, keepdims=True), axis=-1, keepdims=True),
        lambda x: np.sum(x > 0, axis=-1, keepdims=True) * x,
        lambda x: 3.0,
        lambda x: (x, 3.0),
        lambda x: (),
        lambda x: x.astype(complex),
        lambda x: np.modf(x)[0],
        lambda x: np.clip(x, None, None),
    ],
)
def test_what_a_formula_cannot_say_is_not_traced(formula):
    assert trace(formula, ["f"]) is None
    assert trace(lambda x: np.exp(x), ["F"]) is None  # complex numbers have no text
