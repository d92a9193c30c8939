"""Programs as one model for every batch size, by hand and random: right numbers, or refused."""

import numpy as np
import pytest

import nn.functional as F
from autograd_core import value_and_grad
from autograd_core.base.errors import UnsupportedError

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx_files.running import leaves, same, session  # noqa: E402

from autograd_core import onnx  # noqa: E402

PARTS = (
    np.tanh, np.sin, np.arctan, np.abs, np.cosh, np.expm1, np.arcsinh,
    lambda x: np.log1p(x * x),
    lambda x: np.maximum(x, 0.1),
    lambda x: x**3,
    lambda x: np.clip(x, -0.5, 0.8),
    lambda x: np.where(x > 0, x, 0.1 * x),
    lambda x: x - np.mean(x, axis=0),
    lambda x: x - np.max(x, axis=1, keepdims=True),
    lambda x: x / (1 + np.sum(x * x, axis=-1, keepdims=True)),
    lambda x: np.cumsum(x, axis=1),
    lambda x: np.sort(x, axis=1),
    lambda x: x[::-1],
    lambda x: np.concatenate([x, x[:, :1]], axis=1)[:, 1:],
    lambda x: np.stack([x, 2 * x]).sum(axis=0),
    lambda x: np.einsum("ij,kj->ik", x, x) @ x / x.shape[0],
    lambda x: x - np.var(x, axis=0, ddof=1),
    lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    lambda x: x * np.linspace(0, 1, x.shape[1]),
    lambda x: np.pad(x, ((1, 0), (0, 0)))[:-1],
    lambda x: np.diff(x, axis=0, prepend=x[:1]),
    lambda x: x + (np.arange(len(x)) / len(x))[:, None],
    lambda x: x - np.median(x, axis=1, keepdims=True),
    lambda x: x[:, [2, 0, 1]],
    lambda x: x + np.std(x),
)  # fmt: skip
rng = np.random.default_rng(2)
PROGRAMS = [rng.integers(len(PARTS), size=rng.integers(2, 7)).tolist() for _ in range(120)]
COUNT = 20  # of them are tried in the normal run


def comes_out_equal(program):
    def f(x):
        for k in program:
            x = PARTS[k](x)
        return np.mean(x)

    draws = np.random.default_rng(len(program))
    x = draws.normal(size=(4, 3))
    with np.errstate(all="ignore"):
        try:
            model = onnx.export(f, x, gradients=True, dynamic_axes={"x": {0: "n"}})
        except UnsupportedError as error:
            if "depends on the size 'n'" not in str(error):
                raise
            return False
        session = onnxruntime.InferenceSession(model.SerializeToString())
        for n in (2, 9):
            x = draws.normal(size=(n, 3))
            value, slope = session.run(None, {"x": x})
            wanted, slopes = value_and_grad(f)(x)
            if np.isfinite(wanted):
                np.testing.assert_allclose(value, wanted, rtol=1e-8, atol=1e-12)
                np.testing.assert_allclose(slope, slopes, rtol=1e-7, atol=1e-9)
    return True


REST = pytest.param(1, marks=[pytest.mark.slow, pytest.mark.exhaustive])


@pytest.mark.parametrize("k", [0, REST])
def test_random_programs(k):
    programs = PROGRAMS[COUNT:] if k else PROGRAMS[:COUNT]
    good = sum(map(comes_out_equal, programs))
    assert good >= 0.8 * len(programs)


def where_rows(mask):
    return lambda x: np.where(mask(len(x)), x, 0)


X = rng.normal(size=(4, 3))
# function of an array of n rows, the shape that the file declares for its result
EVERY_SIZE = {
    "all true": (where_rows(lambda n: np.ones((n, 1), bool)), ["n", 3]),
    "columns": (where_rows(lambda n: np.repeat([[True, False, True]], n, axis=0)), ["n", 3]),
    "products of n": (lambda x: x * float(len(x)) * (len(x) - 1), ["n", 3]),
    "pairs": (lambda x: x.sum() / (len(x) * (len(x) - 1) / 2), []),
    "one over n, and constants": (lambda x: x * np.array([1 / len(x), 1.0, 0.0]), ["n", 3]),
    "one over n + 2": (lambda x: x.sum() * (1 / (len(x) + 2)), []),
    "half precision": (lambda x: (x.astype(np.float16) / len(x)).mean(axis=0), [3]),
    "counted": (lambda x: x.T * np.arange(len(x)), [3, "n"]),
    "counted backwards": (lambda x: x * np.arange(len(x))[::-1, None], ["n", 3]),
    "counted twice": (lambda x: np.arange(2 * len(x)) * np.concatenate([x, x])[:, 0], ["2*n"]),
    "columns alike": (lambda x: x + np.repeat([[1.0, 2.0, 3.0]], len(x), axis=0), ["n", 3]),
    "evenly spaced": (lambda x: x[:, 0] * np.linspace(0, 1, len(x)), ["n"]),
    "n everywhere": (lambda x: x + np.full((len(x), 1), 1.0 * len(x)), ["n", 3]),
    "a triangle": (lambda x: np.tril(x @ x.T), ["n", "n"]),
    "ones for pairs": (lambda x: x @ x.T + np.ones((len(x), len(x))), ["n", "n"]),
    "two axes that change": (lambda x: (x @ x.T).reshape(len(x), len(x), 1), ["n", "n", 1]),
    "all pairs": (lambda x: (x @ x.T).reshape(len(x) ** 2), [None]),
    "every second": (lambda x: x[::2], [None, 3]),
    "flat": (lambda x: x.reshape(-1), ["3*n"]),
    "no rows": (lambda x: np.zeros((0, 3)) @ x.T, [0, "n"]),
    "nothing in another shape": (lambda x: x[:0].reshape(0, len(x)), [0, "n"]),
    "two more": (lambda x: np.pad(x, 1), ["n+2", 5]),
    "one less": (lambda x: np.diff(x, axis=0, prepend=0.0)[1:], ["n-1", 3]),
    "again and again": (lambda x: np.tile(x[0], (len(x), 1)), ["n", 3]),
    "turned once around": (lambda x: np.roll(x, len(x), axis=0), ["n", 3]),
    "the diagonal": (lambda x: (x @ x.T)[np.arange(len(x)), np.arange(len(x))], ["n"]),
    "order": (lambda x: np.argsort(x, axis=0), ["n", 3]),
    "largest": (lambda x: np.argmax(x, 0), [3]),
}  # fmt: skip


