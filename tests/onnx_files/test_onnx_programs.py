"""NumPy programs as ONNX models, operation by operation: other inputs, every dtype, refusals."""

import warnings

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx_files.running import leaves, run, same

from autograd_core import elementwise, grad, onnx, value_and_grad
from autograd_core.base.errors import ShapeError, UnsupportedError

rng = np.random.default_rng(7)
X, V, H = rng.normal(size=(3, 4)), rng.normal(size=5), rng.normal(size=(3, 4)).astype(np.float16)
CUBE = rng.normal(size=(2, 3, 4))
K = np.array([1, 0, 2])
I = np.array([3, -1, 2, 7])  # noqa: E741
B = np.array([True, False, True, True])
windows = np.lib.stride_tricks.sliding_window_view


def other(x):
    """Another input of the same shape and dtype."""
    if x.dtype.kind == "f":
        return np.random.default_rng(x.size).normal(size=x.shape).astype(x.dtype)
    return ~x if x.dtype.kind == "b" else np.roll(x, 1)


def written(change):
    """A function that changes a copy of its first argument in place."""

    def f(x, *rest):
        y = x * 1
        change(y, *rest)
        return y

    return f


def fills(index, value):
    return written(lambda y: y.__setitem__(index(y), value(y)))


class Unhashable:
    """A user's kernel that no table can hold."""

    __hash__ = None

    def __eq__(self, other):
        return self is other

    def __call__(self, x):
        return np.tanh(x)