@pytest.mark.parametrize("name", EVERY_SIZE)
def test_a_program_for_every_size(name):
    f, shape = EVERY_SIZE[name]
    model = onnx.export(f, X, dynamic_axes={"x": {0: "n"}})
    dims = model.graph.output[0].type.tensor_type.shape.dim
    whole = [d.dim_param if d.HasField("dim_param") else
             d.dim_value if d.HasField("dim_value") else None for d in dims]  # fmt: skip
    assert whole == shape
    file = session(model)
    for n in (1, 2, 5, 9):
        x = np.random.default_rng(n).normal(size=(n, 3))
        with np.errstate(all="ignore"):
            same(file.run(None, {"x": x}), leaves(f(x)))


# function, which constant of which operator depends on the size in another way
NO_GRAPH = {
    "a function of n": (lambda x: x * np.log(len(x)), r"Mul .*\[\(\), \(\), \(\)\]"),
    "its square, of whole numbers": (lambda x: np.arange(3) * len(x) ** 2 + x.astype(int), "Add"),
    "odd sizes": (lambda x: (x > 0) & np.array([len(x) % 2 == 0, True, True]), "And"),
    "alternating rows": (where_rows(lambda n: (np.arange(n) % 2 == 0)[:, None]), "Where"),
    "a triangle": (lambda x: np.where(np.tri(len(x), dtype=bool), x @ x.T, 0), "Where"),
    "a table of two axes": (lambda x: x @ x.T + np.add.outer(*2 * [np.arange(len(x))]), "Add"),
    "a window": (lambda x: x[:, 0] * np.hamming(len(x)), "Mul"),
    "one more": (lambda x: x.sum() * np.arange(len(x) + 1.0), "Mul"),
    "n squared": (lambda x: x.sum() * np.ones(len(x) ** 2), "Mul"),
    "steps": (lambda x: x[:, 0] * (np.arange(len(x)) * np.log(len(x))), "Mul"),
    "starts": (lambda x: x[:, 0] * (np.arange(len(x)) + np.log(len(x))), "Mul"),
    "half": (lambda x: x[: len(x) // 2], "Slice"),
    "the middle": (lambda x: np.median(x, axis=0), "GatherND"),
    "another number of axes": (
        lambda x: x * (np.arange(3.0) if len(x) == 5 else np.arange(3.0)[None]), "Mul"),
    "nothing for zero": (lambda x: x * (np.arange(3.0) - (len(x) == 6)), "Mul"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::autograd_core.onnx.ExportWarning")  # of the median's sorting
@pytest.mark.parametrize("name", NO_GRAPH)
def test_what_no_graph_is_found_for_is_refused_with_the_line(name):
    f, said = NO_GRAPH[name]
    with pytest.raises(
        UnsupportedError, match=f"depends on the size 'n' .* a constant of {said}"
    ) as caught:
        onnx.export(f, X, dynamic_axes={"x": {0: "n"}})
    assert str(caught.value).count("test_onnx_sizes.py:") == 2  # the function's line, and export's


def test_what_no_output_needs_may_depend_on_the_size():
    """A library's check is such: what it asks of whole numbers becomes no part of the model."""

    def f(x):
        places = np.argmax(x, axis=1)
        if len(x) > 5:
            F.nll_loss(np.abs(x), places)
        return places

    model = onnx.export(f, X, dynamic_axes={"x": {0: "n"}})
    x = np.random.default_rng(0).normal(size=(9, 3))
    np.testing.assert_array_equal(session(model).run(None, {"x": x})[0], np.argmax(x, axis=1))


def test_other_operations_at_another_size_are_refused():
    for f, said in (
        (lambda x: sum(x[k] for k in range(len(x))), "there is"),
        (lambda x: np.sin(x) if len(x) == 6 else x * 2, "Mul there is Sin at another size"),
    ):
        with pytest.raises(UnsupportedError, match=said):
            onnx.export(f, X, dynamic_axes={"x": {0: "n"}})