# name: function, arguments, and an opset if another one is meant
PROGRAMS = {
    "dot of a number": (np.dot, (np.array(2.0), V)),
    "dot of two numbers": (np.dot, (np.array(2.0), np.array(3.0))),
    "einsum of lists": (lambda a: np.einsum(a, [0, 1], a, [2, 1], [0, 2]), (X,)),
    "einsum without an output": (lambda a: np.einsum("...ij,jk", a, a.reshape(4, 3, 2)[..., 0]),
                                 (CUBE,)),
    "convolve by position": (lambda a, c: np.convolve(a, c, "same"), (V, V[:2])),
    "convolve by a number": (lambda a, c: np.convolve(a, c, 1), (V, V[:2])),
    "convolve, the longer one last": (lambda a, c: np.convolve(a, c, "valid"), (V[:2], V)),
    "correlate": (lambda a, c: np.correlate(a, c, "full"), (V, V[:2])),
    "searchsorted to the right": (lambda a: np.searchsorted([0.0, 1.0], a, "right"), (V,)),
    "argmax by position": (lambda a: (np.argmax(a, 1), np.argmin(a, np.int64(0))), (X,)),
    "any by position": (lambda a: (np.any(a > 1, 0), np.all(a > -1, 1)), (X,)),
    "any of two axes": (lambda a: np.any(a > 0, (0, 2), None, True), (CUBE,)),
    "argmax": (lambda a: (np.argmax(a), np.argmax(a, keepdims=True), np.argmin(a, axis=-1),
                          np.argmax(a > 0, axis=0, keepdims=True)), (X,)),
    "argsort": (lambda a: (np.argsort(a, axis=None), np.argsort(a, -1, "stable")), (X,)),
    "argsort of truth": (lambda a: np.argsort(a, stable=True), (B,)),
    "count": (lambda a: (np.count_nonzero(a > 0), np.count_nonzero(a, axis=1, keepdims=True)),
              (X,)),
    "sums from a start": (lambda a: (np.sum(a, initial=3.0), np.prod(a, axis=0, initial=2.0),
                                     np.max(a, initial=0.5), np.min(a, axis=1, initial=0.0)), (X,)),
    "largest from a start that is computed": (lambda a: np.max(a, initial=a[0] * 2), (V,)),
    "largest of truth": (lambda a: (np.max(a), np.min(a), np.max(a, initial=False)), (B,)),
    "half precision": (lambda a: (np.mean(a), np.sum(a, axis=0), np.cbrt(a), np.hypot(a, a)), (H,)),
    "half precision, opset 17": (lambda a: (np.isinf(a), np.isfinite(a), np.cbrt(a),
                                            np.hypot(a, 2)), (H,), 17),
    "comparing truth": (lambda a: (a < a[::-1], a >= False, a == a[::-1], a != a[::-1]), (B,)),
    "powers": (lambda a: (a**0, a**2, a**4, a**5), (I,)),
    "powers of floats": (lambda a: (a**0, a**2, a**3), (V,)),
    "clip on one side": (lambda a: (np.clip(a, None, 1), np.clip(a, -np.inf, 1),
                                    np.clip(a, 0, None), np.clip(a, 0, np.inf)), (V,)),
    "clip of whole numbers": (lambda a: (np.clip(a, 0, 3), np.clip(a, 0, 3.5)), (I,)),
    "round": (lambda a: (np.round(a), np.round(a, 2), np.round(100 * a, -1)), (V,)),
    "round whole numbers": (lambda a: (np.round(a), np.round(a, 2), np.trunc(a), np.fix(a)), (I,)),
    "bits": (lambda a: (a & 3, a | 3, a ^ 3, ~a), (I,)),
    "logic of whole numbers": (lambda a: (np.logical_and(a, 2), np.logical_or(a, 0),
                                          np.logical_xor(a, 0)), (I,)),
    "not": (lambda a: (~a, np.logical_not(a)), (B,)),
    "classes of whole numbers": (lambda a: (np.isnan(a), np.isinf(a), np.isfinite(a),
                                            np.signbit(a)), (I,)),
    "fmax of whole numbers": (lambda a: (np.fmax(a, a[::-1]), np.fmin(a, 2)), (I,)),
    "fmax of truth": (lambda a: (np.fmax(a, a[::-1]), np.fmin(a, a[::-1])), (B,)),
    "roll": (lambda a: (np.roll(a, 5), np.roll(a, -7), np.roll(a, 0)), (V,)),
    "roll two axes": (lambda a: np.roll(a, (1, 2), (0, 1)), (X,)),
    "repeat": (lambda a: (np.repeat(a, 2), np.repeat(a, [1, 2, 0], axis=0),
                          np.repeat(a, 3, axis=1)), (X,)),
    "concatenate flat": (lambda a: np.concatenate([a, a.T], axis=None), (X,)),
    "concatenate one": (lambda a: np.concatenate([a]), (X,)),
    "constants like it": (lambda a: (np.zeros_like(a), np.ones_like(a, dtype=int),
                                     np.full_like(a, 3), np.full_like(a, a[0, 0])), (X,)),
    "pad with nothing": (lambda a: (np.pad(a, 0), np.pad(a, ((1, 2), (0, 0)), mode="mean")), (X,)),
    "pad with maxima": (lambda a: np.pad(a, ((1, 2), (0, 1)), mode="maximum"), (X,)),
    "windows of an axis twice": (lambda a: windows(a, (2, 2), axis=(0, 0)), (V,)),
    "windows of both axes": (lambda a: windows(a, (2, 3)), (X,)),
    "many constants": (lambda a: a + np.arange(2000.0), (np.ones(2000),)),
    "a kernel of the user's": (
        elementwise(lambda x: np.tanh(x), lambda y, x: 1 - y * y), (V,)),
    "parts": (lambda a: (a.imag, np.real(a), np.conj(a)), (X,)),
    "a rest alone": (lambda a: (np.divmod(a, 0.7)[1], np.modf(a)[0]), (V,)),
    "an index apart": (lambda a, k: a[k % 2, :, k], (CUBE, K)),
    "indices after a slice": (lambda a, k: (a[:, k, 0], a[..., k, k % 2], a[1:, k]), (CUBE, K)),
    "True and False as indices": (lambda a: (a[True], a[False], a[1:, True, [0, 0]]), (X,)),
    "written at a mask": (fills(lambda y: y > 0, lambda y: 0.5), (X,)),
    "written at a mask of rows": (fills(lambda y: ((y > 0)[:, 0],), lambda y: 2.0), (X,)),
    "written at rows": (written(lambda y, k: y.__setitem__(k, 2.0 * y[0])), (X, K)),
    "written at columns": (written(lambda y, k: y.__setitem__((slice(None), k), y[:, :1])), (X, K)),
    "one axis too many written": (written(
        lambda y, k: y.__setitem__((slice(None), k), np.ones((1, 1, 3)))), (X, K)),
    "added at rows": (written(lambda y, k: np.add.at(y, k, 1.0)), (X, K)),
}  # fmt: skip


def exported(f, args, *opset, **settings):
    chosen = {"opset_version": opset[0]} if opset else {}
    return onnx.export(f, tuple(args), check=False, **chosen, **settings)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_gives_numpy_s_numbers_for_other_inputs(name):
    """In onnxruntime, and as a function of the file."""
    f, args, *opset = PROGRAMS[name]
    model = exported(f, args, *opset)
    back = onnx.import_onnx(model)
    for given in (args, tuple(map(other, args))):
        same(run(model, *given), leaves(f(*given)))
        with np.errstate(all="ignore"):
            same(leaves(back(*given)), leaves(f(*given)))


# name: function of floats and indices, arguments
LOSSES = {
    "indices after a slice": (lambda a, k: np.sum(a[:, k, 0] ** 2), (CUBE, K)),
    "an index of a middle axis": (lambda a, k: np.sum(a[:, k] ** 2), (CUBE, K)),
    "an index apart": (lambda a, k: np.sum(a[k % 2, :, k] ** 3), (CUBE, K)),
    "True as an index": (lambda a: np.sum(a[True] ** 2) + np.sum(a[1:, True, [0, 0]] ** 3), (X,)),
    "rows again, in half precision": (lambda a: np.sum(a[[0, 0, 1]] ** 2), (H,)),
    "written at rows": (lambda a, k: np.sum(written(
        lambda y, k: y.__setitem__(k, 2.0))(a, k) ** 2), (X, K)),
    "an angle": (lambda a: np.sum(np.arctan2(a, 0.5) + np.hypot(a, 2)), (X,)),
    "pad with means": (lambda a: np.sum(np.pad(a, ((1, 2), (0, 0)), mode="mean") ** 2), (X,)),
    "windows of an axis twice": (lambda a: np.sum(windows(a, (2, 2), axis=(0, 0)) ** 2), (V,)),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_a_gradient_is_the_engine_s_for_other_inputs(name):
    f, args = LOSSES[name]
    model = exported(f, args, gradients=True)
    for given in (args, tuple(map(other, args))):
        same(run(model, *given), leaves(value_and_grad(f)(*given)))


REFUSED = {
    "einsum's out": (lambda a: np.einsum("ij->i", a, out=np.empty(3)), (X,), "out="),
    "negative of uint": (lambda a: -a, (I.astype(np.uint8),), "Neg of uint8"),
    "reciprocal of whole numbers": (lambda a: np.reciprocal(a), (I,), "Reciprocal of int64"),
    "a power that is computed": (lambda a: a ** np.abs(a), (I,), "no constant below 64"),
    "a large power": (lambda a: a**64, (I,), "no constant below 64"),
    "round to tens": (lambda a: np.round(a, -1), (I,), "rounding of whole numbers to tens"),
    "bits before opset 18": (lambda a: a & 3, (I,), "bitwise and .* needs opset 18", 17),
    "inverted bits before opset 18": (lambda a: ~a, (I,), "bitwise not .* needs opset 18", 17),
    "sum with where": (lambda a: np.sum(a, where=a > 0), (V,), "ReduceSum with where="),
    "any with where": (lambda a: np.any(a > 1, where=a > 0), (V,), "any with where="),
    "the largest of nothing": (lambda a: np.max(a, axis=0, initial=0.5), (np.ones((0, 3)),),
                               "largest or smallest of nothing"),
    "searchsorted with a sorter": (lambda a: np.searchsorted(a, a, sorter=np.argsort(a)), (V,),
                                   "searchsorted with a sorter"),
    "repeat by computed counts": (lambda a, k: np.repeat(a, k), (X[:, 0], K), "no fixed shape"),
    "a mask read": (lambda a: a[a > 0], (V,), "a mask that the function computes"),
    "several values at a mask": (fills(lambda y: y > 0, lambda y: np.ones(1)), (X,),
                                 "several values at a mask"),
    "a setting of NumPy's": (lambda a: np.sign(a, dtype=np.float32), (V,),
                             "sign with these settings .*'dtype'"),
    "a kernel that cannot be hashed": (
        elementwise(Unhashable(), lambda y, x: 1 - y * y, name="own"), (V,),
        "no operator for own"),
    "objects": (lambda a: np.equal(a, 1, dtype=object), (V,), "ONNX has no object"),
    "a gradient at an index beside a slice": (
        lambda a, k: grad(lambda a: np.sum(a[1:, k] ** 2))(a), (CUBE, K), "beside a slice"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_names_the_operation_and_the_line(name):
    f, args, said, *opset = REFUSED[name]
    with pytest.raises(UnsupportedError, match=said) as caught:
        exported(f, args, *opset)
    assert "test_onnx_programs.py:" in str(caught.value)


def test_an_error_of_the_function_itself_stays_as_it_is():
    with pytest.raises(ShapeError, match=r"matmul.*(\n.*)*x @ np.ones\(7\)"):
        onnx.export(lambda x: grad(lambda x: np.sum(x @ np.ones(7)))(x), V)


def test_the_first_nan_is_the_largest():
    f = lambda a: (np.argmax(a, axis=1), np.argmin(a, axis=1), np.argmax(a))
    model = exported(f, (X,))
    for place in ((0, 3), (1, 0), (2, 2)):
        x = X.copy()
        x[place] = x[0, 3] = np.nan
        same(run(model, x), leaves(f(x)))


def test_a_number_that_is_read_is_guarded():
    """`float(x)` inside the function: the model says NaN for every other number, NaN too."""
    f = lambda x: np.sum(x) * float(x[0])
    with pytest.warns(onnx.ExportWarning, match=r"x\[: int\(n\)\]"):
        model = onnx.export(lambda x, n: x[: int(n)], (V, np.array(2)), check=False)
    for n in (2, 3):
        np.testing.assert_array_equal(run(model, V, n)[0], V[:2] if n == 2 else [np.nan] * 2)
    for first in (2.0, np.nan):
        with pytest.warns(onnx.ExportWarning, match=r"float\(x\[0\]\)"):
            model = onnx.export(f, np.array([first, 3.0]), check=False)
        found = [run(model, np.array([x, 5.0]))[0] for x in (2.0, np.nan, 4.0)]
        np.testing.assert_array_equal(found, [14.0 if first == 2 else np.nan, np.nan, np.nan])


def test_what_is_rounding_is_compared_with_how_far_it_moves():
    """Of sin(pi) NumPy and onnxruntime know no digit; results and inputs may be whole numbers."""
    f = lambda x, k: (np.sum(np.sin(x)), np.argmax(x), k + 1)
    model = onnx.export(f, (np.array([np.pi, 0.0]), K))
    value, place, more = run(model, np.array([0.0, np.pi / 2]), K)
    np.testing.assert_allclose(value, 1.0)
    assert (place, list(more)) == (1, [2, 1, 3])


ENDS = np.array([0.0, -0.0, 1, 0.5, 1e-300, 0.25, 1 - 1e-9, -1, 2, -2.5, 30, -30, 700, np.inf,
                 -np.inf, np.nan])  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ["expit", "log_expit", "logit", "erf", "entr", "exp10", "xlogy",
                                  "xlog1py"])  # fmt: skip
def test_every_number_of_a_function_of_scipy_s_is_near(name, dtype):
    special = pytest.importorskip("scipy.special")
    function, x = getattr(special, name), ENDS.astype(dtype)
    args = (np.repeat(x, len(x)), np.tile(x, len(x))) if name.startswith("xlog") else (x,)
    with np.errstate(all="ignore"):
        found, wanted = run(exported(lambda *a: function(*a), args), *args)[0], function(*args)
        info = np.finfo(dtype)
        # Sigmoid is 0 below -38 in onnxruntime, and logit cancels near a half
        size = np.abs(wanted) + (name in ("expit", "logit"))
        near = np.abs(found - wanted) <= 8 * info.eps * size + info.tiny
    assert found.dtype == wanted.dtype
    wrong = ~(near | (found == wanted) | (np.isnan(found) & np.isnan(wanted)))
    assert not wrong.any(), (found[wrong][:5], wanted[wrong][:5], args[0][wrong][:5])


# --- every dtype ---------------------------------------------------------------------------------

BASE = np.array([[0, 1, 2, 3], [1, 1, 5, 0], [2, 0, 4, 7]])
FUNCTIONS = {
    **{f.__name__: f for f in (
        np.abs, np.sign, np.negative, np.square, np.floor, np.sqrt, np.isnan, np.isfinite,
        np.signbit, np.invert, np.logical_not, np.reciprocal, np.cbrt, np.degrees, np.round,
        np.trunc, np.mean, np.min, np.any, np.count_nonzero, np.argmax, np.tril, np.median,
        np.zeros_like, np.diag, np.trace, np.ptp, np.var, np.spacing)},
    "max": lambda a: np.max(a, axis=1), "max from": lambda a: np.max(a, initial=0),
    "sum": lambda a: np.sum(a, axis=0), "sum from": lambda a: np.sum(a, initial=1),
    "cumsum": lambda a: np.cumsum(a, axis=0), "argmin": lambda a: np.argmin(a, axis=1),
    "argsort": lambda a: np.argsort(a, axis=1, stable=True), "sort": lambda a: np.sort(a, axis=1),
    "clip": lambda a: np.clip(a, 0, 1), "rows": lambda a: a[[0, 0, 1]], "flip": lambda a: a[::-1],
    "pad": lambda a: np.pad(a, 1), "repeat": lambda a: np.repeat(a, 2, axis=0),
    "concatenate": lambda a: np.concatenate([a, a]), "tile": lambda a: np.tile(a, 2),
    "where": lambda a: np.where(a > 0, a, 0), "less": lambda a: a < a[0],
    "equal": lambda a: a == 1, "cube": lambda a: a**3, "matmul": lambda a: a @ a.T,
    "convolve": lambda a: np.convolve(a[0], a[1]),
    "einsum": lambda a: np.einsum("ij,kj->ik", a, a), "outer": lambda a: np.outer(a[0], a[1]),
    "searchsorted": lambda a: np.searchsorted(np.sort(a[0]), a[1]),
    "float": lambda a: a.astype("f"), "maximum": lambda a: np.maximum(a, 1),
    "fmax": lambda a: np.fmax(a, a[0]), "half": lambda a: a / 2, "floor divide": lambda a: a // 2,
    "remainder": lambda a: a % 2, "fmod": lambda a: np.fmod(a, 2), "and": lambda a: a & 1,
    "hypot": lambda a: np.hypot(a, 1), "copysign": lambda a: np.copysign(a, -1),
    "add": lambda a: a + np.arange(4), "and a half": lambda a: a + 1.5, "times": lambda a: a * a,
    "power": lambda a: np.float_power(a, 2), "windows": lambda a: windows(a, 2, axis=0),
    "divmod": lambda a: np.divmod(a, 2), "choose": lambda a: np.choose([0, 1, 0, 1], [a[0], a[1]]),
}  # fmt: skip
DTYPES = "?bBhHiIlLefd"
# what ONNX has no operator for
LACKING = {
    "negative": "BHIL", "reciprocal": "?bBhHiIlL", "spacing": "?bBhHiIlLefd",
    "invert": "b", "and": "?b",  # before opset 18
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_dtype_gives_the_engine_s_numbers_or_is_refused(name):
    """`export` compares: what it writes is right, in onnxruntime or in the reference evaluator."""
    f, refused = FUNCTIONS[name], ""
    for kind in DTYPES:
        x = BASE.astype(kind)
        if x.dtype.kind in "if":
            x[:, 1] -= 1
        for opset in (17, 20) if kind in "?be" else (20,):
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                try:
                    f(x)
                except TypeError:  # nothing that NumPy computes
                    continue
                said = ""
                try:
                    onnx.export(f, x, opset_version=opset)
                except UnsupportedError as error:
                    said = str(error)
                    refused += "" if kind in refused else kind
                assert not said or (said.startswith("onnx: ") and "test_onnx_programs.py:" in said)
    assert refused == LACKING.get(name, "")
